package detector

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// offending returns the places of the statements that a decision blames,
// sorted and below count: those that let outsiders in, and those that kept it
// open. When strangers get in, statements that let in named outsiders only are
// not to blame.
func offending(d decide.Decision, count int) []int {
	var places []int
	for _, ref := range d.Opens {
		places = append(places, ref.Index)
	}
	strangers := d.Verdict == decide.Public || d.Verdict == decide.Network
	for _, g := range d.Grants {
		if strangers && g.Audience == decide.Shared {
			continue
		}
		for _, ref := range g.Statements {
			places = append(places, ref.Index)
		}
	}
	for _, g := range d.Others {
		if g.Action == revokeGrant && g.Audience == decide.Public {
			for _, ref := range g.Statements {
				places = append(places, ref.Index)
			}
		}
	}
	for _, open := range d.Undecided {
		places = append(places, open.Statement.Index)
	}
	slices.Sort(places)
	places = slices.Compact(places)
	return slices.DeleteFunc(places, func(i int) bool { return i < 0 || i >= count })
}

// statements shows the statements at the given places as they are written.
func statements(p *policy.Policy, places []int) []Statement {
	var list []Statement
	for _, i := range places {
		s := p.Statements[i]
		shown := Statement{Index: s.Index, Count: len(p.Statements), Sid: s.Sid, Effect: s.Effect.String(), Text: s.Text}
		if o, err := readDocument([]byte(s.Text)); err == nil {
			shown.Principal = shownMember(o, "Principal", "NotPrincipal")
			shown.Action = shownMember(o, "Action", "NotAction")
			shown.Condition = shownMember(o, "Condition")
		}
		list = append(list, shown)
	}
	return list
}

// shownMember returns the first of the named members that is in o, compact,
// e.g. `"Principal": {"AWS":"*"}`; "" when none does.
func shownMember(o object, names ...string) string {
	for _, name := range names {
		if raw := o.value(name).Raw(); raw != nil {
			var b bytes.Buffer
			if json.Compact(&b, raw) != nil {
				return "" // not reached: raw is valid
			}
			return `"` + name + `": ` + b.String()
		}
	}
	return ""
}
