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

// A Value is one value of a condition key: text, and next to it the number or
// address that it stands for where the key has such a type.
type Value struct {
	Text    string
	Number  int64      // seconds, for dates and numbers
	Address netip.Addr // for addresses
}

// A span is all whole numbers from lo to hi.
type span struct{ Lo, Hi int64 }

// A ValueSet is what the values of one condition describe: patterns for text,
// spans for dates and numbers, ranges for addresses. Only one of the three is
// used; none of them is the empty set.
type ValueSet struct {
	Patterns  []textsolve.Pattern
	Spans     []span
	Addresses ipset.Set
	Variables bool // some pattern has variables: its meaning depends on the rest of the request

	Unknown *UnknownSet // what unknown values add; nil when all are known

	Index map[string]struct{} // of many patterns that are plain texts; nil for others
}

// seal makes a set of many plain texts quick to look into. Its patterns must
// not change afterward.
func (s *ValueSet) seal() {
	if len(s.Patterns) <= textsolve.FewTexts || slices.ContainsFunc(s.Patterns, func(p textsolve.Pattern) bool { return !p.Exact || p.Fold }) {
		return
	}
	s.Index = make(map[string]struct{}, len(s.Patterns))
	for i := range s.Patterns {
		s.Index[s.Patterns[i].Plain] = struct{}{}
	}
}

// has reports whether v is in the set. Variables in patterns have their values in
// m; a pattern with an unresolved one matches nothing.
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

// Resolves reports whether every variable in the set always has a value: the
// caller's account and ARN are in every request.
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

// resolve puts the values that m has into the pattern's variables. ok is false
// when a variable without default has no value, or several.
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

// The first and the last second that a span distinguishes.
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

// Within reports whether each pattern of s is one of t.
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

// EqualTo reports whether s is the value of the key in a slot and nothing else.
func (s *ValueSet) EqualTo(slot int) bool {
	if len(s.Patterns) != 1 || len(s.Patterns[0].Terms) != 1 {
		return false
	}
	p := &s.Patterns[0]
	return p.Terms[0].Slot == slot && !p.Terms[0].HasDefault && !p.Fold
}

// A Reading says what becomes of variables.
type Reading bool

const (
	AsModel    Reading = false // they have the values of the model
	AsAnything Reading = true  // they can be anything: more matches than in truth
)

// Under returns the patterns of s with their variables replaced as how says.
// negated says that the patterns are to be avoided; those that can be anything are
// then dropped.
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
