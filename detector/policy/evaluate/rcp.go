package evaluate

import (
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// AllowsUnder is Allows in an account to which resource control policies
// apply: their Denies hold for every request but those of service-linked
// roles and RetireGrant, the owner's too.
// Source: AWS Organizations User Guide, orgs_manage_policies_rcps.html.
func AllowsUnder(p *policy.Policy, r Request, rcps []*policy.Policy) Answer {
	return AllowsWithKeys(p, condkey.Default(), r, rcps)
}

// AllowsWithKeys is AllowsUnder with another table of condition keys.
func AllowsWithKeys(p *policy.Policy, keys *condkey.Table, r Request, rcps []*policy.Policy) Answer {
	answer := allowsWith(p, keys, r)
	if policy.IsServiceLinked(r.Principal) { // RetireGrant, the other exception, a key policy gives to nobody
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
