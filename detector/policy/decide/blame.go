package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// openers lists the Allows by which outsiders get as far as the decision says
// that they surely do, each by itself with every Deny in force. An Allow that
// the budget is not enough for is not listed.
func (d *decider) openers(dec *Decision) []StatementRef {
	var guilty []int
	seen := map[*outcome]bool{}
	for _, a := range kmsapi.Weighty() {
		o := d.outcome(a)
		if o.level != dec.Least || seen[o] {
			continue
		}
		seen[o] = true
		for _, sc := range o.kinds {
			if d.b.Out() {
				break
			}
			s := d.newSearch(sc, reachOf(o.level), true)
			for _, allow := range s.allows {
				if !slices.Contains(guilty, allow.Index) && d.opensBy(s, allow) {
					guilty = append(guilty, allow.Index)
				}
			}
		}
	}
	slices.Sort(guilty)
	var list []StatementRef
	for _, i := range guilty {
		list = append(list, StatementRef{i, d.stmts[i].Sid})
	}
	return list
}

// opensBy reports whether an Allow lets somebody in whom the search looks for.
func (d *decider) opensBy(s *searching, allow *stmt) bool {
	one := *s
	one.allows = []*stmt{allow}
	var open ipset.Set
	var m *model
	enough := d.b.Within(plainEffort*moreEffort, func() { m = one.findWide(&open) })
	return enough && m != nil
}
