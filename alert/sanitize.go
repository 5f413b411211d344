package alert

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutMark stands where text was cut off.
const cutMark = "[...]"

// maxMarks is how many combining marks may follow one another. Two serve every
// living script; more of them paint over the neighboring lines.
const maxMarks = 2

// Sanitize returns s as one line of visible text of at most limit runes, for
// every channel and every terminal. All text that comes from an event goes
// through it.
//
// What it returns is valid UTF-8 made of letters, marks, digits, punctuation,
// symbols and single spaces. Whatever else is in s (control characters,
// line ends, terminal escapes, bidirectional and zero-width characters, tags,
// variation selectors, fillers, private and unassigned characters, stray bytes)
// is shown as an escape such as \n, \x1b or \u202e, so that it is seen and does
// nothing. Longer text ends in "[...]". A limit below 5 counts as 5.
func Sanitize(s string, limit int) string {
	limit = max(limit, len(cutMark))
	if len(s) <= limit && isPlain(s) {
		return s
	}
	var b strings.Builder
	count, marks, space := 0, maxMarks, true // a leading space and a leading mark are not shown as such
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
	return cut(strings.TrimRight(b.String(), " "), limit)
}

// isPlain reports whether s is visible ASCII, with single spaces between words
// only: what Sanitize returns as it is. Nearly every text of an event is.
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

// cut shortens s to limit runes, the mark included.
func cut(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return string(runes[:limit-len(cutMark)]) + cutMark
}

// visible reports whether r can be shown as it is: it has a shape of its own
// and changes nothing about the characters around it.
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

// escape spells r out; first is its first byte in the text.
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

// document returns a JSON text that people will read, line ends and tabs kept,
// with every other character that Sanitize would not show written as JSON's \u
// escape: inside a JSON string that is the same string.
func document(text string) string {
	if isPlainDocument(text) {
		return text
	}
	var b strings.Builder
	marks := maxMarks
	for _, r := range strings.ReplaceAll(text, "\r\n", "\n") {
		if r > unicode.MaxASCII && unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == '\n' || r == '\t' || visible(r) && marks <= maxMarks:
			b.WriteRune(r)
		case r == '\r':
			b.WriteByte('\n')
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		}
	}
	return b.String()
}

// isPlainDocument reports whether text is visible ASCII on lines: what document
// returns as it is.
func isPlainDocument(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// linkless returns a JSON text with its URLs written so that mail programs make
// no links of them: inside a JSON string that is the same string.
func linkless(text string) string {
	return replaceWWW(strings.ReplaceAll(text, "://", `:\/\/`), `\u002e`)
}

// replaceWWW puts dot in place of the dot of every "www.", in any letter case.
func replaceWWW(s, dot string) string {
	if !hasWWW(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if i >= 3 && s[i] == '.' && strings.EqualFold(s[i-3:i], "www") {
			b.WriteString(dot)
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// hasWWW reports whether s holds "www." in any letter case.
func hasWWW(s string) bool {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '.')
		if i < 0 {
			return false
		}
		if from += i + 1; from >= 4 && strings.EqualFold(s[from-4:from-1], "www") {
			return true
		}
	}
}

// ascii returns s sanitized, with every character outside ASCII as "?".
func ascii(s string, limit int) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '?'
		}
		return r
	}, Sanitize(s, limit))
}

// orUnknown returns s, or "unknown" when it is empty.
func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
