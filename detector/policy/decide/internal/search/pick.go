package search

import (
	"net/netip"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// pick returns values that meet lits for an independent key, none for an absent
// one; false if it finds none.
func (s *Search) pick(slot int, lits []compile.Literal, m *compile.Model) ([]compile.Value, bool) {
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

func (s *Search) pickPresent(slot int, d *domain, lits []compile.Literal, m *compile.Model) ([]compile.Value, bool) {
	fits := func(v ...compile.Value) bool { return fitsAll(v, lits, m) }
	if d.multi {
		return s.pickMany(slot, d, lits, m)
	}
	switch d.kind {
	case fixedTo:
		return d.vals, fits(d.vals...)
	case choice:
		for i := range d.vals {
			if m.Budget.Out() {
				return nil, false
			}
			if fits(d.vals[i]) {
				return d.vals[i : i+1], true
			}
		}
	case number:
		for _, n := range borders(lits, d.lo, d.hi, m.Budget) {
			if m.Budget.Spend(24); m.Budget.Out() {
				return nil, false
			}
			if v := timeOrNumber(s.c.Slots[slot], n); fits(v) {
				return []compile.Value{v}, true
			}
		}
	case address:
		if a, ok := s.pickAddress(d, slot, lits, m); ok {
			return []compile.Value{addressValue(a)}, true
		}
	case text:
		one := m.Clone()
		forms := s.formsFor(slot, d, m)
		for i := range forms {
			if s.fill([]layout{forms[i].layout(slot)}, lits, one, compile.AsModel) {
				return one.Values[slot], true
			}
		}
	}
	return nil, false
}

// timeOrNumber is the value of a number's key, as AWS writes it: a date only where
// the key holds no numbers.
func timeOrNumber(key condkey.Key, n int64) compile.Value {
	if key.Types&condkey.Numeric != 0 {
		return secondsValue(n)
	}
	return timeValue(n)
}

// borders returns lo, hi and the numbers between them at which the answers of
// literals change: if any number from lo to hi meets all of lits, one of these
// does.
func borders(lits []compile.Literal, lo, hi int64, b *textsolve.Budget) []int64 {
	spans := 0
	for i := range lits {
		spans += len(lits[i].Set.Spans)
	}
	b.Spend(16 * spans)
	list := append(make([]int64, 0, 2+4*spans), hi, lo)
	add := func(n int64) {
		if lo <= n && n <= hi {
			list = append(list, n)
		}
	}
	for i := range lits {
		for _, r := range lits[i].Set.Spans {
			for _, n := range [...]int64{r.Lo - 1, r.Lo, r.Hi, r.Hi + 1} {
				add(n)
			}
		}
	}
	return list
}

// addressesOf returns the addresses of domain that meet all literals.
func addressesOf(domain ipset.Set, lits []compile.Literal, b *textsolve.Budget) ipset.Set {
	for i := range lits {
		if set := lits[i].Set; len(set.Addresses) > 0 {
			b.Spend(ipset.RangeSize * (len(domain) + len(set.Addresses)))
		}
		switch l := &lits[i]; l.Mode {
		case compile.None:
			return nil
		case compile.All:
		case compile.EachIn, compile.SomeIn:
			domain = domain.And(l.Set.Addresses)
		default:
			domain = domain.Minus(l.Set.Addresses)
		}
	}
	return domain
}

// pickAddress returns an address that meets all literals, including those that
// compare its text.
func (s *Search) pickAddress(d *domain, slot int, lits []compile.Literal, m *compile.Model) (netip.Addr, bool) {
	var texts, blocks []compile.Literal
	for _, l := range lits {
		if l.Set.Patterns != nil {
			texts = append(texts, l)
		} else {
			blocks = append(blocks, l)
		}
	}
	if texts == nil {
		return pickAddress(d.addrs, blocks, m.Budget)
	}
	set := addressesOf(d.addrs, blocks, m.Budget)
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
		if m.Budget.Spend(4); m.Budget.Out() {
			return netip.Addr{}, false
		}
		if set.Has(a) && fitsAll([]compile.Value{addressValue(a)}, texts, m) {
			return a, true
		}
	}
	s.Incomplete = s.Incomplete || !all
	return netip.Addr{}, false
}

func countPatterns(lits []compile.Literal) int {
	n := 0
	for i := range lits {
		n += len(lits[i].Set.Patterns)
	}
	return n
}

// addressTexts returns addresses whose texts may meet lits. all is true if no
// other addresses can; v4 says that only IPv4 addresses are possible.
func (s *Search) addressTexts(lits []compile.Literal, slot int, m *compile.Model, v4 bool) (list []netip.Addr, all bool) {
	all = true
	add := func(text string) {
		if a, err := netip.ParseAddr(text); err == nil {
			list = append(list, a)
		}
	}
	for i := range lits {
		l := &lits[i]
		exact := l.Inside() && !l.Set.Variables
		for _, p := range l.Set.Under(m, compile.AsModel, !l.Inside()) {
			exact = exact && p.Exact
			add(p.Plain) // "" for one with wildcards
		}
		if exact {
			return list, true // it is one of these
		}
		all = all && !l.Inside() && !l.Set.Variables && exactPatterns(l.Set)
	}
	octet := textsolve.Repeat(digitClass(), 1, 3)
	four := []layout{wholeLayout(slot, textsolve.Shape{Segments: []textsolve.Segment{octet, textsolve.Fixed("."), octet, textsolve.Fixed("."), octet, textsolve.Fixed("."), octet}})}
	if trial := m.Clone(); s.fill(four, lits, trial, compile.AsModel) {
		add(trial.Text(slot))
	} else if v4 && s.unmeetable(four, lits, m) {
		all = true
	}
	return list, all
}

func exactPatterns(s *compile.ValueSet) bool {
	for i := range s.Patterns {
		if !s.Patterns[i].Exact {
			return false
		}
	}
	return true
}

func pickAddress(domain ipset.Set, lits []compile.Literal, b *textsolve.Budget) (netip.Addr, bool) {
	plain := netip.AddrFrom4([4]byte{198, 51, 100, 23})
	if a, ok := firstAddress(plain, domain, lits, b); ok && a == plain {
		return a, true
	}
	return firstAddress(domain[0].Lo, domain, lits, b)
}

// firstAddress returns the first address of domain, from a on, that meets lits.
func firstAddress(a netip.Addr, domain ipset.Set, lits []compile.Literal, b *textsolve.Budget) (netip.Addr, bool) {
	for {
		at, ok := domain.From(a)
		for i := 0; ok && i < len(lits); i++ {
			b.Spend(8)
			switch l := &lits[i]; l.Mode {
			case compile.None:
				return a, false
			case compile.All:
			case compile.EachIn, compile.SomeIn:
				at, ok = l.Set.Addresses.From(at)
			default:
				at = l.Set.Addresses.Past(at)
				ok = at.IsValid()
			}
		}
		if !ok || at == a || b.Out() {
			return at, ok && at == a
		}
		a = at
	}
}

// few reports whether the addresses of d that meet l are no more than a named
// network; see ipset.Set.Wide.
func (c *Space) few(d *domain, l compile.Literal) bool {
	k := fewKey{d, l.Set, l.Mode}
	few, ok := c.fewest[k]
	if !ok {
		few = !addressesOf(d.addrs, []compile.Literal{l}, c.Budget).Wide()
		c.fewest[k] = few
	}
	return few
}

// A fewKey holds the arguments of few.
type fewKey struct {
	d    *domain
	set  *compile.ValueSet
	mode compile.Mode
}
