package textsolve

import (
	"strings"
	"testing"
)

// TestClass: a class has the ASCII characters of its sample, and beyond ASCII
// those alone that a function knows.
func TestClass(t *testing.T) {
	plain := NewClass("az@\x7fé")
	open := NewClass("aé").And(func(r rune) bool { return r == 'é' || r == 'Ж' || r == 'b' })
	for _, row := range []struct {
		name  string
		class *Class
		has   string
		lacks string
	}{
		{"ASCII", plain, "az@\x7f", "bAy\x00éЖ"},
		{"beyond ASCII", open, "aéЖ", "bzЪ"},
	} {
		for _, r := range row.has + row.lacks {
			if want := strings.ContainsRune(row.has, r); row.class.Has(r) != want {
				t.Errorf("%s: has %q: %v, want %v", row.name, r, !want, want)
			}
		}
	}
}
