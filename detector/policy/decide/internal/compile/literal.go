package compile

import "github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"

// A Literal is a constraint on one condition key: whether it may be absent, and
// which values it may have if it is present. The negation of a literal is a
// literal, so that one more literal is enough to escape a Deny.
type Literal struct {
	Slot   int  // the key, as an index into Model.Values
	Absent bool // the literal holds if the key is absent
	Mode   Mode
	Set    *ValueSet // never nil; empty if Mode does not use it
	// Strict selects AWS's other reading of a variable without a value: the whole
	// condition fails, even under a negated operator.
	Strict bool
}

// A Mode says what a literal requires of the values of a present key.
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

// AsksPresence reports whether l depends only on the key's presence.
func (l *Literal) AsksPresence() bool { return l.Mode == None || l.Mode == All }

// Inside reports whether l requires membership in its set.
func (l *Literal) Inside() bool { return l.Mode == EachIn || l.Mode == SomeIn }

// Present reports whether l gives the same answer for all values of a present
// key (fixed), and that answer.
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

// Holds reports whether l holds in m.
func (l *Literal) Holds(m *Model) bool {
	vals := m.Values[l.Slot]
	if len(vals) == 0 {
		return l.Absent
	}
	return l.HoldsFor(vals, m)
}

// HoldsFor reports whether l holds for a present key with the values vals; m
// gives variables their values.
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

// A Model gives the values of every key of a decision, by slot; a key without
// values is absent. Copying a Model and evaluating literals in it is charged to
// Budget.
type Model struct {
	Values [][]Value
	Budget *textsolve.Budget
}

// Clone returns a copy whose keys can be assigned other values.
func (m *Model) Clone() *Model {
	m.Budget.Spend(8 + 6*len(m.Values))
	return &Model{Values: append([][]Value(nil), m.Values...), Budget: m.Budget}
}

// Text returns the only value of a key, or "" if it has none or several.
func (m *Model) Text(slot int) string {
	if v := m.Values[slot]; len(v) == 1 {
		return v[0].Text
	}
	return ""
}

// Set gives a key a single value.
func (m *Model) Set(slot int, text string) { m.Values[slot] = []Value{{Text: text}} }

// PresentKey returns the literal "present".
func PresentKey(slot int) Literal { return Literal{Slot: slot, Mode: All, Set: &ValueSet{}} }

// AbsentKey returns the literal "absent".
func AbsentKey(slot int) Literal { return Literal{Slot: slot, Absent: true, Set: &ValueSet{}} }

// Equals returns the literal "present, and each value is one of texts".
func Equals(slot int, texts ...string) Literal {
	return Literal{Slot: slot, Mode: EachIn, Set: Exactly(texts...)}
}

// NoneOf returns the literal "absent, or no value is one of texts".
func NoneOf(slot int, texts ...string) Literal {
	l := Equals(slot, texts...).Not()
	l.Absent = true
	return l
}

// Exactly returns the set of the given texts.
func Exactly(texts ...string) *ValueSet {
	s := &ValueSet{Patterns: make([]textsolve.Pattern, len(texts))}
	for i, t := range texts {
		s.Patterns[i] = textsolve.Pattern{Text: t, Plain: t, Exact: true}
	}
	s.seal()
	return s
}
