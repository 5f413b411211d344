package policy

import (
	"slices"
	"strconv"
	"strings"
)

// conditions reads a Condition block and appends its conditions to list. The
// block is an object of operators, each an object of keys, each with a value or
// a list of values. An empty block or operator restricts nothing and adds no
// condition. A part that cannot be read becomes an unknown condition.
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

// forget removes from list the conditions of an operator, or only those of one
// key under it unless key is "". The operator or key occurs twice, and AWS does
// not say which one counts.
func forget(list []Condition, op Operator, key string) []Condition {
	return slices.DeleteFunc(list, func(c Condition) bool {
		return c.Operator.Text == op.Text && (key == "" || strings.EqualFold(c.Key, key))
	})
}

// operatorKeys reads the keys under one operator and appends their conditions to
// list.
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
			// Keys are not case-sensitive; AWS does not say which of two
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

// condition reads the values of one key. The condition is unknown if one of them
// is not a string, number or boolean.
func (s *scanner) condition(op Operator, key string) (Condition, *ParseError) {
	values, odd, err := s.values(op)
	if odd {
		op = Operator{Text: op.Text}
	}
	return Condition{Operator: op, Key: key, Values: values}, err
}

// values reads a condition's value or list of values. The list may be empty but
// is never nil. odd reports whether one of them is not a string, number or
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

// valueOrMark reads one value; if it cannot be read, text is a mark. odd reports
// whether it was an object, a list or null: any other unreadable value is still
// a single text.
func (s *scanner) valueOrMark(op Operator) (text string, odd bool, err *ParseError) {
	c, start := s.peek(), s.pos
	if text, err = s.value(op); err == nil {
		return text, false, nil
	}
	text, err = s.recover(start, err)
	return text, c == '{' || c == '[' || c == 'n', err
}

// value reads one value and returns its text. It fails if the operator does not
// accept the value.
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

// scalar reads a string, number or boolean. It returns the string's text or the
// literal as written, its offset, and whether it is a number.
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

// atDelimiter reports whether a literal or number may end here.
func (s *scanner) atDelimiter() bool {
	return s.pos == len(s.text) || strings.IndexByte(" \t\r\n,]}", s.text[s.pos]) >= 0
}

// plainInteger reports whether every JSON library would print the number exactly
// as in text: no fraction, no exponent, no minus zero, at most 15 digits.
func plainInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return text == "0" || len(digits) <= 15 && allDigits(digits) && digits[0] != '0'
}

// A NameSet is the set of the names of an object's members. The zero NameSet is
// empty. A small set, the usual case, is a list.
type NameSet struct {
	few  [8]string
	n    int
	many map[string]bool
}

// Add adds name and reports whether it was not yet in the set. If fold is true,
// letter case is ignored; fold must be the same for all names of a set.
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
		name = strings.ToLower(name) // every letter that KMS accepts folds within U+00FF
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
