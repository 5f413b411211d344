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
// principals of a statement, may add to the known ones.
type UnknownSet struct {
	Known *ValueSet // the values that are certainly in the set
	Wide  *ValueSet // the values that may be in it; nil if any value may be
	Fresh *ValueSet // Wide without unknown texts that each name a single identity; nil if any value may be in the set
	One   int       // the number of unknown texts if each is a single text; otherwise 0 or negative
}

// nothing is a value that no key ever has.
const nothing = ":::::\x00"

// splitUnknown returns c with only its known values, and the unknown values.
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

// unknownClause returns a clause that may hold or fail for any request.
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
	var more, many []textsolve.Pattern // all unknown patterns, and those that do not pin an identity
	var shapes policy.NameSet
	for _, text := range unknown {
		p, isOne, pins := c.unknownPattern(text, base, info)
		one = one && isOne
		if !shapes.Add(policy.ReplaceMarks(text, "*")+fmt.Sprint(pins), false) {
			continue // it would add nothing
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

// unknownPattern returns a pattern that matches every text that text, which has
// unknown parts, can match. one reports whether text is a single text, and pins
// whether it is one or fixes the account of an ARN, so that it can match the
// values of only one identity or account.
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

// pinsAccount reports whether the account of an ARN pattern is an unknown text
// without wildcards.
func (c *Policy) pinsAccount(text string) bool {
	a, _ := awsid.SplitARN(text)
	return policy.HasMark(a.Account) && !strings.ContainsAny(a.Account, "*?$") &&
		c.Source.Lacks(awsid.Head(text), ":") && c.Source.Lacks(a.Account, "*?")
}

// unknown returns the part that mark i represents; the zero Unknown if there is
// none.
func (c *Policy) unknown(i int) *policy.Unknown {
	if i < len(c.Source.Unknown) {
		return &c.Source.Unknown[i]
	}
	return &policy.Unknown{}
}
