package policy

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// conditions reads a Condition block: an object of operators, each an object
// of keys, each with a value or a list of values. An empty block or operator
// restricts nothing and leaves no trace.
func (s *scanner) conditions() ([]Condition, *ParseError) {
	if err := s.open('{', "an object of operators"); err != nil {
		return nil, err
	}
	var list []Condition
	var seen nameSet
	for first := true; ; first = false {
		name, at, ok, err := s.member(first)
		if err != nil {
			return nil, err
		}
		if !ok {
			return list, nil
		}
		op, known := parseOperator(name)
		if !known {
			return nil, s.fail(at, "a condition operator", quoteShort(name))
		}
		if !seen.add(name, false) {
			return nil, s.fail(at, name+" once", "it again")
		}
		if list, err = s.operatorKeys(list, op); err != nil {
			return nil, err.under(name)
		}
	}
}

// operatorKeys appends the conditions that stand under one operator.
func (s *scanner) operatorKeys(list []Condition, op Operator) ([]Condition, *ParseError) {
	if err := s.open('{', "an object of condition keys"); err != nil {
		return nil, err
	}
	var seen nameSet
	for first := true; ; first = false {
		key, at, ok, err := s.member(first)
		if err != nil {
			return nil, err
		}
		if !ok {
			return list, nil
		}
		if key == "" {
			return nil, s.fail(at, "a condition key", quoteShort(key))
		}
		// Letter case does not tell keys apart; AWS does not say which of two
		// spellings under one operator counts.
		if !seen.add(key, true) {
			return nil, s.fail(at, "each condition key once, in whatever letter case", quoteShort(key)+" again")
		}
		values, err := s.values(op)
		if err != nil {
			return nil, err.under("[" + quoteShort(key) + "]")
		}
		list = append(list, Condition{Operator: op, Key: key, Values: values})
	}
}

// values reads a condition's value or list of values. The list may be empty,
// and then is not nil.
func (s *scanner) values(op Operator) ([]string, *ParseError) {
	from := len(s.pool)
	if s.peek() != '[' {
		text, err := s.value(op)
		s.pool = append(s.pool, text)
		return s.pool[from:len(s.pool):len(s.pool)], err
	}
	s.pos++
	for {
		n := len(s.pool) - from
		ok, err := s.element(n == 0)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		text, err := s.value(op)
		if err != nil {
			return nil, err.under("[" + strconv.Itoa(n) + "]")
		}
		s.pool = append(s.pool, text)
	}
	if len(s.pool) == from {
		return []string{}, nil
	}
	return s.pool[from:len(s.pool):len(s.pool)], nil
}

// value reads one value and returns its text.
func (s *scanner) value(op Operator) (string, *ParseError) {
	text, at, number, err := s.scalar()
	if err != nil {
		return "", err
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

// wantValue says what a value under base must be when text is not, else "".
// A Bool value that is neither true nor false is legal and matches nothing.
func wantValue(base Base, text string) string {
	switch base {
	case NumericEquals, NumericLessThan, NumericLessThanEquals, NumericGreaterThan, NumericGreaterThanEquals:
		if _, ok := parseNumber(text); !ok {
			return "a number"
		}
	case DateEquals, DateLessThan, DateLessThanEquals, DateGreaterThan, DateGreaterThanEquals:
		if _, _, n := parseDate(text); n == 0 {
			return "a date, as ISO 8601 or as seconds since 1970"
		}
	case IPAddress:
		if _, ok := parsePrefix(text); !ok {
			return "an IP address or CIDR block"
		}
	case BinaryEquals:
		if _, err := base64.StdEncoding.Strict().DecodeString(text); err != nil {
			return "base64"
		}
	case Null:
		if _, ok := parseBool(text); !ok {
			return "true or false"
		}
	}
	return ""
}

// comparesText reports whether base compares the text of a value.
func comparesText(base Base) bool {
	switch base {
	case StringEquals, StringEqualsIgnoreCase, StringLike, ArnLike:
		return true
	default:
		return false
	}
}

// plainInteger reports whether every JSON library prints the number as text
// has it: no fraction, no exponent, no minus zero, at most 15 digits.
func plainInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return text == "0" || len(digits) <= 15 && allDigits(digits) && digits[0] != '0'
}

// A nameSet holds the names of an object's members. It is a list while it is
// short, which it nearly always is.
type nameSet struct {
	few  [8]string
	n    int
	many map[string]bool
}

// add reports whether name was not yet in the set; fold leaves letter case out
// of account, and is the same for all names of a set.
func (s *nameSet) add(name string, fold bool) bool {
	for _, have := range s.few[:s.n] {
		if have == name || fold && len(have) == len(name) && strings.EqualFold(have, name) {
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
