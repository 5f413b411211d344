package policy

import "strings"

// recover skips the value at offset start, which does not follow the grammar,
// and returns a mark that represents it. If the scanner is strict, or the value
// is not JSON, recover returns err instead.
func (s *scanner) recover(start int, err *ParseError) (mark string, fatal *ParseError) {
	s.pos = start
	for n := len(s.unknown); n > s.given && !s.crowded() && s.unknown[n-1].Problem.Offset >= start; n-- {
		s.unknown = s.unknown[:n-1] // the whole value replaces its unknown parts
	}
	n := len(s.unknown)
	if s.skip() != nil {
		return "", err
	}
	s.unknown = s.unknown[:n]
	return s.note(err)
}

// MaxNotes is the number of unreadable parts that have marks of their own. No
// policy written in good faith has so many. Further parts share the last mark,
// whose Problem is that of the first part that has it.
const MaxNotes = 400

// note records a part that cannot be read and returns its mark. A strict scanner
// returns err instead.
func (s *scanner) note(err *ParseError) (mark string, fatal *ParseError) {
	if s.strict {
		return "", err
	}
	if !s.crowded() {
		s.unknown = append(s.unknown, Unknown{Statement: -1, Problem: err, Varies: len(s.unknown) == s.given+MaxNotes-1})
	}
	return Mark(len(s.unknown) - 1), nil
}

// crowded reports whether further unreadable parts share a mark.
func (s *scanner) crowded() bool { return len(s.unknown) >= s.given+MaxNotes }

// within prepends a step to the paths of the problems s.unknown[from:].
func (s *scanner) within(from int, step string) {
	for _, u := range s.unknown[from:] {
		u.Problem.under(step)
	}
}

// givenMark reads the next value if it is a string that consists of a single
// mark of the caller of ParsePartial. Otherwise ok is false and nothing is
// consumed.
func (s *scanner) givenMark() (mark string, ok bool) {
	if s.given == 0 {
		return "", false
	}
	at, known := s.pos, len(s.unknown)
	text, _ := s.str("") // "" if it is not a string
	if list := MarksIn(text); len(list) == 1 && text == Mark(list[0]) && list[0] < s.given {
		return text, true
	}
	s.pos, s.unknown = at, s.unknown[:known]
	return "", false
}

// skip consumes any JSON value. It keeps its own stack and does not recurse.
func (s *scanner) skip() *ParseError {
	var ends []byte // the closing brackets still expected
	for {
		switch c := s.peek(); c {
		case '{', '[':
			s.pos++
			end := c + 2
			more, err := s.into(true, end)
			if err != nil {
				return err
			}
			if more {
				ends = append(ends, end)
				continue
			}
		default:
			if err := s.skipScalar(c); err != nil {
				return err
			}
		}
		for {
			if len(ends) == 0 {
				return nil
			}
			more, err := s.into(false, ends[len(ends)-1])
			if err != nil {
				return err
			}
			if more {
				break
			}
			ends = ends[:len(ends)-1]
		}
	}
}

// into reads up to the next value of the object or list that ends with end. more
// is false at its end.
func (s *scanner) into(first bool, end byte) (more bool, err *ParseError) {
	if end == ']' {
		return s.element(first)
	}
	_, _, more, err = s.member(first)
	return more, err
}

func (s *scanner) skipScalar(c byte) *ParseError {
	if c == '"' {
		_, err := s.str("a value")
		return err
	}
	at, rest := s.pos, s.text[s.pos:]
	size := scanNumber(rest)
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(rest, word) {
			size = len(word)
		}
	}
	s.pos += size
	if size == 0 || !s.atDelimiter() {
		s.pos = at
		return s.fail(at, "a value", s.describe())
	}
	return nil
}

// lines fills in the line of each problem, and copies its path.
func (s *scanner) lines() {
	at, line := 0, 1
	for i := range s.unknown {
		if p := s.unknown[i].Problem; p != nil {
			if p.Offset < at {
				at, line = 0, 1
			}
			line += strings.Count(s.text[at:p.Offset], "\n")
			at = p.Offset
			p.Line = line
			s.unknown[i].Path = p.Path
		}
	}
}

// recoverMember is recover for a member whose name is the problem: it skips the
// member's value.
func (s *scanner) recoverMember(err *ParseError) (mark string, fatal *ParseError) {
	s.space()
	return s.recover(s.pos, err)
}
