// Package search looks for a request that a compiled key policy allows to an
// outsider, or to the owner's account. See the documentation of package decide.
package search

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A Search looks for one request of a request kind that the policy allows.
//
// It keeps a list of literals and a model that meets them, beginning with the
// literals of one Allow. If a Deny applies to the model, every request that gets
// in must break one of that Deny's literals, so the search tries to break one
// after another. If it finds no request and is not incomplete, there is none.
type Search struct {
	*RequestKind
	sure             bool // rely only on what AWS documents, to claim that somebody gets in
	overApproximates bool // variables can have any value, so that finding nothing is a proof
	Reach

	Allows     []*compile.Statement
	Denies     []*compile.Statement
	Base       []compile.Literal
	first      *compile.Model // the plainest request of this kind
	depth      int            // of variables that depend on variables
	Apart      []apart        // the keys that must not have the values of unknown texts
	Incomplete bool           // a guess failed: finding nothing proves nothing
}

// Reach says which outsiders a search admits.
type Reach struct {
	FreshWho   bool // no account, organization or id that the policy names
	FreshWhere bool // no network that the policy names
}

// NewSearch returns a search for a request of kind sc by a caller within r: one
// that gets in whatever AWS leaves open if sure is true, or else one that may.
func (c *Space) NewSearch(sc *RequestKind, r Reach, sure bool) *Search {
	sc.prepare()
	c.Budget.Spend(60)
	s := &Search{RequestKind: sc, sure: sure, Reach: r}
	s.Allows, s.Denies = c.Applying(sc.Action, policy.Allow, sure), c.Applying(sc.Action, policy.Deny, sure)
	s.Base = s.strangers()
	s.Base = append(s.Base[:len(s.Base):len(s.Base)], c.without()...)
	if slot := c.SlotWith(condkey.TieGrantOps); slot >= 0 && sc.Action == kmsapi.CreateGrant && sc.Class != "" {
		c.Budget.Spend(500)
		carried := compile.Literal{Slot: slot, Mode: compile.SomeIn, Set: compile.Exactly(kmsapi.Operations(sc.Class, sc.keys)...)}
		s.Base = append(s.Base[:len(s.Base):len(s.Base)], carried)
	}
	s.begin()
	return s
}

// An effectKey holds the arguments of Applying.
type effectKey struct {
	action string
	effect policy.Effect
	sure   bool
}

// Applying returns the statements of one effect that apply to an action. If sure
// is true, an Allow must certainly apply and a Deny only possibly, so that a sure
// search claims too little rather than too much; otherwise the other way round.
func (c *Space) Applying(action string, effect policy.Effect, sure bool) []*compile.Statement {
	k := effectKey{action, effect, sure}
	list, ok := c.effects[k]
	if !ok {
		c.Budget.Spend(4 * len(c.Statements))
		for i, m := range c.Matches(action) {
			doubt := m.Possible() && sure == (effect == policy.Deny)
			if st := &c.Statements[i]; st.Effect == effect && (m.Sure() || doubt) || st.Effect == 0 && doubt {
				list = append(list, st)
			}
		}
		c.effects[k] = list
	}
	return list
}

// begin completes the plainest request with keys that depend on each other.
func (s *Search) begin() {
	s.first = s.start
	if !s.c.MentionsAny(condkey.TieMFA, condkey.TieMFAAge, condkey.TieSpec, condkey.TieUsage, condkey.TieAlgorithm, condkey.TieMessage, condkey.TieVpc, condkey.TieVpcARN) {
		return
	}
	s.first = s.start.Clone()
	done := map[group]bool{}
	for i := compile.FirstSlot; i < len(s.c.Slots); i++ {
		switch g := s.groupOf(i); g {
		case gMFA, gSpec, gVpc:
			if !done[g] {
				done[g] = true
				s.assign(nil, s.first, i)
			}
		}
	}
}

// Find returns a request that meets more and gets in, and the Allow that lets it
// in; nil if it finds none.
func (s *Search) Find(more ...compile.Literal) (*compile.Model, *compile.Statement) {
	for _, a := range s.Allows {
		for _, way := range a.AllowWays(s.Caller, s.c.Budget) {
			if m := s.Through(a, way, more...); m != nil {
				return m, a
			}
			if s.c.Budget.Out() {
				return nil, nil
			}
		}
	}
	return nil, nil
}

