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
		searches := d.serviceSearches(st)
		for _, service := range st.entries.services {
			strange, in := false, false
			for _, s := range searches {
				if strange, in = s.serves(service); in {
					break
				}
			}
			if in = in || d.b.out() && len(searches) > 0; in { // what was not looked at is taken at its worst
				list = append(list, ServiceGrant{service, StatementRef{st.Index, st.Sid}, strange || d.b.out()})
			}
		}
	}
	return list
}

// serviceSearches returns a search for each action of the encrypt class that
// the statement allows.
func (d *decider) serviceSearches(st *stmt) []*search {
	var list []*search
	for _, action := range EncryptActions() {
		if st.matchAction(action) != matchNo {
			s := d.newSearch(&scene{c: d.compiled, typ: serviceCaller, path: direct, ask: ask{action: action}, keys: anyKey}, reach{}, false)
			s.allows = []*stmt{st}
			list = append(list, s)
		}
	}
	return list
}

// serves says whether a service gets in, and whether it does for strangers.
func (s *search) serves(service string) (strange, in bool) {
	t := *s
	t.first = s.first.clone()
	t.first.set(sService, service)
	t.base = nil
	if m, _ := t.find(equals(sService, service)); m == nil && !t.incomplete {
		return false, false
	}
	t.base = s.base
	m, _ := t.find(equals(sService, service))
	return m != nil || t.incomplete, true
}
