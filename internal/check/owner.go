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

// infer takes the owner from the policy when nobody named it. With the lockout
// check switched off, bypass, a policy says nothing of its owner.
func (c *Result) infer(p *policy.Policy, bypass bool) {
	if c.Account != "" || bypass {
		return
	}
	if id := inferOwner(p); id != "" {
		c.Account, c.inferred, c.guessed = id, true, true
		c.Notes = append(c.Notes, fmt.Sprintf("the owner is taken to be %s, the one account that may do everything; set it with --account", id))
	}
}

// inferOwner returns the one account to which the policy gives everything on
// the key without a condition, as AWS's default policy does; "" when there is
// none, or another account that could own the key. KMS refuses a policy with
// which nobody of the owner's could change it again, so the owner is an account
// of which somebody may. A wrong guess never hides strangers: it only moves one
// account from outside to inside.
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

// possibleOwners lists the accounts that are named, or of which somebody is
// named, by an Allow that can be about kms:PutKeyPolicy; sorted.
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

// accountNamed is the account of a principal; "" for everybody, services and
// what names no account.
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

// maxOwners bounds the accounts for which check says what would be if they
// owned the key.
const maxOwners = 3

// ifOwned says what the verdict would be if each account that can own the key
// did, where nobody named the owner and the policy does not say.
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

// boundsText is a verdict in words.
func boundsText(d decide.Decision) string {
	if d.Least == d.Most {
		return d.Verdict.String()
	}
	return "undecided, " + between(d.Least, d.Most)
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
	if awsid.IsAccount(principal) {
		return principal, nil
	}
	parts := strings.Split(principal, ":")
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && parts[5] == "root" && awsid.IsAccount(parts[4]) {
		return parts[4], nil
	}
	return "", errors.New("not an account")
}
