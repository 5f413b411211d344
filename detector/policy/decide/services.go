package decide

import (
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
	searches := make(map[string]*searching, 4)
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
	for _, a := range kmsapi.Asks(kmsapi.ClassEncrypt) {
		if o := d.outcome(a); o.level == Public && d.matches(a.Action)[st.at] != matchNo && o.search.lets(st, o.model) {
			return true
		}
	}
	return false
}

// serviceSearches returns a search for each action of the encrypt class that
// the statement allows, one of each kind that the policy treats alike; made
// holds those of other statements.
func (d *decider) serviceSearches(st *stmt, made map[string]*searching) []*searching {
	var list []*searching
	seen := map[string]bool{}
	for _, a := range kmsapi.Asks(kmsapi.ClassEncrypt) {
		if key := d.alike(a); d.matches(a.Action)[st.at] != matchNo && !seen[key] {
			seen[key] = true
			s := made[key]
			if s == nil {
				s = d.newSearch(d.kind(serviceCaller, false, direct, kmsapi.Ask{Action: a.Action}, kmsapi.AnyKey), reach{}, false)
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
