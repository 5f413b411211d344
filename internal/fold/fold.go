// Package fold maps characters to one letter case, so that two characters become equal if
// and only if strings.EqualFold takes them for equal.
package fold

import (
	"unicode"
	"unicode/utf8"
)

// Rune returns the smallest of the characters that strings.EqualFold takes for equal to
// r.
func Rune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(Byte(byte(r)))
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// Byte returns the upper case of an ASCII letter, and any other byte unchanged.
func Byte(c byte) byte {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}
