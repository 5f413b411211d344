package decide

import (
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// request turns a model into the request that it stands for.
func (s *searching) request(m *model, a kmsapi.Ask) evaluate.Request {
	r := evaluate.Request{
		Principal: m.text(sArn),
		UniqueID:  m.text(sUnique),
		Parent:    m.text(sParent),
		Action:    a.Action,
		Resource:  s.c.KeyARN,
		Time:      s.c.now,
		Context:   make(map[string][]string, len(s.c.mentions)),
	}
	switch s.typ {
	case roleCaller:
		r.Session = "arn:" + s.c.Partition + ":sts::" + m.text(sAccount) + ":assumed-role/" + m.text(sName) + "/" + m.text(sSession)
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
	if a.Action == kmsapi.CreateGrant && !s.c.ties[condkey.TieGrantOps] { // the proof names what the grant carries
		ops := kmsapi.Operations(a.Class, s.keys)
		r.Context["kms:GrantOperations"] = ops[:min(1, len(ops))]
	}
	return r
}

// lets says whether an Allow applies to m.
func (s *searching) lets(st *stmt, m *model) bool {
	if !s.applies(st, m) {
		return false
	}
	for i := range st.clauses {
		if l := s.overApproximate(st.clauses[i].sure); !s.holds(&l, m) {
			return false
		}
	}
	return true
}
