package policy

import (
	"slices"
	"strings"
)

// workBound limits the steps of one decision. A step takes some tenths of a
// microsecond; of 6,000 random policies half needed fewer than 500 steps and
// one in a thousand more than 50,000. Past the bound the answer is Undecided.
const workBound = 120_000

// A decider answers one question, action by action. Actions that the same
// statements match share their outcome.
type decider struct {
	*compiled
	work      int
	ownerOpen bool // a search for the owner came to no end
	outcomes  map[string]*outcome
}

func newDecider(c *compiled) *decider {
	return &decider{compiled: c, work: workBound, outcomes: make(map[string]*outcome, 4)}
}

// An outcome is what one action came to.
type outcome struct {
	level Verdict // how far outsiders get in for sure; Private when none does
	most  Verdict // how far is not ruled out; level when nothing worse is
	open  []Open  // why something worse is not ruled out; nil when it is

	search *search // how the witness was found; nil when there is none
	model  *model
	allow  *stmt
	named  []string
}

// alike is the same for what the policy treats alike.
func (d *decider) alike(a ask) string {
	var b strings.Builder
	b.Grow(len(d.stmts) + len("kms:GenerateDataKeyPairWithoutPlaintext"))
	for _, m := range d.matches(a.action) {
		b.WriteByte('0' + byte(m))
	}
	if !d.supported(a) {
		b.WriteByte('-')
	}
	if d.mentionsAny(idEncContext, idEncKeys, idEncAlgorithm, idKeySpec, idKeyUsage, idPairSpec, idParameter,
		idReEncrypt, idGrantOps, idGrantParam, idGrantForAWS, idAttestation) {
		b.WriteString(a.action)
		if a.action == createGrant {
			b.WriteString(string(a.class))
		}
	}
	return b.String()
}

func (d *decider) outcome(a ask) *outcome {
	key := d.alike(a)
	o, ok := d.outcomes[key]
	if !ok {
		d.work = workBound // each has its own: none hides what another opens
		o = d.decide(a)
		d.outcomes[key] = o
	}
	return o
}

func reachOf(level Verdict) reach {
	return reach{freshWho: level != Shared, freshWhere: level == Public}
}

// decide finds how far outsiders get in for sure, then, where AWS leaves
// something open, whether they might get further.
func (d *decider) decide(a ask) *outcome {
	o := &outcome{level: Private}
	if !d.supported(a) {
		return o
	}
	scenes := d.scenes(a)
	doubts := d.doubts(a.action)
	possible := Public
	found, proven := d.try(o, scenes, Public, true)
	if found {
		return o
	}
	if !doubts && proven {
		possible = Network
	}
	anyone, proven := d.could(scenes, Shared, !doubts)
	if !anyone && proven {
		return o
	}
	for _, level := range [...]Verdict{Network, Shared} {
		found, proven := d.try(o, scenes, level, true)
		if found {
			break
		}
		if !doubts && proven && possible == level {
			possible = level - 1
		}
	}
	if possible > o.level {
		d.leaveOpen(o, scenes, a.action)
	}
	return o
}

// try looks for a sure witness of a level. proven is false when the search was
// incomplete or ran out of work.
func (d *decider) try(o *outcome, scenes []*scene, level Verdict, sure bool) (found, proven bool) {
	proven = true
	var open addressSet
	for _, sc := range scenes {
		s := d.newSearch(sc, reachOf(level), sure, &d.work)
		m, allow := s.findWide(&open)
		if m == nil {
			proven = proven && d.work >= 0 && (!s.incomplete || s.disproven(open))
			continue
		}
		if r := s.request(m, sc.ask); sure && !d.confirms(r) && !(len(s.apart) > 0 && d.confirmsApart(r) && d.anyway(s, m, sc.ask)) {
			proven = false
			continue
		}
		o.level, o.search, o.model, o.allow = level, s, m, allow
		return true, true
	}
	return false, proven
}

// could says whether some reading lets outsiders get that far.
func (d *decider) could(scenes []*scene, level Verdict, sure bool) (found, proven bool) {
	var o outcome
	return d.try(&o, scenes, level, sure)
}

// confirms asks the separate evaluator about a witness. For an unknown key it
// cannot be sure of statements that name a key.
func (d *decider) confirms(r Request) bool {
	a := d.policy.AllowsUnder(r, d.q.RCPs)
	return a == Yes || a == Maybe && d.q.KeyARN == "" && d.keyDependent
}

// confirmsApart is confirms for a request that equals none of the unknown texts.
func (d *decider) confirmsApart(r Request) bool {
	a := d.policy.Apart().AllowsUnder(r, d.q.RCPs)
	return a == Yes || a == Maybe && d.q.KeyARN == "" && d.keyDependent
}

