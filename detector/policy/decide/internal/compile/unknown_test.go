package compile

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// TestUnknownPattern: a text of which a part is unknown matches all that it can
// be. It is one text, and fixes who is named, only where that is sure.
func TestUnknownPattern(t *testing.T) {
	const arn = "arn:aws:iam::"
	arnKey, textKey := condkey.Key{Row: &condkey.Row{Types: condkey.ARN | condkey.String}}, condkey.Key{Row: &condkey.Row{Types: condkey.String}}
	p := &policy.Policy{Version: policy.Version2012, Unknown: []policy.Unknown{{Never: ":*?"}, {}, {Many: true}, {Never: "*?"}, {Never: ":"}}}
	old := &policy.Policy{Version: policy.Version2008, Unknown: p.Unknown}
	for _, row := range []struct {
		name           string
		policy         *policy.Policy
		text           string
		base           policy.Base
		key            condkey.Key
		matches, fails string
		one, pins      bool
	}{
		{"one text", p, "a" + policy.Mark(0), policy.StringEquals, textKey, "ab", "a:b", true, true},
		{"a wildcard", p, "a*" + policy.Mark(0), policy.StringLike, textKey, "ab", "b", false, false},
		{"what may be a wildcard", p, "a" + policy.Mark(1), policy.StringLike, textKey, "ab", "b", false, false},
		{"no wildcard for the operator", p, "a" + policy.Mark(1), policy.StringEquals, textKey, "a:b", "b", true, true},
		{"many texts", p, policy.Mark(2), policy.StringEquals, textKey, "a:b", "\n", false, false},
		{"a variable", p, "${aws:x}" + policy.Mark(0), policy.StringEquals, textKey, "ab", "a:\n", false, false},
		{"no variable", old, "${aws:x}" + policy.Mark(0), policy.StringEquals, textKey, "${aws:x}b", "ab", true, true},
		{"a star that is written out", p, "${*}" + policy.Mark(0), policy.StringLike, textKey, "*b", "ab", false, false},
		{"a part that is not listed", p, "a" + policy.Mark(9), policy.StringEquals, textKey, "a:b", "b", false, false},
		{"an account of an ARN", p, arn + policy.Mark(0) + ":role/*", policy.ArnLike, arnKey, arn + "1:role/x", arn + "1:user/x", false, true},
		{"an account of a text", p, arn + policy.Mark(0) + ":role/*", policy.ArnLike, textKey, arn + "1:role/x", arn + "1:user/x", false, false},
		{"an account under StringLike", p, arn + policy.Mark(0) + ":role/*", policy.StringLike, arnKey, arn + "1:role/x", arn + "1:user/x", false, false},
		{"an account with a wildcard", p, arn + "*" + policy.Mark(0) + ":role/x", policy.ArnLike, arnKey, arn + "1:role/x", arn + "1:user/x", false, false},
		{"an account that may be any", p, arn + policy.Mark(1) + ":role/x*", policy.ArnLike, arnKey, arn + "1:role/x", "arn:aws:sts::1:role/x", false, false},
		{"an account that may hold a colon", p, arn + policy.Mark(3) + ":role/x*", policy.ArnLike, arnKey, arn + "1:role/x", "arn:aws:sts::1:role/x", false, false},
		{"an account that may be a wildcard", p, arn + policy.Mark(4) + ":role/x*", policy.ArnLike, arnKey, arn + "1:role/x", "arn:aws:sts::1:role/x", false, false},
		{"a known account", p, arn + "1:role/*" + policy.Mark(0), policy.ArnLike, arnKey, arn + "1:role/x", arn + "2:role/x", false, false},
	} {
		c := &Policy{Source: row.policy}
		got, one, pins := c.unknownPattern(row.text, row.base, row.key)
		b := textsolve.NewBudget(1_000_000, nil)
		if !got.Matches(row.matches, b) || row.fails != "\n" && row.fails != "a:\n" && got.Matches(row.fails, b) {
			t.Errorf("%s: matches(%q) = %v, matches(%q) = %v", row.name, row.matches, got.Matches(row.matches, b), row.fails, got.Matches(row.fails, b))
		}
		if one != row.one || pins != row.pins {
			t.Errorf("%s: one text %v, fixes who is named %v; want %v, %v", row.name, one, pins, row.one, row.pins)
		}
	}
}

