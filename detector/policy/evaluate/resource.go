package evaluate

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// resources matches Resource or NotResource. A statement without either
// has no effect (KMS Developer Guide, key-policy-overview.html). That guide
// does not know NotResource: it may have no effect either.
func (p evaluator) resources(st *policy.Statement, r Request) Answer {
	if st.Resources == nil {
		return No
	}
	listed := No
	for _, value := range st.Resources {
		listed = or(listed, p.resource(value, st.NotResource, r))
	}
	if st.NotResource && p.IsRCP {
		return not(listed)
	}
	if st.NotResource {
		return and(not(listed), Maybe)
	}
	return listed
}

// resource matches one value with the key's ARN. IAM's guide lets a
// wildcard run over colons and recommends patterns by component; evaluators
// differ, so a value that matches in one way only is Maybe.
func (p evaluator) resource(value string, negated bool, r Request) Answer {
	if value != "" && strings.Trim(value, "*") == "" {
		return Yes
	}
	if r.Resource == "" {
		return Maybe
	}
	if policy.HasMark(value) {
		return and(Maybe, answerOf(matchGlob(unknownGlob(value, true, p.Variables()), r.Resource)))
	}
	forms, usable := p.expand(value, negated, r)
	if usable != Yes {
		return usable
	}
	answer := matchResourceForm(forms[0], r.Resource)
	for _, form := range forms[1:] {
		answer = agreed(answer, matchResourceForm(form, r.Resource))
	}
	if strings.Contains(awsid.Head(value), "${") { // documented only after the fifth colon
		return agreed(answer, matchResourceForm(plainGlob(value), r.Resource))
	}
	return answer
}

func matchResourceForm(form glob, arn string) Answer {
	if !matchGlob(form, arn) {
		return No
	}
	return agreed(Yes, answerOf(matchGlobARN(form, arn)))
}
