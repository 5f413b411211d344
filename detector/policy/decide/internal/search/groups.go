package search

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// on returns the literals on one slot.
func on(lits []compile.Literal, slot int) []compile.Literal {
	var list []compile.Literal
	for _, l := range lits {
		if l.Slot == slot {
			list = append(list, l)
		}
	}
	return list
}

// fitsAll reports whether a key with the values vals, or an absent key if there
// are none, meets lits.
func fitsAll(vals []compile.Value, lits []compile.Literal, m *compile.Model) bool {
	for i := range lits {
		if len(vals) == 0 && !lits[i].Absent || len(vals) > 0 && !lits[i].HoldsFor(vals, m) {
			return false
		}
	}
	return true
}

// asMember splits lits, on a key that holds a set of values, into those that each
// value must meet and those that some value must meet. possible is false if no
// present key meets them.
func asMember(lits []compile.Literal) (each, some []compile.Literal, possible bool) {
	for _, l := range lits {
		switch l.Mode {
		case compile.None:
			return nil, nil, false
		case compile.All:
		case compile.EachIn, compile.EachOut:
			each = append(each, l)
		default:
			some = append(some, l)
		}
	}
	return each, some, true
}

// pickMany returns values for a key that holds a set of values: one for each
// literal that some value must meet, and at least one.
func (s *Search) pickMany(slot int, d *domain, lits []compile.Literal, m *compile.Model) ([]compile.Value, bool) {
	single := *d
	single.multi = false
	each, some, ok := asMember(lits)
	if !ok {
		return nil, false
	}
	var vals []compile.Value
	add := func(lits []compile.Literal) bool {
		v, ok := s.pickPresent(slot, &single, lits, m)
		vals = append(vals, v...)
		return ok
	}
	for i := range some {
		if some[i].HoldsFor(vals, m) {
			continue
		}
		if !add(append(slices.Clone(each), some[i])) {
			return nil, false
		}
	}
	return vals, len(vals) > 0 || add(each)
}

// assignCalled solves aws:CalledVia, aws:CalledViaFirst and aws:CalledViaLast: the
// services in a chain of calls. These name only some services, so a call through
// another service lacks them.
func (s *Search) assignCalled(lits []compile.Literal, m *compile.Model) bool {
	list, first, last := s.c.SlotWith(condkey.TieCalled), s.c.SlotWith(condkey.TieCalledFirst), s.c.SlotWith(condkey.TieCalledLast)
	set := func(chain []compile.Value) {
		for _, x := range [...]struct {
			slot int
			v    []compile.Value
		}{{list, chain}, {first, chain[:min(1, len(chain))]}, {last, chain[max(0, len(chain)-1):]}} {
			if x.slot >= 0 {
				m.Values[x.slot] = x.v
			}
		}
	}
	if absentFits(lits) {
		set(nil)
		return true
	}
	row := s.c.Table.Tied(condkey.TieCalled)
	rule := row.Case(s.Kind)
	if rule == nil {
		return false
	}
	called := func(lits []compile.Literal) (compile.Value, bool) { return s.calledBy(lits, row, rule.Known, m) }
	for _, t := range rule.Known {
		if set([]compile.Value{{Text: t}}); allLiteralsHold(lits, m) {
			return true
		}
	}
	each, some, ok := asMember(on(lits, list))
	if !ok {
		return false
	}
	onFirst, onLast := on(lits, first), on(lits, last)
	if v, ok := called(slices.Concat(each, some, onFirst, onLast)); ok {
		set([]compile.Value{v})
		return true
	}
	var chain []compile.Value
	for _, want := range [][]compile.Literal{onFirst, onLast} {
		v, ok := called(slices.Concat(each, want))
		if !ok {
			return false
		}
		chain = append(chain, v)
	}
	for _, l := range some {
		if l.HoldsFor(chain, m) {
			continue
		}
		v, ok := called(append(slices.Clone(each), l))
		if !ok {
			return false
		}
		chain = slices.Insert(chain, 1, v)
	}
	set(chain)
	return true
}

func allLiteralsHold(lits []compile.Literal, m *compile.Model) bool {
	for i := range lits {
		if !lits[i].Holds(m) {
			return false
		}
	}
	return true
}

