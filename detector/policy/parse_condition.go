package policy

import (
	"slices"
	"strconv"
	"strings"
)

// conditions reads a Condition block: an object of operators, each an object
// of keys, each with a value or a list of values. An empty block or operator
// restricts nothing and leaves no trace. What cannot be read is an unknown
// condition; list is appended to.
func (s *scanner) conditions(list []Condition) ([]Condition, *ParseError) {
	if mark, ok := s.givenMark(); ok {
		return append(list, unknownCondition("", mark)), nil
	}
	s.space()
	start := s.pos
	if err := s.enter('{', "an object of operators"); err != nil {
		mark, err := s.recover(start, err)
		return append(list, unknownCondition("", mark)), err
	}
	var seen NameSet
	for first := true; ; first = false {
		name, at, ok, err := s.member(first)
		if err != nil {
			return nil, err
		}
		if !ok {
			return list, nil
		}
		op, known := ParseOperator(name)
		if !known {
			mark, err := s.recoverMember(s.fail(at, "a condition operator", quoteShort(Shown(name))))
			if err != nil {
				return nil, err
			}
			list = append(list, unknownCondition(Shown(name), mark))
			continue
		}
		if !seen.Add(name, false) {
			mark, err := s.recoverMember(s.fail(at, name+" once", "it again"))
			if err != nil {
				return nil, err
			}
			list = append(forget(list, op, ""), unknownCondition(name, mark))
			continue
		}
		from := len(s.unknown)
		if list, err = s.operatorKeys(list, op); err != nil {
			return nil, err.under(name)
		}
		s.within(from, name)
	}
}

// forget drops the conditions of an operator, or of one key under it: they
// are there twice, and AWS does not say which counts.
func forget(list []Condition, op Operator, key string) []Condition {
	return slices.DeleteFunc(list, func(c Condition) bool {
		return c.Operator.Text == op.Text && (key == "" || strings.EqualFold(c.Key, key))
	})
}

// operatorKeys appends the conditions that are under one operator.
func (s *scanner) operatorKeys(list []Condition, op Operator) ([]Condition, *ParseError) {
	if mark, ok := s.givenMark(); ok {
		return append(list, unknownCondition(op.Text, mark)), nil
	}
	s.space()
	start := s.pos
	if err := s.enter('{', "an object of condition keys"); err != nil {
		mark, err := s.recover(start, err)
		return append(list, unknownCondition(op.Text, mark)), err
	}
	var seen NameSet
	for first := true; ; first = false {
		key, at, ok, err := s.member(first)
		if err != nil {
			return nil, err
		}
		if !ok {
			return list, nil
		}
		switch {
		case key == "" || HasMark(key):
			err = s.fail(at, "a condition key", quoteShort(Shown(key)))
		case !seen.Add(key, true):
			// Letter case does not distinguish keys; AWS does not say which of two
			// spellings under one operator counts.
			err = s.fail(at, "each condition key once, in whatever letter case", quoteShort(key)+" again")
		}
		if err != nil {
			mark, err := s.recoverMember(err)
			if err != nil {
				return nil, err
			}
			if key != "" {
				list = forget(list, op, key)
			}
			list = append(list, unknownCondition(op.Text, mark))
			continue
		}
		from := len(s.unknown)
		c, err := s.condition(op, key)
		if err != nil {
			return nil, err.under("[" + quoteShort(key) + "]")
		}
		if len(s.unknown) > from {
			s.within(from, "["+quoteShort(key)+"]")
		}
		list = append(list, c)
	}
}

// condition reads the values of one key.
func (s *scanner) condition(op Operator, key string) (Condition, *ParseError) {
	values, odd, err := s.values(op)
	if odd { // a value that is not text at all
		op = Operator{Text: op.Text}
	}
	return Condition{Operator: op, Key: key, Values: values}, err
}

