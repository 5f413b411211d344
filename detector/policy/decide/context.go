package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// hasContext reports whether an action takes an encryption context.
// Source: Service Authorization Reference, AWS KMS.
func hasContext(action string) bool {
	known, _ := kmsapi.FindAction(action)
	return known.Context
}

// A contextKey is one kms:EncryptionContext:NAME that the policy mentions.
type contextKey struct {
	slot int
	name string
	lits []literal
	vals []value // a value that meets lits; none when it cannot be present
}

// repairContext solves the encryption context: each pair of it,
// kms:EncryptionContextKeys, which holds exactly the names of the pairs, and
// kms:GrantConstraintType, by which a grant has a context.
func (s *search) repairContext(c, lits []literal, m *model) bool {
	keys := s.c.slotWith(condkey.TieContextKeys)
	onKeys := on(lits, keys)
	if constraint := s.c.slotWith(condkey.TieConstraint); constraint >= 0 {
		onConstraint := on(lits, constraint)
		lits = slices.DeleteFunc(slices.Clone(lits), func(l literal) bool { return l.slot == constraint })
		if without := s.constrain(constraint, false, onConstraint, m); !absentFits(lits) || !without {
			if !s.constrain(constraint, true, onConstraint, m) {
				return false
			}
			if absentFits(lits) { // the constraint alone asks for a context
				lits = append(lits, presentKey(keys))
				onKeys = append(onKeys, presentKey(keys))
			}
		}
	}
	if rule := s.c.keys.Tied(condkey.TieContextKeys).Case(s.kind); rule == nil || s.keys&kmsapi.SymmetricKey == 0 {
		s.clearContext(m)
		return absentFits(lits)
	}
	each, some, setPossible := asMember(onKeys)
	var must, may []contextKey
	for i := sFirst; i < len(s.c.slots); i++ {
		if !s.c.hasTie(i, condkey.TieContext) {
			continue
		}
		if m.b.Spend(80 + len(lits)); m.b.Out() {
			return false
		}
		k := contextKey{slot: i, name: s.c.slots[i].FreePart(), lits: on(lits, i)}
		if len(k.lits) == 0 && keys < 0 {
			m.vals[i] = nil
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

// constrain gives kms:GrantConstraintType a value that meets lits, of a grant
// with or without an encryption context; in requests that are about no grant
// it is absent. Of the constraint of a grant without context AWS does not say
// that the key shows it. Source: KMS API reference, CreateGrant, Constraints.
func (s *search) constrain(slot int, context bool, lits []literal, m *model) bool {
	values := []string{""}
	if rule := s.c.slots[slot].Case(s.kind); rule != nil {
		switch {
		case context:
			values = rule.Of
		case !s.sure:
			values = append(values, rule.MaybeOf...)
		}
	}
	for _, v := range values {
		var vals []value
		if v != "" {
			vals = []value{{s: v}}
		}
		if fitsAll(vals, lits, m) {
			m.vals[slot] = vals
			return true
		}
	}
	return false
}

func (s *search) clearContext(m *model) {
	for i := sFirst; i < len(s.c.slots); i++ {
		if s.c.hasTie(i, condkey.TieContext) || s.c.hasTie(i, condkey.TieContextKeys) {
			m.vals[i] = nil
		}
	}
}

// contextValue finds a value for a pair that is present.
func (s *search) contextValue(c []literal, k contextKey, m *model) ([]value, bool) {
	plain := value{s: "x"}
	if fitsAll([]value{plain}, k.lits, m) {
		return []value{plain}, true
	}
	var layouts []layout
	for i := range s.domains[k.slot].forms {
		layouts = append(layouts, s.domains[k.slot].forms[i].layout(k.slot))
	}
	trial := m.clone()
	if s.fill(layouts, k.lits, trial, asModel) {
		return trial.vals[k.slot], true
	}
	if s.settled(k.lits) || !s.fill(layouts, k.lits, trial, asAnything) {
		return nil, false
	}
	ok := s.equate(c, k.lits, m, trial, layouts)
	return m.vals[k.slot], ok
}

// fillContext chooses the names of the pairs and writes the context into m.
func (s *search) fillContext(m *model, keys int, each, some []literal, must, may []contextKey) bool {
	var names []value
	add := func(k contextKey, more ...literal) bool {
		name, ok := s.contextName(append(slices.Clone(each), more...), k.name, nil, m)
		if ok {
			names = append(names, value{s: name})
			m.vals[k.slot] = k.vals
		}
		return ok
	}
	for _, k := range must {
		if !add(k) {
			return false
		}
	}
	all := slices.Concat(must, may)
	fresh := func(more ...literal) bool {
		name, ok := s.contextName(append(slices.Clone(each), more...), "", all, m)
		if ok {
			names = append(names, value{s: name})
		}
		return ok
	}
	find := func(more ...literal) bool {
		if fresh(more...) {
			return true
		}
		for _, k := range may {
			if k.vals != nil && add(k, more...) { // perhaps in a second spelling
				return true
			}
		}
		return false
	}
	for _, l := range some {
		if len(names) > 0 && l.holdsFor(names, m) {
			continue
		}
		ok := find(l)
		for i := 0; !ok && i < len(must); i++ { // a second spelling of a name that is there already
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
		m.vals[keys] = names
	}
	return true
}

// contextName returns a name that meets lits: a spelling of name, or with ""
// one that is not a spelling of the others.
func (s *search) contextName(lits []literal, name string, others []contextKey, m *model) (string, bool) {
	const slot = 0
	lits = slices.Clone(lits)
	for i := range lits {
		lits[i].slot = slot
	}
	fold := func(names ...string) *valueSet {
		set := &valueSet{}
		for _, n := range names {
			set.pats = append(set.pats, newPattern(n, policy.StringEqualsIgnoreCase, nil))
		}
		return set
	}
	if name != "" {
		if len(lits) == 0 {
			return name, true
		}
		lits = append(lits, literal{slot: slot, mode: eachIn, set: fold(name)})
	} else if len(others) > 0 {
		var names []string
		for _, k := range others {
			names = append(names, k.name)
		}
		lits = append(lits, literal{slot: slot, mode: eachOut, set: fold(names...)})
	}
	for _, t := range [...]string{name, "stranger", strings.ToLower(name)} {
		if v := (value{s: t}); t != "" && fitsAll([]value{v}, lits, m) {
			return t, true
		}
	}
	trial := m.clone()
	var layouts []layout
	for _, f := range s.c.formsOf(s.c.keys.Tied(condkey.TieContextKeys).ShapesIn(s.kind)) {
		layouts = append(layouts, f.layout(slot))
	}
	if !s.fill(layouts, lits, trial, asModel) {
		return "", false
	}
	return trial.text(slot), true
}
