package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// workBound limits the steps of one decision. A step takes some tenths of a
// microsecond; of 6,000 random policies half needed fewer than 500 steps and
// one in a thousand more than 50,000. Past the bound the answer is Undecided.
const workBound = 120_000

// Decide answers q for the encrypt class. It never fails: what it cannot
// decide comes out as Undecided with the construct named.
func (p *Policy) Decide(q Question) Decision {
	return p.decideWith(condkey.Default(), q)
}

// decideWith is Decide with another table of condition keys.
func (p *Policy) decideWith(keys *condkey.Table, q Question) Decision {
	q.At = q.At.UTC().Truncate(time.Second) // condition keys hold whole seconds
	d := newDecider(p.compile(keys, q))
	dec := Decision{Verdict: Private}
	for _, action := range EncryptActions() {
		o := d.outcome(action)
		if o.level > Private {
			dec.Grants = append(dec.Grants, d.grant(action, o))
		}
		d.note(&dec, o)
		dec.Verdict = worse(dec.Verdict, o.verdict())
	}
	for _, action := range otherActions() {
		if o := d.stranger(action); o.level == Public {
			dec.Others = append(dec.Others, d.grant(action, o))
		}
	}
	dec.Services = d.services()
	dec.Future = d.future(dec.Verdict)
	dec.Flags = d.flags(&dec)
	if q.Explain {
		dec.Statements = d.notes(dec.Verdict)
	}
	return dec
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
	work     int
	outcomes map[string]*outcome
}

func newDecider(c *compiled) *decider {
	return &decider{compiled: c, work: workBound, outcomes: make(map[string]*outcome, 4)}
}

// An outcome is what one action came to.
type outcome struct {
	level Verdict // how far outsiders get in for sure; Private when none does
	open  []Open  // why something worse is not ruled out; nil when it is

	search *search // how the witness was found; nil when there is none
	model  *model
	allow  *stmt
	named  []string
}

func (o *outcome) verdict() Verdict {
	if len(o.open) > 0 {
		return worse(Undecided, o.level)
	}
	return o.level
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
	if d.byAction {
		b.WriteString(action)
	}
	return b.String()
}

func (d *decider) outcome(action string) *outcome {
	class := d.classOf(action)
	o, ok := d.outcomes[class]
	if !ok {
		o = d.decide(action)
		d.outcomes[class] = o
	}
	return o
}

// stranger decides only whether any stranger gets in.
func (d *decider) stranger(action string) *outcome {
	class := d.classOf(action)
	if o, ok := d.outcomes[class]; ok {
		return o
	}
	o := &outcome{level: Private}
	if d.supported(action) {
		d.try(o, d.scenes(action), Public, true)
	}
	d.outcomes[class] = o
	return o
}

func reachOf(level Verdict) reach {
	return reach{freshWho: level != Shared, freshWhere: level == Public}
}

// decide finds how far outsiders get in for sure, then, where AWS leaves
// something open, whether they might get further.
func (d *decider) decide(action string) *outcome {
	o := &outcome{level: Private}
	if !d.supported(action) {
		return o
	}
	scenes := d.scenes(action)
	doubts := d.doubts(action)
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
		d.leaveOpen(o, scenes, action)
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
		if r := s.request(m, sc.action); sure && !d.confirms(r) {
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
	a := d.policy.allowsWith(d.keys, r)
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
			o.open = []Open{{StatementRef{Index: -1}, "the policy is too intricate to decide within the bound of work"}}
		case !proven:
			o.open = []Open{{StatementRef{Index: -1}, "an equation between condition keys could not be solved"}}
		default:
			continue
		}
		return
	}
}

// reasons names the constructs that a merely possible request turns on.
func (d *decider) reasons(may *outcome, action string) []Open {
	var list []Open
	seen := map[string]bool{}
	add := func(st *stmt, why string) {
		if ref := (StatementRef{st.Index, st.Sid}); !seen[why] {
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
		if st.matchAction(action) == matchMaybe {
			add(st, "an action pattern is written in a way that AWS does not document")
		}
		if st.resource == matchMaybe {
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
			if why := sure.openKey(cl.lo.slot, cl.cond.Key, may.model); why != "" {
				add(st, why)
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
	return d.slots[slot].Depends.Open
}

// note takes the reasons of o into the decision, each once.
func (d *decider) note(dec *Decision, o *outcome) {
	for _, open := range o.open {
		if !slices.Contains(dec.Undecided, open) {
			dec.Undecided = append(dec.Undecided, open)
		}
	}
}
