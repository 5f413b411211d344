package search

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A layout is one shape that the values of a group of keys can have together.
type layout struct {
	textsolve.Shape
	at   []place
	same [][]int // lists of segments that hold the same text
	pair bool    // the concatenation of two keys' values; see pairLayout
}

// A place says which segments of a shape are the value of the key in a slot: first
// to last, without skip.
type place struct{ slot, first, last, skip int }

func wholeLayout(slot int, t textsolve.Shape) layout {
	return layout{Shape: t, at: []place{{slot, 0, len(t.Segments) - 1, -1}}}
}

// layouts returns the layouts that a group's values can have in requests of this
// kind; optional reports whether the whole group may be absent.
func (s *Search) layouts(g group, slot int, m *compile.Model) (list []layout, optional bool) {
	switch g {
	case gCaller:
		return s.shape(g, s.callerLayouts), false
	case gUser:
		return s.shape(g, s.userLayouts), false
	case gParent:
		if s.Caller != compile.FedCaller {
			return nil, true
		}
		return s.parentLayouts(m.Text(compile.SlotAccount)), false
	case gOrg:
		return s.shape(g, func() []layout { return s.orgLayouts(condkey.TieOrgPaths, compile.SlotOrgID, compile.SlotOrgPaths) }), true
	case gVpc:
		return s.shape(g, s.vpcLayouts), !s.always(condkey.TieVpcARN)
	case gBuild:
		return s.buildLayouts(m.Text(compile.SlotAccount)), s.domains[slot].canLack(s.sure)
	case gOwnerOrg:
		return s.shape(g, func() []layout {
			return s.orgLayouts(condkey.TieOwnerOrgPaths, s.c.SlotWith(condkey.TieOwnerOrg), s.c.SlotWith(condkey.TieOwnerOrgPaths))
		}), true
	case gVpceOrg:
		return s.shape(g, func() []layout {
			return s.orgLayouts(condkey.TieVpceOrgPaths, s.c.SlotWith(condkey.TieVpceOrgID), s.c.SlotWith(condkey.TieVpceOrgPaths))
		}), !s.always(condkey.TieVpceOrgPaths)
	}
	if slot == compile.SlotResource {
		return []layout{wholeLayout(slot, textsolve.Shape{Segments: []textsolve.Segment{textsolve.Fixed(s.c.KeyARN)}})}, false
	}
	if slot == compile.SlotParentID {
		if s.Caller != compile.FedCaller {
			return nil, true
		}
		return []layout{wholeLayout(slot, textsolve.Shape{Segments: []textsolve.Segment{textsolve.Fixed("AIDA"), textsolve.Repeat(idClass(), 12, 124)}})}, false
	}
	if g < compile.FirstSlot { // a slot of the caller in no group: a service's name
		if s.Caller != compile.ServiceCaller {
			return nil, true
		}
		for _, f := range s.c.FormsOf(s.c.Table.Tied(condkey.TieService).ShapesIn(s.Kind)) {
			list = append(list, wholeLayout(slot, f.Shape))
		}
		return list, false
	}
	d := s.domain(slot)
	if d.presence == condkey.MayHave && s.sure {
		return nil, true
	}
	if d.ofCaller {
		return s.sessionLayouts(slot, m.Text(compile.SlotAccount)), d.canLack(s.sure)
	}
	forms := s.formsFor(slot, d, m)
	for i := range forms {
		list = append(list, forms[i].layout(slot))
	}
	return list, d.canLack(s.sure)
}

// A shapeKey holds what the layouts of a group depend on, besides the policy.
type shapeKey struct {
	g    group
	typ  compile.CallerKind
	path PathKind
	sure bool
}

// shape returns the layouts of a group. It calls build only once.
func (s *Search) shape(g group, build func() []layout) []layout {
	k := shapeKey{g, s.Caller, s.Path, s.sure}
	list, ok := s.c.shapes[k]
	if !ok {
		s.c.Budget.Spend(600)
		list = build()
		s.c.shapes[k] = list
	}
	return list
}

