package detector

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An object is a JSON object of the record, its members in order, unread.
// encoding/json would take a member in any letter case and keep the last of
// two; here names are exact and an object never holds a name twice. The zero
// object has no members.
type object struct {
	path    string // where it stands, e.g. "requestParameters"; "" for the record
	members []member
}

// A member is a name and the JSON text of its value.
type member struct {
	name  string
	value []byte
}

// readDocument reads one JSON object and nothing beside it.
func readDocument(text []byte) (object, error) {
	if !json.Valid(text) {
		return object{}, syntaxError(text)
	}
	return readObject("", text)
}

// syntaxError says why text is not one JSON value.
func syntaxError(text []byte) error {
	var value json.RawMessage
	err := json.Unmarshal(text, &value)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(text)):
		return fmt.Errorf("expected a CloudTrail record, found JSON that ends after %d bytes", len(text))
	case errors.As(err, &syntax):
		return fmt.Errorf("expected a CloudTrail record, found text that is not one JSON object: %w (byte %d)", syntax, syntax.Offset)
	default:
		return fmt.Errorf("expected a CloudTrail record: %w", io.ErrUnexpectedEOF)
	}
}

// readObject reads the members of the valid JSON text, which stands at path.
func readObject(path string, text []byte) (object, error) {
	o := object{path: path}
	if kind := kindOf(text); kind != "an object" {
		return object{}, o.fault("expected an object, found %s", kind)
	}
	var seen map[string]bool
	for i := skipSpace(text, skipSpace(text, 0)+1); text[i] != '}'; {
		end := skipValue(text, i)
		name := decodeString(text[i:end])
		if seen = o.index(seen); seen[name] || seen == nil && o.has(name) {
			return object{}, o.fault("member %q: expected it once, found it twice", name)
		}
		if seen != nil {
			seen[name] = true
		}
		start := skipSpace(text, skipSpace(text, end)+1) // past the colon
		end = skipValue(text, start)
		o.members = append(o.members, member{name, text[start:end]})
		if i = skipSpace(text, end); text[i] == ',' {
			i = skipSpace(text, i+1)
		}
	}
	return o, nil
}

// has reports whether the object has a member, null or not.
func (o object) has(name string) bool {
	for _, m := range o.members {
		if m.name == name {
			return true
		}
	}
	return false
}

// index returns the names of a large object for finding them fast, and nil for
// a small one, where looking at each is faster. seen is what it returned before.
func (o object) index(seen map[string]bool) map[string]bool {
	const small = 32 // members; CloudTrail records have about 20
	if seen != nil || len(o.members) < small {
		return seen
	}
	seen = make(map[string]bool, 2*small)
	for _, m := range o.members {
		seen[m.name] = true
	}
	return seen
}

// fault makes an error about the object.
func (o object) fault(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if o.path == "" {
		return fmt.Errorf("expected a CloudTrail record: %w", err)
	}
	return fmt.Errorf("%s: %w", o.path, err)
}

// requireCase refuses members that differ from one of names in letter case
// only: CloudTrail does not write them, and other readers take them for the
// real ones.
func (o object) requireCase(names ...string) error {
	for _, m := range o.members {
		for _, name := range names {
			if m.name != name && strings.EqualFold(m.name, name) {
				return o.fault("expected member %q, found %q", name, m.name)
			}
		}
	}
	return nil
}

// raw returns the JSON text of a member, nil when it is absent or null.
func (o object) raw(name string) []byte {
	for _, m := range o.members {
		if m.name == name && string(m.value) != "null" {
			return m.value
		}
	}
	return nil
}

// text returns a member that is a scalar as text: a string decoded, a number or
// a boolean as it is written; "" when it is absent, null, an object or a list.
func (o object) text(name string) string {
	raw := o.raw(name)
	if len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
		return ""
	}
	return o.whole(name)
}

// whole returns a member of any kind as text: a string decoded, any other value
// as it is written; "" when it is absent or null.
func (o object) whole(name string) string {
	raw := o.raw(name)
	if len(raw) > 0 && raw[0] == '"' {
		return decodeString(raw)
	}
	return string(raw)
}

// isNothing reports whether a member is absent or null.
func (o object) isNothing(name string) bool { return o.raw(name) == nil }

// isEmpty reports whether a member is absent, null or an object without members.
func (o object) isEmpty(name string) bool {
	raw := o.raw(name)
	return raw == nil || kindOf(raw) == "an object" && raw[skipSpace(raw, skipSpace(raw, 0)+1)] == '}'
}

// object returns a member that is an object; the zero object when it is absent,
// null or of another kind. odd says what was found instead of an object, "" for
// nothing odd. The only errors are members given twice.
func (o object) object(name string) (member object, odd string, err error) {
	raw := o.raw(name)
	if raw == nil {
		return object{}, "", nil
	}
	if kind := kindOf(raw); kind != "an object" {
		return object{}, o.join(name) + ": expected an object, found " + kind, nil
	}
	member, err = readObject(o.join(name), raw)
	return member, "", err
}

// objects returns the objects in a member that is a list; nil when it is
// absent, null or of another kind. odd says what was found besides objects.
// The only errors are members given twice.
func (o object) objects(name string) (list []object, odd string, err error) {
	raw := o.raw(name)
	if raw == nil {
		return nil, "", nil
	}
	if kind := kindOf(raw); kind != "an array" {
		return nil, o.join(name) + ": expected an array, found " + kind, nil
	}
	for i, element := range elements(raw) {
		path := o.join(name) + "[" + strconv.Itoa(i) + "]"
		if kind := kindOf(element); kind != "an object" {
			odd = cmp.Or(odd, path+": expected an object, found "+kind)
			continue
		}
		item, err := readObject(path, element)
		if err != nil {
			return nil, "", err
		}
		list = append(list, item)
	}
	return list, odd, nil
}

// join returns the path of a member.
func (o object) join(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

// elements returns the JSON texts in the valid JSON array text.
func elements(text []byte) [][]byte {
	var list [][]byte
	for i := skipSpace(text, skipSpace(text, 0)+1); text[i] != ']'; {
		end := skipValue(text, i)
		list = append(list, text[i:end])
		if i = skipSpace(text, end); text[i] == ',' {
			i = skipSpace(text, i+1)
		}
	}
	return list
}

// kindOf names the kind of the valid JSON text.
func kindOf(text []byte) string {
	switch text[skipSpace(text, 0)] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// decodeString returns the text of the valid JSON string literal.
func decodeString(literal []byte) string {
	if inner := literal[1 : len(literal)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var s string
	if json.Unmarshal(literal, &s) != nil {
		return string(literal) // not reached: the caller has a valid literal
	}
	return s
}

// skipSpace returns the first place at or after i that is not JSON white space.
func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the end of the valid JSON value that starts at i.
func skipValue(text []byte, i int) int {
	depth := 0
	for ; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i // the end of what surrounds a number or a literal
			}
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue // within a number or a literal
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}

// stringEnd returns the place of the quote that closes the string opening at i.
func stringEnd(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}
