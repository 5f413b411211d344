package search

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// A ServiceName is a service that a statement may let in, with the literals that
// hold if the caller is this service.
type ServiceName struct {
	Name string
	Is   []compile.Literal
}

// Serves reports whether a service may get in, and whether it may do so on behalf
// of a customer that the policy does not name.
func (s *Search) Serves(c ServiceName) (strange, in bool) {
	t := *s
	if len(c.Is) > 0 { // otherwise any service
		t.first = s.first.Clone()
		t.first.Set(compile.SlotService, c.Name)
	}
	t.Base = nil
	if m, _ := t.Find(c.Is...); m == nil && !t.Incomplete {
		return false, false
	}
	t.Base, t.Incomplete = s.Base, false
	m, _ := t.Find(c.Is...)
	return m != nil || t.Incomplete, true
}

// contextOfCustomer reports whether name is an encryption context key that a
// service sets to the ARN of its customer's resource. A condition on such a key
// restricts the customer as one on aws:SourceArn does.
// Sources: CloudTrail User Guide, create-kms-key-policy-for-cloudtrail.html;
// CloudWatch Logs User Guide, encrypt-log-data-kms.html; SNS Developer Guide,
// sns-key-management.html; SQS Developer Guide, sqs-key-management.html.
func contextOfCustomer(name string) bool {
	switch strings.ToLower(name) {
	case "aws:cloudtrail:arn", "aws:logs:arn", "aws:sns:topicarn", "aws:sqs:arn":
		return true
	}
	return false
}

// strangeCustomer returns the literals that hold if a service's customer is a
// stranger: what the service says about the customer names neither the owner nor
// anybody trusted or named, nor a resource that the policy names.
func (s *Search) strangeCustomer() []compile.Literal {
	c := s.c
	lits := []compile.Literal{}
	for i := compile.FirstSlot; i < len(c.Slots); i++ {
		var set *compile.ValueSet
		switch key := c.Slots[i]; {
		case key.Names == condkey.CustomerAccount:
			set = compile.Exactly(c.knownAccounts()...)
		case key.Names == condkey.CustomerARN, key.Tie == condkey.TieContext && contextOfCustomer(key.FreePart()):
			set = c.knownResources(i)
		case key.Names == condkey.CustomerOrg:
			set = compile.Exactly(c.insideOrgs()...)
		case key.Names == condkey.CustomerOrgPath:
			set = pathsOf(c.insideOrgs())
		default:
			continue
		}
		lits = append(lits, compile.Literal{Slot: i, Absent: true, Mode: compile.EachOut, Set: set})
		if names := c.Slots[i].Names; names == condkey.CustomerOrg || names == condkey.CustomerOrgPath {
			lits = append(lits, c.notOwnersOrg(i)...)
		}
	}
	return lits
}

// knownAccounts returns the accounts that are not strangers: the owner's, the
// trusted ones and those that the policy names.
func (c *Space) knownAccounts() []string {
	known := slices.Concat(c.Named.Accounts, c.TrustedAccounts)
	if c.Owner != "" {
		known = append(known, c.Owner)
	}
	return known
}

// knownResources returns the set of the ARNs of known accounts, and of those that
// conditions on the key in slot name without wildcards: whoever names a resource
// knows whose it is.
func (c *Space) knownResources(slot int) *compile.ValueSet {
	set := &compile.ValueSet{}
	for _, a := range c.knownAccounts() {
		set.Patterns = append(set.Patterns, compile.NewPattern("*:"+a+":*", policy.StringLike, nil))
	}
	for i := range c.Statements {
		for j := range c.Statements[i].Clauses {
			cl := &c.Statements[i].Clauses[j]
			if cl.Possible.Slot != slot || cl.Cond.Operator.Negated || !compile.IsText(cl.Cond.Operator.Base) {
				continue
			}
			for _, v := range cl.Cond.Values {
				if !strings.ContainsAny(v, "*?$") {
					set.Patterns = append(set.Patterns, compile.Exactly(v).Patterns...)
				}
			}
		}
	}
	return set
}
