package search

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A contextKey is one kms:EncryptionContext:NAME that the policy mentions.
type contextKey struct {
	slot int
	name string
	lits []compile.Literal
	vals []compile.Value // a value that meets lits; none when it cannot be present
}

// assignContext solves the encryption context: its pairs,
// kms:EncryptionContextKeys, which holds exactly the names of the pairs, and
// kms:GrantConstraintType, which a grant with a context has.
func (s *Search) assignContext(c, lits []compile.Literal, m *compile.Model) bool {
	keys := s.c.SlotWith(condkey.TieContextKeys)
	onKeys := on(lits, keys)
	if constraint := s.c.SlotWith(condkey.TieConstraint); constraint >= 0 {
		onConstraint := on(lits, constraint)
		lits = slices.DeleteFunc(slices.Clone(lits), func(l compile.Literal) bool { return l.Slot == constraint })
		if without := s.constrain(constraint, false, onConstraint, m); !absentFits(lits) || !without {
			if !s.constrain(constraint, true, onConstraint, m) {
				return false
			}
			if absentFits(lits) { // the constraint alone asks for a context
				lits = append(lits, compile.PresentKey(keys))
				onKeys = append(onKeys, compile.PresentKey(keys))
			}
		}
	}
	if rule := s.c.Table.Tied(condkey.TieContextKeys).Case(s.Kind); rule == nil || s.keys&kmsapi.SymmetricKey == 0 {
		s.clearContext(m)
		return absentFits(lits)
	}
	each, some, setPossible := asMember(onKeys)
	var must, may []contextKey
	for i := compile.FirstSlot; i < len(s.c.Slots); i++ {
		if !s.c.HasTie(i, condkey.TieContext) {
			continue
		}
		if m.Budget.Spend(80 + len(lits)); m.Budget.Out() {
			return false
		}
		k := contextKey{slot: i, name: s.c.Slots[i].FreePart(), lits: on(lits, i)}
		if len(k.lits) == 0 && keys < 0 {
			m.Values[i] = nil
			continue
		}
		var ok bool
		if k.vals, ok = s.contextValue(c, k, m); !ok {
			k.vals = nil
		}
		switch {
		case !absentFits(k.lits) && k.vals == nil:
			return false
		case !absentFits(k.lits):
			must = append(must, k)
		default:
			may = append(may, k)
		}
	}
	s.clearContext(m)
	if len(must) == 0 && absentFits(onKeys) {
		return true
	}
	if !setPossible {
		return false
	}
	return s.fillContext(m, keys, each, some, must, may)
}

// constrain gives kms:GrantConstraintType a value that meets lits, for a grant
// with or without an encryption context. The key is absent from requests that are
// not about a grant. AWS does not say whether a grant with another constraint has
// the key. Source: KMS API reference, CreateGrant, Constraints.
func (s *Search) constrain(slot int, context bool, lits []compile.Literal, m *compile.Model) bool {
	values := []string{""}
	if rule := s.c.Slots[slot].Case(s.Kind); rule != nil {
		switch {
		case context:
			values = rule.Of
		case !s.sure:
			values = append(values, rule.MaybeOf...)
		}
	}
	for _, v := range values {
		var vals []compile.Value
		if v != "" {
			vals = []compile.Value{{Text: v}}
		}
		if fitsAll(vals, lits, m) {
			m.Values[slot] = vals
			return true
		}
	}
	return false
}

func (s *Search) clearContext(m *compile.Model) {
	for i := compile.FirstSlot; i < len(s.c.Slots); i++ {
		if s.c.HasTie(i, condkey.TieContext) || s.c.HasTie(i, condkey.TieContextKeys) {
			m.Values[i] = nil
		}
	}
}

