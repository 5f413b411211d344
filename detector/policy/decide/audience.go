package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// maxNamed bounds how many named outsiders of a kind are looked for one by one.
const maxNamed = 32

// namedBy lists the named outsiders, or networks, that get in: those that the
// policy names and for which a search finds a request.
func (d *decider) namedBy(o *outcome) []string {
	if o.level == Network {
		return d.networks()
	}
	var names []string
	var seen [serviceCaller]bool
	for _, sc := range o.kinds {
		if sc.path == o.search.path && !seen[sc.typ] || sc == o.search.requestKind {
			seen[sc.typ] = true
			names = append(names, d.namedIn(d.newSearch(sc, reachOf(Shared), true))...)
		}
	}
	for i := sFirst; i < len(d.slots); i++ {
		if d.tells(i, o.model) {
			names = append(names, d.slots[i].Name+" "+o.model.text(i))
		}
	}
	if len(names) == 0 {
		names = append(names, o.model.text(sAccount))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// tells reports whether the model's value of a key names somebody: the policy
// spells it out, or the key is of one issuer's own.
func (d *decider) tells(slot int, m *model) bool {
	switch d.slots[slot].Names {
	case condkey.Image, condkey.Person, condkey.Subject, condkey.Audience:
		return slices.ContainsFunc(d.named.values, func(v string) bool { return strings.EqualFold(v, m.text(slot)) })
	case condkey.Issuer:
		return len(m.vals[slot]) > 0
	default:
		return false
	}
}

// namedIn lists the named outsiders that get in by one kind of request: an
// account only if others of it get in than the principals that are named
// themselves, an organization only if others than the named accounts do.
func (d *decider) namedIn(s *searching) []string {
	var names []string
	look := func(name string, lits ...literal) {
		if s.admits(lits) {
			names = append(names, name)
		}
	}
	each := func(slot int, list []string, others ...literal) {
		for _, x := range list[:min(len(list), maxNamed)] {
			look(x, append([]literal{equals(slot, x)}, others...)...)
		}
	}
	arns, ids, sessions := d.namedPrincipals(s.typ)
	each(sArn, arns)
	each(sUnique, ids)
	for _, x := range sessions[:min(len(sessions), maxNamed)] {
		look("arn:"+d.Partition+":sts::"+x.account+":assumed-role/"+x.role+"/"+x.name, x.literals()...)
	}
	others := []literal{noneOf(sArn, arns...), noneOf(sUnique, ids...)}
	for _, x := range sessions {
		others = append(others, noneOf(sName, x.role))
	}
	if s.typ == fedCaller { // the sessions of a named user go without saying
		users, _, _ := d.namedPrincipals(userCaller)
		others = append(others, noneOf(sParent, users...))
	}
	each(sAccount, d.named.accounts, append(others, noneOf(sOrgID, d.named.orgs...))...)
	each(sOrgID, d.named.orgs, noneOf(sAccount, d.named.accounts...))
	return names
}

// namedPrincipals lists the principals of one kind that Allow statements name.
func (d *decider) namedPrincipals(t callerKind) (arns, ids []string, sessions []sessionName) {
	for i := range d.stmts {
		e := &d.stmts[i].entries
		if d.stmts[i].Effect != policy.Allow || d.stmts[i].NotPrincipal {
			continue
		}
		switch t {
		case roleCaller:
			arns, ids, sessions = append(arns, e.roles...), append(ids, e.roleIDs...), append(sessions, e.sessions...)
		case userCaller:
			arns, ids = append(arns, e.users...), append(ids, e.userIDs...)
		case fedCaller:
			arns = append(arns, e.feds...)
		}
	}
	return arns, ids, sessions
}

// networks lists the networks that the policy's conditions name.
func (d *decider) networks() []string {
	var names []string
	for i := range d.stmts {
		for j := range d.stmts[i].clauses {
			cl := &d.stmts[i].clauses[j]
			if d.slots[cl.sure.slot].Names.Where() && d.stmts[i].Effect == policy.Allow != cl.cond.Operator.Negated {
				names = append(names, slices.DeleteFunc(slices.Clone(cl.cond.Values), policy.HasMark)...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
