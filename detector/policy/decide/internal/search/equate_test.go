package search

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
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
		p := compile.NewPattern(row.pattern, row.base, condkey.Default())
		got := "none"
		if texts := captures(&p, row.text, textsolve.NewBudget(1_000_000, nil)); texts != nil {
			got = strings.Join(texts, " ")
		}
		if got != row.want {
			t.Errorf("captures(%q, %q) = %q, want %q", row.pattern, row.text, got, row.want)
		}
	}
}
