package policy

import (
	"slices"
	"time"
)

// request turns a model into the request that it stands for.
func (s *search) request(m *model, action string) Request {
	r := Request{
		Principal: m.text(sArn),
		UniqueID:  m.text(sUnique),
		Parent:    m.text(sParent),
		Action:    action,
		Resource:  s.c.q.KeyARN,
		Time:      s.c.q.At,
		Context:   make(map[string][]string, len(s.c.mentions)),
	}
	switch s.typ {
	case roleCaller:
		r.Session = "arn:" + s.c.partition + ":sts::" + m.text(sAccount) + ":assumed-role/" + m.text(sName) + "/" + m.text(sSession)
	case fedCaller:
		r.Session = r.Principal
	case serviceCaller:
		r.Service = m.text(sService)
	}
	for _, k := range s.c.mentions {
		vals := m.vals[k.slot]
		if len(vals) == 0 {
			continue
		}
		texts := make([]string, len(vals))
		for i, v := range vals {
			texts[i] = v.s
		}
		r.Context[k.name] = texts
	}
	return r
}

// grant puts an outcome into words for one action.
func (d *decider) grant(action string, o *outcome) Grant {
	g := Grant{Action: action, Audience: o.level, Witness: o.search.request(o.model, action)}
	for _, st := range o.search.allows {
		if o.search.lets(st, o.model) {
			g.Statements = append(g.Statements, StatementRef{st.Index, st.Sid})
		}
	}
	if o.named == nil && o.level != Public {
		o.named = d.namedBy(o)
	}
	g.Named = o.named
	g.Why = d.explain(o)
	return g
}

// lets says whether an Allow applies to m.
func (s *search) lets(st *stmt, m *model) bool {
	if holdsAny(st.allowWays(s.typ), m) < 0 {
		return false
	}
	for i := range st.clauses {
		if !s.holds(&st.clauses[i].lo, m) {
			return false
		}
	}
	return true
}

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
		s := d.newSearch(&scene{c: d.compiled, typ: serviceCaller, path: direct, action: action}, reach{}, false, &d.work)
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

// maxFuture bounds how many later instants are looked at.
const maxFuture = 24

// future returns the first later instant at which the verdict is worse. It can
// only change at the dates that the policy names.
func (d *decider) future(now Verdict) *Exposure {
	if !d.has[idCurrentTime] || now == Public {
		return nil
	}
	var seconds []int64
	for i := range d.stmts {
		for _, cl := range d.stmts[i].clauses {
			if d.slots[cl.hi.slot].id != idCurrentTime {
				continue
			}
			for _, r := range cl.hi.set.spans {
				seconds = append(seconds, r.lo, r.hi+1)
			}
		}
	}
	slices.Sort(seconds)
	seconds = slices.Compact(seconds)
	later := 0
	for _, n := range seconds {
		if n <= d.q.At.Unix() || n >= maxSecond || later == maxFuture {
			continue
		}
		later++
		if v := d.at(n); rank(v) > rank(now) {
			return &Exposure{time.Unix(n, 0).UTC(), v}
		}
	}
	return nil
}

// at decides the verdict at another instant.
func (d *decider) at(second int64) Verdict {
	c := *d.compiled
	c.q.At = time.Unix(second, 0).UTC()
	then := newDecider(&c)
	then.work = d.work
	v := Private
	for _, action := range EncryptActions() {
		v = worse(v, then.outcome(action).verdict())
	}
	d.work = then.work
	return v
}

// flags says what the decision turned on.
func (d *decider) flags(dec *Decision) []Flag {
	set := map[Flag]bool{
		FlagServicePrincipal: len(dec.Services) > 0 || d.mentionsAny(idSourceKeys, idPrincipalIsAWSService, idPrincipalServiceName),
		FlagFutureExposure:   dec.Future != nil,
		FlagAmbiguous:        len(dec.Undecided) > 0,
		FlagKeyDependent:     d.keyDependent || d.unknownFact(),
	}
	for _, o := range d.outcomes {
		if o.search == nil {
			continue
		}
		m := o.model
		set[FlagViaService] = set[FlagViaService] || o.search.path == via
		set[FlagNetworkNamed] = set[FlagNetworkNamed] || o.level == Network
		set[FlagOrgNamed] = set[FlagOrgNamed] || o.level == Shared && len(m.vals[sOrgID]) > 0
		set[FlagUniqueIDUnknown] = set[FlagUniqueIDUnknown] || o.level == Shared && slices.Contains(d.named.ids, m.text(sUnique))
	}
	var flags []Flag
	for f, on := range set {
		if on {
			flags = append(flags, f)
		}
	}
	slices.Sort(flags)
	return flags
}

// unknownFact says whether a condition asks for a fact of the key that the
// question does not tell.
func (c *compiled) unknownFact() bool {
	k := &c.q.Key
	for _, f := range [...]struct {
		id      keyID
		unknown bool
	}{
		{idRegion, c.region == ""},
		{idResAccount, c.owner == ""},
		{idResOrgID, k.Org == ""},
		{idResOrgPaths, true},
		{idResTag, k.Tags == nil},
		{idKeySpec, k.Spec == ""},
		{idKeyUsage, k.Usage == ""},
		{idKeyOrigin, k.Origin == ""},
		{idMultiRegion, c.multiRegion() == nil},
		{idMultiKeyType, c.multiRegion() == nil},
		{idRequestAlias, k.Aliases == nil},
		{idEncAlgorithm, k.Spec == ""},
		{idViaService, c.region == ""},
	} {
		if f.unknown && c.has[f.id] {
			return true
		}
	}
	return false
}
