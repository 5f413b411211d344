package strictjson

import (
	"fmt"
	"strings"
)

// Members is a list of the members of an object, in order and without duplicates.
// The zero Members is empty.
type Members []Member

// A Member is a member of an object: its decoded name and its value.
type Member struct {
	Name  string
	Value Value
}

// A DuplicateError reports that an object has two members with the same name.
type DuplicateError struct{ Name string }

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("member %q: expected it once, found it twice", e.Name)
}

// A CaseError reports a member whose name differs from an expected one in letter
// case only.
type CaseError struct{ Want, Found string }

func (e *CaseError) Error() string {
	return fmt.Sprintf("expected member %q, found %q", e.Want, e.Found)
}

// Members returns the members of an object, or none for any other value. The error
// is always a *[DuplicateError]. Objects within the values are not checked.
func (v Value) Members() (Members, error) {
	var list Members
	for name, value := range v.AllMembers() {
		list = append(list, Member{name, value})
	}
	if i := list.again(); i >= 0 {
		return nil, &DuplicateError{list[i].Name}
	}
	return list, nil
}

// again returns the index of the first member whose name has occurred before, or
// -1 if there is none.
func (l Members) again() int {
	const few = 32 // members; up to this number, a linear search is faster than a map
	if len(l) <= few {
		for i, m := range l {
			if l[:i].Has(m.Name) {
				return i
			}
		}
		return -1
	}
	seen := make(map[string]bool, len(l))
	for i, m := range l {
		if seen[m.Name] {
			return i
		}
		seen[m.Name] = true
	}
	return -1
}

// Get returns the value of the member with the name, or the zero Value if there is
// none. The value of a null member is of kind Null.
func (l Members) Get(name string) Value {
	for _, m := range l {
		if m.Name == name {
			return m.Value
		}
	}
	return Value{}
}

// Has reports whether there is a member with the name, null or not.
func (l Members) Has(name string) bool { return l.Get(name).Kind() != None }

// RequireCase returns an error, a *[CaseError], if the name of a member differs
// from one of the names in letter case only.
func (l Members) RequireCase(names ...string) error {
	for _, m := range l {
		for _, name := range names {
			if m.Name != name && strings.EqualFold(m.Name, name) {
				return &CaseError{name, m.Name}
			}
		}
	}
	return nil
}
