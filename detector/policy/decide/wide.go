package decide

import (
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
)

// findWide is find for strangers anywhere; see throughWide.
func (s *searching) findWide(open *ipset.Set) *model {
	for _, a := range s.allows {
		for _, way := range a.allowWays(s.typ, s.c.b) {
			if m := s.throughWide(a, way, open); m != nil {
				return m
			}
		}
		if s.c.b.Out() {
			return nil
		}
	}
	return nil
}

// throughWide is through for strangers anywhere: where the policy asks for
// source addresses, strangers get in from everywhere only if the addresses that
// they get in from, over all statements, are more than a named network. open
// collects them from attempt to attempt.
func (s *searching) throughWide(a *stmt, way []literal, open *ipset.Set) *model {
	slot := s.c.slotWith(condkey.TieSourceIP)
	if slot < 0 || !s.freshWhere || s.domains[slot].kind != address || s.sure && s.domains[slot].presence == condkey.Unsaid {
		return s.through(a, way)
	}
	if s.domains[slot].presence == condkey.Unsaid { // the key may be left out: then no address is asked for
		if m := s.through(a, way, absentKey(slot)); m != nil {
			return m
		}
	}
	for !s.c.b.Out() {
		rest := literal{slot: slot, mode: eachOut, set: &valueSet{addrs: *open}}
		if *open == nil {
			rest.mode = all
		}
		m := s.through(a, way, rest)
		if m == nil {
			return nil
		}
		more := s.openAddresses(m, slot)
		if s.c.b.Spend(len(more) * (20 + ipset.RangeSize + len(*open)/16)); s.c.b.Out() {
			return nil // more may be more than is open
		}
		for _, r := range more {
			*open = open.With(r)
		}
		if open.Wide() {
			return m
		}
		if !open.Has(m.vals[slot][0].a) {
			break
		}
	}
	s.incomplete = true
	return nil
}

// openAddresses returns the addresses from which m, otherwise unchanged, gets in.
func (s *searching) openAddresses(m *model, slot int) ipset.Set {
	domain := s.domains[slot].addrs
	var open, shut ipset.Set
	for _, a := range s.allows {
		if s.applies(a, m) {
			open = append(open, s.addressesFor(a, m, slot, s.sure, domain)...)
		}
	}
	for _, d := range s.denies {
		if applies, _ := s.denyEscapes(d, m); applies {
			shut = append(shut, s.addressesFor(d, m, slot, !s.sure, domain)...)
		}
	}
	m.b.Spend(2 * ipset.RangeSize * (len(open) + len(shut)))
	return open.Normal().Minus(shut.Normal())
}

// addressesFor returns the addresses for which the conditions of st hold: none
// when another condition does not hold.
func (s *searching) addressesFor(st *stmt, m *model, slot int, sure bool, domain ipset.Set) ipset.Set {
	var lits []literal
	for i := range st.clauses {
		l := st.clauses[i].possible
		if sure {
			l = st.clauses[i].sure
		}
		if l.set.open != nil {
			l = s.orient(l, !sure)
		}
		switch n := l.not(); {
		case l.slot == slot:
			lits = append(lits, l)
		case st.Effect == policy.Allow && !s.holds(&l, m), st.Effect == policy.Deny && s.holds(&n, m):
			return nil
		}
	}
	return addressesOf(domain, lits, m.b)
}
