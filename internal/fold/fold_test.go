package fold

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Every character folds as strings.EqualFold compares: to the same character as each
// member of its orbit, and as its neighbor only when they are equal.
func TestRune(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		for _, other := range []rune{unicode.SimpleFold(r), unicode.ToLower(r), unicode.ToUpper(r), r ^ 0x20} {
			if !utf8.ValidRune(other) {
				continue
			}
			if got, want := Rune(r) == Rune(other), strings.EqualFold(string(r), string(other)); got != want {
				t.Fatalf("%q and %q fold to one: %t, want %t", r, other, got, want)
			}
		}
	}
}

func TestByte(t *testing.T) {
	for c := range 256 {
		want := byte(c)
		if 'a' <= c && c <= 'z' {
			want = byte(unicode.ToUpper(rune(c)))
		}
		if got := Byte(byte(c)); got != want {
			t.Errorf("%q: got %q, want %q", byte(c), got, want)
		}
	}
}