// leaveOpen says what is not ruled out above o.level.
func (d *decider) leaveOpen(o *outcome, scenes []*scene, action string) {
	for level := Public; level > o.level; level-- {
		var may outcome
		found, proven := d.try(&may, scenes, level, false)
		switch {
		case found:
			o.open = d.reasons(&may, action)
		case !proven && d.work < 0:
			o.open = []Open{{StatementRef{Index: -1}, tooIntricate}}
		case !proven:
			o.open = []Open{{StatementRef{Index: -1}, "an equation between condition keys could not be solved"}}
		default:
			continue
		}
		o.most = level
		return
	}
}

// reasons names the constructs that a merely possible request turns on.
func (d *decider) reasons(may *outcome, action string) []Open {
	var list []Open
	seen := map[string]bool{}
	add := func(st *stmt, why string) {
		if st.control {
			why = "resource control policy: " + why
		}
		if ref := d.ref(st); !seen[why] {
			seen[why] = true
			list = append(list, Open{ref, why})
		}
	}
	sure := d.newSearch(may.search.scene, may.search.reach, true, &d.work)
	for i := range d.stmts {
		st := &d.stmts[i]
		if st != may.allow && st.Effect == Allow {
			continue
		}
		if d.matches(action)[i] == matchNo {
			continue
		}
		for _, open := range d.unknownReasons(st, action) {
			if !seen[open.Reason] {
				seen[open.Reason] = true
				list = append(list, open)
			}
		}
		if st.matchAction(action) == matchMaybe && !slices.ContainsFunc(st.Actions, hasMark) {
			add(st, "an action pattern is written in a way that AWS does not document")
		}
		if st.resource == matchMaybe && !slices.ContainsFunc(st.Resources, hasMark) {
			add(st, "AWS does not say whether the statement's Resource or NotResource matches this key")
		}
		if len(st.entries.userIDs) > 0 && may.search.typ == fedCaller {
			add(st, "AWS does not say whether a user's unique id covers the sessions that the user makes with GetFederationToken")
		}
		if st.NotPrincipal && st.Effect == Deny {
			add(st, "AWS's documents do not settle whom a Deny with NotPrincipal exempts when only a part of account, identity and session is listed")
		}
		for j := range st.clauses {
			cl := &st.clauses[j]
			if cl.hasDoubt() {
				add(st, cl.text()+": "+cl.doubt)
			}
			if cl.lo.slot >= sFirst && sure.domains[cl.lo.slot].uncertain {
				add(st, cl.cond.Key+": AWS does not document whether such a request carries this key")
			}
			if cl.lo.strict && cl.lo.set.unresolved(may.model) {
				add(st, cl.text()+": AWS does not settle what a negated operator makes of a variable without a value")
			}
		}
	}
	if list == nil {
		list = []Open{{StatementRef{may.allow.Index, may.allow.Sid}, "AWS does not document the outcome of a request that this statement may allow"}}
	}
	return list
}

// doubts says whether anything about an action is open to more than one reading.
func (d *decider) doubts(action string) bool {
	for i, m := range d.matches(action) {
		st := &d.stmts[i]
		if m == matchNo {
			continue
		}
		if m == matchMaybe || st.NotPrincipal && st.Effect == Deny || len(st.entries.userIDs) > 0 || st.Effect == 0 || st.entries.open != nil {
			return true
		}
		for j := range st.clauses {
			if cl := &st.clauses[j]; cl.hasDoubt() || cl.open() || cl.lo.strict || d.uncertain(cl.lo.slot) {
				return true
			}
		}
	}
	return false
}

// uncertain says whether AWS leaves open, for some kind of request, whether
// the key is present or which values it has.
func (d *decider) uncertain(slot int) bool {
	switch d.slots[slot].id {
	case idPrincipalTag, idSession, idProvider, idSessionArn, idTokenIssue, idMFAPresent, idMFAAge, idReferer, idSourceIP, idViaMCP,
		idResAliases, idGrantForAWS, idViaService, idCalledVia, idCalledViaFirst, idCalledViaLast:
		return slot >= sFirst
	}
	return false
}

// note takes into the decision why a class is open, each reason once.
func (d *decider) note(dec *Decision, class Class, b Bounds) {
	for _, a := range asksOf(class) {
		o := d.outcome(a)
		if o.most <= b.Least {
			continue // what it leaves open is open for sure by another action
		}
		for _, open := range o.open {
			if !slices.Contains(dec.Undecided, open) {
				dec.Undecided = append(dec.Undecided, open)
			}
		}
	}
}
