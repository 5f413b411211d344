package evaluate

import (
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// AllowsUnder is like Allows, for a key in an account to which resource control
// policies apply. Their Deny statements apply to every request, including the
// owner's, except RetireGrant and the requests of service-linked roles.
// Source: AWS Organizations User Guide, orgs_manage_policies_rcps.html.
func AllowsUnder(p *policy.Policy, r Request, rcps []*policy.Policy) Answer {
	return AllowsWithKeys(p, condkey.Default(), r, rcps)
}

// AllowsWithKeys is AllowsUnder with a given table of condition keys.
func AllowsWithKeys(p *policy.Policy, keys *condkey.Table, r Request, rcps []*policy.Policy) Answer {
	answer := allowsWith(p, keys, r)
	if policy.IsServiceLinked(r.Principal) { // no key policy allows RetireGrant, the other exception
		return answer
	}
	for _, rcp := range rcps {
		for i := range rcp.Statements {
			if st := &rcp.Statements[i]; answer != No && st.Effect == policy.Deny {
				answer = and(answer, not(evaluator{rcp, keys}.statement(st, r)))
			}
		}
	}
	return answer
}
