package policy

import (
	"net/netip"
)

// pick returns values for a key that stands alone.
func (s *search) pick(slot int, lits []literal, m *model) ([]value, bool) {
	d := s.domains[slot]
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
			if m.b.out() {
				return nil, false
			}
			if fits(d.vals[i]) {
				return d.vals[i : i+1], true
			}
		}
	case number:
		for _, n := range borders(lits, d.lo, d.hi, m.b) {
			if m.b.spend(24); m.b.out() {
				return nil, false
			}
			if v := timeOrNumber(s.c.slots[slot], n); fits(v) {
				return []value{v}, true
			}
		}
	case address:
		if a, ok := pickAddress(d.addrs, lits, m.b); ok {
			return []value{addressValue(a)}, true
		}
	case text:
		one := m.clone()
		for _, t := range d.tapes {
			if s.fill([]variant{whole(slot, t)}, lits, one, resolved) {
				return one.vals[slot], true
			}
		}
	}
	return nil, false
}

func timeOrNumber(info keyInfo, n int64) value {
	if info.Type == keyDate {
		return timeValue(n)
	}
	return secondsValue(n)
}

// borders lists the numbers at which literals change their answer: if any
// number between lo and hi meets all of them, one of these does.
func borders(lits []literal, lo, hi int64, b *budget) []int64 {
	spans := 0
	for i := range lits {
		if lits[i].set != nil {
			spans += len(lits[i].set.spans)
		}
	}
	b.spend(16 * spans)
	list := append(make([]int64, 0, 2+4*spans), hi, lo)
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
func addressesOf(domain addressSet, lits []literal, b *budget) addressSet {
	for i := range lits {
		if set := lits[i].set; set != nil && len(set.addrs) > 0 {
			b.spend(rangeSize * (len(domain) + len(set.addrs)))
		}
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

func pickAddress(domain addressSet, lits []literal, b *budget) (netip.Addr, bool) {
	plain := netip.AddrFrom4([4]byte{198, 51, 100, 23})
	if a, ok := firstAddress(plain, domain, lits, b); ok && a == plain {
		return a, true
	}
	if len(domain) == 0 {
		return plain, false
	}
	return firstAddress(domain[0].lo, domain, lits, b)
}

// firstAddress returns the first address of domain, from a on, that meets lits.
func firstAddress(a netip.Addr, domain addressSet, lits []literal, b *budget) (netip.Addr, bool) {
	for {
		at, ok := domain.from(a)
		for i := 0; ok && i < len(lits); i++ {
			b.spend(8)
			switch l := &lits[i]; l.mode {
			case none:
				return a, false
			case all:
			case eachIn, someIn:
				at, ok = l.set.addrs.from(at)
			default:
				at = l.set.addrs.past(at)
				ok = at.IsValid()
			}
		}
		if !ok || at == a || b.out() {
			return at, ok && at == a
		}
		a = at
	}
}

// few reports whether the addresses of domain that meet the literal are no more
// than a named network.
func (c *compiled) few(d *domain, l literal) bool {
	k := fewKey{d, l.set, l.mode}
	few, ok := c.fewest[k]
	if !ok {
		few = !addressesOf(d.addrs, []literal{l}, c.b).wide()
		c.fewest[k] = few
	}
	return few
}

// A fewKey is a question to few.
type fewKey struct {
	d    *domain
	set  *valueSet
	mode mode
}
