package search

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// fill finds texts of one of the layouts that meet lits, writes them into m and
// reports whether it found any. how says how to read variables.
func (s *Search) fill(layouts []layout, lits []compile.Literal, m *compile.Model, how compile.Reading) bool {
	for i := range layouts {
		v := &layouts[i]
		if i > 0 && !v.matters(lits) {
			break
		}
		if m.Budget.Out() {
			return false
		}
		constraints, ok := s.constraints(v, lits, m, how)
		if !ok {
			continue
		}
		texts, ok := v.edit(constraints, m)
		if !ok {
			texts, ok = s.solve(v, constraints, m.Budget)
		}
		if !ok {
			continue
		}
		for _, l := range lits {
			m.Values[l.Slot] = nil
		}
		for _, p := range v.at {
			m.Set(p.slot, p.cut(texts))
		}
		return true
	}
	return false
}

// edit returns the texts of m's value with some segments changed to fixed texts
// that constraints require. That is cheaper than solving and keeps the value
// readable. ok is false if it is not enough.
func (v *layout) edit(constraints []textsolve.Constraint, m *compile.Model) ([]string, bool) {
	for _, p := range v.at {
		if p.first != 0 || p.last != len(v.Segments)-1 || len(m.Values[p.slot]) != 1 {
			continue
		}
		m.Budget.Spend(4*len(v.Segments) + len(m.Text(p.slot)))
		texts, ok := v.Split(m.Text(p.slot))
		if !ok {
			return nil, false
		}
		for i := range constraints {
			if n := &constraints[i]; !n.Negated && n.First == n.Last && n.Patterns[0].Exact && !n.Holds(texts, m.Budget) {
				texts[n.First] = n.Patterns[0].Plain
			}
		}
		whole := strings.Join(texts, "")
		if _, ok := v.Split(whole); !ok || !textsolve.AllHold(constraints, texts, m.Budget) || v.unequal(texts) != nil {
			return nil, false
		}
		return texts, true
	}
	return nil, false
}

// constraints turns literals into constraints on the layout's shape; ok is false
// if the layout cannot meet one of them.
func (s *Search) constraints(v *layout, lits []compile.Literal, m *compile.Model, how compile.Reading) (list []textsolve.Constraint, ok bool) {
	list = s.strangeNetwork(v)
	for i := range lits {
		l := &lits[i]
		p, found := v.placeOf(l.Slot)
		if !found {
			if !l.Absent {
				return nil, false
			}
			continue
		}
		if h, fixed := l.Present(); fixed {
			if !h {
				return nil, false
			}
			continue
		}
		n := textsolve.Constraint{First: p.first, Last: p.last, Skip: p.skip, Negated: !l.Inside()}
		if l.Strict && l.Set.Unresolved(m) && how == compile.AsModel {
			if !l.Inside() {
				return nil, false
			}
			continue
		}
		m.Budget.Spend(24)
		n.Patterns, n.Index = l.Set.Under(m, how, n.Negated), l.Set.Index
		if len(n.Patterns) == 0 {
			if !n.Negated {
				return nil, false
			}
			continue
		}
		list = append(list, n)
	}
	return list, true
}

// strangeNetwork returns constraints that keep the accounts of the owner and of
// those trusted, and what the policy names, out of a VPC's ARN.
func (s *Search) strangeNetwork(v *layout) []textsolve.Constraint {
	if !s.FreshWhere || s.groupOf(v.at[0].slot) != gVpc {
		return nil
	}
	c := s.c
	if c.strange == nil {
		accounts := slices.Concat([]string{c.Owner}, c.TrustedAccounts, c.Named.Accounts)
		if c.Insiders {
			accounts = slices.DeleteFunc(slices.Clone(c.Named.Accounts), func(a string) bool { return a == c.Owner })
		}
		c.strange = []*compile.ValueSet{compile.Exactly(accounts...), compile.Exactly(append([]string{"vpc-"}, c.Named.VPCs...)...)}
	}
	accounts, vpcs := c.strange[0], c.strange[1]
	n := len(v.Segments) - 1
	constraints := []textsolve.Constraint{{First: max(0, n-1), Last: n, Skip: -1, Negated: true, Patterns: vpcs.Patterns, Index: vpcs.Index}}
	for i, g := range v.Segments {
		if g == inAccount("") {
			constraints = append(constraints, textsolve.Constraint{First: i, Last: i, Skip: -1, Negated: true, Patterns: accounts.Patterns, Index: accounts.Index})
		}
	}
	return constraints
}

// unequal returns segments that must hold the same text and do not, or nil if
// there are none.
func (v *layout) unequal(texts []string) []int {
	for _, same := range v.same {
		for _, i := range same {
			if texts[i] != texts[same[0]] {
				return same
			}
		}
	}
	return nil
}

// maxEqual bounds the number of solutions that solve tries for segments that must
// be equal.
const maxEqual = 16

// solve finds texts for a layout's segments. If some of these must be equal, it
// first solves without that requirement and tries the texts that the solution has
// there; then it excludes these texts and repeats. If no other solution is left,
// there is none.
func (s *Search) solve(v *layout, constraints []textsolve.Constraint, b *textsolve.Budget) ([]string, bool) {
	var tried []string
	for range maxEqual {
		texts, ok := v.Shape.Solve(constraints, b)
		if !ok {
			return nil, false
		}
		same := v.unequal(texts)
		if same == nil {
			return texts, true
		}
		if tried == nil && len(v.same) > 1 { // no use if the other segments cannot be equal
			rest := *v
			rest.same = slices.DeleteFunc(slices.Clone(v.same), func(s []int) bool { return s[0] == same[0] })
			if _, ok := s.solve(&rest, constraints, b); !ok {
				return nil, false
			}
		}
		for _, i := range same {
			if slices.Contains(tried, texts[i]) {
				continue
			}
			one := *v
			one.Segments = slices.Clone(v.Segments)
			for _, j := range same {
				one.Segments[j] = textsolve.Fixed(texts[i])
			}
			if texts, ok := s.solve(&one, constraints, b); ok {
				return texts, true
			}
			tried = append(tried, texts[i])
		}
		constraints = constraints[:len(constraints):len(constraints)]
		for _, i := range same {
			constraints = append(constraints, textsolve.Constraint{First: i, Last: i, Skip: -1, Negated: true, Patterns: compile.Exactly(tried...).Patterns})
		}
	}
	s.Incomplete = true // other texts may work
	return nil, false
}