// Through returns a request that meets more and gets in by one Allow, with a
// caller that meets way, one of a's AllowWays; nil if it finds none.
func (s *Search) Through(a *compile.Statement, way []compile.Literal, more ...compile.Literal) *compile.Model {
	c := make([]compile.Literal, 0, len(s.Base)+len(way)+len(a.Clauses)+len(more)+4)
	s.c.Budget.Spend(20 + 10*cap(c))
	c = append(append(append(c, s.Base...), s.readWay(a, way)...), more...)
	for i := range a.Clauses {
		if s.sure {
			c = append(c, s.OverApproximate(a.Clauses[i].Sure))
		} else {
			c = append(c, s.OverApproximate(a.Clauses[i].Possible))
		}
	}
	if contradict(c) {
		return nil
	}
	m, ok := s.settle(c, s.first)
	if !ok {
		return nil
	}
	return s.escape(c, m)
}

// escape changes m, which meets c, until no Deny applies to it, and returns the
// result; nil if it cannot.
func (s *Search) escape(c []compile.Literal, m *compile.Model) *compile.Model {
	for _, d := range s.Denies {
		applies, moves := s.denyApplies(d, m)
		if !applies {
			continue
		}
		for _, move := range moves {
			if s.c.Budget.Spend(20 + 10*len(c)); s.c.Budget.Out() {
				return nil
			}
			c2 := append(c[:len(c):len(c)], move...)
			m2, ok := s.settle(c2, m)
			if !ok {
				continue
			}
			if found := s.escape(c2, m2); found != nil {
				return found
			}
		}
		return nil
	}
	return m
}

// OverApproximate returns l as this search must read it: with its unknown values
// read as sure requires and, in a search that over-approximates, without
// variables, so that it holds whenever it could.
func (s *Search) OverApproximate(l compile.Literal) compile.Literal {
	l = s.read(l)
	if s.Caller == compile.ServiceCaller && l.Slot < compile.FirstSlot && s.c.Slots[l.Slot].Case(s.Kind) != nil {
		holds := compile.Literal{Slot: l.Slot, Set: &compile.ValueSet{}} // AWS does not say what a service's own keys hold
		if !s.sure {
			holds.Absent, holds.Mode = true, compile.All
		}
		return holds
	}
	if !s.overApproximates || !l.Set.Variables {
		return l
	}
	if l.Strict && l.Inside() && !l.Set.Resolves() {
		l.Mode, l.Set = compile.All, &compile.ValueSet{} // holds when a variable has no value
		return l
	}
	l.Strict = false
	l.Set = &compile.ValueSet{Patterns: l.Set.Under(s.first, compile.AsAnything, !l.Inside())}
	if len(l.Set.Patterns) == 0 { // all that were to be avoided
		l.Mode = compile.All
	}
	return l
}

// denyApplies reports whether a Deny applies to m, and returns the lists of
// literals each of which escapes it.
func (s *Search) denyApplies(d *compile.Statement, m *compile.Model) (bool, [][]compile.Literal) {
	applies, byPrincipal := s.DenyEscapes(d, m)
	if !applies {
		return false, nil
	}
	var ways []compile.Literal
	for i := range d.Clauses {
		l := d.Clauses[i].Sure
		if s.sure {
			l = d.Clauses[i].Possible
		}
		if l = s.OverApproximate(l.Not()); s.Holds(&l, m) {
			return false, nil
		}
		if ways == nil {
			s.c.Budget.Spend(10 * len(d.Clauses))
			ways = make([]compile.Literal, 0, len(d.Clauses))
		}
		ways = append(ways, l)
	}
	s.c.Budget.Spend(8 * (len(ways) + len(byPrincipal)))
	moves := make([][]compile.Literal, 0, len(ways)+len(byPrincipal))
	for i := range ways {
		moves = append(moves, ways[i:i+1:i+1])
	}
	return true, append(moves, byPrincipal...)
}

// Holds reports whether l holds in m. In a sure search, a literal on a key whose
// presence AWS leaves open must hold whether or not the key is present.
func (s *Search) Holds(l *compile.Literal, m *compile.Model) bool {
	s.c.Budget.Spend(1)
	if s.sure && l.Slot >= compile.FirstSlot && s.domains[l.Slot].presence == condkey.Unsaid {
		return s.holdsAnyway(l, m)
	}
	return l.Holds(m)
}

