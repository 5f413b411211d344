package policy

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

// The members that exclude each other, as pairs.
const (
	eitherPrincipal = hasPrincipal | hasNotPrincipal
	eitherAction    = hasAction | hasNotAction
	eitherResource  = hasResource | hasNotResource
)

// statement reads the statement that stands at place index of the document.
func (s *scanner) statement(index int) (Statement, *ParseError) {
	st := Statement{Index: index}
	if err := s.open('{', "a statement object"); err != nil {
		return st, err
	}
	start, seen := s.pos-1, 0
	for first := true; ; first = false {
		name, at, ok, err := s.member(first)
		if err != nil {
			return st, err
		}
		if !ok {
			break
		}
		bit, err := s.statementBit(name, at, seen)
		if err != nil {
			return st, err
		}
		seen |= bit
		if err := s.statementValue(&st, bit); err != nil {
			return st, err.under(name)
		}
	}
	st.Text = s.text[start:s.pos]
	if seen&hasEffect == 0 {
		return st, s.fail(start, "Effect", "no such member")
	}
	if seen&eitherPrincipal == 0 {
		return st, s.fail(start, "Principal or NotPrincipal", "neither")
	}
	return st, nil
}

// statementBit returns the bit of a member, and refuses one that is unknown,
// stands there already, or excludes one that does.
func (s *scanner) statementBit(name string, at, seen int) (int, *ParseError) {
	bit, excludes := 0, 0
	switch name {
	case "Sid":
		bit = hasSid
	case "Effect":
		bit = hasEffect
	case "Principal":
		bit, excludes = hasPrincipal, eitherPrincipal
	case "NotPrincipal":
		bit, excludes = hasNotPrincipal, eitherPrincipal
	case "Action":
		bit, excludes = hasAction, eitherAction
	case "NotAction":
		bit, excludes = hasNotAction, eitherAction
	case "Resource":
		bit, excludes = hasResource, eitherResource
	case "NotResource":
		bit, excludes = hasNotResource, eitherResource
	case "Condition":
		bit = hasCondition
	default:
		return 0, s.fail(at, "Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource or Condition", quoteShort(name))
	}
	if seen&bit != 0 {
		return 0, s.fail(at, name+" once", "it again")
	}
	if seen&excludes != 0 {
		return 0, s.fail(at, "one member of a kind", name+" beside its opposite")
	}
	return bit, nil
}

func (s *scanner) statementValue(st *Statement, bit int) (err *ParseError) {
	switch bit {
	case hasSid:
		st.Sid, err = s.str("a string")
	case hasEffect:
		st.Effect, err = s.effect()
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
		st.Conditions, err = s.conditions()
	}
	return err
}

func (s *scanner) effect() (Effect, *ParseError) {
	const want = `"Allow" or "Deny"`
	s.space()
	at := s.pos
	word, err := s.str(want)
	switch {
	case err != nil:
		return 0, err
	case word == "Allow":
		return Allow, nil
	case word == "Deny":
		return Deny, nil
	default:
		return 0, s.fail(at, want, quoteShort(word))
	}
}
