package decide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A clause is one condition, compiled. Where AWS leaves its meaning open, sure
// holds only when every reading holds and possible when any does; elsewhere the two
// are the same.
type clause struct {
	cond           *policy.Condition
	sure, possible literal
	doubt          string // why sure and possible differ; "" when they do not
	shown          string // see text
}

// newClause compiles c for the key in slot.
func newClause(c *policy.Condition, slot int, info condkey.Key, vars *condkey.Table) clause {
	op := c.Operator
	if op.Base == policy.Null {
		return nullClause(c, slot)
	}
	l := literal{slot: slot, absent: absentHolds(op), set: &valueSet{}}
	cl := clause{cond: c}
	cl.sure, cl.possible = l, l
	in, out := eachIn, eachOut
	if op.Set == policy.ForAnyValue {
		in, out = someIn, someOut
	}
	surely, possibly, doubt := valuesOf(c, info, vars)
	cl.doubt = doubt
	if op.Negated {
		cl.sure.mode, cl.possible.mode = out, out
		cl.sure.set, cl.possible.set = possibly, surely
		cl.sure.strict = possibly != nil && possibly.vars
	} else {
		cl.sure.mode, cl.possible.mode = in, in
		cl.sure.set, cl.possible.set = surely, possibly
	}
	cl.widen(op, info)
	return cl
}

// absentHolds is the answer of the documented rules for an absent key.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html
// and reference_policies_condition-single-vs-multi-valued-context-keys.html.
func absentHolds(op policy.Operator) bool {
	switch op.Set {
	case policy.ForAllValues:
		return true
	case policy.ForAnyValue:
		return false
	default:
		return op.Negated || op.IfExists
	}
}

// widen moves sure and possible apart where AWS is silent or contradicts itself.
func (cl *clause) widen(op policy.Operator, info condkey.Key) {
	doubt := func(why string) {
		if cl.doubt == "" {
			cl.doubt = why
		}
	}
	if op.Set == policy.ForAnyValue && op.IfExists {
		cl.possible.absent = true
		doubt("AWS does not say which of ForAnyValue and IfExists wins for an absent key")
	}
	switch {
	case cl.sure.set == nil: // the operator does not fit the key's type
		cl.sure.mode, cl.sure.set, cl.sure.strict = none, &valueSet{}, false
		if cl.possible.set == nil {
			cl.possible.mode, cl.possible.set = all, &valueSet{}
		}
	case cl.possible.set == nil:
		cl.sure.mode, cl.sure.set, cl.sure.strict = none, &valueSet{}, false
		cl.possible.mode, cl.possible.set = all, &valueSet{}
	case info.Multi && op.Set == policy.NoSet:
		cl.sure.mode = none
		if op.Negated {
			cl.sure.absent = false
			cl.possible.mode = all
		} else {
			cl.possible.mode = someIn
		}
		doubt("the key holds several values and the operator has no ForAllValues or ForAnyValue; AWS does not document the outcome")
	case len(cl.cond.Values) == 0 && op.Negated:
		cl.sure.mode, cl.sure.absent = none, false
		doubt("the list of values is empty; AWS does not document how a negated operator treats that")
	}
	if op.OddCase {
		cl.sure = literal{slot: cl.sure.slot, set: &valueSet{}}
		doubt("the operator is not written in the documented letter case")
	}
}

func nullClause(c *policy.Condition, slot int) clause {
	l := literal{slot: slot, set: &valueSet{}}
	cl := clause{cond: c}
	odd := false
	for _, v := range c.Values {
		switch b, ok := policy.ParseBool(v); {
		case !ok:
		case b:
			l.absent = true
			odd = odd || v != "true"
		default:
			l.mode = all
			odd = odd || v != "false"
		}
	}
	cl.sure, cl.possible = l, l
	switch {
	case c.Operator.Set == policy.ForAllValues:
		cl.possible.absent, cl.possible.mode = true, all
		cl.doubt = "AWS's documents disagree on ForAllValues with Null"
	case c.Operator.Set == policy.ForAnyValue:
		cl.sure = literal{slot: slot, set: l.set}
		cl.doubt = "AWS's documents disagree on ForAnyValue with Null"
	case odd || c.Operator.OddCase:
		cl.sure = literal{slot: slot, set: l.set}
		cl.doubt = "true and false, or the operator, are not written in the documented letter case"
	}
	return cl
}

// valuesOf returns the set that c's values describe, in its narrowest and its
// widest reading. A nil set means that the operator does not fit the key's type.
func valuesOf(c *policy.Condition, info condkey.Key, vars *condkey.Table) (sure, possible *valueSet, doubt string) {
	if !fits(c.Operator.Base, info) {
		doubt = fmt.Sprintf("%s does not fit the type of %s; AWS does not document the outcome", c.Operator.Text, info.Name)
		if isText(c.Operator.Base) && info.Types == condkey.Bool {
			_, possible, _ = textValues(c, info, vars) // few values: compare their text at worst
		}
		return nil, possible, doubt
	}
	switch c.Operator.Base {
	case policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike, policy.ArnLike:
		return textValues(c, info, vars)
	case policy.Bool:
		s := boolValues(c)
		return s, s, ""
	case policy.IPAddress:
		s := addressValues(c)
		return s, s, ""
	default:
		return spanValues(c)
	}
}

// fits reports whether the operator is documented for keys of this type. Of a
// key that nobody knows the type is not known either.
func fits(b policy.Base, key condkey.Key) bool {
	return key.Types == 0 && b != policy.BinaryEquals || key.Types&typesOf(b) != 0
}

