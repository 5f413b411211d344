package search

import (
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// Request returns the request that a model describes, for the action of a.
func (s *Search) Request(m *compile.Model, a kmsapi.Ask) evaluate.Request {
	r := evaluate.Request{
		Principal: m.Text(compile.SlotARN),
		UniqueID:  m.Text(compile.SlotUniqueID),
		Parent:    m.Text(compile.SlotParent),
		Action:    a.Action,
		Resource:  s.c.KeyARN,
		Time:      s.c.Now,
		Context:   make(map[string][]string, len(s.c.Mentions)),
	}
	switch s.Caller {
	case compile.RoleCaller:
		r.Session = "arn:" + s.c.Partition + ":sts::" + m.Text(compile.SlotAccount) + ":assumed-role/" + m.Text(compile.SlotName) + "/" + m.Text(compile.SlotSession)
	case compile.FedCaller:
		r.Session = r.Principal
	case compile.ServiceCaller:
		r.Service = m.Text(compile.SlotService)
	}
	for _, k := range s.c.Mentions {
		vals := m.Values[k.Slot]
		if len(vals) == 0 {
			continue
		}
		texts := make([]string, len(vals))
		for i, v := range vals {
			texts[i] = v.Text
		}
		r.Context[k.Name] = texts
	}
	if a.Action == kmsapi.CreateGrant && !s.c.Ties[condkey.TieGrantOps] { // the proof names what the grant carries
		ops := kmsapi.Operations(a.Class, s.keys)
		r.Context["kms:GrantOperations"] = ops[:min(1, len(ops))]
	}
	return r
}

// Lets reports whether an Allow applies to m.
func (s *Search) Lets(st *compile.Statement, m *compile.Model) bool {
	if !s.applies(st, m) {
		return false
	}
	for i := range st.Clauses {
		if l := s.OverApproximate(st.Clauses[i].Sure); !s.Holds(&l, m) {
			return false
		}
	}
	return true
}
