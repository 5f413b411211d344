package policy

import (
	"slices"
	"strings"
)

// A reading says what becomes of variables.
type reading bool

const (
	resolved reading = false // they have the values of the model
	loose    reading = true  // they can be anything: more matches than in truth
)

// fill finds texts for one of the variants that meet lits and writes them into m.
func (s *search) fill(variants []variant, lits []literal, m *model, how reading) bool {
	for i := range variants {
		v := &variants[i]
		if i > 0 && !v.matters(lits) {
			break
		}
		if m.b.out() {
			return false
		}
		needs, ok := s.needs(v, lits, m, how)
		if !ok {
			continue
		}
		texts, ok := v.edit(needs, m)
		if !ok {
			texts, ok = v.solve(needs, m.b)
		}
		if !ok {
			continue
		}
		for _, l := range lits {
			m.vals[l.slot] = nil
		}
		if len(v.at) > 0 && v.at[0].slot == sAccount {
			m.vals[sName] = nil
		}
		for _, p := range v.at {
			m.set(p.slot, p.cut(texts))
		}
		return true
	}
	return false
}

// edit keeps m's value and changes only single segments to fixed texts that
// are asked for: cheaper than solving, and the value stays a readable one.
func (v *variant) edit(needs []need, m *model) ([]string, bool) {
	for _, p := range v.at {
		if p.first != 0 || p.last != len(v.segs)-1 || p.skip >= 0 || len(m.vals[p.slot]) != 1 {
			continue
		}
		m.b.spend(4*len(v.segs) + len(m.text(p.slot)))
		texts, ok := v.split(m.text(p.slot))
		if !ok {
			return nil, false
		}
		for i := range needs {
			if n := &needs[i]; !n.negated && n.first == n.last && n.pats[0].exact && !n.holds(texts, m.b) {
				texts[n.first] = n.pats[0].plain
			}
		}
		whole := strings.Join(texts, "")
		if _, ok := v.split(whole); !ok || !allHold(needs, texts, m.b) {
			return nil, false
		}
		return texts, true
	}
	return nil, false
}

// needs turns literals into constraints on the variant's tape; ok is false
// when one of them cannot be met by it.
func (s *search) needs(v *variant, lits []literal, m *model, how reading) (list []need, ok bool) {
	list = s.strangeNetwork(v)
	for i := range lits {
		l := &lits[i]
		p, found := v.placeOf(l.slot)
		if !found {
			if !l.absent {
				return nil, false
			}
			continue
		}
		if h, fixed := l.present(); fixed {
			if !h {
				return nil, false
			}
			continue
		}
		n := need{first: p.first, last: p.last, skip: p.skip, negated: !l.inside()}
		if l.strict && l.set.unresolved(m) && how == resolved {
			if !l.inside() {
				return nil, false
			}
			continue
		}
		m.b.spend(24)
		n.pats, n.index = l.set.under(m, how, n.negated), l.set.index
		if len(n.pats) == 0 {
			if !n.negated {
				return nil, false
			}
			continue
		}
		list = append(list, n)
	}
	return list, true
}

// strangeNetwork keeps the owner's and named accounts and VPCs out of a VPC's ARN.
func (s *search) strangeNetwork(v *variant) []need {
	if !s.freshWhere || len(v.at) == 0 || v.at[0].slot < sFirst || s.groupOf(v.at[0].slot) != gVpc {
		return nil
	}
	c := s.c
	if c.strange == nil {
		accounts := slices.Concat([]string{c.owner}, c.q.TrustedAccounts, c.named.accounts)
		if c.insiders {
			accounts = slices.DeleteFunc(slices.Clone(c.named.accounts), func(a string) bool { return a == c.owner })
		}
		c.strange = []*valueSet{exactly(accounts...), exactly(append([]string{"vpc-"}, c.named.vpcs...)...)}
	}
	accounts, vpcs := c.strange[0], c.strange[1]
	return []need{
		{first: 3, last: 3, skip: -1, negated: true, pats: accounts.pats, index: accounts.index},
		{first: 5, last: 6, skip: -1, negated: true, pats: vpcs.pats, index: vpcs.index},
	}
}

// under returns the patterns of s without variables, as m or looseness has it.
// negated says that the patterns are to be avoided: then looseness drops them.
func (s *valueSet) under(m *model, how reading, negated bool) []pattern {
	if !s.vars {
		return s.pats
	}
	m.b.spend(patternSize * len(s.pats))
	var pats []pattern
	for i := range s.pats {
		p := &s.pats[i]
		switch {
		case p.parts == nil:
			pats = append(pats, *p)
		case how == resolved:
			if q, ok := p.resolve(m); ok {
				pats = append(pats, q)
			}
		case !negated:
			m.b.spend(3 * len(p.text))
			pats = append(pats, p.loosen())
		}
	}
	return pats
}
