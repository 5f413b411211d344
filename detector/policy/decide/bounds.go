package decide

import (
	"encoding/json"
	"fmt"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// Bounds are the verdicts between which the answer lies.
type Bounds struct {
	Verdict Verdict `json:"verdict"` // Least if equal to Most, otherwise Undecided
	Least   Verdict `json:"least"`   // how far outsiders certainly get in
	Most    Verdict `json:"most"`    // how far is not ruled out
}

// Between returns the bounds from least to most.
func Between(least, most Verdict) Bounds {
	if least == most {
		return Bounds{least, least, most}
	}
	return Bounds{Undecided, least, most}
}

// closed returns the bounds of what lets nobody in.
func closed() Bounds { return Bounds{Private, Private, Private} }

// worst returns the bounds of two actions or classes together: outsiders get as
// far as either lets them.
func (b Bounds) worst(c Bounds) Bounds {
	return Between(max(b.Least, c.Least), max(b.Most, c.Most))
}

// worse reports whether b is worse for the owner than c in any respect.
func (b Bounds) worse(c Bounds) bool { return b.Least > c.Least || b.Most > c.Most }

// Classes holds the bounds of each of kmsapi.Classes, in that order. In the zero
// Classes all are undecided.
type Classes [kmsapi.ClassCount]Bounds

// AllClasses returns Classes that all have the bounds b.
func AllClasses(b Bounds) Classes {
	var all Classes
	for i := range all {
		all[i] = b
	}
	return all
}

// Of returns the bounds of a class, which are undecided for one that does not
// work across accounts.
func (c Classes) Of(class kmsapi.Class) Bounds {
	if i := class.Index(); i >= 0 {
		return c[i]
	}
	return Bounds{}
}

// Set sets the bounds of a class. It panics if the class does not work across
// accounts.
func (c *Classes) Set(class kmsapi.Class, b Bounds) { c[class.Index()] = b }

// Worst returns the bounds of all classes together that decide the verdict.
func (c Classes) Worst() Bounds {
	b := closed()
	for _, class := range kmsapi.Deciding() {
		b = b.worst(c.Of(class))
	}
	return b
}

// MarshalJSON returns an object with a member for each class, in their order:
// {"encrypt":{"verdict":"public","least":"public","most":"public"},"use":...}.
func (c Classes) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i, class := range kmsapi.Classes() {
		bounds, err := json.Marshal(c[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(fmt.Appendf(text, "%q:", class), bounds...)
	}
	return append(text, '}'), nil
}

// UnmarshalJSON parses what MarshalJSON returns. A class without a member is
// undecided; a member that does not name a class is an error.
func (c *Classes) UnmarshalJSON(text []byte) error {
	var members map[kmsapi.Class]Bounds
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	*c = Classes{}
	for class, b := range members {
		if class.Index() < 0 {
			return fmt.Errorf("classes: expected one of %q, found %q", kmsapi.Classes(), class)
		}
		c.Set(class, b)
	}
	return nil
}
