package policy

import (
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// Decide answers q: who gets in for each action that works across accounts,
// and who of the owner's account keeps the key. It never fails: what it cannot
// decide comes out as Undecided with the construct named.
func (p *Policy) Decide(q Question) Decision { return p.decideWith(condkey.Default(), q) }

// decideWith is Decide with another table of condition keys.
func (p *Policy) decideWith(keys *condkey.Table, q Question) Decision {
	steps := q.MaxSteps
	if steps == 0 {
		steps = MaxSteps
	}
	dec, spent := p.decide(keys, q, steps)
	dec.Steps = spent
	return dec
}

// decide answers q within so many steps and returns how many it was charged.
func (p *Policy) decide(keys *condkey.Table, q Question, steps int) (dec Decision, spent int) {
	q.At = q.At.UTC().Truncate(time.Second) // condition keys hold whole seconds
	partitions := p.partitions(q)
	steps /= len(partitions)
	if len(q.RCPs) > 0 {
		steps /= 2
	}
	var owner *Owner
	home := p.homePartition()
	for i, partition := range partitions {
		then, n := p.decideIn(keys, q, partition, steps)
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
	alone, n := p.decide(keys, q, steps*len(partitions))
	if alone.Classes != dec.Classes || alone.Owner.Manage != dec.Owner.Manage || alone.Owner.Decrypt != dec.Owner.Decrypt {
		dec.Unguarded = &alone
	}
	return dec, spent + n
}

// decideIn is decide for a key of one partition.
func (p *Policy) decideIn(keys *condkey.Table, q Question, partition string, steps int) (Decision, int) {
	d := newDecider(p.compile(keys, q, partition, false, newBudget(q.Stop)))
	d.b.divide(steps, d.parts()...)
	d.b.begin(partPlain)
	d.plain(slices.Concat(weighty(), asksOf(ClassOther)))
	d.b.begin(partOutcomes)
	dec := d.classes()
	d.b.begin(partGrants)
	d.grants(&dec)
	d.b.begin(partOwner)
	dec.Owner = p.ownerOf(keys, q, partition, d.b)
	d.b.begin(partServices)
	dec.Services = d.services()
	if d.ties[condkey.TieTime] {
		d.b.begin(partFuture)
		d.later(&dec)
	}
	if q.Blame && dec.Least > Private {
		d.b.begin(partBlame)
		dec.Opens = d.openers(&dec)
	}
	dec.Flags = d.flags(&dec)
	if q.Explain {
		d.b.begin(partNotes)
		dec.Statements = d.notes(dec.Verdict)
	}
	return dec, d.b.spent
}

// parts lists the parts that the decision has.
func (d *decider) parts() []stage {
	list := []stage{partPlain, partOutcomes, partGrants, partOwner, partServices}
	if d.ties[condkey.TieTime] {
		list = append(list, partFuture)
	}
	if d.q.Blame {
		list = append(list, partBlame)
	}
	if d.q.Explain {
		list = append(list, partNotes)
	}
	return list
}

// An ask is one thing that outsiders may be able to do. CreateGrant is asked
// for once for each class of which a grant can carry an operation.
type ask struct {
	action string
	class  Class
}

// asksOf lists the asks of a class.
func asksOf(class Class) []ask { return slices.Clip(askTable[class]) }

// weighty lists the asks that decide the verdict.
func weighty() []ask { return slices.Clip(weightyAsks) }

// The asks by class, and those that decide the verdict; they never change.
var (
	askTable = map[Class][]ask{
		ClassEncrypt: listAsks(ClassEncrypt), ClassUse: listAsks(ClassUse), ClassOther: listAsks(ClassOther),
	}
	weightyAsks = slices.Concat(listAsks(ClassEncrypt), listAsks(ClassUse))
)

func listAsks(class Class) []ask {
	var list []ask
	for _, name := range ClassActions(class) {
		list = append(list, ask{name, class})
	}
	return list
}

// classes decides the three classes.
func (d *decider) classes() Decision {
	d.finishAll()
	var dec Decision
	dec.Classes.Encrypt = d.class(ClassEncrypt)
	dec.Classes.Use = d.class(ClassUse)
	dec.Classes.Other = d.class(ClassOther)
	d.unknowns(&dec)
	d.note(&dec, ClassEncrypt, dec.Classes.Encrypt)
	d.note(&dec, ClassUse, dec.Classes.Use)
	b := dec.Classes.Encrypt.worst(dec.Classes.Use)
	dec.Verdict, dec.Least, dec.Most = b.Verdict, b.Least, b.Most
	return dec
}

// class decides one class of actions.
func (d *decider) class(class Class) Bounds {
	b := closed()
	for _, a := range asksOf(class) {
		b = b.worst(d.outcome(a).bounds())
	}
	return b
}

// grants adds the proofs to the decision.
func (d *decider) grants(dec *Decision) {
	of := func(class Class) (list []Grant) {
		for _, a := range asksOf(class) {
			if o := d.outcome(a); o.level > Private {
				list = append(list, d.grant(a, o))
			}
		}
		return list
	}
	dec.Grants = append(of(ClassEncrypt), of(ClassUse)...)
	dec.Others = slices.DeleteFunc(of(ClassOther), func(g Grant) bool {
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
	open := Between(Private, Public)
	return Decision{Verdict: open.Verdict, Least: open.Least, Most: open.Most, Classes: Classes{open, open, open}}
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
