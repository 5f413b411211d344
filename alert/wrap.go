package alert

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// columns is the width of an email line. RFC 3676 section 4.2 asks for 78 or
// fewer; 72 leave room for quoting it twice.
const columns = 72

// wrapText breaks text at spaces into lines of at most columns. The first line
// starts with first, the others with rest. A word that is longer than a line is
// broken as well, unless it is an ARN or a URL, which must stay whole to be copied.
func wrapText(first, rest, text string) string {
	var b strings.Builder
	b.Grow(len(first) + len(text) + 8*len(rest))
	wrapInto(&b, first, rest, text)
	return b.String()
}

// wrapInto writes what wrapTextText returns and returns how many lines that is.
func wrapInto(b *strings.Builder, first, rest, text string) (lines int) {
	if strings.Trim(text, " ") == "" {
		b.WriteString(strings.TrimRight(first, " "))
		return 1
	}
	b.WriteString(first)
	lines = 1
	used := width(first)
	empty := true // the line holds nothing but its indent
	next := func() {
		b.WriteByte('\n')
		b.WriteString(rest)
		used, empty = width(rest), true
		lines++
	}
	for text != "" {
		word, more, _ := strings.Cut(text, " ") // the one kind of space that is left in text
		text = more
		if word == "" {
			continue
		}
		w := width(word)
		if !empty && used+1+w > columns {
			next()
		}
		for empty && used+w > columns && !whole(word) {
			head := fit(word, columns-used)
			b.WriteString(head)
			word, w = word[len(head):], w-width(head)
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

// fit returns the longest start of word that takes at most n columns, and at
// least one character.
func fit(word string, n int) string {
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

// trim shortens one line of text to n columns, with the cut mark.
func trim(text string, n int) string {
	if width(text) <= n {
		return text
	}
	return fit(text, max(n-len(cutMark), 1)) + cutMark
}

// width is how many columns s takes in a fixed-width font.
func width(s string) int {
	if isASCII(s) {
		return len(s)
	}
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// isASCII reports whether s holds nothing beyond ASCII.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// runeWidth is 2 for the characters that East Asian fonts and emoji draw wide,
// 0 for combining marks, 1 for all others.
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
