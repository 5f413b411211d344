package policy

import "slices"

// maxNamed bounds how many named outsiders are looked for one by one.
const maxNamed = 32

// namedBy lists the named outsiders, or networks, that get in.
func (d *decider) namedBy(o *outcome) []string {
	if o.level == Network {
		return d.networks()
	}
	var names []string
	s := o.search
	trial := func(slot int, list []string) {
		for _, x := range list[:min(len(list), maxNamed)] {
			t := *s
			if m, _ := t.find(equals(slot, x)); m != nil {
				names = append(names, x)
			}
		}
	}
	for i := range d.stmts {
		e := &d.stmts[i].entries
		if d.stmts[i].Effect != Allow || d.stmts[i].NotPrincipal {
			continue
		}
		switch s.typ {
		case roleCaller:
			trial(sArn, e.roles)
			trial(sUnique, e.roleIDs)
		case userCaller:
			trial(sArn, e.users)
			trial(sUnique, e.userIDs)
		case fedCaller:
			trial(sArn, e.feds)
		}
		for _, x := range e.sessions {
			if s.typ == roleCaller && x.account == o.model.text(sAccount) {
				names = append(names, "arn:"+d.partition+":sts::"+x.account+":assumed-role/"+x.role+"/"+x.name)
			}
		}
	}
	if len(names) == 0 {
		trial(sAccount, d.named.accounts)
	}
	if len(o.model.vals[sOrgID]) > 0 {
		trial(sOrgID, d.named.orgs)
		if len(names) == 0 {
			names = append(names, o.model.text(sOrgID))
		}
	}
	for i := sFirst; i < len(d.slots); i++ {
		if d.slots[i].id == idAttestation && len(o.model.vals[i]) > 0 {
			names = append(names, d.slots[i].Name+" "+o.model.text(i))
		}
	}
	if len(names) == 0 {
		names = append(names, o.model.text(sAccount))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// networks lists the networks that the policy's conditions name.
func (d *decider) networks() []string {
	var names []string
	for i := range d.stmts {
		for j := range d.stmts[i].clauses {
			cl := &d.stmts[i].clauses[j]
			if d.slots[cl.lo.slot].Name == "aws:Ec2InstanceSourceVpc" {
				names = append(names, cl.cond.Values...)
			}
			switch d.slots[cl.lo.slot].id {
			case idSourceIP, idSourceVpc, idSourceVpce, idVpcArn, idVpceAccount, idVpceOrgID, idVpceOrgPaths:
				if d.stmts[i].Effect == Allow != cl.cond.Operator.Negated {
					names = append(names, cl.cond.Values...)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
