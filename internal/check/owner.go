package check

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/load"
)

// infer infers the owner from the policy when it was not given. With bypass, which
// switches the lockout check off, a policy says nothing about its owner.
func (c *Result) infer(p *policy.Policy, bypass bool) {
	if c.Account != "" || bypass {
		return
	}
	if id := inferOwner(p); id != "" {
		c.Account, c.inferred, c.guessed = id, true, true
		c.Notes = append(c.Notes, fmt.Sprintf("the owner is taken to be %s, the one account that may do everything; set it with --account", id))
	}
}

// inferOwner returns the account that the policy allows everything on the key without a
// condition, as AWS's default policy does; "" when there is none, or when another account
// could own the key. KMS refuses a policy that nobody in the owner's account could change
// again, so the owner is an account in which somebody can. A wrong guess never hides
// outsiders other than that account.
func inferOwner(p *policy.Policy) string {
	owners := possibleOwners(p)
	if len(owners) != 1 {
		return ""
	}
	for i := range p.Statements {
		if slices.Contains(fullAccounts(&p.Statements[i]), owners[0]) {
			return owners[0]
		}
	}
	return ""
}

// possibleOwners returns, sorted, the accounts that are named, or of which a principal is
// named, in an Allow of actions that include kms:PutKeyPolicy.
func possibleOwners(p *policy.Policy) []string {
	var ids []string
	for i := range p.Statements {
		s := &p.Statements[i]
		if s.Effect != policy.Allow || s.NotPrincipal || s.NotAction || !slices.ContainsFunc(s.Actions, givesPutKeyPolicy) {
			continue
		}
		for _, principal := range s.Principals {
			if id := accountNamed(principal); id != "" {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// givesPutKeyPolicy reports whether an action pattern matches kms:PutKeyPolicy.
func givesPutKeyPolicy(pattern string) bool {
	matched, err := path.Match(strings.ToLower(strings.ReplaceAll(pattern, "[", `\[`)), "kms:putkeypolicy")
	return matched || err != nil
}

// accountNamed returns the account that a principal names; "" for "*", services and
// anything else that names none.
func accountNamed(p policy.Principal) string {
	if p.Kind != policy.KindAWS {
		return ""
	}
	if awsid.IsAccount(p.Value) {
		return p.Value
	}
	if parts := strings.SplitN(p.Value, ":", 6); len(parts) == 6 && awsid.IsAccount(parts[4]) {
		return parts[4]
	}
	return ""
}

// maxOwners is the most possible owners for which check gives the verdict.
const maxOwners = 3

// ifOwned adds a note with the verdict for each account that can own the key, when the
// owner is not known.
func (c *Result) ifOwned(p *policy.Policy, d *load.Document, o Options) {
	if c.Account != "" {
		return
	}
	owners := possibleOwners(p)
	if len(owners) == 0 || len(owners) > maxOwners {
		return
	}
	for _, id := range owners {
		q := c.question(d, o)
		q.Account, q.Explain = id, false
		c.Notes = append(c.Notes, fmt.Sprintf("if %s owns the key: %s", id, boundsText(decide.Decide(p, q))))
	}
}

// boundsText returns a verdict in words.
func boundsText(d decide.Decision) string {
	if d.Least == d.Most {
		return d.Verdict.String()
	}
	return "undecided, " + between(d.Least, d.Most)
}

// fullAccounts returns the accounts that s allows everything without a condition.
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

// accountOf returns the account when a principal is a whole account: its id, or the ARN
// of its root. Any other principal is an error.
func accountOf(principal string) (string, error) {
	if awsid.IsAccount(principal) {
		return principal, nil
	}
	parts := strings.Split(principal, ":")
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && parts[5] == "root" && awsid.IsAccount(parts[4]) {
		return parts[4], nil
	}
	return "", errors.New("not an account")
}
