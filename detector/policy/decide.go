package policy

import (
	"slices"
	"strings"
	"time"
)

// Decide answers q for the encrypt class. It never fails: what it cannot
// decide comes out as Undecided with the construct named.
func (p *Policy) Decide(q Question) Decision {
	dec, _ := p.decide(q, maxSteps)
	return dec
}

// decide answers q within so many steps and returns how many it was charged.
func (p *Policy) decide(q Question, steps int) (Decision, int) {
	q.At = q.At.UTC().Truncate(time.Second) // condition keys hold whole seconds
	d := newDecider(p.compile(q))
	part := func(share int, f func()) {
		d.b.left = steps / 16 * share
		f()
	}
	dec := Decision{Verdict: Private}
	part(sharePlain, func() { d.plain(slices.Concat(EncryptActions(), otherActions())) })
	part(shareActions, func() {
		for _, action := range EncryptActions() {
			o := d.outcome(action)
			d.note(&dec, o)
			dec.Verdict = worse(dec.Verdict, o.verdict())
		}
		for _, action := range otherActions() {
			d.stranger(action)
		}
	})
	part(shareNames, func() {
		for _, action := range EncryptActions() {
			if o := d.outcome(action); o.level > Private {
				dec.Grants = append(dec.Grants, d.grant(action, o))
			}
		}
		for _, action := range otherActions() {
			if o := d.stranger(action); o.level == Public {
				dec.Others = append(dec.Others, d.grant(action, o))
			}
		}
	})
	part(shareServices, func() { dec.Services = d.services() })
	part(shareFuture, func() { d.later(&dec) })
	dec.Flags = d.flags(&dec)
	if q.Explain {
		part(shareNotes, func() { dec.Statements = d.notes(dec.Verdict) })
	}
	return dec, d.b.spent
}

// otherActions are the actions outside the encrypt class that work across accounts.
// Source: KMS Developer Guide, kms-api-permissions-reference.html, "Cross-account use".
func otherActions() []string {
	return []string{
		"kms:Decrypt", "kms:ReEncryptFrom", "kms:DeriveSharedSecret", "kms:Sign", "kms:GenerateMac",
		"kms:Verify", "kms:VerifyMac", "kms:GetPublicKey", "kms:DescribeKey", "kms:ListGrants",
		"kms:RevokeGrant", "kms:GetKeyRotationStatus",
	}
}

// rank orders verdicts by what they mean for the owner. What is undecided may
// be as bad as public, and is worse than what is known to be less.
func rank(v Verdict) int {
	switch v {
	case Private:
		return 0
	case Shared:
		return 1
	case Network:
		return 2
	case Public:
		return 4
	default:
		return 3
	}
}

