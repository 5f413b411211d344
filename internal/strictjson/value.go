package strictjson

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// A Kind is what a value is.
type Kind uint8

// The kinds of RFC 8259, section 3, and None, the kind of the zero Value.
const (
	None Kind = iota
	Null
	Boolean
	Number
	String
	Array
	Object
)

// String names the kind in an error text, such as "an object"; None is "nothing".
func (k Kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// A Value is one value of a text that Parse has read. The zero Value is none: of
// kind None, without text, members and elements.
type Value struct {
	raw   []byte // as written, valid JSON without white space around it
	start int    // its place in the text given to Parse
}

// Parse reads one JSON value and nothing beside it but white space. The value
// shares text, which must not change as long as it is used. Errors are
// *[SyntaxError].
//
// Nothing is kept of what is in the value: its members or elements are found
// when they are asked for, in a time that grows with its length. What nobody
// opens takes no memory; a walk to the bottom takes the length times the depth.
func Parse(text []byte) (Value, error) {
	if !json.Valid(text) {
		return Value{}, faultIn(text)
	}
	start := skipSpace(text, 0)
	raw := bytes.TrimRight(text[start:], " \n\t\r")
	return Value{raw[:len(raw):len(raw)], start}, nil
}

// Kind returns what the value is.
func (v Value) Kind() Kind {
	if v.raw == nil {
		return None
	}
	switch v.raw[0] {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't', 'f':
		return Boolean
	case 'n':
		return Null
	default:
		return Number
	}
}

// Raw returns the value as it is written, a part of the text given to Parse;
// nil for no value.
func (v Value) Raw() []byte { return v.raw }

// Place returns where in the text the value starts and ends, in bytes.
func (v Value) Place() (start, end int) { return v.start, v.start + len(v.raw) }

// Text returns a string decoded, and any other value as it is written; "" for
// no value.
func (v Value) Text() string {
	if v.Kind() != String {
		return string(v.raw)
	}
	if inner := v.raw[1 : len(v.raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var s string
	if json.Unmarshal(v.raw, &s) != nil {
		return string(v.raw) // not reached: it is a valid string
	}
	return s
}

// at returns the value that starts at place i of v.
func (v Value) at(i int) Value {
	end := endOf(v.raw, i)
	return Value{v.raw[i:end:end], v.start + i}
}

// Elements returns the elements of an array, in order; none of any other value.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != Array {
			return
		}
		for i := skipSpace(v.raw, 1); v.raw[i] != ']'; {
			element := v.at(i)
			if !yield(element) {
				return
			}
			i = next(v.raw, i+len(element.raw))
		}
	}
}

// AllMembers returns the names, decoded, and the values of an object, in order,
// a name that is there twice twice; none of any other value.
func (v Value) AllMembers() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Object {
			return
		}
		for i := skipSpace(v.raw, 1); v.raw[i] != '}'; {
			name := v.at(i)
			i = next(v.raw, i+len(name.raw))
			value := v.at(i)
			if !yield(name.Text(), value) {
				return
			}
			i = next(v.raw, i+len(value.raw))
		}
	}
}
