package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A decider answers one question, action by action. Actions that the policy does
// not distinguish share their outcome; see alike.
type decider struct {
	*search.Space
	q         Question
	outcomes  map[string]*outcome              // by the result of alike
	alikes    map[kmsapi.Ask]string            // the results of alike
	begun     []*outcome                       // in the order of the asks; not yet finished
	ownerOpen bool                             // the last letsIn found nothing, but proved nothing
	views     map[viewKey][]*compile.Statement // see ownersView
}

func newDecider(p *search.Space, q Question) *decider {
	return &decider{Space: p, q: q, alikes: make(map[kmsapi.Ask]string), outcomes: make(map[string]*outcome)}
}

// An outcome is the answer for one action, and for those that alike equates with
// it.
type outcome struct {
	ask    kmsapi.Ask
	kinds  []*search.RequestKind
	public *trial // whether strangers get in; nil if the key cannot support the action

	level     Verdict // how far outsiders certainly get in; Private if none does
	most      Verdict // how far is not ruled out; at most level if nothing worse is open
	doubts    []Doubt // why something worse is not ruled out; nil if it is
	intricate bool    // something worse is not ruled out because the budget ran out

	search *search.Search // the search that found the witness; nil if there is none
	model  *compile.Model
	allow  *compile.Statement
	named  []string
	why    []string
}

// take sets the outcome to what the trial has found.
func (o *outcome) take(t *trial) {
	o.level, o.search, o.model, o.allow = t.level, t.found, t.model, t.allow
}

// alike returns a text that is the same for asks that the policy does not
// distinguish.
func (d *decider) alike(a kmsapi.Ask) string {
	if key, ok := d.alikes[a]; ok {
		return key
	}
	var b strings.Builder
	b.Grow(len(d.Statements) + 8)
	for _, m := range d.Matches(a.Action) {
		b.WriteByte('0' + byte(m))
	}
	d.Budget.Spend(len(d.Statements)/2 + 2)
	if !d.Supported(a) {
		b.WriteByte('-')
	}
	d.traits(&b, a)
	d.alikes[a] = b.String()
	return d.alikes[a]
}

// plain begins the outcomes of asks. With little effort for each Allow, it
// searches for a request of a stranger that gets in.
func (d *decider) plain(asks []kmsapi.Ask) {
	d.alikes = make(map[kmsapi.Ask]string, len(asks))
	for _, a := range asks {
		if key := d.alike(a); d.outcomes[key] == nil {
			o := &outcome{ask: a, level: Private}
			d.outcomes[key] = o
			d.begun = append(d.begun, o)
		}
	}
	for i, o := range d.begun {
		d.Budget.Within(d.Budget.Left/(len(d.begun)-i), func() {
			if !d.Supported(o.ask) {
				return
			}
			o.kinds = d.RequestKinds(o.ask)
			o.public = d.newTrial(o.kinds, Public, true)
			if o.public.round(plainEffort) {
				o.take(o.public)
			}
		})
	}
}

// finishAll finishes the outcomes that plain has begun. Each may spend an equal
// share of the budget that is left; those for which this is not enough then share
// what the others did not need.
func (d *decider) finishAll() {
	todo := d.begun
	for range 2 {
		var again []*outcome
		for i, o := range todo {
			d.Budget.Within(d.Budget.Left/(len(todo)-i), func() { d.finish(o) })
			if o.intricate {
				again = append(again, o)
			}
		}
		todo = again
	}
	d.begun = nil
}

// outcome returns the outcome of an ask, which plain must have begun.
func (d *decider) outcome(a kmsapi.Ask) *outcome { return d.outcomes[d.alike(a)] }

func reachOf(level Verdict) search.Reach {
	return search.Reach{FreshWho: level != Shared, FreshWhere: level == Public}
}

// finish determines how far outsiders certainly get in and then, if that leaves
// anything open, whether they may get further.
func (d *decider) finish(o *outcome) {
	if o.public == nil || o.level == Public {
		return
	}
	o.most, o.doubts, o.intricate = Undecided, nil, false
	if o.public.run() {
		o.take(o.public)
		return
	}
	doubts := d.doubts(o.ask.Action)
	possible := Public
	if !doubts && o.public.proven() {
		possible = Network
	}
	anyone := d.newTrial(o.kinds, Shared, !doubts)
	if !anyone.run() && anyone.proven() {
		return
	}
	for _, level := range [...]Verdict{Network, Shared} {
		if level <= o.level {
			break // found before
		}
		t := d.newTrial(o.kinds, level, true)
		if t.run() {
			o.take(t)
			break
		}
		if t.proven() && possible == level {
			possible = level - 1
		}
	}
	if possible > o.level {
		d.leaveOpen(o)
	}
}