// values reads a condition's value or list of values. The list may be empty,
// and then is not nil. odd is set when one of them is not a string, number or
// boolean.
func (s *scanner) values(op Operator) (list []string, odd bool, err *ParseError) {
	from := len(s.pool)
	if s.peek() != '[' {
		text, odd, err := s.valueOrMark(op)
		s.pool = append(s.pool, text)
		return s.pool[from:len(s.pool):len(s.pool)], odd, err
	}
	s.pos++
	for {
		n := len(s.pool) - from
		ok, err := s.element(n == 0)
		if err != nil {
			return nil, false, err
		}
		if !ok {
			break
		}
		notes := len(s.unknown)
		text, isOdd, err := s.valueOrMark(op)
		if err != nil {
			return nil, false, err.under("[" + strconv.Itoa(n) + "]")
		}
		if len(s.unknown) > notes {
			s.within(notes, "["+strconv.Itoa(n)+"]")
		}
		odd = odd || isOdd
		s.pool = append(s.pool, text)
	}
	if len(s.pool) == from {
		return []string{}, false, nil
	}
	return s.pool[from:len(s.pool):len(s.pool)], odd, nil
}

// valueOrMark reads one value; what cannot be read is unknown. A scalar that
// cannot be read still is one text.
func (s *scanner) valueOrMark(op Operator) (text string, odd bool, err *ParseError) {
	c, start := s.peek(), s.pos
	if text, err = s.value(op); err == nil {
		return text, false, nil
	}
	text, err = s.recover(start, err)
	return text, c == '{' || c == '[' || c == 'n', err
}

// value reads one value and returns its text.
func (s *scanner) value(op Operator) (string, *ParseError) {
	text, at, number, err := s.scalar()
	if err != nil || HasMark(text) {
		return text, err
	}
	if want := wantValue(op.Base, text); want != "" {
		return "", s.fail(at, want, quoteShort(text))
	}
	if number && comparesText(op.Base) && !plainInteger(text) {
		return "", s.fail(at, "a quoted string, as AWS does not say which text this number stands for", "number "+text[:min(len(text), maxQuote)])
	}
	return text, nil
}

// scalar reads a string, number or boolean and returns its text: that of the
// string, or the literal as written.
func (s *scanner) scalar() (text string, at int, number bool, err *ParseError) {
	c := s.peek()
	at = s.pos
	rest := s.text[at:]
	switch {
	case c == '"':
		text, err = s.str("a string")
		return text, at, false, err
	case strings.HasPrefix(rest, "true"):
		text = "true"
	case strings.HasPrefix(rest, "false"):
		text = "false"
	default:
		text, number = rest[:scanNumber(rest)], true
	}
	s.pos += len(text)
	if text == "" || !s.atDelimiter() {
		s.pos = at
		return "", at, false, s.fail(at, "a string, number or boolean", s.describe())
	}
	return text, at, number, nil
}

// atDelimiter reports whether a bare word or number may end here.
func (s *scanner) atDelimiter() bool {
	return s.pos == len(s.text) || strings.IndexByte(" \t\r\n,]}", s.text[s.pos]) >= 0
}

// plainInteger reports whether every JSON library prints the number as text
// has it: no fraction, no exponent, no minus zero, at most 15 digits.
func plainInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return text == "0" || len(digits) <= 15 && allDigits(digits) && digits[0] != '0'
}

// A NameSet holds the names of an object's members. It is a list while it is
// short, which it nearly always is.
type NameSet struct {
	few  [8]string
	n    int
	many map[string]bool
}

// Add reports whether name was not yet in the set; fold leaves letter case out
// of account, and is the same for all names of a set.
func (s *NameSet) Add(name string, fold bool) bool {
	for _, have := range s.few[:s.n] {
		if have == name || fold && strings.EqualFold(have, name) {
			return false
		}
	}
	if s.n < len(s.few) {
		s.few[s.n] = name
		s.n++
		return true
	}
	if fold {
		name = strings.ToLower(name) // all letters that KMS takes fold within U+00FF
	}
	if s.many[name] {
		return false
	}
	if s.many == nil {
		s.many = make(map[string]bool)
	}
	s.many[name] = true
	return true
}