// formsFor returns the forms of a key's values. For a key with the names of a
// service that calls for itself, these are assumed to be the service principal
// itself, if the policy names it, or names with a label in common with it.
// Source: IAM User Guide, reference_policies_condition-keys.html,
// aws:PrincipalServiceNamesList, which does not say what the list holds.
func (s *Search) formsFor(slot int, d *domain, m *compile.Model) []form {
	if !s.c.HasTie(slot, condkey.TieService) {
		return d.forms
	}
	var list []form
	if name := m.Text(compile.SlotService); s.c.listsService(name) { // whatever its name looks like
		list = append(list, form{Shape: textsolve.Shape{Segments: []textsolve.Segment{textsolve.Fixed(name)}}, caller: -1})
	}
	for _, label := range strings.Split(m.Text(compile.SlotService), ".") {
		for _, f := range d.forms {
			for i := range f.Segments {
				if f.Segments[i].Class != nil {
					one := f
					one.Segments = slices.Clone(f.Segments)
					one.Segments[i] = textsolve.Fixed(label)
					list = append(list, one)
				}
			}
		}
	}
	return list
}

// listsService reports whether a statement names the service as a principal.
func (c *Space) listsService(name string) bool {
	return slices.ContainsFunc(c.Statements, func(st compile.Statement) bool { return slices.Contains(st.Entries.Services, name) })
}

// buildLayouts returns the layouts of the ARNs of a build and its project, which
// agree in Region, account and project. If AWS does not say whether requests have
// both, it also returns those of either alone.
func (s *Search) buildLayouts(account string) []layout {
	build, project := s.c.SlotWith(condkey.TieBuild), s.c.SlotWith(condkey.TieProject)
	var list []layout
	for _, b := range s.domains[build].forms {
		for _, p := range s.domains[project].forms {
			if slices.Equal(b.labels, p.labels) {
				list = append(list, pairLayout(build, project, &b, &p, account))
			}
		}
	}
	if s.domains[build].presence == condkey.Unsaid {
		list = slices.Concat(list, s.sessionLayouts(build, account), s.sessionLayouts(project, account))
	}
	return list
}

// pairLayout returns one layout for two keys, whose values agree in the segments
// with the same labels and in the caller's account.
func pairLayout(first, second int, a, b *form, account string) layout {
	n := len(a.Segments)
	v := layout{Shape: textsolve.Shape{Segments: slices.Concat(a.in(account).Segments, []textsolve.Segment{textsolve.Fixed("\n")}, b.in(account).Segments)}}
	v.pair = true
	v.at = []place{{first, 0, n - 1, -1}, {second, n + 1, len(v.Segments) - 1, -1}}
	for k := range a.same {
		v.same = append(v.same, []int{a.same[k][0], n + 1 + b.same[k][0]})
	}
	v.same = append(v.same, []int{a.caller, n + 1 + b.caller})
	v.at = append(v.at, place{compile.SlotAccount, a.caller, a.caller, -1})
	return v
}

// always reports whether every request of this kind has the key with a tie.
func (s *Search) always(tie condkey.Tie) bool {
	rule := s.c.Table.Tied(tie).Case(s.Kind)
	return rule != nil && rule.Is == condkey.Always
}

// layout returns the form as the layout of the key in a slot.
func (f *form) layout(slot int) layout {
	v := wholeLayout(slot, f.Shape)
	v.same = f.same
	return v
}

// callerLayouts returns the layouts of the caller's ARN, which contains the
// account and the name.
func (s *Search) callerLayouts() []layout {
	forms := s.callerForms(s.c.Slots[compile.SlotARN].Row)
	list := make([]layout, 0, len(forms))
	for _, f := range forms {
		n := len(f.Segments) - 1
		v := layout{Shape: f.Shape, at: make([]place, 0, 4)}
		v.at = append(v.at, place{compile.SlotAccount, f.caller, f.caller, -1}, place{compile.SlotARN, 0, n, -1})
		switch s.Caller {
		case compile.RootCaller:
			v.at = append(v.at, place{compile.SlotUserID, f.caller, f.caller, -1})
		case compile.FedCaller: // ACCOUNT ":" NAME
			v.at = append(v.at, place{compile.SlotUserID, f.caller, n, n - 1}, place{compile.SlotName, n, n, -1})
		default:
			v.at = append(v.at, place{compile.SlotName, n, n, -1})
		}
		if i := s.c.SlotWith(condkey.TieUsername); i >= 0 && s.Caller == compile.UserCaller {
			v.at = append(v.at, place{i, n, n, -1})
		}
		list = append(list, v)
	}
	return list
}

// callerForms returns the forms of a row's key in requests of this kind and, in a
// search that is not sure, also those that AWS does not say occur.
func (s *Search) callerForms(row *condkey.Row) []form {
	rule := row.Case(s.Kind)
	forms := s.c.FormsOf(rule.ShapesParsed())
	if !s.sure {
		forms = append(forms, s.c.FormsOf(rule.MaybeShapesParsed())...)
	}
	return forms
}