// leaveOpen sets o.most to the worst verdict above o.level that is not ruled out,
// and records why.
func (d *decider) leaveOpen(o *outcome) {
	for level := Public; level > o.level; level-- {
		may := d.newTrial(o.kinds, level, false)
		switch {
		case may.run():
			o.doubts = d.reasons(may, o.ask.Action)
		case d.Budget.Out():
			o.intricate = true
			o.doubts = []Doubt{{o.public.unfinished(), tooIntricate}}
		case !may.proven():
			o.doubts = []Doubt{{StatementRef{Index: -1}, "an equation between condition keys could not be solved"}}
		default:
			continue
		}
		o.most = level
		return
	}
}

// tooIntricate is the reason of a doubt for which the budget is to blame.
const tooIntricate = "the policy is too intricate to decide within the bound of work"

// reasons returns the constructs on which the request that may found, which is
// merely possible, turns; at least one.
func (d *decider) reasons(may *trial, action string) []Doubt {
	var list []Doubt
	seen := map[string]bool{}
	add := func(st *compile.Statement, why string) {
		if st.Control {
			why = "resource control policy: " + why
		}
		if ref := d.ref(st); !seen[why] {
			seen[why] = true
			list = append(list, Doubt{ref, why})
		}
	}
	sure := d.NewSearch(may.found.RequestKind, may.found.Reach, true)
	for i := range d.Statements {
		st := &d.Statements[i]
		if st != may.allow && st.Effect == policy.Allow {
			continue
		}
		if d.Matches(action)[i] == compile.No {
			continue
		}
		for _, doubt := range d.unknownReasons(st, action) {
			if !seen[doubt.Reason] {
				seen[doubt.Reason] = true
				list = append(list, doubt)
			}
		}
		if d.Acts(action)[i] == compile.Maybe && !slices.ContainsFunc(st.Actions, policy.HasMark) {
			add(st, "an action pattern is written in a way that AWS does not document")
		}
		if st.Resource == compile.Maybe && !slices.ContainsFunc(st.Resources, policy.HasMark) {
			add(st, "AWS does not say whether the statement's Resource or NotResource matches this key")
		}
		if len(st.Entries.UserIDs) > 0 && may.found.Caller == compile.FedCaller {
			add(st, "AWS does not say whether a user's unique id covers the sessions that the user makes with GetFederationToken")
		}
		if st.Entries.Reserved {
			add(st, "AWS does not document its reserved roles, named aws:...")
		}
		if st.NotPrincipal && st.Effect == policy.Deny {
			add(st, "AWS's documents do not settle whom a Deny with NotPrincipal exempts when only a part of account, identity and session is listed")
		}
		for j := range st.Clauses {
			cl := &st.Clauses[j]
			if d.Budget.Spend(60); cl.HasDoubt() {
				add(st, cl.Text()+": "+cl.Doubt)
			}
			if why := sure.KeyDoubt(cl.Sure.Slot, cl.Cond.Key, may.model); why != "" {
				add(st, why)
			}
			if cl.Sure.Strict && cl.Sure.Set.Unresolved(may.model) {
				add(st, cl.Text()+": AWS does not document how a negated operator treats a variable without a value")
			}
		}
	}
	if list == nil {
		list = []Doubt{{StatementRef{may.allow.Index, may.allow.Sid}, "AWS does not document the outcome of a request that this statement may allow"}}
	}
	return list
}

// doubts reports whether anything about an action is open to more than one
// reading.
func (d *decider) doubts(action string) bool {
	for i, m := range d.Matches(action) {
		st := &d.Statements[i]
		if m == compile.No {
			continue
		}
		if m == compile.Maybe || st.NotPrincipal && st.Effect == policy.Deny || len(st.Entries.UserIDs) > 0 || st.Entries.Unknown != nil || st.Entries.Reserved {
			return true
		}
		for j := range st.Clauses {
			if cl := &st.Clauses[j]; cl.HasDoubt() || cl.HasUnknown() || cl.Sure.Strict || d.uncertain(cl.Sure.Slot) {
				return true
			}
		}
	}
	return false
}

// uncertain reports whether AWS leaves open, for some kind of request, whether
// the condition key is present or which values it has.
func (d *decider) uncertain(slot int) bool {
	return d.Slots[slot].Depends.Undocumented
}

// note adds to the decision why a class is open, each reason once.
func (d *decider) note(dec *Decision, class kmsapi.Class, b Bounds) {
	for _, a := range kmsapi.Asks(class) {
		o := d.outcome(a)
		if o.most <= b.Least {
			continue // another action certainly opens what this one leaves open
		}
		dec.TooIntricate = dec.TooIntricate || o.intricate
		for _, doubt := range o.doubts {
			if !slices.Contains(dec.Undecided, doubt) {
				dec.Undecided = append(dec.Undecided, doubt)
			}
		}
	}
}
