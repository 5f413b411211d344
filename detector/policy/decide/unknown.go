package decide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// unknowns sets dec.Unknown to the unknown parts that keep a class open.
func (d *decider) unknowns(dec *Decision) {
	if d.Source.Unknown == nil {
		return
	}
	type question struct {
		alike string
		least Verdict
	}
	asked := map[question]bool{}
	var list []int
	for _, a := range kmsapi.Weighty() {
		least := dec.Classes.Of(a.Class).Least
		q := question{d.alike(a), least}
		if o := d.outcome(a); o.most > least && !asked[q] {
			asked[q] = true
			list = append(list, d.mattering(a, least)...)
		}
	}
	slices.Sort(list)
	for _, i := range slices.Compact(list) {
		dec.Unknown = append(dec.Unknown, d.unknownPart(i))
	}
}

// mattering returns the indexes of the unknown parts because of which an action
// may be open further than least: those of an Allow that may open it further by
// itself, and those of a Deny without which it is open further. If there are none,
// it returns those of all Denies if it is open further without all of them.
func (d *decider) mattering(a kmsapi.Ask, least Verdict) []int {
	kinds := d.outcome(a).kinds
	var list, denied []int
	var denies []*compile.Statement
	for i, m := range d.Matches(a.Action) {
		d.Budget.Spend(20)
		st := &d.Statements[i]
		if m == compile.No {
			continue
		}
		unknown := d.unknownOf(st, a.Action)
		if unknown == nil {
			continue
		}
		if st.Effect != policy.Deny && d.reaches(kinds, least, false, func(s *search.Search) { s.Allows = []*compile.Statement{st} }) ||
			st.Effect != policy.Allow && d.reaches(kinds, least, true, without(st)) {
			list = append(list, unknown...)
		}
		if st.Effect != policy.Allow {
			denies, denied = append(denies, st), append(denied, unknown...)
		}
	}
	if list == nil && len(denies) > 1 && d.reaches(kinds, least, true, without(denies...)) {
		return denied
	}
	return list
}

// without returns a function that removes denies from a search.
func without(denies ...*compile.Statement) func(*search.Search) {
	return func(s *search.Search) {
		s.Denies = slices.DeleteFunc(slices.Clone(s.Denies), func(st *compile.Statement) bool { return slices.Contains(denies, st) })
	}
}

// reaches reports whether searches, each modified by change, get further than
// level. It also reports true if a search proves nothing or the budget runs out.
func (d *decider) reaches(kinds []*search.RequestKind, level Verdict, sure bool, change func(*search.Search)) bool {
	found := false
	enough := d.Budget.Within(plainEffort*moreEffort, func() {
		for v := level + 1; v <= Public && !found; v++ {
			for _, sc := range kinds {
				d.Budget.Spend(200 + len(d.Statements)/2)
				s := d.NewSearch(sc, reachOf(v), sure)
				change(s)
				if m, _ := s.Find(); m != nil || s.Incomplete || d.Budget.Out() {
					found = true
					return
				}
			}
		}
	})
	return found || !enough
}

// unknownOf returns the indexes of the unknown parts of a statement that can
// matter for an action. A principal of the owner's account does not matter,
// whatever the rest of its name is.
func (d *decider) unknownOf(st *compile.Statement, action string) []int {
	if d.Source.Unknown == nil || st.Control {
		return nil
	}
	var list []int
	add := func(text string) { list = append(list, policy.MarksIn(text)...) }
	for _, p := range st.Principals {
		if e := (compile.Entries{}); policy.HasMark(p.Value) && p.Kind == policy.KindAWS {
			if d.AddUnknown(&e, p.Value); e.Unknown != nil {
				add(p.Value)
			}
		}
	}
	for _, a := range st.Actions {
		if policy.HasMark(a) && compile.MatchOneAction(a, action) != compile.No {
			add(a)
		}
	}
	for _, r := range st.Resources {
		if policy.HasMark(r) && d.MatchOneResource(policy.ReplaceMarks(r, "*"), d.Source) != compile.No {
			add(r)
		}
	}
	for _, c := range st.Conditions {
		for _, v := range c.Values {
			add(v)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (d *decider) unknownPart(i int) UnknownPart {
	u := &d.Source.Unknown[i]
	part := UnknownPart{Statement: StatementRef{Index: u.Statement}, Path: u.Path, Name: u.Name, Reason: d.unknownReason(i)}
	if u.Problem != nil {
		part.Line = u.Problem.Line
	}
	if list := d.Source.Statements; u.Statement >= 0 && u.Statement < len(list) && list[u.Statement].Index == u.Statement {
		part.Statement.Sid = list[u.Statement].Sid
	}
	return part
}

// unknownReason says why a part is not known.
func (d *decider) unknownReason(i int) string {
	u := &d.Source.Unknown[i]
	if u.Problem == nil {
		return strings.TrimPrefix(u.Path+": ", ": ") + u.Name + " is not known"
	}
	place := u.Path
	if u.Statement >= 0 { // the reason is shown with the statement
		place = strings.TrimPrefix(place, "Statement")
		if strings.HasPrefix(place, "[") {
			_, place, _ = strings.Cut(place, "]")
		}
		place = strings.TrimPrefix(place, ".")
	}
	if place == "" {
		place = "a part of it"
	}
	return fmt.Sprintf("%s cannot be read (line %d): expected %s, found %s", place, u.Problem.Line, u.Problem.Want, u.Problem.Got)
}

// maxReasons is the number of unknown parts of a statement that its reasons list
// one by one.
const maxReasons = 8

// unknownReasons says why parts of a statement are not known.
func (d *decider) unknownReasons(st *compile.Statement, action string) []Doubt {
	var list []Doubt
	unknown := d.unknownOf(st, action)
	for n, i := range unknown {
		if n == maxReasons {
			return append(list, Doubt{d.ref(st), fmt.Sprintf("and %d more parts of the statement are not known", len(unknown)-n)})
		}
		part := d.unknownPart(i)
		list = append(list, Doubt{part.Statement, part.Reason})
	}
	return list
}
