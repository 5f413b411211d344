package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A decider answers one question, action by action. Actions that the same
// statements match share their outcome.
type decider struct {
	*search.Space
	q         Question
	outcomes  map[string]*outcome              // by what the policy treats alike; see alike
	alikes    map[kmsapi.Ask]string            // what alike has returned
	begun     []*outcome                       // in the order of the asks; not yet finished
	ownerOpen bool                             // a search for the owner came to no end
	views     map[viewKey][]*compile.Statement // see ownersView
}

func newDecider(p *search.Space, q Question) *decider {
	return &decider{Space: p, q: q, alikes: make(map[kmsapi.Ask]string), outcomes: make(map[string]*outcome)}
}

// An outcome is the answer for one action.
type outcome struct {
	ask    kmsapi.Ask
	kinds  []*search.RequestKind
	public *trial // whether strangers get in; nil when the key cannot serve the action

	level     Verdict // how far outsiders get in for sure; Private when none does
	most      Verdict // how far is not ruled out; level when nothing worse is
	doubts    []Doubt // why something worse is not ruled out; nil when it is
	intricate bool    // it is not, because the budget has run out

	search *search.Search // how the witness was found; nil when there is none
	model  *compile.Model
	allow  *compile.Statement
	named  []string
	why    []string
}

// take records what a trial has found.
func (o *outcome) take(t *trial) {
	o.level, o.search, o.model, o.allow = t.level, t.found, t.model, t.allow
}

// alike returns a text that is the same for all asks that the policy treats alike.
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

// plain begins the outcomes of asks: it looks, with little effort for each
// Allow, whether strangers get in.
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

// finishAll finishes the outcomes that plain has begun. Each gets its share of the
// remaining budget; those for which it is not enough get what the others left.
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

// finish finds how far outsiders get in for sure, then, where AWS leaves
// something open, whether they might get further.
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

// leaveOpen records what is not ruled out above o.level.
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

// tooIntricate is the reason given when the budget was not enough for a decision.
const tooIntricate = "the policy is too intricate to decide within the bound of work"

// reasons names the constructs that a merely possible request turns on.
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

// doubts says whether anything about an action is open to more than one reading.
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

// uncertain says whether AWS leaves open, for some kind of request, whether
// the key is present or which values it has.
func (d *decider) uncertain(slot int) bool {
	return d.Slots[slot].Depends.Undocumented
}

// note adds to the decision the reasons for which a class is open, each once.
func (d *decider) note(dec *Decision, class kmsapi.Class, b Bounds) {
	for _, a := range kmsapi.Asks(class) {
		o := d.outcome(a)
		if o.most <= b.Least {
			continue // what it leaves open is open for sure by another action
		}
		dec.TooIntricate = dec.TooIntricate || o.intricate
		for _, doubt := range o.doubts {
			if !slices.Contains(dec.Undecided, doubt) {
				dec.Undecided = append(dec.Undecided, doubt)
			}
		}
	}
}
