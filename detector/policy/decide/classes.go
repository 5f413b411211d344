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

// Decide answers q: who gets in for each action that works across accounts,
// and who of the owner's account keeps the key. It never fails: what it cannot
// decide comes out as Undecided with the construct named.
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

// decideWithin answers q within that many steps and returns how many it was charged.
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

// decideIn is decide for a key of one partition.
func decideIn(p *policy.Policy, keys *condkey.Table, q Question, partition string, steps int) (Decision, int) {
	c := compile.New(p, keys, q.about(partition), textsolve.NewBudget(MaxSteps, q.Stop))
	d := newDecider(search.NewSpace(c, q.At, q.TrustedOrgs), q)
	d.Budget.Divide(steps, d.stages()...)
	d.Budget.Begin(stagePlain)
	d.plain(slices.Concat(kmsapi.Weighty(), kmsapi.Asks(kmsapi.ClassOther)))
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

// stages lists the stages that the decision has.
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

// classes decides the three classes.
func (d *decider) classes() Decision {
	d.finishAll()
	var dec Decision
	dec.Classes.Encrypt = d.class(kmsapi.ClassEncrypt)
	dec.Classes.Use = d.class(kmsapi.ClassUse)
	dec.Classes.Other = d.class(kmsapi.ClassOther)
	d.unknowns(&dec)
	d.note(&dec, kmsapi.ClassEncrypt, dec.Classes.Encrypt)
	d.note(&dec, kmsapi.ClassUse, dec.Classes.Use)
	b := dec.Classes.Encrypt.worst(dec.Classes.Use)
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
	of := func(class kmsapi.Class) (list []Grant) {
		for _, a := range kmsapi.Asks(class) {
			if o := d.outcome(a); o.level > Private {
				list = append(list, d.grant(a, o))
			}
		}
		return list
	}
	dec.Grants = append(of(kmsapi.ClassEncrypt), of(kmsapi.ClassUse)...)
	dec.Others = slices.DeleteFunc(of(kmsapi.ClassOther), func(g Grant) bool {
		return slices.ContainsFunc(dec.Grants, func(h Grant) bool { // the same request with a weightier grant
			return h.Action == g.Action && h.Audience >= g.Audience
		})
	})
}

// bounds are those of the verdict.
func (d *Decision) bounds() Bounds { return Bounds{d.Verdict, d.Least, d.Most} }

// Unread is the decision about a policy that could not be read: it may let
// everybody in, or nobody, and do anything to its owner.
func Unread() Decision {
	all := Between(Private, Public)
	return Decision{Verdict: all.Verdict, Least: all.Least, Most: all.Most, Classes: Classes{all, all, all}}
}

// closed are the bounds of what lets nobody in.
func closed() Bounds { return Bounds{Private, Private, Private} }

// worst joins the bounds of two actions or classes: outsiders get as far as
// either lets them.
func (b Bounds) worst(c Bounds) Bounds {
	return Between(max(b.Least, c.Least), max(b.Most, c.Most))
}

// Between returns the bounds from least to most; equal ones are a verdict.
func Between(least, most Verdict) Bounds {
	if least == most {
		return Bounds{least, least, most}
	}
	return Bounds{Undecided, least, most}
}

// worse reports whether b is worse for the owner than c in any respect.
func (b Bounds) worse(c Bounds) bool { return b.Least > c.Least || b.Most > c.Most }

// bounds are how far the outcome's action lets outsiders in.
func (o *outcome) bounds() Bounds { return Between(o.level, max(o.level, o.most)) }