// typesOf returns the types of keys that an operator is for.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html.
func typesOf(b policy.Base) condkey.Types {
	switch {
	case b == policy.ArnLike:
		return condkey.ARN
	case isText(b):
		return condkey.String
	case b == policy.Bool:
		return condkey.Bool
	case b == policy.IPAddress:
		return condkey.IP
	case isNumeric(b):
		return condkey.Numeric
	case isDate(b):
		return condkey.Date
	default: // no key of KMS is binary
		return 0
	}
}

func isText(b policy.Base) bool {
	return b == policy.StringEquals || b == policy.StringEqualsIgnoreCase || b == policy.StringLike || b == policy.ArnLike
}

func isNumeric(b policy.Base) bool {
	return policy.NumericEquals <= b && b <= policy.NumericGreaterThanEquals
}

func isDate(b policy.Base) bool { return policy.DateEquals <= b && b <= policy.DateGreaterThanEquals }

func textValues(c *policy.Condition, info condkey.Key, vars *condkey.Table) (sure, possible *valueSet, doubt string) {
	s := &valueSet{pats: make([]textsolve.Pattern, 0, len(c.Values))}
	var short []textsolve.Pattern
	for _, v := range c.Values {
		p := newPattern(v, c.Operator.Base, vars)
		if p.Short {
			short = append(short, p)
			continue
		}
		s.vars = s.vars || p.Parts != nil
		s.pats = append(s.pats, p)
	}
	if short == nil {
		s.seal()
		possible, doubt = wildFromVariables(s)
		return s, possible, doubt
	}
	wide := &valueSet{pats: append([]textsolve.Pattern(nil), s.pats...), vars: s.vars}
	for _, p := range short {
		q := newPattern(p.Text, policy.StringLike, vars) // at worst the text is matched as a whole
		wide.pats = append(wide.pats, q)
	}
	return s, wide, "an ARN pattern with fewer than six parts; AWS does not say whether it matches"
}

// wildFromVariables returns the widest reading of patterns into which a caller
// can put wildcards by way of a variable: AWS does not say whether they count.
// Of the keys that a caller fills, few can hold them.
func wildFromVariables(s *valueSet) (possible *valueSet, doubt string) {
	for i := range s.pats {
		p := &s.pats[i]
		if !p.Wild || !fromCaller(p) {
			continue
		}
		if possible == nil {
			possible = &valueSet{pats: append([]textsolve.Pattern(nil), s.pats...)}
		}
		possible.pats[i] = p.OverApproximate()
	}
	if possible == nil {
		return s, ""
	}
	for i := range possible.pats {
		possible.vars = possible.vars || possible.pats[i].Parts != nil
	}
	return possible, "a wildcard may come in through the variable; AWS does not say whether it then counts as one"
}

// fromCaller says whether a variable's value, or its default, can hold * or ?.
func fromCaller(p *textsolve.Pattern) bool {
	return slices.ContainsFunc(p.Parts, func(v textsolve.Part) bool { return v.Wild || strings.ContainsAny(v.Default, "*?") })
}

func boolValues(c *policy.Condition) *valueSet {
	s := &valueSet{}
	for _, v := range c.Values {
		if b, ok := policy.ParseBool(v); ok {
			t := fmt.Sprint(b)
			s.pats = append(s.pats, textsolve.Pattern{Text: v, Plain: t, Exact: true})
		}
	}
	return s
}

func addressValues(c *policy.Condition) *valueSet {
	s := &valueSet{addrs: ipset.Set{}}
	for _, v := range c.Values {
		if p, ok := policy.ParsePrefix(v); ok {
			s.addrs = append(s.addrs, ipset.RangeOf(p))
		}
	}
	s.addrs = s.addrs.Normal()
	return s
}

func spanValues(c *policy.Condition) (sure, possible *valueSet, doubt string) {
	sure, possible = &valueSet{}, &valueSet{}
	for _, v := range c.Values {
		if !isDate(c.Operator.Base) {
			if r, ok := policy.ParseNumber(v); ok {
				if s, ok := numberSpan(c.Operator.Base, r); ok {
					sure.spans, possible.spans = append(sure.spans, s), append(possible.spans, s)
				}
			}
			continue
		}
		first, second, n := policy.ParseDate(v)
		if n == 0 {
			continue
		}
		a, okA := numberSpan(c.Operator.Base, secondsOf(first))
		if n == 1 {
			if okA {
				sure.spans, possible.spans = append(sure.spans, a), append(possible.spans, a)
			}
			continue
		}
		doubt = fmt.Sprintf("%q is a year or seconds since 1970; AWS does not say which", v)
		b, _ := numberSpan(c.Operator.Base, secondsOf(second)) // there is one, as for a: both are whole seconds
		possible.spans = append(possible.spans, a, b)
		if s := (span{max(a.lo, b.lo), min(a.hi, b.hi)}); s.lo <= s.hi {
			sure.spans = append(sure.spans, s)
		}
	}
	return sure, possible, doubt
}

// open reports whether the condition, which then has a mark for its only value,
// or one of its values is not known.
func (cl *clause) open() bool { return slices.ContainsFunc(cl.cond.Values, policy.HasMark) }

// hasDoubt reports whether the clause has more than one reading.
func (cl *clause) hasDoubt() bool { return cl.doubt != "" }

// text names the clause for people: operator, key and values, shortened.
func (cl *clause) text() string {
	if cl.shown == "" {
		cl.shown = cl.show()
	}
	return cl.shown
}

func (cl *clause) show() string {
	const many = 4
	values := cl.cond.Values
	more := ""
	if len(values) > many {
		more = fmt.Sprintf(" and %d more", len(values)-many)
		values = values[:many]
	}
	key := cl.cond.Key
	if key != "" {
		key += " "
	}
	return fmt.Sprintf("%s %s%s%s", cl.cond.Operator.Text, key, shorten(policy.Shown(strings.Join(values, ", ")), 80), more)
}
