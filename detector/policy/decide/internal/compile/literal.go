package compile

import "github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"

// A Literal is a constraint on one condition key: whether it may be absent, and
// what its values must be like when it is present. The negation of a literal is
// a literal, so a Deny is escaped by one more literal.
type Literal struct {
	Slot   int // the key, as an index into Model.Values
	Absent bool
	Mode   Mode
	Set    *ValueSet // never nil; empty where the mode asks for none
	// Strict is the other reading of a variable without a value: the whole
	// condition fails, for negated operators too.
	Strict bool
}

// A Mode says what a literal asks of the values of a present key.
type Mode uint8

const (
	None    Mode = iota // no present key satisfies it
	All                 // every present key does
	EachIn              // each value is in the set
	SomeIn              // some value is in the set
	EachOut             // no value is in the set
	SomeOut             // some value is not in the set
)

// Not returns the literal that holds exactly when l does not.
func (l Literal) Not() Literal {
	l.Absent = !l.Absent
	l.Mode = [...]Mode{None: All, All: None, EachIn: SomeOut, SomeIn: EachOut, EachOut: SomeIn, SomeOut: EachIn}[l.Mode]
	return l
}

// AsksPresence reports whether l turns on nothing but the key's presence.
func (l *Literal) AsksPresence() bool { return l.Mode == None || l.Mode == All }

// Inside reports whether l asks for membership in its set.
func (l *Literal) Inside() bool { return l.Mode == EachIn || l.Mode == SomeIn }

// Present returns l's answer for every present value when that does not depend
// on the value, and whether that is so.
func (l *Literal) Present() (holds, fixed bool) {
	switch l.Mode {
	case None:
		return false, true
	case All:
		return true, true
	default:
		return false, false
	}
}

// Holds evaluates l in m.
func (l *Literal) Holds(m *Model) bool {
	vals := m.Values[l.Slot]
	if len(vals) == 0 {
		return l.Absent
	}
	return l.HoldsFor(vals, m)
}

// HoldsFor evaluates l for a key that has vals, at least one; m gives variables their values.
func (l *Literal) HoldsFor(vals []Value, m *Model) bool {
	if h, fixed := l.Present(); fixed {
		return h
	}
	if l.Strict && l.Set.Unresolved(m) {
		return l.Inside()
	}
	for _, v := range vals {
		in := l.Set.has(v, m)
		switch l.Mode {
		case EachIn:
			if !in {
				return false
			}
		case SomeIn:
			if in {
				return true
			}
		case EachOut:
			if in {
				return false
			}
		case SomeOut:
			if !in {
				return true
			}
		}
	}
	return l.Mode == EachIn || l.Mode == EachOut
}

// A Model gives every key of a decision its values; none means absent. Copying it
// and reading it are charged to the decision's budget.
type Model struct {
	Values [][]Value
	Budget *textsolve.Budget
}

// Clone returns a copy whose keys can be given other values.
func (m *Model) Clone() *Model {
	m.Budget.Spend(8 + 6*len(m.Values))
	return &Model{Values: append([][]Value(nil), m.Values...), Budget: m.Budget}
}

// Text returns the only value of a key, "" when it has none or several.
func (m *Model) Text(slot int) string {
	if v := m.Values[slot]; len(v) == 1 {
		return v[0].Text
	}
	return ""
}

// Set gives a key one value.
func (m *Model) Set(slot int, text string) { m.Values[slot] = []Value{{Text: text}} }

// PresentKey is the literal "present", AbsentKey is "absent".
func PresentKey(slot int) Literal { return Literal{Slot: slot, Mode: All, Set: &ValueSet{}} }
func AbsentKey(slot int) Literal  { return Literal{Slot: slot, Absent: true, Set: &ValueSet{}} }

// Equals is the literal "present and exactly text".
func Equals(slot int, texts ...string) Literal {
	return Literal{Slot: slot, Mode: EachIn, Set: Exactly(texts...)}
}

// NoneOf is the literal "absent, or none of these texts".
func NoneOf(slot int, texts ...string) Literal {
	l := Equals(slot, texts...).Not()
	l.Absent = true
	return l
}

// Exactly is the set of some texts.
func Exactly(texts ...string) *ValueSet {
	s := &ValueSet{Patterns: make([]textsolve.Pattern, len(texts))}
	for i, t := range texts {
		s.Patterns[i] = textsolve.Pattern{Text: t, Plain: t, Exact: true}
	}
	s.seal()
	return s
}
