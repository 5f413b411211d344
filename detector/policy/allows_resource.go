package policy

import "strings"

// evalResources matches Resource or NotResource. A statement without either
// has no effect (KMS Developer Guide, key-policy-overview.html). That guide
// does not know NotResource: it may have no effect either.
func (p evaluator) evalResources(st *Statement, r Request) Answer {
	if st.Resources == nil {
		return No
	}
	listed := No
	for _, value := range st.Resources {
		listed = evalOr(listed, p.evalResource(value, st.NotResource, r))
	}
	if st.NotResource && p.control {
		return evalNot(listed)
	}
	if st.NotResource {
		return evalAnd(evalNot(listed), Maybe)
	}
	return listed
}

// evalResource matches one value with the key's ARN. IAM's guide lets a
// wildcard run over colons and recommends patterns by component; evaluators
// differ, so a value that matches in one way only is Maybe.
func (p evaluator) evalResource(value string, negated bool, r Request) Answer {
	if value != "" && strings.Trim(value, "*") == "" {
		return Yes
	}
	if r.Resource == "" {
		return Maybe
	}
	if hasMark(value) {
		return evalAnd(Maybe, evalBool(evalGlob(evalOpen(value, true, p.Variables()), r.Resource)))
	}
	forms, open := p.evalExpand(value, negated, r)
	if open != Yes {
		return open
	}
	answer := evalResourceForm(forms[0], r.Resource)
	for _, form := range forms[1:] {
		answer = evalSame(answer, evalResourceForm(form, r.Resource))
	}
	if strings.Contains(evalHead(value), "${") { // documented only behind the fifth colon
		return evalSame(answer, evalResourceForm(evalPlain(value), r.Resource))
	}
	return answer
}

func evalResourceForm(form evalPattern, arn string) Answer {
	if !evalGlob(form, arn) {
		return No
	}
	return evalSame(Yes, evalBool(evalGlobARN(form, arn)))
}

// evalHead returns what comes before an ARN's fifth colon.
func evalHead(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	return strings.Join(parts[:min(5, len(parts))], ":")
}
