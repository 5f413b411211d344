package policy

import "github.com/kmsentry/kmsentry/detector/policy/condkey"

// findWide is find for strangers anywhere; see throughWide.
func (s *search) findWide(open *addressSet) *model {
	for _, a := range s.allows {
		for _, way := range a.allowWays(s.typ, s.c.b) {
			if m := s.throughWide(a, way, open); m != nil {
				return m
			}
		}
		if s.c.b.out() {
			return nil
		}
	}
	return nil
}

// throughWide is through for strangers anywhere: where the policy asks for
// source addresses, strangers get in from everywhere only if the addresses that
// they get in from, over all statements, are more than a named network. open
// collects them from attempt to attempt.
func (s *search) throughWide(a *stmt, way []literal, open *addressSet) *model {
	slot := s.c.slotWith(condkey.TieSourceIP)
	if slot < 0 || !s.freshWhere || s.domains[slot].kind != address || s.sure && s.domains[slot].uncertain {
		return s.through(a, way)
	}
	if s.domains[slot].uncertain { // the key may be left out: then no address is asked for
		if m := s.through(a, way, absentKey(slot)); m != nil {
			return m
		}
	}
	for !s.c.b.out() {
		rest := literal{slot: slot, mode: eachOut, set: &valueSet{addrs: *open}}
		if *open == nil {
			rest.mode = all
		}
		m := s.through(a, way, rest)
		if m == nil {
			return nil
		}
		more := s.openAddresses(m, slot)
		if s.c.b.spend(len(more) * (20 + rangeSize + len(*open)/16)); s.c.b.out() {
			return nil // more may be more than is open
		}
		for _, r := range more {
			*open = open.with(r)
		}
		if open.wide() {
			return m
		}
		if !open.has(m.vals[slot][0].a) {
			break
		}
	}
	s.incomplete = true
	return nil
}

// openAddresses returns the addresses from which m, otherwise unchanged, gets in.
func (s *search) openAddresses(m *model, slot int) addressSet {
	domain := s.domains[slot].addrs
	var open, shut addressSet
	for _, a := range s.allows {
		if s.applies(a, m) {
			open = append(open, s.addressesFor(a, m, slot, s.sure, domain)...)
		}
	}
	for _, d := range s.denies {
		if applies, _ := d.denyEscapes(s, m); applies {
			shut = append(shut, s.addressesFor(d, m, slot, !s.sure, domain)...)
		}
	}
	m.b.spend(2 * rangeSize * (len(open) + len(shut)))
	return open.normal().minus(shut.normal())
}

// addressesFor returns the addresses for which the conditions of st hold: none
// when another condition does not hold.
func (s *search) addressesFor(st *stmt, m *model, slot int, lo bool, domain addressSet) addressSet {
	var lits []literal
	for i := range st.clauses {
		l := st.clauses[i].hi
		if lo {
			l = st.clauses[i].lo
		}
		if l.set.open != nil {
			l = s.orient(l, !lo)
		}
		switch n := l.not(); {
		case l.slot == slot:
			lits = append(lits, l)
		case st.Effect == Allow && !s.holds(&l, m), st.Effect == Deny && s.holds(&n, m):
			return nil
		}
	}
	return addressesOf(domain, lits, m.b)
}
