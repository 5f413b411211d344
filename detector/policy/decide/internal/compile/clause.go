package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A Clause is a compiled condition. Where AWS leaves its meaning open, Sure holds
// only if every reading holds, and Possible holds if any reading does. Otherwise
// the two are the same.
type Clause struct {
	Cond           *policy.Condition
	Sure, Possible Literal
	Doubt          string // why Sure and Possible differ; "" if they do not, or only by unknown parts
	shown          string // see Text
}

// newClause compiles c, a condition on the key info in slot. vars holds the keys
// that variables can name; nil if ${...} is plain text.
func newClause(c *policy.Condition, slot int, info condkey.Key, vars *condkey.Table) Clause {
	op := c.Operator
	if op.Base == policy.Null {
		return nullClause(c, slot)
	}
	l := Literal{Slot: slot, Absent: absentHolds(op), Set: &ValueSet{}}
	cl := Clause{Cond: c}
	cl.Sure, cl.Possible = l, l
	in, out := EachIn, EachOut
	if op.Set == policy.ForAnyValue {
		in, out = SomeIn, SomeOut
	}
	surely, possibly, doubt := valuesOf(c, info, vars)
	cl.Doubt = doubt
	if op.Negated {
		cl.Sure.Mode, cl.Possible.Mode = out, out
		cl.Sure.Set, cl.Possible.Set = possibly, surely
		cl.Sure.Strict = possibly != nil && possibly.Variables
	} else {
		cl.Sure.Mode, cl.Possible.Mode = in, in
		cl.Sure.Set, cl.Possible.Set = surely, possibly
	}
	cl.widen(op, info)
	return cl
}

// absentHolds reports whether, by the documented rules, an operator holds for an
// absent key.
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

// widen makes Sure and Possible differ where AWS is silent or contradicts itself.
func (cl *Clause) widen(op policy.Operator, info condkey.Key) {
	doubt := func(why string) {
		if cl.Doubt == "" {
			cl.Doubt = why
		}
	}
	if op.Set == policy.ForAnyValue && op.IfExists {
		cl.Possible.Absent = true
		doubt("AWS does not say which of ForAnyValue and IfExists wins for an absent key")
	}
	switch {
	case cl.Sure.Set == nil: // the operator does not fit the key's type
		cl.Sure = Literal{Slot: cl.Sure.Slot, Set: &ValueSet{}}
		if cl.Possible.Set == nil {
			cl.Possible.Mode, cl.Possible.Set = All, &ValueSet{}
		}
	case cl.Possible.Set == nil:
		cl.Sure = Literal{Slot: cl.Sure.Slot, Set: &ValueSet{}}
		cl.Possible.Mode, cl.Possible.Set = All, &ValueSet{}
	case info.Multi && op.Set == policy.NoSet:
		cl.Sure.Mode, cl.Sure.Absent = None, false
		if op.Negated {
			cl.Possible.Mode = All
		} else {
			cl.Possible.Mode = SomeIn
		}
		doubt("the key holds several values and the operator has no ForAllValues or ForAnyValue; AWS does not document the outcome")
	case len(cl.Cond.Values) == 0 && op.Negated:
		cl.Sure.Mode, cl.Sure.Absent = None, false
		doubt("the list of values is empty; AWS does not document how a negated operator treats that")
	}
	if op.OddCase {
		cl.Sure = Literal{Slot: cl.Sure.Slot, Set: &ValueSet{}}
		doubt("the operator is not written in the documented letter case")
	}
}

func nullClause(c *policy.Condition, slot int) Clause {
	l := Literal{Slot: slot, Set: &ValueSet{}}
	cl := Clause{Cond: c}
	odd := false
	for _, v := range c.Values {
		switch b, ok := policy.ParseBool(v); {
		case !ok:
		case b:
			l.Absent = true
			odd = odd || v != "true"
		default:
			l.Mode = All
			odd = odd || v != "false"
		}
	}
	cl.Sure, cl.Possible = l, l
	if odd || c.Operator.OddCase || c.Operator.Set == policy.ForAnyValue {
		cl.Sure = Literal{Slot: slot, Set: l.Set}
	}
	switch {
	case c.Operator.Set == policy.ForAllValues:
		cl.Possible.Absent, cl.Possible.Mode = true, All
		cl.Doubt = "AWS's documents disagree on ForAllValues with Null"
	case c.Operator.Set == policy.ForAnyValue:
		cl.Doubt = "AWS's documents disagree on ForAnyValue with Null"
	case odd || c.Operator.OddCase:
		cl.Doubt = "true and false, or the operator, are not written in the documented letter case"
	}
	return cl
}

