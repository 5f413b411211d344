package evaluate

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// resources reports whether the statement's Resource or NotResource covers the
// key. A statement with neither has no effect (KMS Developer Guide,
// key-policy-overview.html). That guide does not mention NotResource, so a
// statement with it may have no effect either.
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

// resource reports whether one value matches the key's ARN. The IAM User Guide
// lets a wildcard match colons but recommends a pattern for each component, and
// evaluators differ. So a value that matches in only one of these ways is Maybe.
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
	if strings.Contains(awsid.Head(value), "${") { // AWS documents variables only after the fifth colon
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
