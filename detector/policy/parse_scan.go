package policy

import (
	"strconv"
	"strings"
)

// A scanner reads the tokens of a JSON text (RFC 8259) without building a tree.
// Strings without escapes are slices of the text.
type scanner struct {
	text string
	pos  int
	// strict makes the first part that cannot be read an error.
	strict bool
	// odd is set when the text holds characters that KMS does not accept.
	odd bool
	// unknown lists the unknown parts; the first given of them are the caller's.
	unknown     []Unknown
	given       int
	versionMark int // the index of the unknown Version
	// idle is the set of effects, as bits, for which there is a statement with
	// nothing else known. Another such statement would add nothing.
	idle uint8
	// pool backs the lists of strings of a policy. Each list is sliced with its
	// capacity limited to its length, so that appending to the pool never changes a list.
	pool []string
}

// fail returns an error for the text at byte offset at.
func (s *scanner) fail(at int, want, got string) *ParseError {
	return &ParseError{Offset: at, Want: want, Got: got}
}

// checkCharacters returns an error for the first character that KMS refuses
// anywhere in a policy: any but tab, line feed, carriage return, U+0020 to U+007E
// and U+00A0 to U+00FF.
// Source: KMS API Reference, PutKeyPolicy, Policy.
func (s *scanner) checkCharacters() *ParseError {
	for i := 0; i < len(s.text); i++ {
		c := s.text[i]
		if ' ' <= c && c <= '~' || c == '\n' || c == '\t' || c == '\r' {
			continue
		}
		if i+1 < len(s.text) && latin1Pair(c, s.text[i+1]) {
			i++
			continue
		}
		end := min(i+4, len(s.text))
		return s.fail(i, "tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF", strconv.QuoteToASCII(firstRune(s.text[i:end])))
	}
	return nil
}

// latin1Pair reports whether a and b are the UTF-8 encoding of a character from
// U+00A0 to U+00FF.
func latin1Pair(a, b byte) bool {
	return a == 0xC2 && 0xA0 <= b && b <= 0xBF || a == 0xC3 && 0x80 <= b && b <= 0xBF
}

// firstRune returns the first character of text, or its first byte if that is
// not valid UTF-8.
func firstRune(text string) string {
	for i := range text {
		if i > 0 {
			return text[:i]
		}
	}
	return text
}

// allowedRune reports whether KMS accepts r in a policy.
func allowedRune(r rune) bool {
	return ' ' <= r && r <= '~' || r == '\n' || r == '\t' || r == '\r' || 0xA0 <= r && r <= 0xFF
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek skips white space and returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.text) {
		return 0
	}
	return s.text[s.pos]
}

// enter consumes the bracket that starts an object or a list.
func (s *scanner) enter(bracket byte, want string) *ParseError {
	if s.peek() != bracket {
		return s.fail(s.pos, want, s.describe())
	}
	s.pos++
	return nil
}

// member reads up to the value of an object's next member and returns the
// member's name and the offset of the name. ok is false at the object's end.
func (s *scanner) member(first bool) (name string, at int, ok bool, err *ParseError) {
	more, err := s.next(first, '}')
	if !more {
		return "", s.pos, false, err
	}
	s.space()
	at = s.pos
	if name, err = s.str("a member name"); err != nil {
		return "", at, false, err
	}
	if s.peek() != ':' {
		return "", at, false, s.fail(s.pos, "a colon", s.describe())
	}
	s.pos++
	return name, at, true, nil
}

// element reads up to a list's next element. It returns false at the list's end.
func (s *scanner) element(first bool) (bool, *ParseError) { return s.next(first, ']') }

func (s *scanner) next(first bool, end byte) (bool, *ParseError) {
	c := s.peek()
	if c == end {
		s.pos++
		return false, nil
	}
	if first {
		return true, nil
	}
	if c != ',' {
		return false, s.fail(s.pos, "a comma or "+string(rune(end)), s.describe())
	}
	s.pos++
	if s.peek() == end {
		return false, s.fail(s.pos, "another value after the comma", s.describe())
	}
	return true, nil
}

// str reads a string and decodes its escapes. want says what the grammar
// expects there.
func (s *scanner) str(want string) (string, *ParseError) {
	if s.peek() != '"' {
		return "", s.fail(s.pos, want, s.describe())
	}
	start := s.pos + 1
	if s.odd {
		return s.escaped(start, start)
	}
	for i := start; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.pos = i + 1
			return s.text[start:i], nil
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			return "", s.fail(i, "an escape for this character", strconv.Quote(string(rune(c))))
		}
	}
	return "", s.fail(len(s.text), "the end of a string", "the end of the text")
}

