package search

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// A ServiceName is a service that a statement may let in, with the literals
// that make a caller this service.
type ServiceName struct {
	Name string
	Is   []compile.Literal
}

// Serves reports whether a service gets in, and whether it may then act for a
// customer that the policy does not name.
func (s *Search) Serves(c ServiceName) (strange, in bool) {
	t := *s
	if len(c.Is) > 0 { // its first makes the caller this service
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

// contextOfCustomer names, by service, the encryption-context keys that the
// service itself fills with the ARN of its customer's resource. A condition on
// one of them pins the customer as aws:SourceArn does.
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

// strangeCustomer is what makes a service's customer a stranger: what the
// service says of its customer names neither the owner nor anybody trusted or
// named, and is not a resource that the policy spells out.
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

// knownAccounts are the accounts that are not strangers: the owner's, trusted
// ones and those that the policy names.
func (c *Space) knownAccounts() []string {
	known := slices.Concat(c.Named.Accounts, c.TrustedAccounts)
	if c.Owner != "" {
		known = append(known, c.Owner)
	}
	return known
}

// knownResources matches the ARNs that belong to known accounts, and those
// that conditions on the key spell out without wildcards: who writes the name
// of one resource knows whose it is.
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