func worse(a, b Verdict) Verdict {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// A decider answers one question, action by action. Actions that the same
// statements match share their outcome.
type decider struct {
	*compiled
	classes    map[string]string // by action
	outcomes   map[string]*outcome
	unfinished int // outcomes that have not had their share of the budget
}

func newDecider(c *compiled) *decider {
	return &decider{compiled: c, classes: make(map[string]string, 20), outcomes: make(map[string]*outcome, 4)}
}

// An outcome is what one action came to.
type outcome struct {
	action string
	scenes []*scene
	public *trial // whether strangers get in; nil when the key cannot serve the action
	asked  bool   // public is done with
	full   bool   // the rest is, too

	level     Verdict // how far outsiders get in for sure; Private when none does
	open      []Open  // why something worse is not ruled out; nil when it is
	intricate bool    // it is not, because the budget has run out

	search *search // how the witness was found; nil when there is none
	model  *model
	allow  *stmt
	named  []string
	why    []string
}

func (o *outcome) verdict() Verdict {
	if len(o.open) > 0 {
		return worse(Undecided, o.level)
	}
	return o.level
}

// take makes what a trial has found the outcome.
func (o *outcome) take(t *trial) {
	o.level, o.search, o.model, o.allow = t.level, t.found, t.model, t.allow
}

// classOf is the same for actions that the policy treats alike.
func (d *decider) classOf(action string) string {
	var b strings.Builder
	b.Grow(len(d.stmts) + len("kms:GenerateDataKeyPairWithoutPlaintext"))
	for _, m := range d.matches(action) {
		b.WriteByte('0' + byte(m))
	}
	if !d.supported(action) {
		b.WriteByte('-')
	}
	if d.mentionsAny(idEncContext, idEncKeys, idEncAlgorithm, idKeySpec, idKeyUsage, idPairSpec, idParameter,
		idReEncrypt, idGrantOps, idGrantParam, idGrantForAWS, idAttestation) {
		b.WriteString(action)
	}
	return b.String()
}

// plain begins the outcomes of actions: it looks, with little effort for each
// Allow, whether strangers get in.
func (d *decider) plain(actions []string) {
	var begun []*outcome
	for _, action := range actions {
		class := d.classOf(action)
		d.classes[action] = class
		if d.outcomes[class] == nil {
			o := &outcome{action: action, level: Private}
			d.outcomes[class] = o
			begun = append(begun, o)
		}
	}
	d.unfinished += len(begun)
	for i, o := range begun {
		d.b.within(d.b.left/(len(begun)-i), func() {
			if !d.supported(o.action) {
				return
			}
			o.scenes = d.scenes(o.action)
			o.public = d.newTrial(o.scenes, Public, true)
			if o.public.round(plainEffort) {
				o.take(o.public)
			}
		})
	}
}

// share gives an outcome its part of the budget that is left for outcomes.
func (d *decider) share(finish func()) {
	d.b.within(d.b.left/max(1, d.unfinished), finish)
	d.unfinished--
}

// outcome returns what an action comes to.
func (d *decider) outcome(action string) *outcome {
	o := d.outcomes[d.classes[action]]
	if !o.full {
		o.full = true
		d.share(func() { d.finish(o) })
	}
	return o
}

// stranger decides only whether any stranger gets in.
func (d *decider) stranger(action string) *outcome {
	o := d.outcomes[d.classes[action]]
	if !o.asked {
		d.share(func() { d.askPublic(o) })
	}
	return o
}

func reachOf(level Verdict) reach {
	return reach{freshWho: level != Shared, freshWhere: level == Public}
}

func (d *decider) askPublic(o *outcome) {
	o.asked = true
	if o.public != nil && o.level != Public && o.public.run() {
		o.take(o.public)
	}
}

// finish finds how far outsiders get in for sure, then, where AWS leaves
// something open, whether they might get further.
func (d *decider) finish(o *outcome) {
	if d.askPublic(o); o.level == Public || o.public == nil {
		return
	}
	doubts := d.doubts(o.action)
	possible := Public
	if !doubts && o.public.proven() {
		possible = Network
	}
	anyone := d.newTrial(o.scenes, Shared, !doubts)
	if !anyone.run() && anyone.proven() {
		return
	}
	for _, level := range [...]Verdict{Network, Shared} {
		t := d.newTrial(o.scenes, level, true)
		if t.run() {
			o.take(t)
			break
		}
		if !doubts && t.proven() && possible == level {
			possible = level - 1
		}
	}
	if possible > o.level {
		d.leaveOpen(o)
	}
}

// leaveOpen says what is not ruled out above o.level.
func (d *decider) leaveOpen(o *outcome) {
	for level := Public; level > o.level; level-- {
		may := d.newTrial(o.scenes, level, false)
		switch {
		case may.run():
			o.open = d.reasons(may, o.action)
		case d.b.out():
			o.intricate = true
			o.open = []Open{{o.public.unfinished(), tooIntricate}}
		case !may.proven():
			o.open = []Open{{StatementRef{Index: -1}, "an equation between condition keys could not be solved"}}
		default:
			continue
		}
		return
	}
}

// tooIntricate is the reason of a decision that its budget was not enough for.
const tooIntricate = "the policy is too intricate to decide within the bound of work"

// reasons names the constructs that a merely possible request turns on.
func (d *decider) reasons(may *trial, action string) []Open {
	var list []Open
	seen := map[string]bool{}
	add := func(st *stmt, why string) {
		if ref := (StatementRef{st.Index, st.Sid}); !seen[why] {
			seen[why] = true
			list = append(list, Open{ref, why})
		}
	}
	sure := d.newSearch(may.found.scene, may.found.reach, true)
	for i := range d.stmts {
		st := &d.stmts[i]
		if st != may.allow && st.Effect == Allow {
			continue
		}
		if d.matches(action)[i] == matchNo {
			continue
		}
		if st.matchAction(action) == matchMaybe {
			add(st, "an action pattern is written in a way that AWS does not document")
		}
		if st.resource == matchMaybe {
			add(st, "AWS does not say whether the statement's Resource or NotResource matches this key")
		}
		if len(st.entries.userIDs) > 0 && may.found.typ == fedCaller {
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
		if m == matchMaybe || st.NotPrincipal && st.Effect == Deny || len(st.entries.userIDs) > 0 {
			return true
		}
		for j := range st.clauses {
			if cl := &st.clauses[j]; cl.hasDoubt() || cl.lo.strict || d.uncertain(cl.lo.slot) {
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

// note takes the reasons of o into the decision, each once.
func (d *decider) note(dec *Decision, o *outcome) {
	dec.TooIntricate = dec.TooIntricate || o.intricate
	for _, open := range o.open {
		if !slices.Contains(dec.Undecided, open) {
			dec.Undecided = append(dec.Undecided, open)
		}
	}
}
