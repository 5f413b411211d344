// Package evaluate reports whether a key policy allows one request: Yes, No, or
// Maybe where AWS does not say or the answer turns on an unknown part of the
// policy.
//
// It is simple and slow. It shares with package decide only the parsed policy
// and the rows of condkey and kmsapi, so that it can confirm what decide finds.
package evaluate

import (
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// Allows evaluates one request, statement by statement, as AWS would once the
// caller's own account has allowed it. Maybe means that AWS does not document the
// outcome, or that it turns on an unknown part of the policy.
//
// An explicit Deny wins; otherwise one Allow is needed. The order of statements
// does not matter. Source: IAM User Guide, reference_policies_evaluation-logic.html.
func Allows(p *policy.Policy, r Request) Answer { return allowsWith(p, condkey.Default(), r) }

// allowsWith is Allows with another table of condition keys.
func allowsWith(p *policy.Policy, keys *condkey.Table, r Request) Answer {
	r.folded = make(map[string][]string, len(r.Context))
	for name, values := range r.Context {
		if fold := foldName(name); len(values) > 0 {
			r.folded[fold] = append(r.folded[fold], name)
		}
	}
	return evaluator{p, keys}.answer(r)
}

// An evaluator evaluates requests against one policy.
type evaluator struct {
	*policy.Policy
	keys *condkey.Table
}

func (p evaluator) answer(r Request) Answer {
	usable := isUsable(r)
	if usable == No {
		return No
	}
	allowed, denied := No, No
	for i := range p.Statements {
		st := &p.Statements[i]
		applies := p.statement(st, r)
		switch st.Effect {
		case policy.Allow:
			allowed = or(allowed, applies)
		case policy.Deny:
			denied = or(denied, applies)
		default: // it may be either
			allowed = or(allowed, and(applies, Maybe))
			denied = or(denied, and(applies, Maybe))
		}
	}
	return and(usable, and(allowed, not(denied)))
}

// statement reports whether a statement applies to the request: its principals,
// actions, resources and conditions must all match.
func (p evaluator) statement(st *policy.Statement, r Request) Answer {
	answer := p.principals(st, r)
	if answer == No {
		return No
	}
	answer = and(answer, and(MatchesActions(st, r.Action), p.resources(st, r)))
	for i := range st.Conditions {
		if answer == No {
			return No
		}
		holds := p.condition(st.Effect, &st.Conditions[i], r)
		if st.SpelledTwice(st.Conditions[i].Operator.Text) {
			holds = agreed(holds, Yes) // the other spelling may be the one that counts
		}
		answer = and(answer, holds)
	}
	return answer
}

// and is Kleene's and: No wins, then Maybe.
func and(a, b Answer) Answer {
	switch {
	case a == No || b == No:
		return No
	case a == Yes && b == Yes:
		return Yes
	default:
		return Maybe
	}
}

// or is Kleene's or: Yes wins, then Maybe.
func or(a, b Answer) Answer { return not(and(not(a), not(b))) }

// not is Kleene's not: Maybe stays Maybe.
func not(a Answer) Answer {
	switch a {
	case Yes:
		return No
	case No:
		return Yes
	default:
		return Maybe
	}
}

// agreed combines the answers of two readings between which AWS does not decide:
// their common answer if they agree, or else Maybe.
func agreed(a, b Answer) Answer {
	if a == b {
		return a
	}
	return Maybe
}

func answerOf(b bool) Answer {
	if b {
		return Yes
	}
	return No
}
