package policy

// services lists the AWS services that an Allow names and that may use the
// encrypt class for themselves.
func (d *decider) services() []ServiceGrant {
	var list []ServiceGrant
	for i := range d.stmts {
		st := &d.stmts[i]
		if st.Effect != Allow || st.NotPrincipal {
			continue
		}
		for _, service := range st.entries.services {
			if g, ok := d.service(st, service); ok {
				list = append(list, g)
			}
		}
	}
	return list
}

func (d *decider) service(st *stmt, service string) (ServiceGrant, bool) {
	for _, action := range EncryptActions() {
		if st.matchAction(action) == matchNo {
			continue
		}
		s := d.newSearch(&scene{c: d.compiled, typ: serviceCaller, path: direct, ask: ask{action: action}, keys: anyKey}, reach{}, false, &d.work)
		s.allows = []*stmt{st}
		strange := s.base
		s.base = nil
		if m, _ := s.find(equals(sService, service)); m == nil && !s.incomplete {
			continue
		}
		s.base = strange
		m, _ := s.find(equals(sService, service))
		return ServiceGrant{service, StatementRef{st.Index, st.Sid}, m != nil || s.incomplete}, true
	}
	return ServiceGrant{}, false
}
