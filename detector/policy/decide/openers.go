package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// openers returns the Allow statements each of which, with every Deny in force,
// lets outsiders get as far as dec.Least. It omits those for which the budget is
// not enough.
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
			if d.Budget.Out() {
				break
			}
			s := d.NewSearch(sc, reachOf(o.level), true)
			for _, allow := range s.Allows {
				if !slices.Contains(guilty, allow.Index) && d.opensBy(s, allow) {
					guilty = append(guilty, allow.Index)
				}
			}
		}
	}
	slices.Sort(guilty)
	var list []StatementRef
	for _, i := range guilty {
		list = append(list, StatementRef{i, d.Statements[i].Sid})
	}
	return list
}

// opensBy reports whether an Allow by itself lets in a caller that the search
// looks for.
func (d *decider) opensBy(s *search.Search, allow *compile.Statement) bool {
	one := *s
	one.Allows = []*compile.Statement{allow}
	var open ipset.Set
	var m *compile.Model
	enough := d.Budget.Within(plainEffort*moreEffort, func() { m = one.FindWide(&open) })
	return enough && m != nil
}
