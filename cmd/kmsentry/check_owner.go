package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// infer takes the owner from the policy when nobody told it.
func (c *checked) infer(p *policy.Policy) {
	if c.account != "" {
		return
	}
	if id := inferOwner(p); id != "" {
		c.account, c.inferred, c.guessed = id, true, true
		c.notes = append(c.notes, fmt.Sprintf("the owner is taken to be %s, the one account that may do everything; --account says it for sure", id))
	}
}

// inferOwner returns the one account to which the policy gives everything on
// the key without a condition, as AWS's default policy does; "" when there is
// none or more than one. KMS refuses a policy with which nobody of the owner's
// could change it again, so such a statement is the owner's as a rule. A wrong
// guess never hides strangers: it only moves one account from outside to inside.
func inferOwner(p *policy.Policy) string {
	owner := ""
	for i := range p.Statements {
		for _, id := range fullAccounts(&p.Statements[i]) {
			if owner != "" && owner != id {
				return ""
			}
			owner = id
		}
	}
	return owner
}

// fullAccounts returns the accounts that s lets do everything.
func fullAccounts(s *policy.Statement) []string {
	if s.Effect != policy.Allow || s.NotPrincipal || s.NotAction || s.NotResource || len(s.Conditions) > 0 {
		return nil
	}
	everything := func(action string) bool { return action == "*" || strings.EqualFold(action, "kms:*") }
	if !slices.ContainsFunc(s.Actions, everything) || !slices.Contains(s.Resources, "*") {
		return nil
	}
	var ids []string
	for _, p := range s.Principals {
		if p.Kind != policy.KindAWS {
			continue
		}
		if id, err := accountOf(p.Value); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// accountOf returns the account that a principal stands for as a whole.
func accountOf(principal string) (string, error) {
	if accountShape.MatchString(principal) {
		return principal, nil
	}
	parts := strings.Split(principal, ":")
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && parts[5] == "root" && accountShape.MatchString(parts[4]) {
		return parts[4], nil
	}
	return "", errors.New("not an account")
}
