package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/load"
)

// bracket decides a policy with unknown values. It has a verdict when all that
// the policy can come out as agrees on it, else it is undecided.
func (c *checked) bracket(d *load.Document, o checkOptions) {
	var all []bounds
	for _, r := range d.Readings {
		b, err := c.bounds(d, r, o)
		if err != nil {
			c.err = err
			return
		}
		all = append(all, b)
	}
	low, high := all[0].low(), all[0].high()
	for _, b := range all[1:] {
		low, high = min(low, b.low()), max(high, b.high())
	}
	c.decision = all[0].decision(low, high)
	c.join(all, low, high)
	if low != high {
		c.leaveOpen(d, all, low, high)
	}
	c.decision.Statements = noteUnknown(c.decision.Statements, d.Unknown)
	if len(all) > 1 && low == high {
		c.notes = append(c.notes, "the verdict holds whatever the template leaves open comes to; the details are those of one case")
	}
	if len(all) > 1 && low != high {
		c.decision.Grants, c.decision.Others = nil, nil // what one reading surely opens another may not
	}
}

// join brings together what all readings come to.
func (c *checked) join(all []bounds, low, high policy.Verdict) {
	d := &c.decision
	d.Least, d.Most = low, high
	for _, class := range [...]func(*policy.Classes) *policy.Bounds{
		func(c *policy.Classes) *policy.Bounds { return &c.Encrypt },
		func(c *policy.Classes) *policy.Bounds { return &c.Use },
		func(c *policy.Classes) *policy.Bounds { return &c.Other },
	} {
		least, most := policy.Public, policy.Private
		for _, b := range all {
			least, most = min(least, class(&b.least.Classes).Least), max(most, class(&b.most.Classes).Most)
		}
		most = max(least, min(most, high))
		*class(&d.Classes) = policy.Between(least, most)
	}
	for _, b := range all {
		for _, o := range [...]policy.Owner{b.least.Owner, b.most.Owner} {
			if o.Manage != d.Owner.Manage {
				d.Owner = policy.Owner{Decrypt: d.Owner.Decrypt, ManageBlame: unknownValue()}
			}
			if o.Decrypt != d.Owner.Decrypt {
				d.Owner.Decrypt, d.Owner.DecryptBlame = policy.AccessUndecided, unknownValue()
			}
		}
	}
}

func unknownValue() policy.Open {
	return policy.Open{Statement: policy.StatementRef{Index: -1}, Reason: "it turns on a value that is not known"}
}

// leaveOpen says what the verdict lies between and which values keep it open.
func (c *checked) leaveOpen(d *load.Document, all []bounds, low, high policy.Verdict) {
	c.between = fmt.Sprintf("between %s and %s", low, high)
	c.decision.Undecided = append(unknowns(d, all), c.decision.Undecided...)
}

// noteUnknown returns the notes with those on statements with unknown values
// replaced: what was decided there is a bound. There are none when the whole
// policy is unknown.
func noteUnknown(notes []policy.StatementNote, unknown []load.Unknown) []policy.StatementNote {
	notes = slices.Clone(notes)
	for _, u := range unknown {
		switch {
		case u.Path == "KeyPolicy":
			return nil
		case u.Statement >= 0 && u.Statement < len(notes):
			notes[u.Statement].Opens = policy.Undecided
			notes[u.Statement].Why = "It turns on a value that is not known: " + u.Path + " is " + u.What + "."
		}
	}
	return notes
}

// bounds are the decisions about the least and the most that a policy may open.
// strangers is the most of the decision on the most without those whom the policy surely names.
type bounds struct {
	least, most policy.Decision
	strangers   policy.Verdict
}

func (c *checked) bounds(d *load.Document, r load.Reading, o checkOptions) (bounds, error) {
	least, err := policy.Parse(r.Least)
	if err != nil {
		return bounds{}, err
	}
	most, err := policy.Parse(r.Most)
	if err != nil {
		return bounds{}, err
	}
	strangers, err := policy.Parse(r.Strangers)
	if err != nil {
		return bounds{}, err
	}
	c.infer(least)
	if c.texts == nil {
		c.keepTexts(most)
	}
	q := c.question(d, o)
	b := bounds{least: least.Decide(q)}
	b.most, b.strangers = b.least, b.least.Most
	if !bytes.Equal(r.Least, r.Most) {
		b.most = most.Decide(q)
		b.strangers = b.most.Most
	}
	if !bytes.Equal(r.Most, r.Strangers) {
		b.strangers = strangers.Decide(q).Most
	}
	return b, nil
}

// low is the verdict that the policy surely reaches.
func (b bounds) low() policy.Verdict { return b.least.Least }

// high is the verdict that the policy surely does not pass. Whoever comes in
// by being named is no stranger, so that beyond strangers it is shared at most.
func (b bounds) high() policy.Verdict {
	return min(b.most.Most, max(policy.Shared, b.strangers))
}

// decision is what to show: grants come from the least that the policy opens,
// because they are sure; a private verdict is explained on the most.
func (b bounds) decision(low, high policy.Verdict) policy.Decision {
	d := b.least
	switch {
	case low != high:
		d.Verdict = policy.Undecided
		d.Statements = b.most.Statements
	case low == policy.Private:
		d = b.most
	default:
		d.Verdict = low
	}
	return d
}

// unknowns says which values keep the decision open. all holds the decisions
// about d's readings; those values that change nothing are left out.
func unknowns(d *load.Document, all []bounds) []policy.Open {
	matters := func(u load.Unknown) bool {
		for _, b := range all {
			l, m := b.least.Statements, b.most.Statements
			if u.Statement < 0 || u.Statement >= len(l) || len(l) != len(m) || m[u.Statement].Effect == policy.Deny ||
				l[u.Statement].Opens != m[u.Statement].Opens {
				return true
			}
		}
		return false
	}
	left := slices.DeleteFunc(slices.Clone(d.Unknown), func(u load.Unknown) bool { return !matters(u) })
	if len(left) == 0 {
		left = d.Unknown
	}
	var opens []policy.Open
	for _, u := range left {
		reason := u.What + " is not known"
		if u.Path != "" {
			reason = u.Path + ": " + reason
		}
		opens = append(opens, policy.Open{Statement: policy.StatementRef{Index: u.Statement, Sid: u.Sid}, Reason: reason})
	}
	return opens
}
