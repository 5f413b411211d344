package evaluate

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/internal/fold"
)

// condition evaluates one key under one operator.
// Sources: IAM User Guide, reference_policies_elements_condition_operators.html,
// reference_policies_condition-single-vs-multi-valued-context-keys.html.
func (p evaluator) condition(effect policy.Effect, c *policy.Condition, r Request) Answer {
	if c.Operator.Base == 0 {
		return Maybe // the condition is unknown
	}
	readings := ContextValues(r, c.Key)
	if len(readings) == 0 {
		readings = [][]string{nil}
	}
	answer := p.values(c, readings[0], r)
	for _, values := range readings[1:] {
		answer = agreed(answer, p.values(c, values, r))
	}
	if len(c.Values) == 0 && (effect == policy.Deny || c.Operator.Negated && answer == Yes) {
		answer = Maybe // AWS does not say what an empty list means
	}
	if c.Operator.OddCase && answer == Yes {
		return Maybe // AWS may not recognize the operator in this spelling
	}
	return answer
}

// ContextValues returns the values of a key, whose name is not case-sensitive.
// Encryption contexts are case-sensitive, so two keys can have the same name; AWS
// does not document which of them a condition reads. Each element of the result
// is one possible reading; there is none if the key is absent.
func ContextValues(r Request, key string) [][]string {
	var names []string
	if r.folded != nil {
		names = slices.Clone(r.folded[foldName(key)])
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

// foldName returns the same text for two names if and only if strings.EqualFold
// reports that they are equal.
func foldName(name string) string { return strings.Map(fold.Rune, name) }

// values evaluates a condition on a key with the given values. No values mean
// that the key is absent.
func (p evaluator) values(c *policy.Condition, values []string, r Request) Answer {
	op := c.Operator
	if op.Base == policy.Null {
		return whenNull(c, len(values) > 0)
	}
	key, _ := p.keys.Lookup(c.Key)
	suits := fits(op.Base, key)
	if len(values) == 0 {
		answer := whenAbsent(op)
		if answer == Yes && (!suits || key.Multi && op.Set == policy.NoSet) {
			return Maybe // AWS documents this use as an error, whatever the key holds
		}
		return answer
	}
	if !suits {
		return Maybe
	}
	return p.whenPresent(c, key, values, r)
}

// whenAbsent evaluates an operator on a key that the request lacks.
func whenAbsent(op policy.Operator) Answer {
	switch {
	case op.Set == policy.ForAllValues:
		return Yes
	case op.Set == policy.ForAnyValue && op.IfExists:
		return Maybe // true by the rule for IfExists, false by the one for ForAnyValue
	case op.Set == policy.ForAnyValue:
		return No
	default:
		return answerOf(op.IfExists || op.Negated)
	}
}

// whenPresent evaluates an operator on a key that the request has.
func (p evaluator) whenPresent(c *policy.Condition, key condkey.Key, values []string, r Request) Answer {
	op := c.Operator
	some, all := No, Yes
	for _, have := range values {
		match := No
		for _, want := range c.Values {
			match = or(match, p.match(op, key, have, want, r))
		}
		if op.Negated {
			match = not(match)
		}
		some, all = or(some, match), and(all, match)
	}
	switch {
	case op.Set == policy.ForAnyValue:
		return some
	case op.Set == policy.ForAllValues && all == No && len(values) == 1 && values[0] == "":
		return Maybe // older documentation treats an empty string as no value
	case op.Set == policy.ForAllValues:
		return all
	case key.Multi || len(values) > 1:
		return and(some, Maybe) // AWS does not document several values without a set operator
	default:
		return all
	}
}

// whenNull evaluates Null: "true" asks for absence, "false" for presence. Another
// letter case is Maybe. A set prefix makes no sense with Null: Access Analyzer
// takes ForAllValues as always true and ForAnyValue as always false, and other
// evaluators ignore it.
func whenNull(c *policy.Condition, present bool) Answer {
	answer := No
	for _, text := range c.Values {
		if policy.HasMark(text) {
			answer = or(answer, Maybe)
			continue
		}
		if absent, ok := policy.ParseBool(text); ok && absent != present {
			answer = or(answer, agreed(Yes, answerOf(text == strings.ToLower(text))))
		}
	}
	switch c.Operator.Set {
	case policy.ForAllValues:
		return agreed(answer, Yes)
	case policy.ForAnyValue:
		return agreed(answer, No)
	default:
		return answer
	}
}
