package decide

import (
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// Decide answers q about p: who gets in for each action that works across
// accounts, and who in the owner's account keeps access to the key. It never
// fails: what it cannot decide is Undecided, and Decision.Undecided says why.
func Decide(p *policy.Policy, q Question) Decision { return decideWith(p, condkey.Default(), q) }

// decideWith is Decide with another table of condition keys.
func decideWith(p *policy.Policy, keys *condkey.Table, q Question) Decision {
	steps := q.MaxSteps
	if steps == 0 {
		steps = MaxSteps
	}
	dec, spent := decideWithin(p, keys, q, steps)
	dec.Steps = spent
	return dec
}

// decideWithin answers q within the given number of steps and returns how many it
// was charged.
func decideWithin(p *policy.Policy, keys *condkey.Table, q Question, steps int) (dec Decision, spent int) {
	q.At = q.At.UTC().Truncate(time.Second) // condition keys hold whole seconds
	partitions := partitionsOf(p, q)
	steps /= len(partitions)
	if len(q.RCPs) > 0 {
		steps /= 2
	}
	var owner *Owner
	home := homePartition(p)
	for i, partition := range partitions {
		then, n := decideIn(p, keys, q, partition, steps)
		spent += n
		if partition == home {
			at := then.Owner
			owner = &at
		}
		if i > 0 {
			then = either(dec, then)
		}
		dec = then
	}
	if owner != nil {
		dec.Owner = *owner
	}
	if len(q.RCPs) == 0 {
		return dec, spent
	}
	q.RCPs = nil
	alone, n := decideWithin(p, keys, q, steps*len(partitions))
	if alone.Classes != dec.Classes || alone.Owner.Manage != dec.Owner.Manage || alone.Owner.Decrypt != dec.Owner.Decrypt {
		dec.Unguarded = &alone
	}
	return dec, spent + n
}

// decideIn answers q for a key in one partition within the given number of steps,
// and returns how many it was charged.
func decideIn(p *policy.Policy, keys *condkey.Table, q Question, partition string, steps int) (Decision, int) {
	c := compile.New(p, keys, q.about(partition), textsolve.NewBudget(MaxSteps, q.Stop))
	d := newDecider(search.NewSpace(c, q.At, q.TrustedOrgs), q)
	d.Budget.Divide(steps, d.stages()...)
	d.Budget.Begin(stagePlain)
	d.plain(slices.Concat(kmsapi.Weighty(), kmsapi.Light()))
	d.Budget.Begin(stageOutcomes)
	dec := d.classes()
	d.Budget.Begin(stageGrants)
	d.grants(&dec)
	d.Budget.Begin(stageOwner)
	dec.Owner = ownerOf(p, keys, q, partition, d.Budget)
	d.Budget.Begin(stageServices)
	dec.Services = d.services()
	if d.Ties[condkey.TieTime] {
		d.Budget.Begin(stageFuture)
		d.later(&dec)
	}
	if q.Blame && dec.Least > Private {
		d.Budget.Begin(stageBlame)
		dec.Opens = d.openers(&dec)
	}
	dec.Flags = d.flags(&dec)
	if q.Explain {
		d.Budget.Begin(stageNotes)
		dec.Statements = d.notes(dec.Verdict)
	}
	return dec, d.Budget.Spent
}

// stages returns the weights of the stages of this decision.
func (d *decider) stages() []int {
	list := []int{stagePlain, stageOutcomes, stageGrants, stageOwner, stageServices}
	if d.Ties[condkey.TieTime] {
		list = append(list, stageFuture)
	}
	if d.q.Blame {
		list = append(list, stageBlame)
	}
	if d.q.Explain {
		list = append(list, stageNotes)
	}
	return list
}

// classes returns a decision with the verdict, the classes and what is open, but
// without proofs.
func (d *decider) classes() Decision {
	d.finishAll()
	var dec Decision
	for _, class := range kmsapi.Classes() {
		dec.Classes.Set(class, d.class(class))
	}
	d.unknowns(&dec)
	for _, class := range kmsapi.Deciding() {
		d.note(&dec, class, dec.Classes.Of(class))
	}
	b := dec.Classes.Worst()
	dec.Verdict, dec.Least, dec.Most = b.Verdict, b.Least, b.Most
	return dec
}

// class decides one class of actions.
func (d *decider) class(class kmsapi.Class) Bounds {
	b := closed()
	for _, a := range kmsapi.Asks(class) {
		b = b.worst(d.outcome(a).bounds())
	}
	return b
}

// grants adds the proofs to the decision.
func (d *decider) grants(dec *Decision) {
	of := func(asks []kmsapi.Ask) (list []Grant) {
		for _, a := range asks {
			if o := d.outcome(a); o.level > Private {
				list = append(list, d.grant(a, o))
			}
		}
		return list
	}
	dec.Grants = of(kmsapi.Weighty())
	dec.Others = slices.DeleteFunc(of(kmsapi.Light()), func(g Grant) bool {
		return slices.ContainsFunc(dec.Grants, func(h Grant) bool { // the same request with a weightier grant
			return h.Action == g.Action && h.Audience >= g.Audience
		})
	})
}

// bounds returns the bounds of the verdict.
func (d *Decision) bounds() Bounds { return Bounds{d.Verdict, d.Least, d.Most} }

// Unread returns the decision about a policy that could not be read: it may let
// in everybody or nobody, and the owner's access is undecided.
func Unread() Decision {
	all := Between(Private, Public)
	return Decision{Verdict: all.Verdict, Least: all.Least, Most: all.Most, Classes: AllClasses(all)}
}

// bounds returns the bounds of how far the action lets outsiders in.
func (o *outcome) bounds() Bounds { return Between(o.level, max(o.level, o.most)) }

// grant returns the grant of one action, with its proof, from its outcome.
func (d *decider) grant(a kmsapi.Ask, o *outcome) Grant {
	g := Grant{Class: a.Class, Action: a.Action, Audience: o.level, Witness: o.search.Request(o.model, a)}
	for _, st := range o.search.Allows {
		if o.search.Lets(st, o.model) {
			g.Statements = append(g.Statements, StatementRef{st.Index, st.Sid})
		}
	}
	if o.named == nil && o.level != Public {
		d.Budget.Within(d.Budget.Left/4, func() { o.named = d.namedBy(o) })
	}
	if o.why == nil {
		o.why = d.explain(o)
	}
	g.Named, g.Why = o.named, o.why
	return g
}