// TestUnknownPrincipals: of a principal with an unknown part, its account is known
// where the ARN says it; else it may be in any, and what can be "*" is everybody.
// Only texts that surely are one each count as texts that name one.
func TestUnknownPrincipals(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	p := &policy.Policy{Version: policy.Version2012, Unknown: []policy.Unknown{{Never: ":*?"}, {}, {Never: ":*?", Many: true}}}
	bob, anybody, star, many := "arn:aws:iam::444455556666:user/"+policy.Mark(0), policy.Mark(0), policy.Mark(1), policy.Mark(2)
	for _, row := range []struct {
		name       string
		principals []string
		key, want  string // the accounts, or everybody, or nobody
		one        int
	}{
		{"any text", []string{anybody}, key, "*", 1},
		{"what may be the star", []string{star}, key, "everybody", -1},
		{"an ARN that is cut", []string{"arn:" + anybody}, key, "*", 1},
		{"an account of its own", []string{bob}, key, "444455556666", 1},
		{"what may be another account", []string{anybody + ":aws:iam::444455556666:root"}, key, "*", 1},
		{"an account behind what may run over colons", []string{"arn:aws:iam" + star + "::444455556666:root"}, key, "*", 1},
		{"the owner's account", []string{"arn:aws:iam::111122223333:user/" + anybody}, key, "nobody", 0},
		{"another partition", []string{"arn:aws-cn:iam::444455556666:user/" + anybody}, key, "nobody", 0},
		{"another partition, and the key is not known", []string{"arn:aws-cn:iam::444455556666:user/" + anybody}, "", "444455556666", 1},
		{"an unknown partition", []string{"arn:" + anybody + ":iam::444455556666:root"}, key, "444455556666", 1},
		{"two texts", []string{bob, anybody}, key, "* 444455556666", 2},
		{"two texts that may be anybody", []string{anybody, "x" + anybody, bob}, key, "* 444455556666", 3},
		{"many texts", []string{many}, key, "*", -1},
		{"one text behind many", []string{many, anybody, bob}, key, "* 444455556666", -1},
		{"many texts behind one", []string{bob, many}, key, "* 444455556666", -1},
		{"a text behind the star", []string{star, bob, anybody}, key, "everybody", -1},
	} {
		c := &Policy{About: About{KeyARN: row.key, Partition: "aws"}, Source: p, Owner: "111122223333"}
		s := &Statement{Statement: &policy.Statement{}}
		for _, value := range row.principals {
			s.Principals = append(s.Principals, policy.Principal{Kind: policy.KindAWS, Value: value})
		}
		c.compilePrincipals(s)
		got, one := "nobody", 0
		if s.Entries.Unknown != nil {
			got, one = "everybody", s.Entries.Unknown.Unknown.One
			if wide := s.Entries.Unknown.Unknown.Wide; wide != nil {
				var accounts []string
				for _, p := range wide.Patterns {
					accounts = append(accounts, p.Text)
				}
				got = strings.Join(accounts, " ")
			}
		}
		if got != row.want || one != row.one {
			t.Errorf("%s: %s, %d texts; want %s, %d", row.name, got, one, row.want, row.one)
		}
	}
}

// TestSplitUnknown: the known values stay; where there is none, the list is not empty
// for that: no key has the value that takes their place.
func TestSplitUnknown(t *testing.T) {
	x, y := "x"+policy.Mark(0), policy.Mark(1)
	for _, row := range []struct {
		name                   string
		values, known, unknown []string
	}{
		{"all known", []string{"a", "b"}, []string{"a", "b"}, nil},
		{"some known", []string{x, "a", y}, []string{"a"}, []string{x, y}},
		{"none known", []string{x}, []string{nothing}, []string{x}},
		{"no values", []string{}, []string{}, nil},
	} {
		known, unknown := splitUnknown(&policy.Condition{Key: "a:b", Values: row.values})
		if !slices.Equal(known.Values, row.known) || !slices.Equal(unknown, row.unknown) || known.Key != "a:b" {
			t.Errorf("%s: %q and %q, want %q and %q", row.name, known.Values, unknown, row.known, row.unknown)
		}
	}
}
