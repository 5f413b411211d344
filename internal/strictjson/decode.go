package strictjson

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Decode reads text into the value that into points to, as [json.Unmarshal]
// does. It rejects what Parse rejects and, at any depth, duplicate members and
// members that the corresponding struct does not have by exactly that name. These
// errors include the position, as in
//
//	"accepted[0]": member "expires": expected it once, found it twice
//
// If Decode returns an error, the value may be partly filled.
func Decode(text []byte, into any) error {
	v, err := Parse(text)
	if err != nil {
		return err
	}
	if err := (checker{}).check(v, reflect.TypeOf(into)); err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// A checker checks values against the types that they are decoded into. It caches
// for each struct type the types of its fields by their names in encoding/json.
type checker map[reflect.Type]map[string]reflect.Type

// check returns an error if v contains a duplicate member, or one that the struct
// of type t does not have. t is nil if any name is allowed.
func (c checker) check(v Value, t reflect.Type) *placeError {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		t = nil
	}
	i := 0
	for element := range v.Elements() {
		if err := c.check(element, elementOf(t)); err != nil {
			return err.within(fmt.Sprintf("[%d]", i))
		}
		i++
	}
	members, err := v.Members()
	if err != nil {
		return &placeError{"", err}
	}
	for _, m := range members {
		inner, err := c.member(t, m.Name)
		if err != nil {
			return &placeError{"", err}
		}
		if err := c.check(m.Value, inner); err != nil {
			return err.within("." + m.Name)
		}
	}
	return nil
}

// member returns the type that the named member of t, a struct or a map, is
// decoded into, or nil if t is of any other kind. An unknown member of a struct is
// an error, a *[CaseError] if it differs from a field in letter case only.
func (c checker) member(t reflect.Type, name string) (reflect.Type, error) {
	if t == nil || t.Kind() != reflect.Struct {
		return elementOf(t), nil
	}
	if c[t] == nil {
		c[t] = fieldsOf(t)
	}
	inner, ok := c[t][name]
	if ok {
		return inner, nil
	}
	for _, field := range slices.Sorted(maps.Keys(c[t])) {
		if strings.EqualFold(field, name) {
			return nil, &CaseError{field, name}
		}
	}
	return nil, fmt.Errorf("unknown field %q", name)
}

// fieldsOf returns the types of a struct's fields by their names in
// encoding/json.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case name == "":
			fields[f.Name] = f.Type
		default:
			fields[name] = f.Type
		}
	}
	return fields
}

// elementOf returns the element type of a slice, an array or a map, or nil for any
// other type.
func elementOf(t reflect.Type) reflect.Type {
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return t.Elem()
	default:
		return nil
	}
}

// A placeError is an error with the path of the object that it is about.
type placeError struct {
	path string // such as .accepted[0]; "" for the whole text
	err  error
}

func (e *placeError) Error() string {
	if e.path == "" {
		return e.err.Error()
	}
	return fmt.Sprintf("%.100q: %v", strings.TrimPrefix(e.path, "."), e.err)
}

func (e *placeError) Unwrap() error { return e.err }

// within returns the error with step prepended to its path.
func (e *placeError) within(step string) *placeError { return &placeError{step + e.path, e.err} }
