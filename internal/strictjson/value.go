package strictjson

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// A Kind is the kind of a value.
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

// String returns the kind's name for error texts, such as "an object". For None it
// is "nothing".
func (k Kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// A Value is a value in a text read by Parse. The zero Value is no value: its kind
// is None, and it has no text, members or elements.
type Value struct {
	raw   []byte // as written: valid JSON without surrounding white space
	start int    // its offset in the text given to Parse
}

// Parse reads a text that consists of one JSON value and optional white space. The
// value refers to text, which must not change while the value is used. Errors are
// of type *[SyntaxError].
//
// The members and elements of a value are not stored but found on demand, in time
// linear in the value's length. Visiting all of them recursively takes time
// proportional to the length times the depth.
func Parse(text []byte) (Value, error) {
	if !json.Valid(text) {
		return Value{}, faultIn(text)
	}
	start := skipSpace(text, 0)
	raw := bytes.TrimRight(text[start:], " \n\t\r")
	return Value{raw[:len(raw):len(raw)], start}, nil
}

// Kind returns the kind of the value.
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

// Raw returns the value as written, a part of the text given to Parse. It returns
// nil for the zero Value.
func (v Value) Raw() []byte { return v.raw }

// Place returns the byte offsets in the text at which the value starts and ends.
func (v Value) Place() (start, end int) { return v.start, v.start + len(v.raw) }

// Text returns a string decoded and any other value as written. It returns "" for
// the zero Value.
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

// at returns the value that starts at index i of v.
func (v Value) at(i int) Value {
	end := endOf(v.raw, i)
	return Value{v.raw[i:end:end], v.start + i}
}

// Elements returns an iterator over the elements of an array, in order. It yields
// nothing for any other value.
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

// AllMembers returns an iterator over the decoded names and the values of the
// members of an object, in order and including duplicates. It yields nothing for
// any other value.
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
