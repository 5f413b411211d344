package detector

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// offending returns the indexes, sorted and below count, of the statements that a
// decision blames: those that let outsiders in or let anyone revoke grants, and
// those that left the decision undecided. When the verdict is public or network,
// statements that let in only named outsiders are not to blame.
func offending(d decide.Decision, count int) []int {
	strangers := d.Verdict == decide.Public || d.Verdict == decide.Network
	refs := d.Blamed(func(g decide.Grant) bool {
		if g.Class == kmsapi.ClassOther {
			return g.Action == revokeGrant && g.Audience == decide.Public
		}
		return !strangers || g.Audience != decide.Shared
	})
	var places []int
	for _, ref := range append(refs, d.Opens...) {
		if ref.Index >= 0 && ref.Index < count {
			places = append(places, ref.Index)
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// statements returns the statements at the given places as they are written.
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

// shownMember returns the first of the named members that is in o, its value
// compacted, e.g. `"Principal": {"AWS":"*"}`; "" when none is.
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
