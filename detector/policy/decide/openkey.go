package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// openKey says what AWS leaves open of the key in a slot, for a request that
// may get in; "" when nothing is. s is the sure search of the same request kind.
func (s *search) openKey(slot int, name string, m *model) string {
	vals := m.vals[slot]
	if slot < sFirst {
		if len(vals) == 1 && slot == sArn && !s.inForms(s.callerForms(s.c.slots[slot].Row), vals[0].s) {
			return name + ": AWS does not document which requests its own principal " + vals[0].s + " can make"
		}
		return ""
	}
	d := s.domains[slot]
	switch {
	case d.presence == condkey.Unsaid || d.presence == condkey.MayHave || d.presence == condkey.MayLack && len(vals) == 0:
		return name + ": AWS does not document whether such a request carries this key"
	case len(vals) == 0:
		return ""
	case slices.ContainsFunc(vals, func(v value) bool { return !s.occurs(slot, d, v) }):
		return name + ": AWS does not document whether this key can hold " + quoteValues(vals)
	case s.c.slots[slot].Names == condkey.Audience:
		return name + ": AWS does not document who can have this audience"
	case s.c.slots[slot].Names == condkey.Subject && len(s.c.named.patterns) > 0:
		return name + ": only the identity provider knows whom the pattern covers"
	}
	return ""
}

// occurs reports whether a value is one that AWS documents for the domain.
func (s *search) occurs(slot int, d *domain, v value) bool {
	for i := range s.c.slots[slot].Cases {
		if slices.Contains(s.c.slots[slot].Cases[i].Doubtful, v.s) {
			return false
		}
	}
	switch d.kind {
	case choice, fixedTo:
		return slices.ContainsFunc(d.vals, func(w value) bool { return w.s == v.s })
	case text:
		return s.inForms(d.forms, v.s) && (d.known == nil || slices.Contains(d.known, v.s))
	default:
		return true
	}
}

func (s *search) inForms(forms []form, text string) bool {
	return slices.ContainsFunc(forms, func(f form) bool {
		texts, ok := f.Split(text)
		v := layout{same: f.same}
		return ok && v.unequal(texts) == nil
	})
}
