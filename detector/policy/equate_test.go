package policy

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// TestCaptures: what a variable can hold is what is left of the text between
// what the parts of the pattern next to it match.
func TestCaptures(t *testing.T) {
	for _, row := range []struct {
		pattern, text string
		base          Base
		want          string // separated by spaces; "none" for nil
	}{
		{"${aws:username}", "b", StringEquals, "b"},
		{"a-${aws:username}-z", "a-b-z", StringEquals, "b"},
		{"a-${aws:username}-z", "x-b-z", StringEquals, "none"},
		{"a-${aws:username}-z", "a-b-y", StringEquals, "none"},
		{"A-${aws:username}-Z", "a-b-z", StringEqualsIgnoreCase, "b"},
		{"aba${aws:username}aba", "aba", StringEquals, "none"},
		{"${aws:username}*z", "b*z", StringEquals, "b"},
		{"${aws:username}-z*", "b-z-z", StringLike, "b b-z"},
		{"${aws:username}-z*", "b", StringLike, "none"},
		{"${aws:username}-y*${*}z*", "b-y*z", StringLike, "b"},
		{"${aws:username}${*}b", "x*b", StringLike, "x"},
		{"${*}-${aws:username}", "x-b", StringLike, "none"},
		{"*-${aws:username}", "us-east-1", StringLike, "1 east-1"},
		{"*-${aws:username}-*", "x-b-y-z", StringLike, "b b-y y"},
		{"*${aws:username}*", "a text with more parts than are tried", StringLike, "none"},
		{"a-${aws:username}-${aws:userid}", "a-b-c", StringEquals, "none"},
		{"a-${aws:username}-${aws:userid, 'c'}", "a-b-", StringEquals, "none"},
	} {
		p := newPattern(row.pattern, row.base, condkey.Default())
		got := "none"
		if texts := p.captures(row.text, newBudget(nil)); texts != nil {
			got = strings.Join(texts, " ")
		}
		if got != row.want {
			t.Errorf("captures(%q, %q) = %q, want %q", row.pattern, row.text, got, row.want)
		}
	}
}

// TestOutline: an outline matches at least what the tape can hold at the place,
// and knows its fixed texts and how many characters there are, up to a bound.
func TestOutline(t *testing.T) {
	digits := func(low, high int) segment { return repeat(digitClass(), low, high) }
	for _, row := range []struct {
		name    string
		segs    []segment
		skip    int
		matches string
		fails   string
	}{
		{"fixed texts", []segment{fixed("a"), digits(1, 1), fixed("c")}, -1, "a1c", "a11c"},
		{"without the segment to skip", []segment{fixed("a"), fixed("b"), fixed("c")}, 1, "ac", "abc"},
		{"a range of lengths", []segment{digits(2, 4)}, -1, "123", "1"},
		{"more characters than are counted", []segment{digits(40, 40)}, -1, "1234567890123456789012345678901234567890", "1234567890"},
		{"as many as are counted", []segment{digits(32, 32)}, -1, "12345678901234567890123456789012", "123456789012345678901234567890123"},
	} {
		v := variant{tape: tape{row.segs}}
		p, b := v.outline(place{0, 0, len(row.segs) - 1, row.skip}), newBudget(nil)
		if !p.matches(row.matches, b) || p.matches(row.fails, b) {
			t.Errorf("%s: matches(%q) = %v, matches(%q) = %v", row.name, row.matches, p.matches(row.matches, b), row.fails, p.matches(row.fails, b))
		}
	}
}