func (s *Search) holdsAnyway(l *compile.Literal, m *compile.Model) bool {
	if !l.Absent {
		return false
	}
	if h, fixed := l.Present(); fixed {
		return h
	}
	n := l.Not()
	d := s.domains[l.Slot]
	if d.kind == address && n.Set.Patterns != nil {
		return false // it compares the text of an address
	}
	if d.kind == address { // the caller chooses among many services: few addresses do not stop them all
		return s.c.few(d, n)
	}
	if d.wide != nil {
		d = d.wide
	}
	_, possible := s.pickPresent(l.Slot, d, []compile.Literal{n}, m.Clone())
	return !possible
}

// settle returns a model like m that meets all of c; ok is false if it finds none.
// Keys that depend on each other can need several rounds.
func (s *Search) settle(c []compile.Literal, m *compile.Model) (*compile.Model, bool) {
	owned := false
	for round := 0; round < 8; round++ {
		changed := false
		if s.c.Budget.Out() {
			return nil, false
		}
		for i := 0; i < len(c); i++ {
			l := c[i]
			if s.Holds(&l, m) && s.tied(l.Slot, m) {
				continue
			}
			if !owned {
				m, owned = m.Clone(), true
			}
			if !s.assign(c, m, l.Slot) {
				return nil, false
			}
			changed = true
		}
		if !changed {
			return m, true
		}
	}
	s.Incomplete = true
	return nil, false
}

// tied reports whether the value in a slot, if it contains the caller's account,
// agrees with the account in m.
func (s *Search) tied(slot int, m *compile.Model) bool {
	if slot != compile.SlotParent && (slot < compile.FirstSlot || !s.domains[slot].ofCaller) {
		return true
	}
	account := arnAccount(m.Text(slot))
	return account == "" || account == m.Text(compile.SlotAccount)
}

// Admits reports whether some Allow lets in a caller that meets lits.
func (s *Search) Admits(lits []compile.Literal) bool {
	for _, a := range s.Allows {
		for _, way := range a.AllowWays(s.Caller, s.c.Budget) {
			if s.clash(way, lits) { // a quick check that most fail
				continue
			}
			if s.Through(a, way, lits...) != nil && !s.c.Budget.Out() {
				return true
			}
		}
		if s.c.Budget.Out() {
			return false
		}
	}
	return false
}

// clash reports whether way, one of an Allow's AllowWays, requires texts none of
// which meets lits.
func (s *Search) clash(way, lits []compile.Literal) bool {
	for i := range way {
		for j := range lits {
			a, b := &way[i], &lits[j]
			if a.Slot != b.Slot || !a.Inside() || len(a.Set.Patterns) > textsolve.FewTexts && !b.Inside() {
				continue
			}
			if b.Inside() && len(b.Set.Patterns) < len(a.Set.Patterns) {
				a, b = b, a
			}
			meets := func(p textsolve.Pattern) bool { return b.HoldsFor([]compile.Value{{Text: p.Plain}}, s.first) } // who is named is named exactly
			if !slices.ContainsFunc(a.Set.Patterns, meets) {
				return true
			}
		}
	}
	return false
}

// Attempt looks for a request that gets in by one Allow with a caller that meets
// way. If it finds none, proven reports whether there is none. See throughWide
// for open.
func (s *Search) Attempt(allow *compile.Statement, way []compile.Literal, open *ipset.Set) (m *compile.Model, proven bool) {
	s.Incomplete, s.Apart = false, nil
	if m = s.throughWide(allow, way, open); m != nil || !s.Incomplete || s.c.Budget.Out() {
		return m, !s.Incomplete
	}
	one := *s
	one.Allows = []*compile.Statement{allow}
	return nil, one.Disproven(*open)
}

// Disproven runs an incomplete search again, over-approximating, and reports
// whether that proves that there is no request.
func (s *Search) Disproven(open ipset.Set) bool {
	free, wide := *s, slices.Clone(open)
	free.overApproximates, free.Incomplete = true, false
	return free.FindWide(&wide) == nil && !free.Incomplete && !s.c.Budget.Out()
}
