package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A searching looks for one request of a request kind that the policy allows.
//
// It keeps a list of literals in force and a model that meets them. It starts
// with the literals of one Allow, then looks whether a Deny applies to the
// model; if so, every request that gets through must break one of that Deny's
// literals, so the search tries them one after the other. What it finds is a
// request; when it comes back empty-handed, and is not incomplete, there is none.
type searching struct {
	*requestKind
	sure             bool // count only on what AWS documents: for claims that somebody gets in
	overApproximates bool // variables can be anything: finds more than there is, so nothing found is proof
	reach

	allows     []*stmt
	denies     []*stmt
	base       []literal
	first      *model  // the plainest request of this kind
	depth      int     // of variables that depend on variables
	apart      []apart // what must not be as unknown texts say
	incomplete bool    // a guess failed: an empty-handed search proves nothing
}

// reach says which outsiders a search admits.
type reach struct {
	freshWho   bool // no account, organization or id that the policy names
	freshWhere bool // no network that the policy names
}

func (c *space) newSearch(sc *requestKind, r reach, sure bool) *searching {
	sc.open()
	c.b.Spend(60)
	s := &searching{requestKind: sc, sure: sure, reach: r}
	s.allows, s.denies = c.statements(sc.Action, policy.Allow, sure), c.statements(sc.Action, policy.Deny, sure)
	s.base = s.strangers()
	s.base = append(s.base[:len(s.base):len(s.base)], c.without()...)
	if slot := c.slotWith(condkey.TieGrantOps); slot >= 0 && sc.Action == kmsapi.CreateGrant && sc.Class != "" {
		c.b.Spend(500)
		carried := literal{slot: slot, mode: someIn, set: exactly(kmsapi.Operations(sc.Class, sc.keys)...)}
		s.base = append(s.base[:len(s.base):len(s.base)], carried)
	}
	s.begin()
	return s
}

// An effectKey asks for the statements of one effect that apply to an action;
// for a sure answer Allows must surely apply, and Denies only possibly.
type effectKey struct {
	action string
	effect policy.Effect
	sure   bool
}

func (c *space) statements(action string, effect policy.Effect, sure bool) []*stmt {
	k := effectKey{action, effect, sure}
	list, ok := c.effects[k]
	if !ok {
		c.b.Spend(4 * len(c.stmts))
		for i, m := range c.matches(action) {
			doubt := m.possible() && sure == (effect == policy.Deny)
			if st := &c.stmts[i]; st.Effect == effect && (m.sure() || doubt) || st.Effect == 0 && doubt {
				list = append(list, st)
			}
		}
		c.effects[k] = list
	}
	return list
}

// begin completes the request kind's plainest request with the keys that hang together.
func (s *searching) begin() {
	s.first = s.start
	if !s.c.mentionsAny(condkey.TieMFA, condkey.TieMFAAge, condkey.TieSpec, condkey.TieUsage, condkey.TieAlgorithm, condkey.TieMessage, condkey.TieVpc, condkey.TieVpcARN) {
		return
	}
	s.first = s.start.clone()
	done := map[group]bool{}
	for i := sFirst; i < len(s.c.slots); i++ {
		switch g := s.groupOf(i); g {
		case gMFA, gSpec, gVpc:
			if !done[g] {
				done[g] = true
				s.repair(nil, s.first, i)
			}
		}
	}
}

// find returns a request that gets in, nil when there is none or none was found.
func (s *searching) find(more ...literal) (*model, *stmt) {
	for _, a := range s.allows {
		for _, way := range a.allowWays(s.typ, s.c.b) {
			if m := s.through(a, way, more...); m != nil {
				return m, a
			}
			if s.c.b.Out() {
				return nil, nil
			}
		}
	}
	return nil, nil
}

