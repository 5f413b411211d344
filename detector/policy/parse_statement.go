package policy

import (
	"cmp"
	"strings"
)

// The members of a statement, as bits of a set.
const (
	hasSid = 1 << iota
	hasEffect
	hasPrincipal
	hasNotPrincipal
	hasAction
	hasNotAction
	hasResource
	hasNotResource
	hasCondition
)

// The pairs of members that exclude each other.
const (
	eitherPrincipal = hasPrincipal | hasNotPrincipal
	eitherAction    = hasAction | hasNotAction
	eitherResource  = hasResource | hasNotResource
)

// statementOrUnknown reads the statement at position index of the document. One
// that cannot be read is unknown: of unknown effect if it is an object or a list,
// and else an Allow, since it has no Effect and so denies nothing.
func (s *scanner) statementOrUnknown(index int) (Statement, *ParseError) {
	if mark, ok := s.givenMark(); ok {
		return unknownStatement(index, 0, mark), nil
	}
	c, start, from := s.peek(), s.pos, len(s.unknown)
	st, err := s.statement(index)
	if err != nil {
		effect := Allow
		if c == '[' || c == '{' { // it may contain statements
			effect = 0
		}
		mark, fatal := s.recover(start, err)
		if fatal != nil {
			return st, fatal
		}
		st = unknownStatement(index, effect, mark)
		st.Text = s.text[start:s.pos]
		s.thin(&st)
	}
	for i := range s.unknown[from:] {
		s.unknown[from+i].Statement = index
	}
	return st, nil
}

// thin empties a statement of which nothing but the effect is known if the
// scanner is crowded and such a statement came before: another adds nothing.
func (s *scanner) thin(st *Statement) {
	bit := uint8(1) << st.Effect
	if s.crowded() && s.idle&bit != 0 {
		*st = Statement{Index: st.Index, Effect: st.Effect, Text: st.Text, Principals: st.Principals}
	}
	s.idle |= bit
}

// unknownStatement returns a statement of which nothing but the effect is known.
// The zero Effect is unknown too.
func unknownStatement(index int, effect Effect, mark string) Statement {
	return Statement{
		Index: index, Effect: effect, Principals: []Principal{{KindAWS, mark}}, Actions: []string{mark}, Resources: []string{mark},
		Conditions: []Condition{unknownCondition("", mark)},
	}
}

// unknownCondition returns a condition that may hold or fail for any request.
func unknownCondition(operator, mark string) Condition {
	return Condition{Operator: Operator{Text: operator}, Values: []string{mark}}
}

// statement reads a statement object. A member that cannot be read is unknown.
func (s *scanner) statement(index int) (Statement, *ParseError) {
	b := statementReader{st: Statement{Index: index}}
	if err := s.enter('{', "a statement object"); err != nil {
		return b.st, err
	}
	start := s.pos - 1
	for first := true; ; first = false {
		name, at, ok, err := s.member(first)
		if err != nil {
			return b.st, err
		}
		if !ok {
			break
		}
		if err := s.statementMember(&b, name, at); err != nil {
			return b.st, err
		}
	}
	b.st.Text = s.text[start:s.pos]
	if err := s.missing(&b, start); err != nil {
		return b.st, err
	}
	st := b.finish()
	if b.doubled != "" {
		s.thin(&st)
	}
	return st, nil
}

// A statementReader collects a statement and what is wrong with it.
type statementReader struct {
	st      Statement
	seen    int    // the members read so far
	spoilt  int    // the members that conflict with their opposite or occur in another letter case
	other   string // the mark of a member that is not in the grammar; "" if none
	doubled string // the mark of a member that occurs twice; "" if none
	beside  string // the mark of a member that occurs with its opposite; "" if none
}

func (s *scanner) statementMember(b *statementReader, name string, at int) *ParseError {
	bit, excludes := statementBit(name)
	var problem *ParseError
	switch {
	case bit == 0:
		problem = s.fail(at, "Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource or Condition", quoteShort(Shown(name)))
	case b.seen&bit != 0:
		problem = s.fail(at, name+" once", "it again")
	case b.seen&excludes != 0:
		problem = s.fail(at, "one member of a kind", name+" beside its opposite")
	default:
		b.seen |= bit
		from := len(s.unknown)
		if err := s.statementValue(&b.st, bit); err != nil {
			return err.under(name)
		}
		s.within(from, name)
		return nil
	}
	mark, err := s.recoverMember(problem)
	if err != nil {
		return err
	}
	switch {
	case bit == 0:
		b.other = mark
		b.spoilt |= oddSpelling(name)
	case b.seen&bit != 0:
		b.doubled = mark
		if bit == hasEffect {
			b.st.Effect = 0
		}
	default:
		b.beside = mark
		b.spoilt |= bit
	}
	return nil
}