// escaped reads the rest, from offset i, of a string whose text starts at start.
func (s *scanner) escaped(start, i int) (string, *ParseError) {
	var b strings.Builder
	b.WriteString(s.text[start:i])
	for i < len(s.text) {
		c := s.text[i]
		switch {
		case c == '"':
			s.pos = i + 1
			return b.String(), nil
		case c == '\\':
			r, size := unescape(s.text[i:])
			if size == 0 {
				return "", s.fail(i, "an escape of JSON", quoteShort(brokenEscape(s.text[i:])))
			}
			if !allowedRune(r) {
				mark, err := s.note(s.fail(i, "a character that KMS takes", quoteShort(s.text[i:i+size])))
				if err != nil {
					return "", err
				}
				b.WriteString(mark)
			} else {
				b.WriteRune(r)
			}
			i += size
		case c < ' ':
			return "", s.fail(i, "an escape for this character", strconv.Quote(string(rune(c))))
		case c > '~':
			text, size, err := s.oddCharacter(i)
			if err != nil {
				return "", err
			}
			b.WriteString(text)
			i += size
		default:
			b.WriteByte(c)
			i++
		}
	}
	return "", s.fail(len(s.text), "the end of a string", "the end of the text")
}

// oddCharacter reads the character at i, which is beyond U+007E. It returns a
// mark for one that KMS does not accept, and a mark of the caller as it is.
func (s *scanner) oddCharacter(i int) (text string, size int, err *ParseError) {
	if i+1 < len(s.text) && latin1Pair(s.text[i], s.text[i+1]) {
		return s.text[i : i+2], 2, nil
	}
	char := firstRune(s.text[i:min(i+4, len(s.text))])
	if list := MarksIn(char); len(list) == 1 && list[0] < s.given {
		return char, len(char), nil
	}
	text, err = s.note(s.fail(i, "a character that KMS takes", strconv.QuoteToASCII(char)))
	return text, len(char), err
}

// unescape decodes the escape at the start of text and returns its length, 0 if
// it is invalid. It does not combine surrogates; KMS accepts neither half.
func unescape(text string) (r rune, size int) {
	if len(text) < 2 {
		return 0, 0
	}
	switch text[1] {
	case '"', '\\', '/':
		return rune(text[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		return unescapeHex(text)
	default:
		return 0, 0
	}
}

// brokenEscape returns as much of text as a valid escape would have taken.
func brokenEscape(text string) string {
	if strings.HasPrefix(text, `\u`) {
		return text[:min(len(`\u0000`), len(text))]
	}
	return text[:min(len(`\n`), len(text))]
}

func unescapeHex(text string) (rune, int) {
	const size = len(`\u0000`)
	if len(text) < size {
		return 0, 0
	}
	r := rune(0)
	for _, c := range []byte(text[2:size]) {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, 0
		}
	}
	return r, size
}

// stringList reads a string or a list with at least one string. An element that
// cannot be read, or an empty list, becomes a mark.
func (s *scanner) stringList(want string) ([]string, *ParseError) {
	from := len(s.pool)
	if s.peek() != '[' {
		text, err := s.strOrMark(want)
		s.pool = append(s.pool, text)
		return s.pool[from:len(s.pool):len(s.pool)], err
	}
	at := s.pos
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
		notes := len(s.unknown)
		text, err := s.strOrMark("a string")
		if err != nil {
			return nil, err.under("[" + strconv.Itoa(n) + "]")
		}
		if len(s.unknown) > notes {
			s.within(notes, "["+strconv.Itoa(n)+"]")
		}
		s.pool = append(s.pool, text)
	}
	if len(s.pool) == from {
		mark, err := s.note(s.fail(at, want, "an empty list"))
		s.pool = append(s.pool, mark)
		return s.pool[from:len(s.pool):len(s.pool)], err
	}
	return s.pool[from:len(s.pool):len(s.pool)], nil
}

// strOrMark reads a string, or skips any other value and returns its mark.
func (s *scanner) strOrMark(want string) (string, *ParseError) {
	s.space()
	start := s.pos
	text, err := s.str(want)
	if err != nil {
		return s.recover(start, err)
	}
	return text, nil
}

// describe names what is at the scanner's position, for error texts.
func (s *scanner) describe() string {
	rest := s.text[s.pos:]
	switch {
	case rest == "":
		return "the end of the text"
	case rest[0] == '{':
		return "an object"
	case rest[0] == '[':
		return "a list"
	case rest[0] == '"':
		at, known := s.pos, len(s.unknown)
		text, err := s.str("")
		s.pos, s.unknown = at, s.unknown[:known]
		if err != nil {
			return "a broken string"
		}
		return "string " + quoteShort(Shown(text))
	}
	if n := scanNumber(rest); n > 0 {
		return "number " + rest[:min(n, maxQuote)]
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(rest, word) {
			return word
		}
	}
	return quoteShort(firstRune(rest))
}

// maxQuote is how much of the document an error text quotes, in bytes.
const maxQuote = 60

// quoteShort quotes text of the document, cut to maxQuote bytes.
func quoteShort(text string) string {
	if len(text) > maxQuote {
		cut := maxQuote
		for cut > 0 && text[cut]&0xC0 == 0x80 {
			cut-- // do not cut within a character
		}
		return strconv.QuoteToASCII(text[:cut]) + "..."
	}
	return strconv.QuoteToASCII(text)
}
