package safe

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CutMark ends a text that was cut.
const CutMark = "[...]"

// maxMarks is the most combining marks that may follow one another. Two are enough
// for every living script; more of them would cover the neighboring lines.
const maxMarks = 2

// Sanitize returns s as one line of visible text of at most limit runes, safe for
// every channel and every terminal. All text from an event goes through it.
//
// The result is valid UTF-8 of letters, marks, digits, punctuation, symbols and
// single spaces. Anything else in s (control characters, line breaks, terminal
// escapes, bidirectional and zero-width characters, tags, variation selectors,
// fillers, private and unassigned characters, stray bytes) is written as an escape
// such as \n, \x1b or \u202e, so that it is visible and has no effect. A longer text
// is cut and ends in "[...]". A limit below 5 counts as 5.
func Sanitize(s string, limit int) string {
	limit = max(limit, len(CutMark))
	if len(s) <= limit && isPlain(s) {
		return s
	}
	var b strings.Builder
	count, marks, space := 0, maxMarks, true // drops a leading space and escapes a leading mark
	for i := 0; i < len(s) && count <= limit; {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == ' ' || r == '\t' || r > unicode.MaxASCII && unicode.Is(unicode.Zs, r):
			if !space {
				b.WriteByte(' ')
				count++
			}
			space, marks = true, maxMarks
			i += size
			continue
		case r > unicode.MaxASCII && unicode.Is(unicode.M, r):
			marks++
		default:
			marks = 0
		}
		space = false
		if !visible(r) || r == utf8.RuneError && size == 1 || marks > maxMarks {
			shown := escape(r, s[i], size)
			b.WriteString(shown)
			count += len(shown)
		} else {
			b.WriteString(s[i : i+size])
			count++
		}
		i += size
	}
	return Cut(strings.TrimRight(b.String(), " "), limit)
}

// isPlain reports whether s is printable ASCII with single spaces only between words,
// which Sanitize returns unchanged. Nearly every text of an event is.
func isPlain(s string) bool {
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return before != ' ' || s == ""
}

// Cut shortens s to limit runes, including the final CutMark. limit must be at least
// len(CutMark).
func Cut(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return string(runes[:limit-len(CutMark)]) + CutMark
}

// visible reports whether r can be shown unchanged: it has a glyph and does not
// affect the characters around it.
// Source: Unicode 15, general categories and the property
// Default_Ignorable_Code_Point (DerivedCoreProperties.txt).
func visible(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r < 0x7f
	}
	return unicode.IsPrint(r) &&
		!unicode.Is(unicode.Variation_Selector, r) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) &&
		r != '\u2800' // braille blank: a symbol without ink
}

// escape returns the escape for r; first is the first of its size bytes in the text.
func escape(r rune, first byte, size int) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == utf8.RuneError && size == 1:
		return fmt.Sprintf(`\x%02x`, first)
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	default:
		return fmt.Sprintf(`\U%08x`, r)
	}
}

// ASCII returns s sanitized, with every non-ASCII character replaced by "?".
func ASCII(s string, limit int) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '?'
		}
		return r
	}, Sanitize(s, limit))
}

// OrUnknown returns s, or "unknown" when it is empty.
func OrUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