// through returns a request that gets in by one Allow, as its principals have
// it; nil when there is none or none was found.
func (s *searching) through(a *stmt, way []literal, more ...literal) *model {
	c := make([]literal, 0, len(s.base)+len(way)+len(a.clauses)+len(more)+4)
	s.c.b.Spend(20 + 10*cap(c))
	c = append(append(append(c, s.base...), s.readWay(a, way)...), more...)
	for i := range a.clauses {
		if s.sure {
			c = append(c, s.overApproximate(a.clauses[i].sure))
		} else {
			c = append(c, s.overApproximate(a.clauses[i].possible))
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

// escape changes m, which meets c, until no Deny applies to it.
func (s *searching) escape(c []literal, m *model) *model {
	for _, d := range s.denies {
		applies, moves := s.denyApplies(d, m)
		if !applies {
			continue
		}
		for _, move := range moves {
			if s.c.b.Spend(20 + 10*len(c)); s.c.b.Out() {
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

// overApproximate reads the unknown values of l as this kind of search has to. In a
// search that over-approximates it frees l of variables: it then holds whenever it could.
func (s *searching) overApproximate(l literal) literal {
	l = s.read(l)
	if s.typ == serviceCaller && l.slot < sFirst && s.c.slots[l.slot].Case(s.kind) != nil {
		holds := literal{slot: l.slot, set: &valueSet{}} // AWS does not say what a service's own keys hold
		if !s.sure {
			holds.absent, holds.mode = true, all
		}
		return holds
	}
	if !s.overApproximates || !l.set.vars {
		return l
	}
	if l.strict && l.inside() && !l.set.resolves() {
		l.mode, l.set = all, &valueSet{} // holds when a variable has no value
		return l
	}
	l.strict = false
	l.set = &valueSet{pats: l.set.under(s.first, asAnything, !l.inside())}
	if len(l.set.pats) == 0 { // all that were to be avoided
		l.mode = all
	}
	return l
}

// denyApplies says whether a Deny stops m, and the ways around it.
func (s *searching) denyApplies(d *stmt, m *model) (bool, [][]literal) {
	applies, byPrincipal := s.denyEscapes(d, m)
	if !applies {
		return false, nil
	}
	var ways []literal
	for i := range d.clauses {
		l := d.clauses[i].sure
		if s.sure {
			l = d.clauses[i].possible
		}
		if l = s.overApproximate(l.not()); s.holds(&l, m) {
			return false, nil
		}
		if ways == nil {
			s.c.b.Spend(10 * len(d.clauses))
			ways = make([]literal, 0, len(d.clauses))
		}
		ways = append(ways, l)
	}
	s.c.b.Spend(8 * (len(ways) + len(byPrincipal)))
	moves := make([][]literal, 0, len(ways)+len(byPrincipal))
	for i := range ways {
		moves = append(moves, ways[i:i+1:i+1])
	}
	return true, append(moves, byPrincipal...)
}

// holds says whether l holds in m. In a sure search a literal on a key whose
// presence AWS leaves open must hold whatever the key does.
func (s *searching) holds(l *literal, m *model) bool {
	s.c.b.Spend(1)
	if s.sure && l.slot >= sFirst && s.domains[l.slot].presence == condkey.Unsaid {
		return s.holdsAnyway(l, m)
	}
	return l.holds(m)
}

func (s *searching) holdsAnyway(l *literal, m *model) bool {
	if !l.absent {
		return false
	}
	if h, fixed := l.present(); fixed {
		return h
	}
	n := l.not()
	d := s.domains[l.slot]
	if d.kind == address && n.set.pats != nil {
		return false // it compares the text of an address
	}
	if d.kind == address { // the caller chooses among many services: few addresses do not stop them all
		return s.c.few(d, n)
	}
	if d.wide != nil {
		d = d.wide
	}
	_, possible := s.pickPresent(l.slot, d, []literal{n}, m.clone())
	return !possible
}

// settle changes m so that it meets all of c. Keys that depend on each other
// can need more than one round.
func (s *searching) settle(c []literal, m *model) (*model, bool) {
	owned := false
	for round := 0; round < 8; round++ {
		changed := false
		if s.c.b.Out() {
			return nil, false
		}
		for i := 0; i < len(c); i++ {
			l := c[i]
			if s.holds(&l, m) && s.tied(l.slot, m) {
				continue
			}
			if !owned {
				m, owned = m.clone(), true
			}
			if !s.repair(c, m, l.slot) {
				return nil, false
			}
			changed = true
		}
		if !changed {
			return m, true
		}
	}
	s.incomplete = true
	return nil, false
}

// tied says whether a value that carries the caller's account still does.
func (s *searching) tied(slot int, m *model) bool {
	if slot != sParent && (slot < sFirst || !s.domains[slot].ofCaller) {
		return true
	}
	account := arnAccount(m.text(slot))
	return account == "" || account == m.text(sAccount)
}

// admits reports whether some Allow lets somebody in who meets lits.
func (s *searching) admits(lits []literal) bool {
	for _, a := range s.allows {
		for _, way := range a.allowWays(s.typ, s.c.b) {
			if s.clash(way, lits) { // most are about others, and that is quick to see
				continue
			}
			if s.through(a, way, lits...) != nil && !s.c.b.Out() {
				return true
			}
		}
		if s.c.b.Out() {
			return false
		}
	}
	return false
}

// clash reports whether a way into an Allow asks for texts none of which meets lits.
func (s *searching) clash(way, lits []literal) bool {
	for i := range way {
		for j := range lits {
			a, b := &way[i], &lits[j]
			if a.slot != b.slot || !a.inside() || len(a.set.pats) > textsolve.FewTexts && !b.inside() {
				continue
			}
			if b.inside() && len(b.set.pats) < len(a.set.pats) {
				a, b = b, a
			}
			meets := func(p textsolve.Pattern) bool { return b.holdsFor([]value{{s: p.Plain}}, s.first) } // who is named is named exactly
			if !slices.ContainsFunc(a.set.pats, meets) {
				return true
			}
		}
	}
	return false
}

// attempt looks for a request of strangers anywhere by one way through one
// Allow; without one, it reports whether that proves that there is none. See
// throughWide for open.
func (s *searching) attempt(allow *stmt, way []literal, open *ipset.Set) (m *model, proven bool) {
	s.incomplete, s.apart = false, nil
	if m = s.throughWide(allow, way, open); m != nil || !s.incomplete || s.c.b.Out() {
		return m, !s.incomplete
	}
	one := *s
	one.allows = []*stmt{allow}
	return nil, one.disproven(*open)
}

// disproven runs an incomplete search again with all variables free. If even
// that finds nothing there is nothing to find.
func (s *searching) disproven(open ipset.Set) bool {
	free, wide := *s, slices.Clone(open)
	free.overApproximates, free.incomplete = true, false
	return free.findWide(&wide) == nil && !free.incomplete && !s.c.b.Out()
}
