package decide

import "github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"

// A literal is a constraint on one condition key: whether it may be absent, and
// what its values must be like when it is present. The negation of a literal is
// a literal, so a Deny is escaped by one more literal.
type literal struct {
	slot   int // the key, as an index into model.vals
	absent bool
	mode   mode
	set    *valueSet // never nil; empty where the mode asks for none
	// strict treats a variable that has no value as AWS's other reading has it:
	// the whole condition fails, for negated operators too.
	strict bool
}

// A mode says what a literal asks of the values of a present key.
type mode uint8

const (
	none    mode = iota // no present key satisfies it
	all                 // every present key does
	eachIn              // each value is in the set
	someIn              // some value is in the set
	eachOut             // no value is in the set
	someOut             // some value is not in the set
)

// not returns the literal that holds exactly when l does not.
func (l literal) not() literal {
	l.absent = !l.absent
	l.mode = [...]mode{none: all, all: none, eachIn: someOut, someIn: eachOut, eachOut: someIn, someOut: eachIn}[l.mode]
	return l
}

// asksPresence reports whether l turns on nothing but the key's presence.
func (l *literal) asksPresence() bool { return l.mode == none || l.mode == all }

// inside reports whether l asks for membership in its set.
func (l *literal) inside() bool { return l.mode == eachIn || l.mode == someIn }

// present returns l's answer for every present value when that does not depend
// on the value, and whether that is so.
func (l *literal) present() (holds, fixed bool) {
	switch l.mode {
	case none:
		return false, true
	case all:
		return true, true
	default:
		return false, false
	}
}

// holds evaluates l in m.
func (l *literal) holds(m *model) bool {
	vals := m.vals[l.slot]
	if len(vals) == 0 {
		return l.absent
	}
	return l.holdsFor(vals, m)
}

func (l *literal) holdsFor(vals []value, m *model) bool {
	if h, fixed := l.present(); fixed {
		return h
	}
	if l.strict && l.set.unresolved(m) {
		return l.inside()
	}
	for _, v := range vals {
		in := l.set.has(v, m)
		switch l.mode {
		case eachIn:
			if !in {
				return false
			}
		case someIn:
			if in {
				return true
			}
		case eachOut:
			if in {
				return false
			}
		case someOut:
			if !in {
				return true
			}
		}
	}
	return l.mode == eachIn || l.mode == eachOut
}

// A model gives every key of a decision its values; none means absent. What it
// costs to copy it and to look at it is charged to the decision's budget.
type model struct {
	vals [][]value
	b    *textsolve.Budget
}

func (m *model) clone() *model {
	m.b.Spend(8 + 6*len(m.vals))
	return &model{vals: append([][]value(nil), m.vals...), b: m.b}
}

func (m *model) text(slot int) string {
	if v := m.vals[slot]; len(v) == 1 {
		return v[0].s
	}
	return ""
}

func (m *model) set(slot int, text string) { m.vals[slot] = []value{{s: text}} }

// presentKey is the literal "present", absentKey is "absent".
func presentKey(slot int) literal { return literal{slot: slot, mode: all, set: &valueSet{}} }
func absentKey(slot int) literal  { return literal{slot: slot, absent: true, set: &valueSet{}} }

// equals is the literal "present and exactly text".
func equals(slot int, texts ...string) literal {
	return literal{slot: slot, mode: eachIn, set: exactly(texts...)}
}

// noneOf is the literal "absent, or none of these texts".
func noneOf(slot int, texts ...string) literal {
	l := equals(slot, texts...).not()
	l.absent = true
	return l
}

func exactly(texts ...string) *valueSet {
	s := &valueSet{pats: make([]textsolve.Pattern, len(texts))}
	for i, t := range texts {
		s.pats[i] = textsolve.Pattern{Text: t, Plain: t, Exact: true}
	}
	s.seal()
	return s
}
