package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// A trial looks in rounds for a request of an action that reaches a level. In the
// first round every Allow gets a little effort with every kind of request; those
// for which it was not enough get more in the next. So no Allow, however
// expensive, hides what another one opens.
type trial struct {
	d        *decider
	kinds    []*search.RequestKind
	level    Verdict
	sure     bool
	open     ipset.Set // from where strangers get in, as far as it is known; see Attempt in package search
	begun    bool      // the first round is over
	pending  []attempt // those for which the rounds so far were not enough
	unproven bool      // some attempt proves nothing, whatever the effort

	found *search.Search
	model *compile.Model
	allow *compile.Statement
}

// An attempt is one way through one Allow in one kind of request.
type attempt struct {
	s     *search.Search
	allow *compile.Statement
	way   []compile.Literal
}

// The effort of the first round, in steps for each attempt, and by how much it
// grows from round to round. Of the attempts in 6,000 random policies one in a
// hundred needs more than the first.
const (
	plainEffort = 6_000
	moreEffort  = 8
)

func (d *decider) newTrial(kinds []*search.RequestKind, level Verdict, sure bool) *trial {
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
		if len(t.pending) == 0 || t.d.Budget.Out() {
			return false
		}
	}
}

// proven reports whether a trial that has found nothing proves that there is nothing.
func (t *trial) proven() bool {
	return t.begun && len(t.pending) == 0 && !t.unproven && !t.d.Budget.Out()
}

// round makes the attempts that are pending, with the given number of steps each.
func (t *trial) round(effort int) (found bool) {
	if t.begun {
		pending := t.pending
		t.pending = nil
		for i, a := range pending {
			if t.attempt(a, effort) {
				return true
			}
			if t.d.Budget.Out() {
				t.pending = append(t.pending, pending[i:]...)
				return false
			}
		}
		return false
	}
	t.pending, t.unproven = nil, false
	for _, sc := range t.kinds {
		if t.d.Budget.Out() {
			return false
		}
		s := t.d.NewSearch(sc, reachOf(t.level), t.sure)
		for _, allow := range s.Allows {
			for _, way := range allow.AllowWays(s.Caller, t.d.Budget) {
				if t.attempt(attempt{s, allow, way}, effort) {
					return true
				}
			}
			if t.d.Budget.Out() {
				return false
			}
		}
	}
	t.begun = true
	return false
}

// attempt makes one attempt, and keeps it as pending when the effort was not enough.
func (t *trial) attempt(a attempt, effort int) (found bool) {
	var m *compile.Model
	var proven bool
	enough := t.d.Budget.Within(effort, func() { m, proven = a.s.Attempt(a.allow, a.way, &t.open) })
	switch {
	case !enough:
		t.d.Budget.Spend(24)
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

// unfinished returns the statement at which a trial was cut short; Index is -1
// when it is not one statement.
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
func (d *decider) confirms(s *search.Search, m *compile.Model) bool {
	if d.Budget.Spend(d.evaluation(s, m)); d.Budget.Out() {
		return false
	}
	r := s.Request(m, s.Ask)
	if r.Resource == "" && !d.KeyDependent {
		r.Resource = d.SomeKey() // what the statements name, every key of the owner is
	}
	a := evaluate.AllowsWithKeys(d.Source, d.Policy.Table, r, d.RCPs)
	return a == evaluate.Yes || a == evaluate.Maybe && d.KeyDependent
}

// evaluation returns the steps charged for evaluating one request.
func (d *decider) evaluation(s *search.Search, m *compile.Model) int {
	steps := 200
	matches := d.Matches(s.Action)
	for i := range d.Statements {
		st := &d.Statements[i]
		steps += 10 + 4*(len(st.Principals)+len(st.Actions)+len(st.Resources))
		if matches[i] == compile.No || !st.Entries.Reachable(st.NotPrincipal) {
			continue // its conditions are not looked at
		}
		for j := range st.Clauses {
			steps += evaluation(&st.Clauses[j], m)
		}
	}
	return steps
}

func evaluation(cl *compile.Clause, m *compile.Model) int {
	size := 0
	for _, v := range m.Values[cl.Possible.Slot] {
		size += len(v.Text)
	}
	steps := 16
	base := cl.Cond.Operator.Base
	if compile.IsNumeric(base) || compile.IsDate(base) {
		return steps + 100*len(cl.Cond.Values)
	}
	like := base != policy.StringEquals
	for _, v := range cl.Cond.Values {
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

// anyway reports whether a request like m, which an attempt has found, gets in
// whatever the unknown texts are that it must not equal. Each of them can shut
// out only one of several requests that have no value in common.
func (d *decider) anyway(a attempt, m *compile.Model) bool {
	s := a.s
	others := 0
	from := slices.Clone(s.Apart)
	for _, x := range from {
		others += x.Unknown.One
	}
	if len(from) == 0 || others > maxApart || !d.confirmsApart(s, m) {
		return false
	}
	var more []compile.Literal
	for range others {
		for _, x := range from {
			if texts := textsOf(m.Values[x.Slot]); texts != nil {
				more = append(more, compile.NoneOf(x.Slot, texts...))
			}
		}
		if m = s.Through(a.allow, a.way, more...); m == nil || !d.confirmsApart(s, m) {
			return false
		}
	}
	return len(s.Apart) == len(from) // else another one came up on the way
}

// confirmsApart is confirms for a request that equals none of the unknown texts.
func (d *decider) confirmsApart(s *search.Search, m *compile.Model) bool {
	if d.Budget.Spend(d.evaluation(s, m)); d.Budget.Out() {
		return false
	}
	return evaluate.AllowsWithKeys(d.Source.Apart(), d.Policy.Table, s.Request(m, s.Ask), d.RCPs) == evaluate.Yes
}

func textsOf(vals []compile.Value) []string {
	var texts []string
	for _, v := range vals {
		texts = append(texts, v.Text)
	}
	return texts
}

// maxApart is how many unknown texts a sure request may have to differ from.
const maxApart = 32
