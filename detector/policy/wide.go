package policy

import "github.com/kmsentry/kmsentry/detector/policy/condkey"

// findWide is find for strangers anywhere: where the policy asks for source
// addresses, strangers get in from everywhere only if the addresses that they
// get in from, over all statements, are more than a named network. open
// collects them from search to search.
func (s *search) findWide(open *addressSet) (*model, *stmt) {
	slot := s.c.slotWith(condkey.TieSourceIP)
	if slot < 0 || !s.freshWhere || s.domains[slot].kind != address || s.sure && s.domains[slot].uncertain {
		return s.find()
	}
	if s.domains[slot].uncertain { // the key may be left out: then no address is asked for
		if m, allow := s.find(literal{slot: slot, absent: true, mode: none}); m != nil {
			return m, allow
		}
	}
	for *s.work >= 0 {
		rest := literal{slot: slot, mode: eachOut, set: &valueSet{addrs: *open}}
		if *open == nil {
			rest.mode = all
		}
		m, allow := s.find(rest)
		if m == nil {
			return nil, nil
		}
		*open = open.or(s.openAddresses(m, slot))
		if open.wide() {
			return m, allow
		}
		if !open.has(m.vals[slot][0].a) {
			s.incomplete = true
			return nil, nil
		}
	}
	s.incomplete = true
	return nil, nil
}

// disproven runs an incomplete search again with all variables free. If even
// that finds nothing there is nothing to find.
func (s *search) disproven(open addressSet) bool {
	t := *s
	t.relaxed, t.incomplete = true, false
	m, _ := t.findWide(&open)
	return m == nil && !t.incomplete && *t.work >= 0
}

// openAddresses returns the addresses from which m, otherwise unchanged, gets in.
func (s *search) openAddresses(m *model, slot int) addressSet {
	domain := s.domains[slot].addrs
	var open addressSet
	for _, a := range s.allows {
		if holdsAny(a.allowWays(s.typ), m) >= 0 {
			if set, ok := s.addressesFor(a, m, slot, s.sure, domain); ok {
				open = open.or(set)
			}
		}
	}
	for _, d := range s.denies {
		if applies, _ := d.denyEscapes(s.typ, m, s.sure); applies {
			if set, ok := s.addressesFor(d, m, slot, !s.sure, domain); ok {
				open = open.minus(set)
			}
		}
	}
	return open
}

// addressesFor returns the addresses for which the conditions of st hold; ok
// is false when another condition does not hold.
func (s *search) addressesFor(st *stmt, m *model, slot int, lo bool, domain addressSet) (addressSet, bool) {
	var lits []literal
	for i := range st.clauses {
		l := st.clauses[i].hi
		if lo {
			l = st.clauses[i].lo
		}
		switch n := l.not(); {
		case l.slot == slot:
			lits = append(lits, l)
		case st.Effect == Allow && !s.holds(&l, m), st.Effect == Deny && s.holds(&n, m):
			return nil, false
		}
	}
	return addressesOf(domain, lits), true
}
