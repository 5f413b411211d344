package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
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

// TestLawOfCaptures: captures lists exactly the parts of a text that the variable
// can be for the pattern to match, whatever stands around it.
func TestLawOfCaptures(t *testing.T) {
	b := textsolve.NewBudget(1<<40, nil)
	some := 0
	for _, mode := range []textsolve.TextMode{{Wild: true}, {}} {
		for _, before := range policytest.TextsOver("ab*", 2) {
			for _, after := range policytest.TextsOver("ab*", 2) {
				p := textsolve.Pattern{Text: before + "$" + after, Wild: mode.Wild, Terms: []textsolve.Term{{Text: before}, {Variable: "aws:x"}, {Text: after}}}
				for _, text := range policytest.TextsOver("ab", 4) {
					want := map[string]bool{}
					for i := range len(text) + 1 {
						for j := i; j <= len(text); j++ {
							q := textsolve.ReadPattern("", []textsolve.Term{{Text: before}, {Text: text[i:j], Literal: true}, {Text: after}}, mode)
							if q.Matches(text, b) {
								want[text[i:j]] = true
							}
						}
					}
					got := captures(&p, text, b)
					some += len(got)
					if len(got) != len(want) || slices.ContainsFunc(got, func(s string) bool { return !want[s] }) {
						t.Fatalf("%q, the variable, %q: of %q it is one of %q, want %v", before, after, text, got, want)
					}
				}
			}
		}
	}
	if some < 1000 {
		t.Errorf("%d parts in all, want many", some)
	}
}

// TestEquate: two keys are given values that are equal, or different, as a
// variable asks; what is found is confirmed.
func TestEquate(t *testing.T) {
	const x, y, z = "aws:PrincipalTag/x", "aws:PrincipalTag/y", "aws:PrincipalTag/z"
	holdGroups(t, aboutKey(), encrypt(), true, []groupCase{
		{"the value of another tag", "role", `"StringEquals":{"` + x + `":"${` + y + `}"},"StringLike":{"` + y + `":"a?"},"StringNotEquals":{"` + y + `":"ax"}`, ""},
		{"both sides asked for, and one value does", "role", `"StringEquals":{"` + x + `":"${` + y + `}"},"StringLike":{"` + x + `":"a*","` + y + `":"*b"},"StringNotLike":{"` + x + `":"a?*b"}`, x + "=ab " + y + "=ab"},
		{"a part of a value", "role", `"StringEquals":{"` + x + `":"pre-${` + y + `}-post","` + y + `":"m"}`, x + "=pre-m-post"},
		{"the other way round", "role", `"StringEquals":{"` + y + `":"pre-m-post","` + x + `":"m"},"StringLike":{"` + y + `":"pre-${` + x + `}-*"}`, x + "=m " + y + "=pre-m-post"},
		{"a chain of tags", "role", `"StringEquals":{"` + x + `":"${` + y + `}","` + y + `":"${` + z + `}","` + z + `":"v"}`, x + "=v " + y + "=v " + z + "=v"},
		{"the default of a tag that is missing", "role", `"StringEquals":{"` + x + `":"${` + y + `, 'dflt'}"},"Null":{"` + y + `":"true"}`, x + "=dflt " + y + "=absent"},
		{"the value of a tag that has a default", "role", `"StringEquals":{"` + x + `":"${` + y + `, 'dflt'}","` + y + `":"v"}`, x + "=v " + y + "=v"},
		{"different tags", "role", `"StringNotEquals":{"` + x + `":"${` + y + `}"},"StringEquals":{"` + x + `":"v"},"Null":{"` + y + `":"false"}`, x + "=v"},
		{"the only value of a key", "role", `"StringEquals":{"aws:PrincipalType":"${` + x + `}"}`, x + "=AssumedRole"},
		{"any but the only value", "role", `"StringNotEquals":{"aws:PrincipalType":"${` + x + `}"},"Null":{"` + x + `":"false"}`, ""},
		{"a part of the only value", "role", `"StringEquals":{"aws:PrincipalType":"Assumed${` + x + `}"}`, x + "=Role"},
		{"what no part of the only value is", "role", `"StringEquals":{"aws:PrincipalType":"Assumed${` + x + `}","` + x + `":"User"}`, "none"},
		{"the caller's account", "role", `"StringEquals":{"` + x + `":"${aws:PrincipalAccount}","aws:PrincipalAccount":"` + friend + `"}`, x + "=" + friend},
		{"the account that a tag has", "role", `"StringEquals":{"aws:PrincipalAccount":"${` + x + `}","` + x + `":"` + friend + `"}`, "aws:PrincipalAccount=" + friend},
		{"the name of a user", "user", `"StringEquals":{"` + x + `":"${aws:username}"},"StringLike":{"` + x + `":"b?b"},"StringNotLike":{"` + x + `":"bx*"}`, ""},
		{"a name in the caller's ARN", "role", `"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::` + friend + `:role/${` + x + `}","` + x + `":"ci"}`, "aws:PrincipalArn=arn:aws:iam::" + friend + ":role/ci"},
		{"a key that no such request has", "role", `"StringEquals":{"` + x + `":"${aws:username}"}`, "none"},
		{"an address", "role", `"StringEquals":{"` + x + `":"${aws:SourceIp}"},"IpAddress":{"aws:SourceIp":"203.0.113.9/32"}`, x + "=203.0.113.9"},
	})
}
