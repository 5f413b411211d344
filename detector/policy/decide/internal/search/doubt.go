package search

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// KeyDoubt says what AWS leaves open about the key in a slot, for a request that
// may get in; "" if nothing. name is the key's name in the policy. s must be the
// sure search for the same request kind.
func (s *Search) KeyDoubt(slot int, name string, m *compile.Model) string {
	vals := m.Values[slot]
	if slot < compile.FirstSlot {
		if len(vals) == 1 && slot == compile.SlotARN && !InForms(s.callerForms(s.c.Slots[slot].Row), vals[0].Text) {
			return name + ": AWS does not document which requests its own principal " + vals[0].Text + " can make"
		}
		return ""
	}
	d := s.domains[slot]
	switch {
	case d.presence == condkey.Unsaid || d.presence == condkey.MayHave || d.presence == condkey.MayLack && len(vals) == 0:
		return name + ": AWS does not document whether such a request carries this key"
	case len(vals) == 0:
		return ""
	case slices.ContainsFunc(vals, func(v compile.Value) bool { return !s.occurs(slot, d, v) }):
		return name + ": AWS does not document whether this key can hold " + QuoteValues(vals)
	case s.c.Slots[slot].Names == condkey.Audience:
		return name + ": AWS does not document who can have this audience"
	case s.c.Slots[slot].Names == condkey.Subject && len(s.c.Named.Patterns) > 0:
		return name + ": only the identity provider knows whom the pattern covers"
	}
	return ""
}

// occurs reports whether AWS documents that the key can have a value.
func (s *Search) occurs(slot int, d *domain, v compile.Value) bool {
	for i := range s.c.Slots[slot].Cases {
		if slices.Contains(s.c.Slots[slot].Cases[i].Doubtful, v.Text) {
			return false
		}
	}
	switch d.kind {
	case choice, fixedTo:
		return slices.ContainsFunc(d.vals, func(w compile.Value) bool { return w.Text == v.Text })
	case text:
		return InForms(d.forms, v.Text) && (d.known == nil || slices.Contains(d.known, v.Text))
	default:
		return true
	}
}

// InForms reports whether a text has one of the forms.
func InForms(forms []form, text string) bool {
	return slices.ContainsFunc(forms, func(f form) bool {
		texts, ok := f.Split(text)
		v := layout{same: f.same}
		return ok && v.unequal(texts) == nil
	})
}

// UncertainSlot reports whether AWS does not say whether requests of this kind
// have the key in a slot.
func (s *Search) UncertainSlot(slot int) bool {
	return slot >= compile.FirstSlot && s.domains[slot].presence == condkey.Unsaid
}

// QuoteValues returns the values of a key for people, each shortened, in quotes.
func QuoteValues(vals []compile.Value) string {
	texts := make([]string, len(vals))
	for i, v := range vals {
		texts[i] = compile.Shorten(v.Text, 80)
	}
	return fmt.Sprintf("%q", strings.Join(texts, ", "))
}
