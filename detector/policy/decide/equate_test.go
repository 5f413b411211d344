package decide

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// TestCaptures: what a variable can hold is what is left of the text between
// what the parts of the pattern next to it match.
func TestCaptures(t *testing.T) {
	for _, row := range []struct {
		pattern, text string
		base          policy.Base
		want          string // separated by spaces; "none" for nil
	}{
		{"${aws:username}", "b", policy.StringEquals, "b"},
		{"a-${aws:username}-z", "a-b-z", policy.StringEquals, "b"},
		{"a-${aws:username}-z", "x-b-z", policy.StringEquals, "none"},
		{"a-${aws:username}-z", "a-b-y", policy.StringEquals, "none"},
		{"A-${aws:username}-Z", "a-b-z", policy.StringEqualsIgnoreCase, "b"},
		{"aba${aws:username}aba", "aba", policy.StringEquals, "none"},
		{"${aws:username}*z", "b*z", policy.StringEquals, "b"},
		{"${aws:username}-z*", "b-z-z", policy.StringLike, "b b-z"},
		{"${aws:username}-z*", "b", policy.StringLike, "none"},
		{"${aws:username}-y*${*}z*", "b-y*z", policy.StringLike, "b"},
		{"${aws:username}${*}b", "x*b", policy.StringLike, "x"},
		{"${*}-${aws:username}", "x-b", policy.StringLike, "none"},
		{"*-${aws:username}", "us-east-1", policy.StringLike, "1 east-1"},
		{"*-${aws:username}-*", "x-b-y-z", policy.StringLike, "b b-y y"},
		{"*${aws:username}*", "a text with more parts than are tried", policy.StringLike, "none"},
		{"a-${aws:username}-${aws:userid}", "a-b-c", policy.StringEquals, "none"},
		{"a-${aws:username}-${aws:userid, 'c'}", "a-b-", policy.StringEquals, "none"},
	} {
		p := newPattern(row.pattern, row.base, condkey.Default())
		got := "none"
		if texts := captures(&p, row.text, textsolve.NewBudget(MaxSteps, nil)); texts != nil {
			got = strings.Join(texts, " ")
		}
		if got != row.want {
			t.Errorf("captures(%q, %q) = %q, want %q", row.pattern, row.text, got, row.want)
		}
	}
}

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
		p, b := v.outline(place{0, 0, len(row.segs) - 1, row.skip}), textsolve.NewBudget(MaxSteps, nil)
		if !p.Matches(row.matches, b) || p.Matches(row.fails, b) {
			t.Errorf("%s: matches(%q) = %v, matches(%q) = %v", row.name, row.matches, p.Matches(row.matches, b), row.fails, p.Matches(row.fails, b))
		}
	}
}
