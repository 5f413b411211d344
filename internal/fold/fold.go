// Package fold brings characters into one letter case: two are equal after it
// where strings.EqualFold takes them for equal.
package fold

import (
	"unicode"
	"unicode/utf8"
)

// Rune returns the least of the characters that strings.EqualFold takes for r.
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

// Byte returns the upper case of an ASCII letter, other bytes as they are.
func Byte(c byte) byte {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}
