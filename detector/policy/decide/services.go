package decide

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// AnyService is the ServiceGrant.Service of a statement that lets in every AWS
// service that meets its conditions, without naming one.
const AnyService = "*"

// services returns the AWS services that an Allow lets use the encrypt class for
// themselves: those that it names as principals, and those that its Principal "*"
// or NotPrincipal covers. Principal "*" covers services too (IAM User Guide,
// reference_policies_elements_principal.html). Of a statement that lets strangers
// in, only the services that it names are returned.
func (d *decider) services() []ServiceGrant {
	var list []ServiceGrant
	searches := make(map[string]*search.Search, 4)
	for i := range d.Statements {
		st := &d.Statements[i]
		if st.Effect != policy.Allow {
			continue
		}
		mine := d.serviceSearches(st, searches)
		for _, c := range d.serviceCallers(st) {
			strange, in := false, false
			for _, s := range mine {
				if d.Budget.Out() {
					break
				}
				if strange, in = s.Serves(c); in {
					break
				}
			}
			if d.Budget.Out() { // assume the worst of what was not searched
				strange, in = true, len(mine) > 0
			}
			if in {
				list = append(list, ServiceGrant{d.Source.Show(c.Name), StatementRef{st.Index, st.Sid}, strange})
			}
		}
	}
	return list
}

// serviceCallers returns the services that the statement names as principals and,
// if its principals cover services, those that its conditions name, or
// AnyService.
func (d *decider) serviceCallers(st *compile.Statement) []search.ServiceName {
	var list []search.ServiceName
	if !st.NotPrincipal {
		for _, name := range st.Entries.Services {
			list = append(list, search.ServiceName{Name: name, Is: []compile.Literal{compile.Equals(compile.SlotService, name)}})
		}
	}
	if st.Entries.Star == st.NotPrincipal || d.opensToStrangers(st) {
		return list
	}
	named := len(list)
	for i := range st.Clauses {
		cl := &st.Clauses[i]
		if d.Slots[cl.Possible.Slot].Names != condkey.ServicePrincipal || d.Slots[cl.Possible.Slot].Types&condkey.String == 0 || cl.Cond.Operator.Negated || !compile.IsText(cl.Cond.Operator.Base) {
			continue
		}
		for _, name := range cl.Cond.Values {
			if strings.ContainsAny(name, "*?$") || policy.HasMark(name) {
				return append(list[:named], search.ServiceName{Name: AnyService})
			}
			is := compile.Equals(cl.Possible.Slot, name)
			is.Mode = compile.SomeIn
			list = append(list, search.ServiceName{Name: name, Is: []compile.Literal{compile.Equals(compile.SlotService, name), is}})
		}
	}
	if len(list) == named {
		list = append(list, search.ServiceName{Name: AnyService})
	}
	return list
}

// opensToStrangers reports whether st allows the witness of a public grant.
func (d *decider) opensToStrangers(st *compile.Statement) bool {
	for _, a := range kmsapi.Asks(kmsapi.ClassEncrypt) {
		if o := d.outcome(a); o.level == Public && d.Matches(a.Action)[st.Place] != compile.No && o.search.Lets(st, o.model) {
			return true
		}
	}
	return false
}

// serviceSearches returns searches through st for the actions of the encrypt
// class that it covers, one for each group that the policy does not distinguish.
// made caches the searches for all statements.
func (d *decider) serviceSearches(st *compile.Statement, made map[string]*search.Search) []*search.Search {
	var list []*search.Search
	seen := map[string]bool{}
	for _, a := range kmsapi.Asks(kmsapi.ClassEncrypt) {
		if key := d.alike(a); d.Matches(a.Action)[st.Place] != compile.No && !seen[key] {
			seen[key] = true
			s := made[key]
			if s == nil {
				s = d.NewSearch(d.NewKind(compile.ServiceCaller, false, search.Direct, kmsapi.Ask{Action: a.Action}, kmsapi.AnyKey), search.Reach{}, false)
				made[key] = s
			}
			mine := *s
			mine.Allows = []*compile.Statement{st}
			d.Budget.Spend(60)
			list = append(list, &mine)
		}
	}
	return list
}
