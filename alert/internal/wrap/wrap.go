// Package wrap breaks text into lines for a fixed-width font. It knows the widths of
// characters and which words must not be broken.
package wrap

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/alert/safe"
)

// Columns is the maximum width of a line of a mail. RFC 3676, section 4.2, asks for 78
// or fewer; 72 leaves room for quoting it twice.
const Columns = 72

// Text breaks text at spaces into lines of at most Columns, joined with "\n". The
// first line begins with first, the others with rest. A word longer than a line is
// broken too, unless it holds an ARN or a URL, which must stay whole to be copied.
func Text(first, rest, text string) string {
	var b strings.Builder
	b.Grow(len(first) + len(text) + 8*len(rest))
	Into(&b, first, rest, text)
	return b.String()
}

// Into writes to b what Text returns, and returns the number of lines.
func Into(b *strings.Builder, first, rest, text string) (lines int) {
	if strings.Trim(text, " ") == "" {
		b.WriteString(strings.TrimRight(first, " "))
		return 1
	}
	b.WriteString(first)
	lines = 1
	used := Width(first)
	empty := true // the line has only its indent
	next := func() {
		b.WriteByte('\n')
		b.WriteString(rest)
		used, empty = Width(rest), true
		lines++
	}
	for text != "" {
		word, more, _ := strings.Cut(text, " ") // sanitized text has no other white space
		text = more
		if word == "" {
			continue
		}
		w := Width(word)
		if !empty && used+1+w > Columns {
			next()
		}
		for empty && used+w > Columns && !whole(word) {
			head := Fit(word, Columns-used)
			b.WriteString(head)
			word, w = word[len(head):], w-Width(head)
			next()
		}
		if !empty {
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used, empty = used+w, false
	}
	return lines
}

// whole reports whether word must not be broken.
func whole(word string) bool {
	return strings.Contains(word, "arn:") || strings.Contains(word, "https://")
}

// Fit returns the longest prefix of word that takes at most n columns, but at least
// one character.
func Fit(word string, n int) string {
	if isASCII(word) {
		return word[:min(len(word), max(n, 1))]
	}
	used := 0
	for i, r := range word {
		w := runeWidth(r)
		if i > 0 && used+w > n {
			return word[:i]
		}
		used += w
	}
	return word
}

// Trim shortens one line of text to n columns, including the cut mark.
func Trim(text string, n int) string {
	if Width(text) <= n {
		return text
	}
	return Fit(text, max(n-len(safe.CutMark), 1)) + safe.CutMark
}

// Width returns the number of columns that s takes in a fixed-width font.
func Width(s string) int {
	if isASCII(s) {
		return len(s)
	}
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// isASCII reports whether s is all ASCII.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// runeWidth returns 2 for East Asian wide characters and emoji, 0 for combining
// marks and 1 for all others.
// Source: Unicode Standard Annex 11, ranges rounded to blocks.
func runeWidth(r rune) int {
	switch {
	case r < 0x300: // before the first combining mark
		return 1
	case unicode.Is(unicode.M, r):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3,
		r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60,
		r >= 0xffe0 && r <= 0xffe6, r >= 0x1f000 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	default:
		return 1
	}
}