// calledBy returns a service that meets lits, which may be on any of a chain's
// keys: one of those known to make chains, or another that the row allows. It
// changes the slots of lits.
func (s *Search) calledBy(lits []compile.Literal, row *condkey.Row, known []string, m *compile.Model) (compile.Value, bool) {
	for i := range lits {
		lits[i].Slot = 0
	}
	for _, t := range known {
		if v := (compile.Value{Text: t}); fitsAll([]compile.Value{v}, lits, m) {
			return v, true
		}
	}
	trial := m.Clone()
	var layouts []layout
	for _, f := range s.callerForms(row) {
		layouts = append(layouts, wholeLayout(0, f.Shape))
	}
	if !s.fill(layouts, lits, trial, compile.AsModel) {
		return compile.Value{}, false
	}
	v := trial.Values[0][0]
	asked := func(l compile.Literal) bool {
		return l.Inside() && slices.ContainsFunc(l.Set.Patterns, func(p textsolve.Pattern) bool { return p.Plain == v.Text })
	}
	return v, !s.sure || slices.ContainsFunc(lits, asked) // a sure search must not invent a service
}

// assignMFA solves aws:MultiFactorAuthPresent and aws:MultiFactorAuthAge together,
// for temporary credentials of roles, users and root users: there is an age only
// if MFA is present.
func (s *Search) assignMFA(lits []compile.Literal, m *compile.Model) bool {
	present, age := s.c.SlotWith(condkey.TieMFA), s.c.SlotWith(condkey.TieMFAAge)
	onPresent, onAge := on(lits, present), on(lits, age)
	try := func(p string, a []compile.Value) bool {
		var pv []compile.Value
		if p != "" {
			pv = []compile.Value{{Text: p}}
		}
		if !fitsAll(pv, onPresent, m) || !fitsAll(a, onAge, m) {
			return false
		}
		if present >= 0 {
			m.Values[present] = pv
		}
		if age >= 0 {
			m.Values[age] = a
		}
		return true
	}
	rule, ages := s.c.Table.Tied(condkey.TieMFA).Case(s.Kind), s.c.Table.Tied(condkey.TieMFAAge).Case(s.Kind)
	lacks := rule.Is == condkey.Chosen || rule.Is == condkey.MayHave || rule.Is.Undocumented() && !s.sure
	if lacks && try("", nil) || slices.Contains(rule.Of, "false") && try("false", nil) {
		return true
	}
	if !slices.Contains(rule.Of, "true") {
		return false
	}
	for _, n := range borders(onAge, ages.Lo, ages.Hi, m.Budget) {
		if m.Budget.Spend(24); m.Budget.Out() {
			return false
		}
		if try("true", []compile.Value{secondsValue(n)}) {
			return true
		}
	}
	return false
}

// assignSpec solves key spec, key usage, algorithm and message type together.
func (s *Search) assignSpec(lits []compile.Literal, m *compile.Model) bool {
	for _, k := range s.c.Kinds {
		if k.Set()&s.keys == 0 {
			continue
		}
		messages := []string{""}
		if s.c.Ties[condkey.TieMessage] {
			messages = k.Messages()
		}
		for _, alg := range k.Algorithms(s.Action) {
			for _, msg := range messages {
				if s.trySpec(lits, m, k, alg, msg) {
					return true
				}
			}
		}
	}
	return false
}

func (s *Search) trySpec(lits []compile.Literal, m *compile.Model, k kmsapi.KeyKind, alg, msg string) bool {
	text := func(slot int) (v, fact string) {
		switch s.c.Slots[slot].Tie {
		case condkey.TieSpec:
			return k.Spec, s.c.Key.Spec
		case condkey.TieUsage:
			return k.Usage, s.c.Key.Usage
		case condkey.TieMessage:
			return msg, ""
		default:
			return alg, ""
		}
	}
	trial := m.Clone()
	for i := compile.FirstSlot; i < len(s.c.Slots); i++ {
		if s.groupOf(i) != gSpec {
			continue
		}
		trial.Values[i] = nil
		rule := s.c.Slots[i].Case(s.Kind)
		if rule == nil {
			continue
		}
		v, fact := text(i)
		if v != fact && !slices.Contains(rule.Of, v) {
			return false
		}
		trial.Set(i, v)
	}
	if !allLiteralsHold(lits, trial) {
		return false
	}
	m.Values = trial.Values
	return true
}
