package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// AnyService is the ServiceGrant.Service of a statement that names no service
// and lets every AWS service in that meets its conditions.
const AnyService = "*"

// services lists the AWS services that an Allow lets in and that may use the
// encrypt class for themselves: those that it names as principals, and those
// that its Principal "*" or NotPrincipal covers. Principal "*" covers services,
// too (IAM User Guide, reference_policies_elements_principal.html). A statement
// that lets every stranger in is not listed for services as well.
func (d *decider) services() []ServiceGrant {
	var list []ServiceGrant
	searches := make(map[string]*search, 4)
	for i := range d.stmts {
		st := &d.stmts[i]
		if st.Effect != policy.Allow {
			continue
		}
		mine := d.serviceSearches(st, searches)
		for _, c := range d.serviceCallers(st) {
			strange, in := false, false
			for _, s := range mine {
				if d.b.Out() {
					break
				}
				if strange, in = s.serves(c); in {
					break
				}
			}
			if d.b.Out() { // what was not looked at is taken at its worst
				strange, in = true, len(mine) > 0
			}
			if in {
				list = append(list, ServiceGrant{d.policy.Show(c.name), StatementRef{st.Index, st.Sid}, strange})
			}
		}
	}
	return list
}

// A serviceName is a service that a statement may let in, with the literals
// that make a caller this service.
type serviceName struct {
	name string
	is   []literal
}

// serviceCallers lists the services that the statement's principals, or its
// conditions under principals that cover services, spell out.
func (d *decider) serviceCallers(st *stmt) []serviceName {
	var list []serviceName
	if !st.NotPrincipal {
		for _, name := range st.entries.services {
			list = append(list, serviceName{name, []literal{equals(sService, name)}})
		}
	}
	if st.entries.star == st.NotPrincipal || d.opensToStrangers(st) {
		return list
	}
	named := len(list)
	for i := range st.clauses {
		cl := &st.clauses[i]
		if d.slots[cl.possible.slot].Names != condkey.ServicePrincipal || d.slots[cl.possible.slot].Types&condkey.String == 0 || cl.cond.Operator.Negated || !isText(cl.cond.Operator.Base) {
			continue
		}
		for _, name := range cl.cond.Values {
			if strings.ContainsAny(name, "*?$") || policy.HasMark(name) {
				return append(list[:named], serviceName{name: AnyService})
			}
			is := equals(cl.possible.slot, name)
			is.mode = someIn
			list = append(list, serviceName{name, []literal{equals(sService, name), is}})
		}
	}
	if len(list) == named {
		list = append(list, serviceName{name: AnyService})
	}
	return list
}

// opensToStrangers reports whether st lets the stranger of a public grant in.
func (d *decider) opensToStrangers(st *stmt) bool {
	for _, a := range asksOf(kmsapi.ClassEncrypt) {
		if o := d.outcome(a); o.level == Public && d.matches(a.action)[st.at] != matchNo && o.search.lets(st, o.model) {
			return true
		}
	}
	return false
}

// serviceSearches returns a search for each action of the encrypt class that
// the statement allows, one of each kind that the policy treats alike; made
// holds those of other statements.
func (d *decider) serviceSearches(st *stmt, made map[string]*search) []*search {
	var list []*search
	seen := map[string]bool{}
	for _, a := range asksOf(kmsapi.ClassEncrypt) {
		if key := d.alike(a); d.matches(a.action)[st.at] != matchNo && !seen[key] {
			seen[key] = true
			s := made[key]
			if s == nil {
				s = d.newSearch(&requestKind{c: d.compiled, typ: serviceCaller, path: direct, ask: ask{action: a.action}, keys: kmsapi.AnyKey}, reach{}, false)
				made[key] = s
			}
			mine := *s
			mine.allows = []*stmt{st}
			d.b.Spend(60)
			list = append(list, &mine)
		}
	}
	return list
}

// serves reports whether a service gets in, and whether it may then act for a
// customer that the policy does not name.
func (s *search) serves(c serviceName) (strange, in bool) {
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
// named, and is not a resource that the policy spells out.
func (s *search) strangeCustomer() []literal {
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

// knownAccounts are the accounts that are not strangers: the owner's, trusted
// ones and those that the policy names.
func (c *compiled) knownAccounts() []string {
	known := slices.Concat(c.named.accounts, c.q.TrustedAccounts)
	if c.owner != "" {
		known = append(known, c.owner)
	}
	return known
}

// knownResources matches the ARNs that belong to known accounts, and those
// that conditions on the key spell out without wildcards: who writes the name
// of one resource knows whose it is.
func (c *compiled) knownResources(slot int) *valueSet {
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
