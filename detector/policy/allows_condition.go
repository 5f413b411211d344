package policy

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// evalCondition evaluates one key under one operator.
// Sources: IAM User Guide, reference_policies_elements_condition_operators.html,
// reference_policies_condition-single-vs-multi-valued-context-keys.html.
func (p evaluator) evalCondition(effect Effect, c *Condition, r Request) Answer {
	if c.Operator.Base == 0 {
		return Maybe // the condition is not known
	}
	readings := evalContext(r, c.Key)
	if len(readings) == 0 {
		readings = [][]string{nil}
	}
	answer := p.evalValues(c, readings[0], r)
	for _, values := range readings[1:] {
		answer = evalSame(answer, p.evalValues(c, values, r))
	}
	if len(c.Values) == 0 && (effect == Deny || c.Operator.Negated && answer == Yes) {
		answer = Maybe // what an empty list means is not settled
	}
	if c.Operator.OddCase && answer == Yes {
		return Maybe // the operator may not be known to AWS in this spelling
	}
	return answer
}

// evalContext returns the values of a key, whose name has no letter case.
// Encryption contexts tell letter case apart, so that there can be two keys of
// one name; which one a condition reads is not documented. No reading at all
// means that the key is absent.
func evalContext(r Request, key string) [][]string {
	var names []string
	if r.folded != nil {
		names = slices.Clone(r.folded[evalFold(key)])
	} else {
		for name, values := range r.Context {
			if len(values) > 0 && strings.EqualFold(name, key) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var readings [][]string
	for _, name := range names {
		readings = append(readings, r.Context[name])
	}
	return readings
}

// evalFold returns a name without its letter case: that of two names is equal
// when strings.EqualFold says that they are.
func evalFold(name string) string { return strings.Map(foldRune, name) }

// evalValues evaluates a condition on a key that has the values; none is an
// absent key.
func (p evaluator) evalValues(c *Condition, values []string, r Request) Answer {
	op := c.Operator
	if op.Base == Null {
		return evalNull(c, len(values) > 0)
	}
	key, _ := p.keys.Lookup(c.Key)
	fits := evalFits(op.Base, key)
	if len(values) == 0 {
		answer := evalAbsent(op)
		if answer == Yes && (!fits || key.Multi && op.Set == NoSet) {
			return Maybe // documented as an error, whatever the key holds
		}
		return answer
	}
	if !fits {
		return Maybe
	}
	return p.evalPresent(c, key, values, r)
}

// evalAbsent is the answer of an operator for a key that the request lacks.
func evalAbsent(op Operator) Answer {
	switch {
	case op.Set == ForAllValues:
		return Yes
	case op.Set == ForAnyValue && op.IfExists:
		return Maybe // true by the rule for IfExists, false by that for ForAnyValue
	case op.Set == ForAnyValue:
		return No
	default:
		return evalBool(op.IfExists || op.Negated)
	}
}

// evalPresent evaluates an operator on a key that is there.
func (p evaluator) evalPresent(c *Condition, key condkey.Key, values []string, r Request) Answer {
	op := c.Operator
	some, all := No, Yes
	for _, have := range values {
		match := No
		for _, want := range c.Values {
			match = evalOr(match, p.evalMatch(op, key, have, want, r))
		}
		if op.Negated {
			match = evalNot(match)
		}
		some, all = evalOr(some, match), evalAnd(all, match)
	}
	switch {
	case op.Set == ForAnyValue:
		return some
	case op.Set == ForAllValues && all == No && len(values) == 1 && values[0] == "":
		return Maybe // older texts count an empty string as no value
	case op.Set == ForAllValues:
		return all
	case key.Multi || len(values) > 1:
		return evalAnd(some, Maybe) // a set needs a set operator; what happens without is not documented
	default:
		return all
	}
}

// evalNull evaluates Null: "true" asks for absence, "false" for presence. Only
// the lower-case words are sure. A set prefix makes no sense: Access Analyzer
// calls ForAllValues always true and ForAnyValue always false, others drop it.
func evalNull(c *Condition, present bool) Answer {
	answer := No
	for _, text := range c.Values {
		if hasMark(text) {
			answer = evalOr(answer, Maybe)
			continue
		}
		if absent, ok := parseBool(text); ok && absent != present {
			answer = evalOr(answer, evalSame(Yes, evalBool(text == strings.ToLower(text))))
		}
	}
	switch c.Operator.Set {
	case ForAllValues:
		return evalSame(answer, Yes)
	case ForAnyValue:
		return evalSame(answer, No)
	default:
		return answer
	}
}

// evalFits reports whether operators of the base are made for the key. No type
// is known of keys that AWS does not document: any operator fits them.
func evalFits(base Base, key condkey.Key) bool {
	types := condkey.Types(0)
	switch base {
	case StringEquals, StringEqualsIgnoreCase, StringLike:
		types = condkey.String
	case ArnLike:
		types = condkey.ARN
	case Bool:
		types = condkey.Bool
	case IPAddress:
		types = condkey.IP
	case NumericEquals, NumericLessThan, NumericLessThanEquals, NumericGreaterThan, NumericGreaterThanEquals:
		types = condkey.Numeric
	case DateEquals, DateLessThan, DateLessThanEquals, DateGreaterThan, DateGreaterThanEquals:
		types = condkey.Date
	default:
		return false // BinaryEquals: no key of KMS is binary
	}
	return key.Types == 0 || key.Types&types != 0
}
