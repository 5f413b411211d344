package policy

import (
	"net/netip"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// pick returns values for a key that stands alone.
func (s *search) pick(slot int, lits []literal, m *model) ([]value, bool) {
	d := s.domain(slot)
	if d.uncertain && s.sure {
		for i := range lits {
			if !s.holdsAnyway(&lits[i], m) {
				return nil, false
			}
		}
		return nil, true
	}
	if d.kind == never || d.canLack(s.sure) {
		if absentFits(lits) || d.kind == never || d.rare && s.sure {
			return nil, absentFits(lits)
		}
	}
	return s.pickPresent(slot, d, lits, m)
}

func (s *search) pickPresent(slot int, d *domain, lits []literal, m *model) ([]value, bool) {
	fits := func(v ...value) bool { return fitsAll(v, lits, m) }
	if d.multi {
		return s.pickMany(slot, d, lits, m)
	}
	switch d.kind {
	case fixedTo:
		return d.vals, fits(d.vals...)
	case choice:
		for i := range d.vals {
			if fits(d.vals[i]) {
				return d.vals[i : i+1], true
			}
		}
	case number:
		for _, n := range borders(lits, d.lo, d.hi) {
			if v := timeOrNumber(s.c.slots[slot], n); fits(v) {
				return []value{v}, true
			}
		}
	case address:
		if a, ok := pickAddress(d.addrs, lits); ok {
			return []value{addressValue(a)}, true
		}
	case text:
		one := m.clone()
		for i := range d.forms {
			if s.fill([]variant{d.forms[i].variant(slot)}, lits, one, resolved) {
				return one.vals[slot], true
			}
		}
	}
	return nil, false
}

func timeOrNumber(key condkey.Key, n int64) value {
	if key.Types&condkey.Date != 0 {
		return timeValue(n)
	}
	return secondsValue(n)
}

// borders lists the numbers at which literals change their answer: if any
// number between lo and hi meets all of them, one of these does.
func borders(lits []literal, lo, hi int64) []int64 {
	list := []int64{hi, lo}
	add := func(n int64) {
		if lo <= n && n <= hi {
			list = append(list, n)
		}
	}
	for i := range lits {
		if lits[i].set == nil {
			continue
		}
		for _, r := range lits[i].set.spans {
			for _, n := range [...]int64{r.lo - 1, r.lo, r.hi, r.hi + 1} {
				add(n)
			}
		}
	}
	return list
}

// addressesOf returns the addresses of domain that meet all literals.
func addressesOf(domain addressSet, lits []literal) addressSet {
	for i := range lits {
		switch l := &lits[i]; l.mode {
		case none:
			return nil
		case all:
		case eachIn, someIn:
			domain = domain.and(l.set.addrs)
		default:
			domain = domain.minus(l.set.addrs)
		}
	}
	return domain
}

func pickAddress(domain addressSet, lits []literal) (netip.Addr, bool) {
	s := addressesOf(domain, lits)
	if len(s) == 0 {
		return netip.Addr{}, false
	}
	if a := netip.AddrFrom4([4]byte{198, 51, 100, 23}); s.has(a) {
		return a, true
	}
	return s[0].lo, true
}
