package search

import (
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// TestOutline: an outline matches at least what the shape can hold at the place,
// and knows its fixed texts and how many characters there are, up to a bound.
func TestOutline(t *testing.T) {
	digits := func(low, high int) textsolve.Segment { return textsolve.Repeat(digitClass(), low, high) }
	for _, row := range []struct {
		name    string
		segs    []textsolve.Segment
		skip    int
		matches string
		fails   string
	}{
		{"fixed texts", []textsolve.Segment{textsolve.Fixed("a"), digits(1, 1), textsolve.Fixed("c")}, -1, "a1c", "a11c"},
		{"without the segment to skip", []textsolve.Segment{textsolve.Fixed("a"), textsolve.Fixed("b"), textsolve.Fixed("c")}, 1, "ac", "abc"},
		{"a range of lengths", []textsolve.Segment{digits(2, 4)}, -1, "123", "1"},
		{"more characters than are counted", []textsolve.Segment{digits(40, 40)}, -1, "1234567890123456789012345678901234567890", "1234567890"},
		{"as many as are counted", []textsolve.Segment{digits(32, 32)}, -1, "12345678901234567890123456789012", "123456789012345678901234567890123"},
	} {
		v := layout{Shape: textsolve.Shape{Segments: row.segs}}
		p, b := v.outline(place{0, 0, len(row.segs) - 1, row.skip}), textsolve.NewBudget(1_000_000, nil)
		if !p.Matches(row.matches, b) || p.Matches(row.fails, b) {
			t.Errorf("%s: matches(%q) = %v, matches(%q) = %v", row.name, row.matches, p.Matches(row.matches, b), row.fails, p.Matches(row.fails, b))
		}
	}
}