// missing notes the required members that the statement lacks.
func (s *scanner) missing(b *statementReader, start int) *ParseError {
	if b.seen&hasEffect == 0 {
		mark, err := s.note(s.fail(start, "Effect", "no such member"))
		if err != nil {
			return err
		}
		b.st.Conditions = append(b.st.Conditions, unknownCondition("", mark))
	}
	if b.seen&eitherPrincipal == 0 {
		mark, err := s.note(s.fail(start, "Principal or NotPrincipal", "neither"))
		if err != nil {
			return err
		}
		b.st.Principals = []Principal{{KindAWS, mark}}
	}
	return nil
}

// finish returns the statement, with the parts unknown that its odd members
// leave open.
func (b *statementReader) finish() Statement {
	st := &b.st
	if b.doubled != "" { // AWS may read either, or refuse both
		unknown := unknownStatement(st.Index, st.Effect, b.doubled)
		unknown.Sid, unknown.Text = st.Sid, st.Text
		return unknown
	}
	if b.other == "" && b.spoilt == 0 {
		return *st
	}
	mark := cmp.Or(b.other, b.beside)
	// The member may restrict the statement, or be a misspelling of a missing one.
	st.Conditions = append(st.Conditions, unknownCondition("", mark))
	if b.spoilt&eitherPrincipal != 0 {
		st.Principals, st.NotPrincipal = []Principal{{KindAWS, mark}}, false
	}
	if b.spoilt&eitherAction != 0 || b.seen&eitherAction == 0 {
		st.Actions, st.NotAction = []string{mark}, false
	}
	if b.spoilt&eitherResource != 0 || b.seen&eitherResource == 0 {
		st.Resources, st.NotResource = []string{mark}, false
	}
	if b.spoilt&hasEffect != 0 {
		st.Effect = 0
	}
	return *st
}

// oddSpelling returns the bit of the member that name equals except for letter
// case, 0 if none.
func oddSpelling(name string) int {
	for _, known := range [...]string{"Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"} {
		if strings.EqualFold(name, known) {
			bit, _ := statementBit(known)
			return bit
		}
	}
	return 0
}

// statementBit returns the bit of a member and the bits of the pair in which it
// excludes its opposite; 0 for a name that is not in the grammar.
func statementBit(name string) (bit, excludes int) {
	switch name {
	case "Sid":
		return hasSid, 0
	case "Effect":
		return hasEffect, 0
	case "Principal":
		return hasPrincipal, eitherPrincipal
	case "NotPrincipal":
		return hasNotPrincipal, eitherPrincipal
	case "Action":
		return hasAction, eitherAction
	case "NotAction":
		return hasNotAction, eitherAction
	case "Resource":
		return hasResource, eitherResource
	case "NotResource":
		return hasNotResource, eitherResource
	case "Condition":
		return hasCondition, 0
	default:
		return 0, 0
	}
}

func (s *scanner) statementValue(st *Statement, bit int) (err *ParseError) {
	switch bit {
	case hasSid:
		st.Sid, err = s.label()
	case hasEffect:
		err = s.effect(st)
	case hasPrincipal, hasNotPrincipal:
		st.NotPrincipal = bit == hasNotPrincipal
		st.Principals, err = s.principals()
	case hasAction, hasNotAction:
		st.NotAction = bit == hasNotAction
		st.Actions, err = s.stringList("an action or a list of actions")
	case hasResource, hasNotResource:
		st.NotResource = bit == hasNotResource
		st.Resources, err = s.stringList("a resource or a list of resources")
	default:
		st.Conditions, err = s.conditions(st.Conditions)
	}
	return err
}

// effect reads the Effect. In another letter case it means what it says, if AWS
// accepts it at all; anything else may be either effect. In both cases it adds an
// unknown condition to st.
func (s *scanner) effect(st *Statement) *ParseError {
	const want = `"Allow" or "Deny"`
	if mark, ok := s.givenMark(); ok {
		st.Conditions = append(st.Conditions, unknownCondition("", mark))
		return nil
	}
	s.space()
	at := s.pos
	word, err := s.str(want)
	switch {
	case err != nil:
	case word == "Allow":
		st.Effect = Allow
		return nil
	case word == "Deny":
		st.Effect = Deny
		return nil
	default:
		err = s.fail(at, want, quoteShort(Shown(word)))
	}
	mark, err := s.recover(at, err)
	switch {
	case strings.EqualFold(strings.TrimSpace(word), "Allow"):
		st.Effect = Allow
	case strings.EqualFold(strings.TrimSpace(word), "Deny"):
		st.Effect = Deny
	}
	st.Conditions = append(st.Conditions, unknownCondition("", mark))
	return err
}
