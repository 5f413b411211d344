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

// A trial searches in rounds for a request that reaches a level. The first round
// spends a little effort on every Allow with every kind of request; later rounds
// spend more on those for which that was not enough. So no Allow, however
// expensive, hides what another opens.
type trial struct {
	d        *decider
	kinds    []*search.RequestKind
	level    Verdict
	sure     bool
	open     ipset.Set // addresses from which strangers are known to get in; see throughWide in package search
	begun    bool      // the first round is over
	pending  []attempt // attempts for which the rounds so far were not enough
	unproven bool      // some attempt proves nothing, whatever the effort

	found *search.Search
	model *compile.Model
	allow *compile.Statement
}

// An attempt is a search for a request of one kind, by one way of being a
// principal of one Allow.
type attempt struct {
	s     *search.Search
	allow *compile.Statement
	way   []compile.Literal
}

// The steps for each attempt in the first round, and the factor by which they
// grow from round to round. In 6,000 random policies, one attempt in a hundred
// needs more than the first round.
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

// proven reports whether a trial that has found no request proves that there is
// none.
func (t *trial) proven() bool {
	return t.begun && len(t.pending) == 0 && !t.unproven && !t.d.Budget.Out()
}

// round makes the attempts that are still to be made, each with at most effort
// steps. It reports whether one found a request.
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

// attempt makes one attempt and reports whether it found a request. If the effort
// was not enough, the attempt becomes pending.
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
	if t.open.Wide() { // the request was not confirmed: start again for the other attempts
		t.open = nil
	}
	return false
}

// unfinished returns the statement of all pending attempts. Its Index is -1 if
// they have several, or if there are none.
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

// confirms reports whether the independent evaluator allows a witness. If the
// decision turns on the key's unknown ARN, Maybe is enough, since the evaluator
// cannot answer Yes for a statement that names a key.
func (d *decider) confirms(s *search.Search, m *compile.Model) bool {
	if d.Budget.Spend(d.evaluation(s, m)); d.Budget.Out() {
		return false
	}
	r := s.Request(m, s.Ask)
	if r.Resource == "" && !d.KeyDependent {
		r.Resource = d.SomeKey() // statements that apply cover every key of the owner
	}
	a := evaluate.AllowsWithKeys(d.Source, d.Policy.Table, r, d.RCPs)
	return a == evaluate.Yes || a == evaluate.Maybe && d.KeyDependent
}

// evaluation returns the charge, in steps, for evaluating one request.
func (d *decider) evaluation(s *search.Search, m *compile.Model) int {
	steps := 200
	matches := d.Matches(s.Action)
	for i := range d.Statements {
		st := &d.Statements[i]
		steps += 10 + 4*(len(st.Principals)+len(st.Actions)+len(st.Resources))
		if matches[i] == compile.No || !st.Entries.Reachable(st.NotPrincipal) {
			continue // its conditions are not evaluated
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

// pieces returns the length of the longest piece between stars that contains a
// question mark. Such a piece is compared at every offset of a text.
func pieces(v string) int {
	longest := 0
	for piece := range strings.SplitSeq(v, "*") {
		if strings.IndexByte(piece, '?') >= 0 {
			longest = max(longest, len(piece))
		}
	}
	return longest
}

// anyway reports whether a request gets in whatever the unknown texts are that it
// must not equal. Each of these texts can exclude only one of several requests
// that have no value in common, so anyway looks for one more request, besides m,
// for each text.
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
	return len(s.Apart) == len(from) // otherwise another unknown text came up meanwhile
}

// confirmsApart is like confirms, for a request that equals none of the unknown
// texts.
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

// maxApart bounds the number of unknown texts from which a sure request must
// differ.
const maxApart = 32
