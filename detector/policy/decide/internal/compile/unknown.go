package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// An UnknownSet says what the unknown values of a condition, or the unknown
// principals of a statement, add to the set that is known.
type UnknownSet struct {
	Known *ValueSet // what is in the set for sure
	Wide  *ValueSet // what may be in it; nil when that can be everything
	Fresh *ValueSet // the same without texts that can only name somebody; nil when that can be everything
	One   int       // how many unknown texts there are; 0 when one of them may stand for many values
}

// nothing is a value that no key ever has.
const nothing = ":::::\x00"

// splitUnknown returns c with its known values only, and the unknown ones.
func splitUnknown(c *policy.Condition) (known *policy.Condition, unknown []string) {
	for _, v := range c.Values {
		if policy.HasMark(v) {
			unknown = append(unknown, v)
		}
	}
	if unknown == nil {
		return c, nil
	}
	k := policy.Condition{Operator: c.Operator, Key: c.Key}
	for _, v := range c.Values {
		if !policy.HasMark(v) {
			k.Values = append(k.Values, v)
		}
	}
	if k.Values == nil {
		k.Values = []string{nothing}
	}
	return &k, unknown
}

// unknownClause is a clause that may hold for any request and fail for any.
func unknownClause(c *policy.Condition) Clause {
	nobody := Literal{Slot: SlotAccount, Set: &ValueSet{}}
	return Clause{Cond: c, Sure: nobody, Possible: nobody.Not()}
}

// addUnknown adds the unknown values to a clause made of the known ones.
func (c *Policy) addUnknown(cl *Clause, unknown []string, info condkey.Key) {
	op := cl.Cond.Operator
	if op.Base == policy.Null {
		cl.Possible.Absent, cl.Possible.Mode = true, All
		return
	}
	same := cl.Sure.Set == cl.Possible.Set
	cl.Sure.Set = c.withUnknown(cl.Sure.Set, unknown, op.Base, info)
	if same {
		cl.Possible.Set = cl.Sure.Set
	} else {
		cl.Possible.Set = c.withUnknown(cl.Possible.Set, unknown, op.Base, info)
	}
}

func (c *Policy) withUnknown(known *ValueSet, unknown []string, base policy.Base, info condkey.Key) *ValueSet {
	set := *known
	o := &UnknownSet{Known: known}
	set.Unknown = o
	if !IsText(base) {
		return &set
	}
	wide, fresh, one := *known, *known, true
	var more, many []textsolve.Pattern // those that may be in the set, and those of them that name many
	var shapes policy.NameSet
	for _, text := range unknown {
		p, isOne, pins := c.unknownPattern(text, base, info)
		one = one && isOne
		if !shapes.Add(policy.ReplaceMarks(text, "*")+fmt.Sprint(pins), false) {
			continue // texts that cannot be told apart count as one
		}
		more = append(more, p)
		if !pins {
			many = append(many, p)
		}
	}
	wide.Patterns, fresh.Patterns = slices.Concat(known.Patterns, more), slices.Concat(known.Patterns, many)
	o.Wide, o.Fresh = &wide, &fresh
	if one {
		o.One = len(unknown)
	}
	return &set
}

// unknownPattern returns a pattern for everything that text, part of which is
// unknown, can match. one reports that text is a single text, whatever the part
// is; pins that it fixes who is named, in a key whose values name somebody.
func (c *Policy) unknownPattern(text string, base policy.Base, info condkey.Key) (p textsolve.Pattern, one, pins bool) {
	mode := textMode(base)
	p = textsolve.Pattern{Text: text, Fold: mode.Fold, ARN: mode.ARN, Wild: mode.Wild}
	colons, crossing := 0, false
	variable := c.Source.Variables() && strings.Contains(text, "${")
	one = !variable && c.Source.Single(text)
	parts := []textsolve.Term{{Text: text}}
	if variable {
		parts = termsOf(text)
	}
	for _, s := range parts {
		if s.Variable != "" {
			p.Tokens, crossing = append(p.Tokens, textsolve.Token{Kind: textsolve.Star}), true
			continue
		}
		for _, r := range s.Text {
			i, ok := policy.IsMark(r)
			if !ok {
				p.Tokens = p.Read(p.Tokens, textsolve.Term{Text: string(r), Literal: s.Literal}, &colons, crossing)
				one = one && (!p.Wild || s.Literal || r != '*' && r != '?')
				continue
			}
			u := c.unknown(i)
			bounded := u.Lacks(":")
			p.Tokens, crossing = append(p.Tokens, textsolve.Token{Kind: textsolve.Star, NoColon: bounded}), crossing || !bounded
			one = one && (!p.Wild || u.Lacks("*?"))
		}
	}
	return p, one, one || info.Types&condkey.ARN != 0 && p.ARN && c.pinsAccount(text)
}

// pinsAccount reports whether an ARN pattern has an account that is not known but
// is a single text.
func (c *Policy) pinsAccount(text string) bool {
	a, _ := awsid.SplitARN(text)
	return policy.HasMark(a.Account) && !strings.ContainsAny(a.Account, "*?$") &&
		c.Source.Lacks(awsid.Head(text), ":") && c.Source.Lacks(a.Account, "*?")
}

// unknown returns the unknown part with an index.
func (c *Policy) unknown(i int) *policy.Unknown {
	if i < len(c.Source.Unknown) {
		return &c.Source.Unknown[i]
	}
	return &policy.Unknown{}
}