func textValues(c *policy.Condition, info condkey.Key, vars *condkey.Table) (sure, possible *ValueSet, doubt string) {
	s := &ValueSet{Patterns: make([]textsolve.Pattern, 0, len(c.Values))}
	var short []textsolve.Pattern
	for _, v := range c.Values {
		p := NewPattern(v, c.Operator.Base, vars)
		if p.Short {
			short = append(short, p)
			continue
		}
		s.Variables = s.Variables || p.Terms != nil
		s.Patterns = append(s.Patterns, p)
	}
	if short == nil {
		s.seal()
		possible, doubt = wildFromVariables(s)
		return s, possible, doubt
	}
	wide := &ValueSet{Patterns: append([]textsolve.Pattern(nil), s.Patterns...), Variables: s.Variables}
	for _, p := range short {
		q := NewPattern(p.Text, policy.StringLike, vars) // at worst the text is matched as a whole
		wide.Patterns = append(wide.Patterns, q)
	}
	return s, wide, "an ARN pattern with fewer than six parts; AWS does not say whether it matches"
}

// wildFromVariables returns the widest reading of s, in which wildcards that a
// caller puts into a variable count as such: AWS does not say whether they do. It
// returns s itself if no variable can contain wildcards, as is usual.
func wildFromVariables(s *ValueSet) (possible *ValueSet, doubt string) {
	for i := range s.Patterns {
		p := &s.Patterns[i]
		if !p.Wild || !fromCaller(p) {
			continue
		}
		if possible == nil {
			possible = &ValueSet{Patterns: append([]textsolve.Pattern(nil), s.Patterns...)}
		}
		possible.Patterns[i] = p.OverApproximate()
	}
	if possible == nil {
		return s, ""
	}
	for i := range possible.Patterns {
		possible.Variables = possible.Variables || possible.Patterns[i].Terms != nil
	}
	return possible, "a wildcard may come in through the variable; AWS does not say whether it then counts as one"
}

// fromCaller reports whether the value or the default of a variable in p can
// contain * or ?.
func fromCaller(p *textsolve.Pattern) bool {
	return slices.ContainsFunc(p.Terms, func(v textsolve.Term) bool { return v.Wild || strings.ContainsAny(v.Default, "*?") })
}

func boolValues(c *policy.Condition) *ValueSet {
	s := &ValueSet{}
	for _, v := range c.Values {
		if b, ok := policy.ParseBool(v); ok {
			t := fmt.Sprint(b)
			s.Patterns = append(s.Patterns, textsolve.Pattern{Text: v, Plain: t, Exact: true})
		}
	}
	return s
}

func addressValues(c *policy.Condition) *ValueSet {
	s := &ValueSet{Addresses: ipset.Set{}}
	for _, v := range c.Values {
		if p, ok := policy.ParsePrefix(v); ok {
			s.Addresses = append(s.Addresses, ipset.RangeOf(p))
		}
	}
	s.Addresses = s.Addresses.Normal()
	return s
}

func spanValues(c *policy.Condition) (sure, possible *ValueSet, doubt string) {
	sure, possible = &ValueSet{}, &ValueSet{}
	for _, v := range c.Values {
		if !IsDate(c.Operator.Base) {
			if r, ok := policy.ParseNumber(v); ok {
				if s, ok := numberSpan(c.Operator.Base, r); ok {
					sure.Spans, possible.Spans = append(sure.Spans, s), append(possible.Spans, s)
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
				sure.Spans, possible.Spans = append(sure.Spans, a), append(possible.Spans, a)
			}
			continue
		}
		doubt = fmt.Sprintf("%q is a year or seconds since 1970; AWS does not say which", v)
		b, _ := numberSpan(c.Operator.Base, secondsOf(second)) // both readings are whole seconds, which always have a span
		possible.Spans = append(possible.Spans, a, b)
		if s := (span{max(a.Lo, b.Lo), min(a.Hi, b.Hi)}); s.Lo <= s.Hi {
			sure.Spans = append(sure.Spans, s)
		}
	}
	return sure, possible, doubt
}

// HasUnknown reports whether the condition or one of its values is unknown. A
// mark is the only value of an unknown condition.
func (cl *Clause) HasUnknown() bool { return slices.ContainsFunc(cl.Cond.Values, policy.HasMark) }

// HasDoubt reports whether the clause has more than one reading.
func (cl *Clause) HasDoubt() bool { return cl.Doubt != "" }

// Text describes the clause for people: operator, key and values, shortened.
func (cl *Clause) Text() string {
	if cl.shown == "" {
		cl.shown = cl.show()
	}
	return cl.shown
}

func (cl *Clause) show() string {
	const many = 4
	values := cl.Cond.Values
	more := ""
	if len(values) > many {
		more = fmt.Sprintf(" and %d more", len(values)-many)
		values = values[:many]
	}
	key := cl.Cond.Key
	if key != "" {
		key += " "
	}
	return fmt.Sprintf("%s %s%s%s", cl.Cond.Operator.Text, key, Shorten(policy.Shown(strings.Join(values, ", ")), 80), more)
}

// Shorten returns s, cut to n characters that end in "..." if it has more.
func Shorten(s string, n int) string {
	count, cut := 0, 0
	for i := range s {
		if count == n-3 {
			cut = i
		}
		if count++; count > n {
			return s[:cut] + "..."
		}
	}
	return s
}
