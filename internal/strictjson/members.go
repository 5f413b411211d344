package strictjson

import (
	"fmt"
	"strings"
)

// Members are the members of an object in order, each name once. The zero
// Members are none.
type Members []Member

// A Member is a decoded name and its value.
type Member struct {
	Name  string
	Value Value
}

// A DuplicateError is an object that holds a member twice.
type DuplicateError struct{ Name string }

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("member %q: expected it once, found it twice", e.Name)
}

// A CaseError is a member that differs from an expected one in letter case only.
type CaseError struct{ Want, Found string }

func (e *CaseError) Error() string {
	return fmt.Sprintf("expected member %q, found %q", e.Want, e.Found)
}

// Members returns the members of an object; none of any other value. The only
// errors are *[DuplicateError]; objects within the values are not looked at.
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

// again returns the place of the first member whose name was there before, -1
// when each is there once.
func (l Members) again() int {
	const few = 32 // members; up to here looking at each is faster than a map
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

// Get returns the value of the member of that name, the zero Value when there
// is none. A member that is null is there.
func (l Members) Get(name string) Value {
	for _, m := range l {
		if m.Name == name {
			return m.Value
		}
	}
	return Value{}
}

// Has reports whether there is a member of that name, null or not.
func (l Members) Has(name string) bool { return l.Get(name).Kind() != None }

// RequireCase refuses members that differ from one of the names in letter case
// only. The only errors are *[CaseError].
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