// contextValue finds a value for a pair that is present.
func (s *Search) contextValue(c []compile.Literal, k contextKey, m *compile.Model) ([]compile.Value, bool) {
	plain := compile.Value{Text: "x"}
	if fitsAll([]compile.Value{plain}, k.lits, m) {
		return []compile.Value{plain}, true
	}
	var layouts []layout
	for i := range s.domains[k.slot].forms {
		layouts = append(layouts, s.domains[k.slot].forms[i].layout(k.slot))
	}
	trial := m.Clone()
	if s.fill(layouts, k.lits, trial, compile.AsModel) {
		return trial.Values[k.slot], true
	}
	if s.settled(k.lits) || !s.fill(layouts, k.lits, trial, compile.AsAnything) {
		return nil, false
	}
	ok := s.equate(c, k.lits, m, trial, layouts)
	return m.Values[k.slot], ok
}

// fillContext chooses the names of the pairs and writes the context into m.
func (s *Search) fillContext(m *compile.Model, keys int, each, some []compile.Literal, must, may []contextKey) bool {
	var names []compile.Value
	add := func(k contextKey, more ...compile.Literal) bool {
		name, ok := s.contextName(append(slices.Clone(each), more...), k.name, nil, m)
		if ok {
			names = append(names, compile.Value{Text: name})
			m.Values[k.slot] = k.vals
		}
		return ok
	}
	for _, k := range must {
		if !add(k) {
			return false
		}
	}
	all := slices.Concat(must, may)
	fresh := func(more ...compile.Literal) bool {
		name, ok := s.contextName(append(slices.Clone(each), more...), "", all, m)
		if ok {
			names = append(names, compile.Value{Text: name})
		}
		return ok
	}
	find := func(more ...compile.Literal) bool {
		if fresh(more...) {
			return true
		}
		for _, k := range may {
			if k.vals != nil && add(k, more...) { // perhaps in another spelling
				return true
			}
		}
		return false
	}
	for _, l := range some {
		if len(names) > 0 && l.HoldsFor(names, m) {
			continue
		}
		ok := find(l)
		for i := 0; !ok && i < len(must); i++ { // another spelling of a name that is already in the context
			ok = add(must[i], l)
		}
		if !ok {
			return false
		}
	}
	if len(names) == 0 && !find() {
		return false
	}
	if keys >= 0 {
		m.Values[keys] = names
	}
	return true
}

// contextName returns a name that meets lits: a spelling of name in any letter
// case or, if name is "", one that is not a spelling of the others' names.
func (s *Search) contextName(lits []compile.Literal, name string, others []contextKey, m *compile.Model) (string, bool) {
	const slot = 0
	lits = slices.Clone(lits)
	for i := range lits {
		lits[i].Slot = slot
	}
	fold := func(names ...string) *compile.ValueSet {
		set := &compile.ValueSet{}
		for _, n := range names {
			set.Patterns = append(set.Patterns, compile.NewPattern(n, policy.StringEqualsIgnoreCase, nil))
		}
		return set
	}
	if name != "" {
		if len(lits) == 0 {
			return name, true
		}
		lits = append(lits, compile.Literal{Slot: slot, Mode: compile.EachIn, Set: fold(name)})
	} else if len(others) > 0 {
		var names []string
		for _, k := range others {
			names = append(names, k.name)
		}
		lits = append(lits, compile.Literal{Slot: slot, Mode: compile.EachOut, Set: fold(names...)})
	}
	for _, t := range [...]string{name, "stranger", strings.ToLower(name)} {
		if v := (compile.Value{Text: t}); t != "" && fitsAll([]compile.Value{v}, lits, m) {
			return t, true
		}
	}
	trial := m.Clone()
	var layouts []layout
	for _, f := range s.c.FormsOf(s.c.Table.Tied(condkey.TieContextKeys).ShapesIn(s.Kind)) {
		layouts = append(layouts, f.layout(slot))
	}
	if !s.fill(layouts, lits, trial, compile.AsModel) {
		return "", false
	}
	return trial.Text(slot), true
}
