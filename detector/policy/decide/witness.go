package decide

import (
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// grant puts an outcome into words for one action.
func (d *decider) grant(a kmsapi.Ask, o *outcome) Grant {
	g := Grant{Class: a.Class, Action: a.Action, Audience: o.level, Witness: o.search.Request(o.model, a)}
	for _, st := range o.search.Allows {
		if o.search.Lets(st, o.model) {
			g.Statements = append(g.Statements, StatementRef{st.Index, st.Sid})
		}
	}
	if o.named == nil && o.level != Public {
		d.Budget.Within(d.Budget.Left/4, func() { o.named = d.namedBy(o) })
	}
	if o.why == nil {
		o.why = d.explain(o)
	}
	g.Named, g.Why = o.named, o.why
	return g
}
