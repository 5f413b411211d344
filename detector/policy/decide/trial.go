package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// A trial looks for a request of an action that reaches a level, in rounds: at
// first every Allow gets a little effort with every kind of request, then those
// that were not done with it get more. So no Allow hides what another opens,
// however expensive it is.
type trial struct {
	d        *decider
	kinds    []*requestKind
	level    Verdict
	sure     bool
	open     ipset.Set // from where strangers get in, as far as it is known; see throughWide
	begun    bool      // the first round is over
	pending  []attempt // what the rounds so far were not enough for
	unproven bool      // some attempt proves nothing, whatever the effort

	found *search
	model *model
	allow *stmt
}

// An attempt is one way through one Allow in one kind of request.
type attempt struct {
	s     *search
	allow *stmt
	way   []literal
}

// The effort of the first round, in steps for each attempt, and by how much it
// grows from round to round. Of the attempts in 6,000 random policies one in a
// hundred needs more than the first.
const (
	plainEffort = 6_000
	moreEffort  = 8
)

func (d *decider) newTrial(kinds []*requestKind, level Verdict, sure bool) *trial {
	return &trial{d: d, kinds: kinds, level: level, sure: sure}
}

// run makes rounds until a request is found, nothing is left to try, or the
// budget has run out.
func (t *trial) run() (found bool) {
	for effort := plainEffort; ; effort *= moreEffort {
		if t.begun && effort == plainEffort {
			continue
		}
		if t.round(effort) {
			return true
		}
		if len(t.pending) == 0 || t.d.b.Out() {
			return false
		}
	}
}

// proven reports whether a trial that has found nothing proves that there is nothing.
func (t *trial) proven() bool {
	return t.begun && len(t.pending) == 0 && !t.unproven && !t.d.b.Out()
}

// round makes the attempts that are not done with, with that many steps each.
func (t *trial) round(effort int) (found bool) {
	if t.begun {
		pending := t.pending
		t.pending = nil
		for i, a := range pending {
			if t.attempt(a, effort) {
				return true
			}
			if t.d.b.Out() {
				t.pending = append(t.pending, pending[i:]...)
				return false
			}
		}
		return false
	}
	t.pending, t.unproven = nil, false
	for _, sc := range t.kinds {
		if t.d.b.Out() {
			return false
		}
		s := t.d.newSearch(sc, reachOf(t.level), t.sure)
		for _, allow := range s.allows {
			for _, way := range allow.allowWays(s.typ, t.d.b) {
				if t.attempt(attempt{s, allow, way}, effort) {
					return true
				}
			}
			if t.d.b.Out() {
				return false
			}
		}
	}
	t.begun = true
	return false
}

// attempt makes one attempt; it keeps one that the effort was not enough for.
func (t *trial) attempt(a attempt, effort int) (found bool) {
	var m *model
	var proven bool
	enough := t.d.b.Within(effort, func() { m, proven = a.make(&t.open) })
	switch {
	case !enough:
		t.d.b.Spend(24)
		t.pending = append(t.pending, a)
	case m == nil:
		t.unproven = t.unproven || !proven
		return false
	case t.sure && !t.d.confirms(a.s, m) && !t.d.anyway(a, m):
		t.unproven = true
	default:
		t.found, t.model, t.allow = a.s, m, a.allow
		return true
	}
	if t.open.Wide() { // and yet nothing came of it: others may find it again
		t.open = nil
	}
	return false
}

// make looks for a request; without one, it reports whether that proves that
// there is none.
func (a *attempt) make(open *ipset.Set) (m *model, proven bool) {
	a.s.incomplete, a.s.apart = false, nil
	if m = a.s.throughWide(a.allow, a.way, open); m != nil || !a.s.incomplete || a.s.c.b.Out() {
		return m, !a.s.incomplete
	}
	one := *a.s
	one.allows = []*stmt{a.allow}
	return nil, one.disproven(*open)
}

// disproven runs an incomplete search again with all variables free. If even
// that finds nothing there is nothing to find.
func (s *search) disproven(open ipset.Set) bool {
	free, wide := *s, slices.Clone(open)
	free.overApproximates, free.incomplete = true, false
	return free.findWide(&wide) == nil && !free.incomplete && !s.c.b.Out()
}

// unfinished returns the statement that a trial was cut short at, when it is one.
func (t *trial) unfinished() StatementRef {
	one := StatementRef{Index: -1}
	for i, a := range t.pending {
		ref := StatementRef{a.allow.Index, a.allow.Sid}
		if i > 0 && ref != one {
			return StatementRef{Index: -1}
		}
		one = ref
	}
	return one
}

// confirms asks the separate evaluator about a witness. For an unknown key,
// which alone makes a decision depend on it, it cannot be sure of statements
// that name a key.
func (d *decider) confirms(s *search, m *model) bool {
	if d.b.Spend(d.evaluation(s, m)); d.b.Out() {
		return false
	}
	r := s.request(m, s.ask)
	if r.Resource == "" && !d.keyDependent {
		r.Resource = d.someKey() // what the statements name, every key of the owner is
	}
	a := evaluate.AllowsWithKeys(d.policy, d.compiled.keys, r, d.q.RCPs)
	return a == evaluate.Yes || a == evaluate.Maybe && d.keyDependent
}

// evaluation is what the evaluator is charged for one request.
func (d *decider) evaluation(s *search, m *model) int {
	steps := 200
	matches := d.matches(s.action)
	for i := range d.stmts {
		st := &d.stmts[i]
		steps += 10 + 4*(len(st.Principals)+len(st.Actions)+len(st.Resources))
		if matches[i] == matchNo || !st.entries.reachable(st.NotPrincipal) {
			continue // its conditions are not looked at
		}
		for j := range st.clauses {
			steps += st.clauses[j].evaluation(m)
		}
	}
	return steps
}

func (cl *clause) evaluation(m *model) int {
	size := 0
	for _, v := range m.vals[cl.possible.slot] {
		size += len(v.s)
	}
	steps := 16
	base := cl.cond.Operator.Base
	if isNumeric(base) || isDate(base) {
		return steps + 100*len(cl.cond.Values)
	}
	like := base != policy.StringEquals
	for _, v := range cl.cond.Values {
		if steps += 4 + len(v)/8 + size/8; like {
			steps += 2 * len(v)
		}
		if like {
			steps += pieces(v) * size / 8
		}
		if strings.Contains(v, "${") {
			steps += 40 + 4*len(v)
		}
	}
	return steps
}

// pieces returns the length of the longest piece between stars that has a
// question mark in it: such a piece is compared with every place of a text.
func pieces(v string) int {
	longest := 0
	for piece := range strings.SplitSeq(v, "*") {
		if strings.IndexByte(piece, '?') >= 0 {
			longest = max(longest, len(piece))
		}
	}
	return longest
}
