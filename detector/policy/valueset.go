package policy

import (
	"math"
	"math/big"
	"net/netip"
	"slices"
	"time"
)

// A value is one value of a condition key: text, and beside it the number or
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
	pats  []pattern
	spans []span
	addrs addressSet
	vars  bool // some pattern has variables: its meaning depends on the rest of the request

	open *openSet // what unknown values add; nil when all are known

	index map[string]struct{} // of many patterns that are plain texts; nil for others
}

// fewTexts is up to how many texts are looked through one by one.
const fewTexts = 8

// seal makes a set of many plain texts quick to look into. Its patterns must
// not change afterwards.
func (s *valueSet) seal() {
	if len(s.pats) <= fewTexts || slices.ContainsFunc(s.pats, func(p pattern) bool { return !p.exact || p.fold }) {
		return
	}
	s.index = make(map[string]struct{}, len(s.pats))
	for i := range s.pats {
		s.index[s.pats[i].plain] = struct{}{}
	}
}

// has reports whether v is in the set. Patterns with variables are read by way
// of m; unresolved ones match nothing.
func (s *valueSet) has(v value, m *model) bool {
	if m.b.spend(1); s.index != nil {
		_, in := s.index[v.s]
		return in
	}
	for i := range s.pats {
		p := &s.pats[i]
		if p.parts == nil {
			if p.matches(v.s, m.b) {
				return true
			}
			continue
		}
		if q, ok := p.resolve(m); ok && q.matches(v.s, m.b) {
			return true
		}
	}
	m.b.spend(len(s.spans) / 4)
	for _, r := range s.spans {
		if r.lo <= v.n && v.n <= r.hi {
			return true
		}
	}
	return s.addrs.has(v.a)
}

// unresolved reports whether a variable in the set has no value in m.
func (s *valueSet) unresolved(m *model) bool {
	for i := range s.pats {
		if s.pats[i].parts != nil {
			if _, ok := s.pats[i].resolve(m); !ok {
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
		for _, p := range s.pats[i].parts {
			if p.ref != "" && !p.hasDef && p.slot != sAccount && p.slot != sArn {
				return false
			}
		}
	}
	return true
}

// resolve puts the values that m has into the pattern's variables. ok is false
// when a variable without default has no value, or several.
func (p *pattern) resolve(m *model) (q pattern, ok bool) {
	m.b.spend(20*len(p.parts) + 2*len(p.text))
	parts := make([]part, len(p.parts))
	for i, s := range p.parts {
		if s.ref == "" {
			parts[i] = s
			continue
		}
		switch vals := m.vals[s.slot]; {
		case len(vals) == 1:
			m.b.spend(2 * len(vals[0].s))
			parts[i] = part{text: vals[0].s, literal: true}
		case len(vals) == 0 && s.hasDef:
			parts[i] = part{text: s.defText, literal: true}
		default:
			return pattern{}, false
		}
	}
	q = pattern{text: p.text, fold: p.fold, arn: p.arn, wild: p.wild}
	q.build(parts)
	return q, true
}

// loosen returns a pattern without variables that matches all that p can match.
func (p *pattern) loosen() pattern {
	toks := make([]token, 0, len(p.text))
	colons, open := 0, false
	for _, s := range p.parts {
		if s.account && !s.hasDef {
			for range 12 {
				toks = append(toks, token{kind: tokAny, noColon: true})
			}
			continue
		}
		if s.ref != "" {
			toks = append(toks, token{kind: tokStar})
			open = true // the variable's value may hold colons, too
			continue
		}
		toks = p.read(toks, s, &colons, open)
	}
	return pattern{text: p.text, toks: toks}
}

const (
	minSecond = math.MinInt64 / 4
	maxSecond = math.MaxInt64 / 4
)

// numberSpan returns the whole numbers x with "x base r".
func numberSpan(base Base, r *big.Rat) (span, bool) {
	floor, whole := floorOf(r)
	below, above := floor-1, floor+1
	if !whole {
		below = floor
	}
	switch base {
	case NumericEquals, DateEquals:
		return span{floor, floor}, whole
	case NumericLessThan, DateLessThan:
		return span{minSecond, below}, true
	case NumericLessThanEquals, DateLessThanEquals:
		return span{minSecond, floor}, true
	case NumericGreaterThan, DateGreaterThan:
		return span{above, maxSecond}, true
	case NumericGreaterThanEquals, DateGreaterThanEquals:
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
