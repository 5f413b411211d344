package policy

import (
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// Allows evaluates one request, statement by statement, as AWS would after the
// caller's own account has said yes. Maybe means that AWS does not document the
// outcome, or that it turns on a part of the policy that is not known. It
// shares only the types and the parser with Decide.
//
// An explicit Deny wins, else one Allow is needed; the order of statements
// does not matter. Source: IAM User Guide, reference_policies_evaluation-logic.html.
func (p *Policy) Allows(r Request) Answer { return p.allowsWith(condkey.Default(), r) }

// allowsWith is Allows with another table of condition keys.
func (p *Policy) allowsWith(keys *condkey.Table, r Request) Answer {
	r.folded = make(map[string][]string, len(r.Context))
	for name, values := range r.Context {
		if fold := evalFold(name); len(values) > 0 {
			r.folded[fold] = append(r.folded[fold], name)
		}
	}
	return evaluator{p, keys}.evalAll(r)
}

// An evaluator evaluates requests against one policy.
type evaluator struct {
	*Policy
	keys *condkey.Table
}

func (p evaluator) evalAll(r Request) Answer {
	usable := evalUsable(r)
	if usable == No {
		return No
	}
	allowed, denied := No, No
	for i := range p.Statements {
		st := &p.Statements[i]
		applies := p.evalStatement(st, r)
		switch st.Effect {
		case Allow:
			allowed = evalOr(allowed, applies)
		case Deny:
			denied = evalOr(denied, applies)
		default: // it may be either
			allowed = evalOr(allowed, evalAnd(applies, Maybe))
			denied = evalOr(denied, evalAnd(applies, Maybe))
		}
	}
	return evalAnd(usable, evalAnd(allowed, evalNot(denied)))
}

// evalStatement reports whether a statement applies to the request: all four
// parts must match.
func (p evaluator) evalStatement(st *Statement, r Request) Answer {
	answer := p.evalPrincipals(st, r)
	if answer == No {
		return No
	}
	answer = evalAnd(answer, evalAnd(evalActions(st, r.Action), p.evalResources(st, r)))
	for i := range st.Conditions {
		if answer == No {
			return No
		}
		holds := p.evalCondition(st.Effect, &st.Conditions[i], r)
		if st.spelledTwice(st.Conditions[i].Operator.Text) {
			holds = evalSame(holds, Yes) // the other spelling may be the one that counts
		}
		answer = evalAnd(answer, holds)
	}
	return answer
}

// evalAnd is Kleene's and: No wins, then Maybe.
func evalAnd(a, b Answer) Answer {
	switch {
	case a == No || b == No:
		return No
	case a == Yes && b == Yes:
		return Yes
	default:
		return Maybe
	}
}

// evalOr is Kleene's or: Yes wins, then Maybe.
func evalOr(a, b Answer) Answer { return evalNot(evalAnd(evalNot(a), evalNot(b))) }

// evalNot is Kleene's not: Maybe stays Maybe.
func evalNot(a Answer) Answer {
	switch a {
	case Yes:
		return No
	case No:
		return Yes
	default:
		return Maybe
	}
}

// evalSame is the answer of two readings of which AWS does not say which is
// right: theirs when they agree, else Maybe.
func evalSame(a, b Answer) Answer {
	if a == b {
		return a
	}
	return Maybe
}

func evalBool(b bool) Answer {
	if b {
		return Yes
	}
	return No
}
