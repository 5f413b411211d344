package compile

import (
	"math"
	"math/big"
	"net/netip"
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A Value is one value of a condition key: its text and, if the key has such a
// type, the number or address that the text represents.
type Value struct {
	Text    string
	Number  int64      // a number, or a date in seconds since 1970
	Address netip.Addr // an address
}

// A span is all whole numbers from Lo to Hi.
type span struct{ Lo, Hi int64 }

// A ValueSet is the set that the values of one condition describe: patterns for
// text, spans for dates and numbers, ranges for addresses. Only one of the three
// is used; the zero ValueSet is empty.
type ValueSet struct {
	Patterns  []textsolve.Pattern
	Spans     []span
	Addresses ipset.Set
	Variables bool // some pattern has variables, so the set depends on the rest of the request

	Unknown *UnknownSet // what unknown values may add; nil if all are known

	Index map[string]struct{} // the texts of Patterns, if they are many plain texts; else nil
}

// seal builds the index of a set of many plain texts. The patterns must not
// change afterward.
func (s *ValueSet) seal() {
	if len(s.Patterns) <= textsolve.FewTexts || slices.ContainsFunc(s.Patterns, func(p textsolve.Pattern) bool { return !p.Exact || p.Fold }) {
		return
	}
	s.Index = make(map[string]struct{}, len(s.Patterns))
	for i := range s.Patterns {
		s.Index[s.Patterns[i].Plain] = struct{}{}
	}
}

// has reports whether v is in the set. Variables have their values in m; a
// pattern with a variable that has none matches nothing.
func (s *ValueSet) has(v Value, m *Model) bool {
	if m.Budget.Spend(1); s.Index != nil {
		_, in := s.Index[v.Text]
		return in
	}
	for i := range s.Patterns {
		p := &s.Patterns[i]
		if p.Terms == nil {
			if p.Matches(v.Text, m.Budget) {
				return true
			}
			continue
		}
		if q, ok := resolve(p, m); ok && q.Matches(v.Text, m.Budget) {
			return true
		}
	}
	m.Budget.Spend(len(s.Spans) / 4)
	for _, r := range s.Spans {
		if r.Lo <= v.Number && v.Number <= r.Hi {
			return true
		}
	}
	return s.Addresses.Has(v.Address)
}

// Unresolved reports whether a variable in the set has no value in m.
func (s *ValueSet) Unresolved(m *Model) bool {
	for i := range s.Patterns {
		if s.Patterns[i].Terms != nil {
			if _, ok := resolve(&s.Patterns[i], m); !ok {
				return true
			}
		}
	}
	return false
}

// Resolves reports whether every variable in the set has a value in every
// request, as the caller's account and ARN do.
func (s *ValueSet) Resolves() bool {
	for i := range s.Patterns {
		for _, p := range s.Patterns[i].Terms {
			if p.Variable != "" && !p.HasDefault && p.Slot != SlotAccount && p.Slot != SlotARN {
				return false
			}
		}
	}
	return true
}

// resolve returns p with its variables replaced by their values in m. ok is false
// if a variable without a default has no value, or if one has several.
func resolve(p *textsolve.Pattern, m *Model) (q textsolve.Pattern, ok bool) {
	m.Budget.Spend(20*len(p.Terms) + 2*len(p.Text))
	parts := make([]textsolve.Term, len(p.Terms))
	for i, s := range p.Terms {
		if s.Variable == "" {
			parts[i] = s
			continue
		}
		switch vals := m.Values[s.Slot]; {
		case len(vals) == 1:
			m.Budget.Spend(2 * len(vals[0].Text))
			parts[i] = textsolve.Term{Text: vals[0].Text, Literal: true}
		case len(vals) == 0 && s.HasDefault:
			parts[i] = textsolve.Term{Text: s.Default, Literal: true}
		default:
			return textsolve.Pattern{}, false
		}
	}
	q = textsolve.Pattern{Text: p.Text, Fold: p.Fold, ARN: p.ARN, Wild: p.Wild}
	q.Build(parts)
	return q, true
}

// The least and greatest numbers in a span. Numbers beyond them are clamped.
const (
	minSecond = math.MinInt64 / 4
	MaxSecond = math.MaxInt64 / 4
)

func floorOf(r *big.Rat) (floor int64, whole bool) {
	q, m := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if !q.IsInt64() {
		if q.Sign() < 0 {
			return minSecond, false
		}
		return MaxSecond, false
	}
	return min(max(q.Int64(), minSecond), MaxSecond), m.Sign() == 0
}

func secondsOf(t time.Time) *big.Rat {
	r := new(big.Rat).SetInt64(t.Unix())
	return r.Add(r, new(big.Rat).SetFrac64(int64(t.Nanosecond()), 1e9))
}

// Within reports whether s has patterns and t has all of them.
func (s *ValueSet) Within(t *ValueSet) bool {
	for i := range s.Patterns {
		p := &s.Patterns[i]
		if !slices.ContainsFunc(t.Patterns, func(q textsolve.Pattern) bool {
			return q.Text == p.Text && q.Fold == p.Fold && q.Wild == p.Wild && q.ARN == p.ARN
		}) {
			return false
		}
	}
	return len(s.Patterns) > 0
}

// EqualTo reports whether s consists of exactly the value of the key in a slot.
func (s *ValueSet) EqualTo(slot int) bool {
	if len(s.Patterns) != 1 || len(s.Patterns[0].Terms) != 1 {
		return false
	}
	p := &s.Patterns[0]
	return p.Terms[0].Slot == slot && !p.Terms[0].HasDefault && !p.Fold
}

// A Reading says how variables are read.
type Reading bool

const (
	AsModel    Reading = false // with their values in the model
	AsAnything Reading = true  // as any text, which over-approximates
)

// Under returns the patterns of s with their variables read as how says. If
// negated, the patterns must not match, and AsAnything drops those with variables.
func (s *ValueSet) Under(m *Model, how Reading, negated bool) []textsolve.Pattern {
	if !s.Variables {
		return s.Patterns
	}
	m.Budget.Spend(textsolve.PatternSize * len(s.Patterns))
	var pats []textsolve.Pattern
	for i := range s.Patterns {
		p := &s.Patterns[i]
		switch {
		case p.Terms == nil:
			pats = append(pats, *p)
		case how == AsModel:
			if q, ok := resolve(p, m); ok {
				pats = append(pats, q)
			}
		case !negated:
			m.Budget.Spend(3 * len(p.Text))
			pats = append(pats, p.OverApproximate())
		}
	}
	return pats
}
