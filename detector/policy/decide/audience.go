package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
)

// maxNamed bounds how many named outsiders of each kind are searched for.
const maxNamed = 32

// namedBy returns the outsiders whom the policy names and for whom a search finds
// a request or, for the level Network, the networks that it names; sorted.
func (d *decider) namedBy(o *outcome) []string {
	if o.level == Network {
		return d.networks()
	}
	var names []string
	var seen [compile.ServiceCaller]bool
	for _, sc := range o.kinds {
		if sc.Path == o.search.Path && !seen[sc.Caller] || sc == o.search.RequestKind {
			seen[sc.Caller] = true
			names = append(names, d.namedIn(d.NewSearch(sc, reachOf(Shared), true))...)
		}
	}
	for i := compile.FirstSlot; i < len(d.Slots); i++ {
		if d.tells(i, o.model) {
			names = append(names, d.Slots[i].Name+" "+o.model.Text(i))
		}
	}
	if len(names) == 0 {
		names = append(names, o.model.Text(compile.SlotAccount))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// tells reports whether the model's value of a key names somebody: the policy
// names the value, or the key belongs to a single issuer.
func (d *decider) tells(slot int, m *compile.Model) bool {
	switch d.Slots[slot].Names {
	case condkey.Image, condkey.Person, condkey.Subject, condkey.Audience:
		return slices.ContainsFunc(d.Named.Values, func(v string) bool { return strings.EqualFold(v, m.Text(slot)) })
	case condkey.Issuer:
		return len(m.Values[slot]) > 0
	default:
		return false
	}
}

// namedIn returns the named outsiders that get in by one kind of request. It
// includes an account only if principals of it get in that are not named
// themselves, and an organization only if accounts do that are not named.
func (d *decider) namedIn(s *search.Search) []string {
	var names []string
	look := func(name string, lits ...compile.Literal) {
		if s.Admits(lits) {
			names = append(names, name)
		}
	}
	each := func(slot int, list []string, others ...compile.Literal) {
		for _, x := range list[:min(len(list), maxNamed)] {
			look(x, append([]compile.Literal{compile.Equals(slot, x)}, others...)...)
		}
	}
	arns, ids, sessions := d.namedPrincipals(s.Caller)
	each(compile.SlotARN, arns)
	each(compile.SlotUniqueID, ids)
	for _, x := range sessions[:min(len(sessions), maxNamed)] {
		look("arn:"+d.Partition+":sts::"+x.Account+":assumed-role/"+x.Role+"/"+x.Name, x.Literals()...)
	}
	others := []compile.Literal{compile.NoneOf(compile.SlotARN, arns...), compile.NoneOf(compile.SlotUniqueID, ids...)}
	for _, x := range sessions {
		others = append(others, compile.NoneOf(compile.SlotName, x.Role))
	}
	if s.Caller == compile.FedCaller { // a named user covers its sessions
		users, _, _ := d.namedPrincipals(compile.UserCaller)
		others = append(others, compile.NoneOf(compile.SlotParent, users...))
	}
	each(compile.SlotAccount, d.Named.Accounts, append(others, compile.NoneOf(compile.SlotOrgID, d.Named.Orgs...))...)
	each(compile.SlotOrgID, d.Named.Orgs, compile.NoneOf(compile.SlotAccount, d.Named.Accounts...))
	return names
}

// namedPrincipals returns the principals of one kind that Allow statements name.
func (d *decider) namedPrincipals(t compile.CallerKind) (arns, ids []string, sessions []compile.SessionName) {
	for i := range d.Statements {
		e := &d.Statements[i].Entries
		if d.Statements[i].Effect != policy.Allow || d.Statements[i].NotPrincipal {
			continue
		}
		switch t {
		case compile.RoleCaller:
			arns, ids, sessions = append(arns, e.Roles...), append(ids, e.RoleIDs...), append(sessions, e.Sessions...)
		case compile.UserCaller:
			arns, ids = append(arns, e.Users...), append(ids, e.UserIDs...)
		case compile.FedCaller:
			arns = append(arns, e.Feds...)
		}
	}
	return arns, ids, sessions
}

// networks returns the networks that the policy's conditions name, sorted.
func (d *decider) networks() []string {
	var names []string
	for i := range d.Statements {
		for j := range d.Statements[i].Clauses {
			cl := &d.Statements[i].Clauses[j]
			if d.Slots[cl.Sure.Slot].Names.Where() && d.Statements[i].Effect == policy.Allow != cl.Cond.Operator.Negated {
				names = append(names, slices.DeleteFunc(slices.Clone(cl.Cond.Values), policy.HasMark)...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
