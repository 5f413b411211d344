package detector

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// An object is a JSON object in a record or a policy. Names are matched exactly,
// and no name occurs twice. The zero object has no members.
type object struct {
	path    string // its path in the record, e.g. "requestParameters"; "" for the record itself
	members strictjson.Members
}

// readDocument reads a text that is one JSON object and nothing else.
func readDocument(text []byte) (object, error) {
	v, err := strictjson.Parse(text)
	if err != nil {
		return object{}, syntaxError(err)
	}
	return readObject("", v)
}

// syntaxError returns the error for a text that is not one JSON value; err is
// that of strictjson.Parse.
func syntaxError(err error) error {
	var syntax *strictjson.SyntaxError
	switch {
	case !errors.As(err, &syntax):
		return fmt.Errorf("expected a CloudTrail record: %w", err) // not reached: Parse returns no other error
	case syntax.Fault == strictjson.Cut:
		return fmt.Errorf("expected a CloudTrail record, found JSON that ends after %d bytes", syntax.Offset)
	default:
		return fmt.Errorf("expected a CloudTrail record, found text that is not one JSON object: %w (byte %d)", err, syntax.Offset+1)
	}
}

// readObject reads the members of v, the value at path. It is an error when v is
// not an object or holds a member twice.
func readObject(path string, v strictjson.Value) (object, error) {
	o := object{path: path}
	if v.Kind() != strictjson.Object {
		return object{}, o.fault("expected an object, found %s", v.Kind())
	}
	members, err := v.Members()
	if err != nil {
		return object{}, o.fault("%w", err)
	}
	o.members = members
	return o, nil
}

// fault returns an error about the object, formatted as by fmt.Errorf.
func (o object) fault(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if o.path == "" {
		return fmt.Errorf("expected a CloudTrail record: %w", err)
	}
	return fmt.Errorf("%s: %w", o.path, err)
}

// requireCase returns an error when a member differs from one of names only in
// letter case: CloudTrail writes no such member, and other readers would take it
// for the real one.
func (o object) requireCase(names ...string) error {
	if err := o.members.RequireCase(names...); err != nil {
		return o.fault("%w", err)
	}
	return nil
}

// value returns a member's value; of kind None when it is absent or null.
func (o object) value(name string) strictjson.Value {
	if v := o.members.Get(name); v.Kind() != strictjson.Null {
		return v
	}
	return strictjson.Value{}
}

// text returns a member that is a scalar as text: a string decoded, a number or
// a boolean as it is written; "" when it is absent, null, an object or a list.
func (o object) text(name string) string {
	switch v := o.value(name); v.Kind() {
	case strictjson.Object, strictjson.Array:
		return ""
	default:
		return v.Text()
	}
}

// whole returns a member of any kind as text: a string decoded, any other value
// as it is written; "" when it is absent or null.
func (o object) whole(name string) string { return o.value(name).Text() }

// isNothing reports whether a member is absent or null.
func (o object) isNothing(name string) bool { return o.value(name).Kind() == strictjson.None }

// isEmpty reports whether a member is absent, null or an object without members.
func (o object) isEmpty(name string) bool {
	v := o.value(name)
	for range v.AllMembers() {
		return false
	}
	return v.Kind() == strictjson.None || v.Kind() == strictjson.Object
}

// object returns a member that is an object; the zero object when the member is
// absent, null or of another kind. odd says what was found instead of an object;
// "" when the member is an object, absent or null. The only error is a member
// given twice.
func (o object) object(name string) (member object, odd string, err error) {
	v := o.value(name)
	switch v.Kind() {
	case strictjson.None:
		return object{}, "", nil
	case strictjson.Object:
		member, err = readObject(o.join(name), v)
		return member, "", err
	default:
		return object{}, o.join(name) + ": expected an object, found " + v.Kind().String(), nil
	}
}

// objects returns the objects in a member that is a list; nil when it is
// absent, null or of another kind. odd says what was found first that is not an
// object, "" for nothing. The only error is a member given twice.
func (o object) objects(name string) (list []object, odd string, err error) {
	v := o.value(name)
	if v.Kind() != strictjson.None && v.Kind() != strictjson.Array {
		return nil, o.join(name) + ": expected an array, found " + v.Kind().String(), nil
	}
	i := -1
	for element := range v.Elements() {
		i++
		path := o.join(name) + "[" + strconv.Itoa(i) + "]"
		if element.Kind() != strictjson.Object {
			odd = cmp.Or(odd, path+": expected an object, found "+element.Kind().String())
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

// join returns the path of the named member.
func (o object) join(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}
