package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// on returns the literals on one slot.
func on(lits []literal, slot int) []literal {
	var list []literal
	for _, l := range lits {
		if l.slot == slot {
			list = append(list, l)
		}
	}
	return list
}

// fitsAll reports whether vals, none for absent, meet lits.
func fitsAll(vals []value, lits []literal, m *model) bool {
	for i := range lits {
		if len(vals) == 0 && !lits[i].absent || len(vals) > 0 && !lits[i].holdsFor(vals, m) {
			return false
		}
	}
	return true
}

// asMember returns what lits ask of each member of a set.
func asMember(lits []literal) (each, some []literal, possible bool) {
	for _, l := range lits {
		switch l.mode {
		case none:
			return nil, nil, false
		case all:
		case eachIn, eachOut:
			each = append(each, l)
		default:
			some = append(some, l)
		}
	}
	return each, some, true
}

// pickMany returns values for a key that holds a set: one member for each
// literal that asks for some, and at least one.
func (s *searching) pickMany(slot int, d *domain, lits []literal, m *model) ([]value, bool) {
	single := *d
	single.multi = false
	each, some, ok := asMember(lits)
	if !ok {
		return nil, false
	}
	var vals []value
	add := func(lits []literal) bool {
		v, ok := s.pickPresent(slot, &single, lits, m)
		vals = append(vals, v...)
		return ok
	}
	for i := range some {
		if some[i].holdsFor(vals, m) {
			continue
		}
		if !add(append(slices.Clone(each), some[i])) {
			return nil, false
		}
	}
	return vals, len(vals) > 0 || add(each)
}

// repairCalled solves aws:CalledVia, First and Last: the services in a chain of
// calls. The list holds only some services, so it may be missing under a service.
func (s *searching) repairCalled(lits []literal, m *model) bool {
	list, first, last := s.c.slotWith(condkey.TieCalled), s.c.slotWith(condkey.TieCalledFirst), s.c.slotWith(condkey.TieCalledLast)
	set := func(chain []value) {
		for _, x := range [...]struct {
			slot int
			v    []value
		}{{list, chain}, {first, chain[:min(1, len(chain))]}, {last, chain[max(0, len(chain)-1):]}} {
			if x.slot >= 0 {
				m.vals[x.slot] = x.v
			}
		}
	}
	if absentFits(lits) {
		set(nil)
		return true
	}
	row := s.c.keys.Tied(condkey.TieCalled)
	rule := row.Case(s.kind)
	if rule == nil {
		return false
	}
	called := func(lits []literal) (value, bool) { return s.calledBy(lits, row, rule.Known, m) }
	for _, t := range rule.Known {
		if set([]value{{s: t}}); allLiteralsHold(lits, m) {
			return true
		}
	}
	each, some, ok := asMember(on(lits, list))
	if !ok {
		return false
	}
	onFirst, onLast := on(lits, first), on(lits, last)
	if v, ok := called(slices.Concat(each, some, onFirst, onLast)); ok {
		set([]value{v})
		return true
	}
	var chain []value
	for _, want := range [][]literal{onFirst, onLast} {
		v, ok := called(slices.Concat(each, want))
		if !ok {
			return false
		}
		chain = append(chain, v)
	}
	for _, l := range some {
		if l.holdsFor(chain, m) {
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

func allLiteralsHold(lits []literal, m *model) bool {
	for i := range lits {
		if !lits[i].holds(m) {
			return false
		}
	}
	return true
}

// calledBy returns a service that meets lits, whichever of a chain's keys they
// are on: one of those known to make chains, or another of the row. It may
// change lits.
func (s *searching) calledBy(lits []literal, row *condkey.Row, known []string, m *model) (value, bool) {
	for i := range lits {
		lits[i].slot = 0
	}
	for _, t := range known {
		if v := (value{s: t}); fitsAll([]value{v}, lits, m) {
			return v, true
		}
	}
	trial := m.clone()
	var layouts []layout
	for _, f := range s.callerForms(row) {
		layouts = append(layouts, wholeLayout(0, f.Shape))
	}
	if !s.fill(layouts, lits, trial, asModel) {
		return value{}, false
	}
	v := trial.vals[0][0]
	asked := func(l literal) bool {
		return l.inside() && slices.ContainsFunc(l.set.pats, func(p textsolve.Pattern) bool { return p.Plain == v.s })
	}
	return v, !s.sure || slices.ContainsFunc(lits, asked) // AWS may not have another service
}

// repairMFA solves aws:MultiFactorAuthPresent and Age together, for temporary
// credentials of roles, users and root users: an age comes with true only.
func (s *searching) repairMFA(lits []literal, m *model) bool {
	present, age := s.c.slotWith(condkey.TieMFA), s.c.slotWith(condkey.TieMFAAge)
	onPresent, onAge := on(lits, present), on(lits, age)
	try := func(p string, a []value) bool {
		var pv []value
		if p != "" {
			pv = []value{{s: p}}
		}
		if !fitsAll(pv, onPresent, m) || !fitsAll(a, onAge, m) {
			return false
		}
		if present >= 0 {
			m.vals[present] = pv
		}
		if age >= 0 {
			m.vals[age] = a
		}
		return true
	}
	rule, ages := s.c.keys.Tied(condkey.TieMFA).Case(s.kind), s.c.keys.Tied(condkey.TieMFAAge).Case(s.kind)
	lacks := rule.Is == condkey.Chosen || rule.Is == condkey.MayHave || rule.Is.Open() && !s.sure
	if lacks && try("", nil) || slices.Contains(rule.Of, "false") && try("false", nil) {
		return true
	}
	if !slices.Contains(rule.Of, "true") {
		return false
	}
	for _, n := range borders(onAge, ages.Lo, ages.Hi, m.b) {
		if m.b.Spend(24); m.b.Out() {
			return false
		}
		if try("true", []value{secondsValue(n)}) {
			return true
		}
	}
	return false
}

// repairSpec solves key spec, key usage, algorithm and type of message together.
func (s *searching) repairSpec(lits []literal, m *model) bool {
	for _, k := range s.c.kinds {
		if k.Set()&s.keys == 0 {
			continue
		}
		messages := []string{""}
		if s.c.ties[condkey.TieMessage] {
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

func (s *searching) trySpec(lits []literal, m *model, k kmsapi.KeyKind, alg, msg string) bool {
	text := func(slot int) (v, fact string) {
		switch s.c.slots[slot].Tie {
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
	trial := m.clone()
	for i := sFirst; i < len(s.c.slots); i++ {
		if s.groupOf(i) != gSpec {
			continue
		}
		trial.vals[i] = nil
		rule := s.c.slots[i].Case(s.kind)
		if rule == nil {
			continue
		}
		v, fact := text(i)
		if v != fact && !slices.Contains(rule.Of, v) {
			return false
		}
		trial.set(i, v)
	}
	if !allLiteralsHold(lits, trial) {
		return false
	}
	m.vals = trial.vals
	return true
}
