package policy

import (
	"slices"
	"time"
)

// Decide answers q: who gets in for each action that works across accounts,
// and who of the owner's account keeps the key. It never fails: what it cannot
// decide comes out as Undecided with the construct named.
func (p *Policy) Decide(q Question) Decision {
	q.At = q.At.UTC().Truncate(time.Second) // condition keys hold whole seconds
	d := newDecider(p.compile(q))
	dec := d.classes()
	dec.Owner = p.ownerOf(q)
	dec.Services = d.services()
	dec.Future = d.future(dec.bounds())
	dec.Flags = d.flags(&dec)
	if len(q.RCPs) > 0 {
		q.RCPs = nil
		if alone := p.Decide(q); alone.Classes != dec.Classes || alone.Owner.Manage != dec.Owner.Manage || alone.Owner.Decrypt != dec.Owner.Decrypt {
			dec.Unguarded = &alone
		}
	}
	if q.Explain {
		dec.Statements = d.notes(dec.Verdict)
	}
	return dec
}

// An ask is one thing that outsiders may be able to do. CreateGrant is asked
// for once for each class of which a grant can carry an operation.
type ask struct {
	action string
	class  Class
}

// asksOf lists the asks of a class.
func asksOf(class Class) []ask {
	var list []ask
	for _, name := range ClassActions(class) {
		list = append(list, ask{name, class})
	}
	return list
}

// classes decides the three classes.
func (d *decider) classes() Decision {
	var dec Decision
	dec.Grants = d.class(ClassEncrypt, &dec.Classes.Encrypt)
	dec.Grants = append(dec.Grants, d.class(ClassUse, &dec.Classes.Use)...)
	dec.Others = slices.DeleteFunc(d.class(ClassOther, &dec.Classes.Other), func(g Grant) bool {
		return slices.ContainsFunc(dec.Grants, func(h Grant) bool { // the same request with a weightier grant
			return h.Action == g.Action && h.Audience >= g.Audience
		})
	})
	d.note(&dec, ClassEncrypt, dec.Classes.Encrypt)
	d.note(&dec, ClassUse, dec.Classes.Use)
	b := dec.Classes.Encrypt.worst(dec.Classes.Use)
	dec.Verdict, dec.Least, dec.Most = b.Verdict, b.Least, b.Most
	return dec
}

// class decides one class of actions.
func (d *decider) class(class Class, b *Bounds) []Grant {
	*b = closed()
	var grants []Grant
	for _, a := range asksOf(class) {
		o := d.outcome(a)
		if o.level > Private {
			grants = append(grants, d.grant(a, o))
		}
		*b = b.worst(o.bounds())
	}
	return grants
}

// tooIntricate is the reason of what a budget cut off.
const tooIntricate = "the policy is too intricate to decide within the bound of work"

// TooIntricate reports whether the verdict is open because the work for it was
// cut off: an ordinary policy never is.
func (d *Decision) TooIntricate() bool {
	return slices.ContainsFunc(d.Undecided, func(o Open) bool { return o.Reason == tooIntricate })
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
