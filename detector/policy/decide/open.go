package decide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// An openSet says what the unknown values of a condition, or the unknown
// principals of a statement, add to the set that is known.
type openSet struct {
	known *valueSet // what is in the set for sure
	wide  *valueSet // what may be in it; nil when that can be everything
	fresh *valueSet // the same without texts that can only name somebody; nil when that can be everything
	one   int       // how many unknown texts there are; 0 when one of them may stand for many values
}

// nothing is a value that no key ever has.
const nothing = ":::::\x00"

// split returns c with its known values only, and the unknown ones.
func split(c *policy.Condition) (known *policy.Condition, open []string) {
	for _, v := range c.Values {
		if policy.HasMark(v) {
			open = append(open, v)
		}
	}
	if open == nil {
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
	return &k, open
}

// unknownClause is a clause that may hold for any request and fail for any.
func unknownClause(c *policy.Condition) clause {
	never := literal{slot: sAccount, set: &valueSet{}}
	return clause{cond: c, sure: never, possible: never.not()}
}

// openClause adds the unknown values to a clause made of the known ones.
func (c *compiled) openClause(cl *clause, open []string, info condkey.Key) {
	op := cl.cond.Operator
	if op.Base == policy.Null {
		cl.possible.absent, cl.possible.mode = true, all
		return
	}
	same := cl.sure.set == cl.possible.set
	cl.sure.set = c.openValues(cl.sure.set, open, op.Base, info)
	if same {
		cl.possible.set = cl.sure.set
	} else {
		cl.possible.set = c.openValues(cl.possible.set, open, op.Base, info)
	}
}

func (c *compiled) openValues(known *valueSet, open []string, base policy.Base, info condkey.Key) *valueSet {
	set := *known
	o := &openSet{known: known}
	set.open = o
	if !isText(base) {
		return &set
	}
	wide, fresh, one := *known, *known, true
	var more, many []textsolve.Pattern // those that may be in the set, and those of them that name many
	var shapes policy.NameSet
	for _, text := range open {
		p, isOne, pins := c.openPattern(text, base, info)
		one = one && isOne
		if !shapes.Add(policy.ReplaceMarks(text, "*")+fmt.Sprint(pins), false) {
			continue // many that cannot be told apart are as good as one
		}
		more = append(more, p)
		if !pins {
			many = append(many, p)
		}
	}
	wide.pats, fresh.pats = slices.Concat(known.pats, more), slices.Concat(known.pats, many)
	o.wide, o.fresh = &wide, &fresh
	if one {
		o.one = len(open)
	}
	return &set
}

// openPattern returns a pattern for all that text, of which a part is unknown,
// can match. one says that it equals a single text, pins that in a value that
// names somebody it fixes who that is.
func (c *compiled) openPattern(text string, base policy.Base, info condkey.Key) (p textsolve.Pattern, one, pins bool) {
	p = textsolve.Pattern{Text: text, Fold: base == policy.StringEqualsIgnoreCase, ARN: base == policy.ArnLike, Wild: isWild(base)}
	colons, crossing := 0, false
	variable := c.policy.Variables() && strings.Contains(text, "${")
	one = !variable && c.policy.Single(text)
	parts := []textsolve.Part{{Text: text}}
	if variable {
		parts = partsOf(text)
	}
	for _, s := range parts {
		if s.Variable != "" {
			p.Tokens, crossing = append(p.Tokens, textsolve.Token{Kind: textsolve.Star}), true
			continue
		}
		for _, r := range s.Text {
			i, ok := policy.IsMark(r)
			if !ok {
				p.Tokens = p.Read(p.Tokens, textsolve.Part{Text: string(r), Literal: s.Literal}, &colons, crossing)
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

func isWild(b policy.Base) bool { return b == policy.StringLike || b == policy.ArnLike }

// pinsAccount reports whether an ARN pattern has an account that is one text,
// which is not known.
func (c *compiled) pinsAccount(text string) bool {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) < 6 || !policy.HasMark(parts[4]) || strings.ContainsAny(parts[4], "*?$") {
		return false
	}
	return c.policy.Lacks(strings.Join(parts[:4], ""), ":") && c.policy.Lacks(parts[4], ":*?")
}

// unknown returns the part that a mark stands for.
func (c *compiled) unknown(i int) *policy.Unknown {
	if i < len(c.policy.Unknown) {
		return &c.policy.Unknown[i]
	}
	return &policy.Unknown{}
}
