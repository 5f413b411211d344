package decide

import (
	"net/netip"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// pick returns values for a key that stands alone.
func (s *searching) pick(slot int, lits []literal, m *model) ([]value, bool) {
	d := s.domain(slot)
	if d.presence == condkey.Unsaid && s.sure {
		for i := range lits {
			if !s.holdsAnyway(&lits[i], m) {
				return nil, false
			}
		}
		return nil, true
	}
	if d.canLack(s.sure) && (absentFits(lits) || d.presence == condkey.MayHave && s.sure) {
		return nil, absentFits(lits)
	}
	return s.pickPresent(slot, d, lits, m)
}

func (s *searching) pickPresent(slot int, d *domain, lits []literal, m *model) ([]value, bool) {
	fits := func(v ...value) bool { return fitsAll(v, lits, m) }
	if d.multi {
		return s.pickMany(slot, d, lits, m)
	}
	switch d.kind {
	case fixedTo:
		return d.vals, fits(d.vals...)
	case choice:
		for i := range d.vals {
			if m.b.Out() {
				return nil, false
			}
			if fits(d.vals[i]) {
				return d.vals[i : i+1], true
			}
		}
	case number:
		for _, n := range borders(lits, d.lo, d.hi, m.b) {
			if m.b.Spend(24); m.b.Out() {
				return nil, false
			}
			if v := timeOrNumber(s.c.slots[slot], n); fits(v) {
				return []value{v}, true
			}
		}
	case address:
		if a, ok := s.pickAddress(d, slot, lits, m); ok {
			return []value{addressValue(a)}, true
		}
	case text:
		one := m.clone()
		forms := s.formsFor(slot, d, m)
		for i := range forms {
			if s.fill([]layout{forms[i].layout(slot)}, lits, one, asModel) {
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
func borders(lits []literal, lo, hi int64, b *textsolve.Budget) []int64 {
	spans := 0
	for i := range lits {
		spans += len(lits[i].set.spans)
	}
	b.Spend(16 * spans)
	list := append(make([]int64, 0, 2+4*spans), hi, lo)
	add := func(n int64) {
		if lo <= n && n <= hi {
			list = append(list, n)
		}
	}
	for i := range lits {
		for _, r := range lits[i].set.spans {
			for _, n := range [...]int64{r.lo - 1, r.lo, r.hi, r.hi + 1} {
				add(n)
			}
		}
	}
	return list
}

// addressesOf returns the addresses of domain that meet all literals.
func addressesOf(domain ipset.Set, lits []literal, b *textsolve.Budget) ipset.Set {
	for i := range lits {
		if set := lits[i].set; len(set.addrs) > 0 {
			b.Spend(ipset.RangeSize * (len(domain) + len(set.addrs)))
		}
		switch l := &lits[i]; l.mode {
		case none:
			return nil
		case all:
		case eachIn, someIn:
			domain = domain.And(l.set.addrs)
		default:
			domain = domain.Minus(l.set.addrs)
		}
	}
	return domain
}

// pickAddress returns an address that meets all literals, those that compare
// its text too.
func (s *searching) pickAddress(d *domain, slot int, lits []literal, m *model) (netip.Addr, bool) {
	var texts, blocks []literal
	for _, l := range lits {
		if l.set.pats != nil {
			texts = append(texts, l)
		} else {
			blocks = append(blocks, l)
		}
	}
	if texts == nil {
		return pickAddress(d.addrs, blocks, m.b)
	}
	set := addressesOf(d.addrs, blocks, m.b)
	if len(set) == 0 {
		return netip.Addr{}, false
	}
	candidates, all := s.addressTexts(texts, slot, m, set[len(set)-1].Hi.Is4())
	candidates = append(candidates, netip.AddrFrom4([4]byte{198, 51, 100, 23}))
	for _, r := range set {
		a := r.Lo
		for n := 0; n <= countPatterns(texts) && a.IsValid() && a.Compare(r.Hi) <= 0; n++ {
			candidates = append(candidates, a)
			a = a.Next()
		}
	}
	for _, a := range candidates {
		if m.b.Spend(4); m.b.Out() {
			return netip.Addr{}, false
		}
		if set.Has(a) && fitsAll([]value{addressValue(a)}, texts, m) {
			return a, true
		}
	}
	s.incomplete = s.incomplete || !all
	return netip.Addr{}, false
}

func countPatterns(lits []literal) int {
	n := 0
	for i := range lits {
		n += len(lits[i].set.pats)
	}
	return n
}

// addressTexts returns addresses whose text lits ask for. all is true when no
// others can meet them; v4 says that only IPv4 addresses count.
func (s *searching) addressTexts(lits []literal, slot int, m *model, v4 bool) (list []netip.Addr, all bool) {
	all = true
	add := func(text string) {
		if a, err := netip.ParseAddr(text); err == nil {
			list = append(list, a)
		}
	}
	for i := range lits {
		l := &lits[i]
		exact := l.inside() && !l.set.vars
		for _, p := range l.set.under(m, asModel, !l.inside()) {
			exact = exact && p.Exact
			add(p.Plain) // "" for one with wildcards
		}
		if exact {
			return list, true // it is one of these
		}
		all = all && !l.inside() && !l.set.vars && exactPatterns(l.set)
	}
	octet := textsolve.Repeat(digitClass(), 1, 3)
	four := []layout{wholeLayout(slot, textsolve.Shape{Segments: []textsolve.Segment{octet, textsolve.Fixed("."), octet, textsolve.Fixed("."), octet, textsolve.Fixed("."), octet}})}
	if trial := m.clone(); s.fill(four, lits, trial, asModel) {
		add(trial.text(slot))
	} else if v4 && s.never(four, lits, m) {
		all = true
	}
	return list, all
}

func exactPatterns(s *valueSet) bool {
	for i := range s.pats {
		if !s.pats[i].Exact {
			return false
		}
	}
	return true
}

func pickAddress(domain ipset.Set, lits []literal, b *textsolve.Budget) (netip.Addr, bool) {
	plain := netip.AddrFrom4([4]byte{198, 51, 100, 23})
	if a, ok := firstAddress(plain, domain, lits, b); ok && a == plain {
		return a, true
	}
	return firstAddress(domain[0].Lo, domain, lits, b)
}

// firstAddress returns the first address of domain, from a on, that meets lits.
func firstAddress(a netip.Addr, domain ipset.Set, lits []literal, b *textsolve.Budget) (netip.Addr, bool) {
	for {
		at, ok := domain.From(a)
		for i := 0; ok && i < len(lits); i++ {
			b.Spend(8)
			switch l := &lits[i]; l.mode {
			case none:
				return a, false
			case all:
			case eachIn, someIn:
				at, ok = l.set.addrs.From(at)
			default:
				at = l.set.addrs.Past(at)
				ok = at.IsValid()
			}
		}
		if !ok || at == a || b.Out() {
			return at, ok && at == a
		}
		a = at
	}
}

// few reports whether the addresses of domain that meet the literal are no more
// than a named network.
func (c *space) few(d *domain, l literal) bool {
	k := fewKey{d, l.set, l.mode}
	few, ok := c.fewest[k]
	if !ok {
		few = !addressesOf(d.addrs, []literal{l}, c.b).Wide()
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
