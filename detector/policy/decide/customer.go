package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// A serviceName is a service that a statement may let in, with the literals
// that make a caller this service.
type serviceName struct {
	name string
	is   []literal
}

// serves reports whether a service gets in, and whether it may then act for a
// customer that the policy does not name.
func (s *searching) serves(c serviceName) (strange, in bool) {
	t := *s
	if len(c.is) > 0 { // its first makes the caller this service
		t.first = s.first.clone()
		t.first.set(sService, c.name)
	}
	t.base = nil
	if m, _ := t.find(c.is...); m == nil && !t.incomplete {
		return false, false
	}
	t.base, t.incomplete = s.base, false
	m, _ := t.find(c.is...)
	return m != nil || t.incomplete, true
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
// named, and is no resource that the policy spells out.
func (s *searching) strangeCustomer() []literal {
	c := s.c
	lits := []literal{}
	for i := sFirst; i < len(c.slots); i++ {
		var set *valueSet
		switch key := c.slots[i]; {
		case key.Names == condkey.CustomerAccount:
			set = exactly(c.knownAccounts()...)
		case key.Names == condkey.CustomerARN, key.Tie == condkey.TieContext && contextOfCustomer(key.FreePart()):
			set = c.knownResources(i)
		case key.Names == condkey.CustomerOrg:
			set = exactly(c.insideOrgs()...)
		case key.Names == condkey.CustomerOrgPath:
			set = pathsOf(c.insideOrgs())
		default:
			continue
		}
		lits = append(lits, literal{slot: i, absent: true, mode: eachOut, set: set})
		if names := c.slots[i].Names; names == condkey.CustomerOrg || names == condkey.CustomerOrgPath {
			lits = append(lits, c.notOwnersOrg(i)...)
		}
	}
	return lits
}

// knownAccounts are the accounts that are no strangers: the owner's, trusted
// ones and those that the policy names.
func (c *space) knownAccounts() []string {
	known := slices.Concat(c.named.accounts, c.TrustedAccounts)
	if c.owner != "" {
		known = append(known, c.owner)
	}
	return known
}

// knownResources matches the ARNs that belong to known accounts, and those
// that conditions on the key spell out without wildcards: who writes the name
// of one resource knows whose it is.
func (c *space) knownResources(slot int) *valueSet {
	set := &valueSet{}
	for _, a := range c.knownAccounts() {
		set.pats = append(set.pats, newPattern("*:"+a+":*", policy.StringLike, nil))
	}
	for i := range c.stmts {
		for j := range c.stmts[i].clauses {
			cl := &c.stmts[i].clauses[j]
			if cl.possible.slot != slot || cl.cond.Operator.Negated || !isText(cl.cond.Operator.Base) {
				continue
			}
			for _, v := range cl.cond.Values {
				if !strings.ContainsAny(v, "*?$") {
					set.pats = append(set.pats, exactly(v).pats...)
				}
			}
		}
	}
	return set
}
