package decide

import (
	"math"
	"math/big"
	"net/netip"
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A value is one value of a condition key: text, and next to it the number or
// address that it stands for where the key has such a type.
type value struct {
	s string
	n int64      // seconds, for dates and numbers
	a netip.Addr // for addresses
}

// A span is all whole numbers from lo to hi.
type span struct{ lo, hi int64 }

// A valueSet is what the values of one condition describe: patterns for text,
// spans for dates and numbers, ranges for addresses. Only one of the three is
// used; none of them is the empty set.
type valueSet struct {
	pats  []textsolve.Pattern
	spans []span
	addrs ipset.Set
	vars  bool // some pattern has variables: its meaning depends on the rest of the request

	open *openSet // what unknown values add; nil when all are known

	index map[string]struct{} // of many patterns that are plain texts; nil for others
}

// seal makes a set of many plain texts quick to look into. Its patterns must
// not change afterward.
func (s *valueSet) seal() {
	if len(s.pats) <= textsolve.FewTexts || slices.ContainsFunc(s.pats, func(p textsolve.Pattern) bool { return !p.Exact || p.Fold }) {
		return
	}
	s.index = make(map[string]struct{}, len(s.pats))
	for i := range s.pats {
		s.index[s.pats[i].Plain] = struct{}{}
	}
}

// has reports whether v is in the set. Patterns with variables are read by way
// of m; unresolved ones match nothing.
func (s *valueSet) has(v value, m *model) bool {
	if m.b.Spend(1); s.index != nil {
		_, in := s.index[v.s]
		return in
	}
	for i := range s.pats {
		p := &s.pats[i]
		if p.Parts == nil {
			if p.Matches(v.s, m.b) {
				return true
			}
			continue
		}
		if q, ok := resolve(p, m); ok && q.Matches(v.s, m.b) {
			return true
		}
	}
	m.b.Spend(len(s.spans) / 4)
	for _, r := range s.spans {
		if r.lo <= v.n && v.n <= r.hi {
			return true
		}
	}
	return s.addrs.Has(v.a)
}

// unresolved reports whether a variable in the set has no value in m.
func (s *valueSet) unresolved(m *model) bool {
	for i := range s.pats {
		if s.pats[i].Parts != nil {
			if _, ok := resolve(&s.pats[i], m); !ok {
				return true
			}
		}
	}
	return false
}

// resolves reports whether every variable in the set always has a value: the
// caller's account and ARN are in every request.
func (s *valueSet) resolves() bool {
	for i := range s.pats {
		for _, p := range s.pats[i].Parts {
			if p.Variable != "" && !p.HasDefault && p.Slot != sAccount && p.Slot != sArn {
				return false
			}
		}
	}
	return true
}

// resolve puts the values that m has into the pattern's variables. ok is false
// when a variable without default has no value, or several.
func resolve(p *textsolve.Pattern, m *model) (q textsolve.Pattern, ok bool) {
	m.b.Spend(20*len(p.Parts) + 2*len(p.Text))
	parts := make([]textsolve.Part, len(p.Parts))
	for i, s := range p.Parts {
		if s.Variable == "" {
			parts[i] = s
			continue
		}
		switch vals := m.vals[s.Slot]; {
		case len(vals) == 1:
			m.b.Spend(2 * len(vals[0].s))
			parts[i] = textsolve.Part{Text: vals[0].s, Literal: true}
		case len(vals) == 0 && s.HasDefault:
			parts[i] = textsolve.Part{Text: s.Default, Literal: true}
		default:
			return textsolve.Pattern{}, false
		}
	}
	q = textsolve.Pattern{Text: p.Text, Fold: p.Fold, ARN: p.ARN, Wild: p.Wild}
	q.Build(parts)
	return q, true
}

const (
	minSecond = math.MinInt64 / 4
	maxSecond = math.MaxInt64 / 4
)

// numberSpan returns the whole numbers x with "x base r".
func numberSpan(base policy.Base, r *big.Rat) (span, bool) {
	floor, whole := floorOf(r)
	below, above := floor-1, floor+1
	if !whole {
		below = floor
	}
	switch base {
	case policy.NumericEquals, policy.DateEquals:
		return span{floor, floor}, whole
	case policy.NumericLessThan, policy.DateLessThan:
		return span{minSecond, below}, true
	case policy.NumericLessThanEquals, policy.DateLessThanEquals:
		return span{minSecond, floor}, true
	case policy.NumericGreaterThan, policy.DateGreaterThan:
		return span{above, maxSecond}, true
	case policy.NumericGreaterThanEquals, policy.DateGreaterThanEquals:
		if whole {
			above = floor
		}
		return span{above, maxSecond}, true
	default:
		return span{}, false
	}
}

func floorOf(r *big.Rat) (floor int64, whole bool) {
	q, m := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if !q.IsInt64() {
		if q.Sign() < 0 {
			return minSecond, false
		}
		return maxSecond, false
	}
	return min(max(q.Int64(), minSecond), maxSecond), m.Sign() == 0
}

func secondsOf(t time.Time) *big.Rat {
	r := new(big.Rat).SetInt64(t.Unix())
	return r.Add(r, new(big.Rat).SetFrac64(int64(t.Nanosecond()), 1e9))
}
