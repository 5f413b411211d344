package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// variable is the set of texts that begin with the value of a key.
func (c *compiled) variable(slot int, behind string) *valueSet {
	base := policy.StringEquals
	if strings.Contains(behind, "*") {
		base = policy.StringLike
	}
	p := newPattern("${"+c.slots[slot].Name+"}"+behind, base, c.keys)
	for i := range p.Parts {
		p.Parts[i].Slot = slot // of the only variable
	}
	return &valueSet{pats: []textsolve.Pattern{p}, vars: true}
}

// notOwnersOrg keeps an organization, or the path of one, from being the key
// owner's, whatever that is. Where it is known, or no condition asks for it,
// there is nothing to say.
func (c *compiled) notOwnersOrg(slot int) []literal {
	owner := c.slotWith(condkey.TieOwnerOrg)
	switch {
	case owner < 0 || c.q.Key.Org != "":
		return nil
	case c.slots[slot].Multi:
		return []literal{{slot: slot, absent: true, mode: eachOut, set: c.variable(owner, "/*")}}
	}
	lits := []literal{{slot: owner, absent: true, mode: eachOut, set: c.variable(slot, "")}}
	if slot >= sFirst { // the equation can be written from either side; see contradict
		lits = append(lits, literal{slot: slot, absent: true, mode: eachOut, set: c.variable(owner, "")})
	}
	return lits
}

// without returns what holds of all requests besides the domains: some values
// do not occur. It is made once.
func (c *compiled) without() []literal {
	if c.withoutMade {
		return c.withoutLits
	}
	c.withoutMade = true
	for i := sFirst; i < len(c.slots); i++ {
		if not := c.slots[i].Without(); not != nil {
			set := &valueSet{}
			for _, v := range not {
				set.pats = append(set.pats, newPattern(v, policy.StringLike, nil))
			}
			c.b.Spend(textsolve.PatternSize * len(not))
			c.withoutLits = append(c.withoutLits, literal{slot: i, absent: true, mode: eachOut, set: set})
		}
	}
	return c.withoutLits
}

// contradict reports whether some literal asks for a value that meets a
// pattern with a variable, and another for none that does.
func contradict(c []literal) bool {
	for i := range c {
		a := &c[i]
		if a.absent || !a.inside() || !a.set.vars {
			continue
		}
		for j := range c {
			b := &c[j]
			if b.mode != eachOut {
				continue
			}
			if b.slot == a.slot && a.set.within(b.set) || a.set.equalTo(b.slot) && b.set.equalTo(a.slot) {
				return true
			}
		}
	}
	return false
}

// equalTo reports whether s is the value of the key in a slot and nothing else.
func (s *valueSet) equalTo(slot int) bool {
	if len(s.pats) != 1 || len(s.pats[0].Parts) != 1 {
		return false
	}
	p := &s.pats[0]
	return p.Parts[0].Slot == slot && !p.Parts[0].HasDefault && !p.Fold
}

// within reports whether each pattern of s is one of t.
func (s *valueSet) within(t *valueSet) bool {
	for i := range s.pats {
		p := &s.pats[i]
		if !slices.ContainsFunc(t.pats, func(q textsolve.Pattern) bool {
			return q.Text == p.Text && q.Fold == p.Fold && q.Wild == p.Wild && q.ARN == p.ARN
		}) {
			return false
		}
	}
	return len(s.pats) > 0
}
