package search

import (
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
)

// FindWide is like Find, for strangers anywhere; see throughWide.
func (s *Search) FindWide(open *ipset.Set) *compile.Model {
	for _, a := range s.Allows {
		for _, way := range a.AllowWays(s.Caller, s.c.Budget) {
			if m := s.throughWide(a, way, open); m != nil {
				return m
			}
		}
		if s.c.Budget.Out() {
			return nil
		}
	}
	return nil
}

// throughWide is like Through, for strangers anywhere. If the policy tests source
// addresses, strangers get in from anywhere only if the addresses from which they
// get in, by any statement, are more than a named network. open collects these
// addresses over all attempts.
func (s *Search) throughWide(a *compile.Statement, way []compile.Literal, open *ipset.Set) *compile.Model {
	slot := s.c.SlotWith(condkey.TieSourceIP)
	if slot < 0 || !s.FreshWhere || s.domains[slot].kind != address || s.sure && s.domains[slot].presence == condkey.Unsaid {
		return s.Through(a, way)
	}
	if s.domains[slot].presence == condkey.Unsaid { // the request may lack the key, and so an address
		if m := s.Through(a, way, compile.AbsentKey(slot)); m != nil {
			return m
		}
	}
	for !s.c.Budget.Out() {
		rest := compile.Literal{Slot: slot, Mode: compile.EachOut, Set: &compile.ValueSet{Addresses: *open}}
		if *open == nil {
			rest.Mode = compile.All
		}
		m := s.Through(a, way, rest)
		if m == nil {
			return nil
		}
		more := s.openAddresses(m, slot)
		if s.c.Budget.Spend(len(more) * (20 + ipset.RangeSize + len(*open)/16)); s.c.Budget.Out() {
			return nil // the addresses in more may not all be open
		}
		for _, r := range more {
			*open = open.With(r)
		}
		if open.Wide() {
			return m
		}
		if !open.Has(m.Values[slot][0].Address) {
			break
		}
	}
	s.Incomplete = true
	return nil
}

// openAddresses returns the addresses from which the request m, otherwise
// unchanged, gets in.
func (s *Search) openAddresses(m *compile.Model, slot int) ipset.Set {
	domain := s.domains[slot].addrs
	var open, shut ipset.Set
	for _, a := range s.Allows {
		if s.applies(a, m) {
			open = append(open, s.addressesFor(a, m, slot, s.sure, domain)...)
		}
	}
	for _, d := range s.Denies {
		if applies, _ := s.DenyEscapes(d, m); applies {
			shut = append(shut, s.addressesFor(d, m, slot, !s.sure, domain)...)
		}
	}
	m.Budget.Spend(2 * ipset.RangeSize * (len(open) + len(shut)))
	return open.Normal().Minus(shut.Normal())
}

// addressesFor returns the addresses for which all conditions of st hold; none if
// a condition on another key does not hold.
func (s *Search) addressesFor(st *compile.Statement, m *compile.Model, slot int, sure bool, domain ipset.Set) ipset.Set {
	var lits []compile.Literal
	for i := range st.Clauses {
		l := st.Clauses[i].Possible
		if sure {
			l = st.Clauses[i].Sure
		}
		if l.Set.Unknown != nil {
			l = s.orient(l, !sure)
		}
		switch n := l.Not(); {
		case l.Slot == slot:
			lits = append(lits, l)
		case st.Effect == policy.Allow && !s.Holds(&l, m), st.Effect == policy.Deny && s.Holds(&n, m):
			return nil
		}
	}
	return addressesOf(domain, lits, m.Budget)
}