// userLayouts returns the layouts of aws:userid: a unique id and, for a role, the
// name of the session.
func (s *Search) userLayouts() []layout {
	var list []layout
	for _, f := range s.callerForms(s.c.Slots[compile.SlotUserID].Row) {
		n := len(f.Segments) - 1
		v := layout{Shape: f.Shape, at: []place{{compile.SlotUserID, 0, n, -1}, {compile.SlotUniqueID, 0, min(1, n), -1}}}
		if s.Caller == compile.RoleCaller {
			v.at = append(v.at, place{compile.SlotSession, n, n, -1})
		}
		list = append(list, v)
	}
	return list
}

// orgLayouts returns the layouts of an organization path, which begins with the
// organization's id.
func (s *Search) orgLayouts(tie condkey.Tie, id, paths int) []layout {
	forms := s.c.FormsOf(s.c.Table.Tied(tie).ShapesIn(s.Kind))
	list := make([]layout, 0, len(forms))
	for _, f := range forms {
		v := layout{Shape: f.Shape, at: make([]place, 0, 2), same: f.same}
		if id >= 0 {
			v.at = append(v.at, place{id, 0, min(1, len(f.Segments)-1), -1})
		}
		if paths >= 0 {
			v.at = append(v.at, place{paths, 0, len(f.Segments) - 1, -1})
		}
		list = append(list, v)
	}
	return list
}

// vpcLayouts returns the layouts of a VPC's ARN, which ends with the VPC's id.
func (s *Search) vpcLayouts() []layout {
	id, arn := s.c.SlotWith(condkey.TieVpc), s.c.SlotWith(condkey.TieVpcARN)
	var list []layout
	for _, f := range s.c.FormsOf(s.c.Table.Tied(condkey.TieVpcARN).ShapesIn(s.Kind)) {
		n := len(f.Segments) - 1
		v := layout{Shape: f.Shape}
		if arn >= 0 {
			v.at = append(v.at, place{arn, 0, n, -1})
		}
		if id >= 0 {
			v.at = append(v.at, place{id, max(0, n-1), n, -1})
		}
		list = append(list, v)
	}
	return list
}

// inAccount returns the segment of an account, or of any for "".
func inAccount(account string) textsolve.Segment {
	if account == "" {
		return textsolve.Repeat(digitClass(), 12, 12)
	}
	return textsolve.Fixed(account)
}

// parentLayouts returns the layouts of the ARNs of users in an account, or in any
// for "".
func (s *Search) parentLayouts(account string) []layout {
	s.c.Budget.Spend(400)
	segs := []textsolve.Segment{textsolve.Fixed("arn:" + s.c.Partition + ":iam::"), inAccount(account), textsolve.Fixed(":user/")}
	name := textsolve.Repeat(nameClass(), 1, 64)
	var list []layout
	for _, t := range []textsolve.Shape{{Segments: append(segs[:3:3], name)}, {Segments: append(segs[:3:3], textsolve.Repeat(pathClass(), 1, 510), textsolve.Fixed("/"), name)}} {
		v := wholeLayout(compile.SlotParent, t)
		v.at = append(v.at, place{compile.SlotAccount, 1, 1, -1})
		list = append(list, v)
	}
	return list
}

// sessionLayouts returns the layouts of a key of which some values contain the
// caller's account, for a caller in an account, or in any for "".
func (s *Search) sessionLayouts(slot int, account string) []layout {
	s.c.Budget.Spend(400)
	d := s.domain(slot)
	list := make([]layout, 0, len(d.forms))
	for i := range d.forms {
		f := &d.forms[i]
		v := wholeLayout(slot, f.in(account))
		v.same = f.same
		if f.caller >= 0 {
			v.at = append(v.at, place{compile.SlotAccount, f.caller, f.caller, -1})
		}
		list = append(list, v)
	}
	return list
}

// matters reports whether a literal is on the whole value, or the layout is a
// pair. Other literals cannot distinguish longer layouts from the shortest.
func (v *layout) matters(lits []compile.Literal) bool {
	if v.pair {
		return true
	}
	for i := range lits {
		if p, _ := v.placeOf(lits[i].Slot); p.first == 0 && p.last == len(v.Segments)-1 {
			return true
		}
	}
	return false
}

func (p place) cut(texts []string) string {
	var b strings.Builder
	for i := p.first; i <= p.last; i++ {
		if i != p.skip {
			b.WriteString(texts[i])
		}
	}
	return b.String()
}

func (v *layout) placeOf(slot int) (place, bool) {
	for _, p := range v.at {
		if p.slot == slot {
			return p, true
		}
	}
	return place{last: -1}, false
}
