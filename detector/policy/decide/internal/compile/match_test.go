package compile

import (
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

func TestMatchOneAction(t *testing.T) {
	const action = "kms:Encrypt"
	for pattern, want := range map[string]Match{
		"*":                            Yes,
		"**":                           Yes,
		"kms:*":                        Yes,
		"KMS:encrypt":                  Yes,
		"kms:En?rypt":                  Yes,
		"kms:Encryp":                   No,
		"kms:Decrypt":                  No,
		"s3:*":                         No,
		"":                             No,
		"kms*":                         Maybe,
		"*:Encrypt":                    Maybe,
		"k?s:*":                        Maybe,
		"*t":                           Maybe,
		" kms:Encrypt":                 Maybe,
		"* ":                           Maybe,
		"kms:" + policy.Mark(0):        Maybe,
		"kms:" + policy.Mark(0) + "z":  No,
		policy.Mark(0):                 Maybe,
		"kms:Encrypt" + policy.Mark(0): Maybe,
	} {
		if got := MatchOneAction(pattern, action); got != want {
			t.Errorf("%q: %v, want %v", pattern, got, want)
		}
		if want != No && lettersOf(policy.ReplaceMarks(pattern, "*"))&^lettersOf(action) != 0 {
			t.Errorf("%q has letters that %s lacks", pattern, action)
		}
	}
}

func TestMatchARN(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:111122223333:key/1234"
	current := &policy.Policy{Version: policy.Version2012}
	for _, row := range []struct {
		value, arn string
		want       Match
		open       bool
	}{
		{key, key, Yes, false},
		{key + "5", key, No, false},
		{"arn:aws:kms:*:*:*", key, Yes, false},
		{"arn:aws:kms:*:key/1234", key, Maybe, false},
		{"arn:aws:kms:*", key, Maybe, false},
		{"arn:aws:kms:us-east-1:111122223333:key/*", key, Yes, false},
		{"arn:aws:kms:us-east-1:111122223333:key/123?", key, Yes, false},
		{"arn:aws:kms:us-east-1:111122223333:key/${*}", key, No, false},
		{"arn:aws:kms:us-east-1:111122223333:key/${*}4", "arn:aws:kms:us-east-1:111122223333:key/*4", Yes, false},
		{"arn:aws:kms:us-east-1:111122223333:key/${aws:userid}", key, Yes, true},
		{"arn:aws:kms:us-east-1:${aws:userid}:key/1235", key, No, true},
		{"", key, No, false},
		{"key/*", "key/1234", Maybe, false}, // no ARN
		{"arn:aws:*:1:2:key/1", "arn:aws:kms:us-east-1:1:2:key/1", Maybe, false},
	} {
		parts, open := resourceTerms(row.value, current)
		if got := matchARN(parts, row.arn, textsolve.NewBudget(1_000_000, nil)); got != row.want || open != row.open {
			t.Errorf("%q matches %s: %v, open %v; want %v, %v", row.value, row.arn, got, open, row.want, row.open)
		}
	}
	old := &policy.Policy{Version: policy.Version2008}
	if parts, open := resourceTerms("${aws:userid}", old); open || len(parts) != 1 || parts[0].Text != "${aws:userid}" {
		t.Errorf("a version without variables reads %+v", parts)
	}
	spent := textsolve.NewBudget(1_000_000, nil)
	spent.Left = -1
	if got := matchARN([]textsolve.Term{{Text: "x"}}, key, spent); got != Maybe {
		t.Errorf("without effort left: %v, want maybe", got)
	}
}

// Which key it is that an ARN of a key that is not known names, is not known.
func TestMatchUnknownKey(t *testing.T) {
	for _, row := range []struct {
		value, owner string
		want         Match
	}{
		{"arn:aws:kms:*:*:key/*", "111122223333", Yes},
		{"arn:aws:kms:eu-west-1:111122223333:key/1234", "111122223333", Maybe},
		{"arn:aws:kms:eu-west-1:444455556666:key/1234", "111122223333", No},
		{"arn:aws:kms:eu-west-1:444455556666:key/1234", "", Maybe},
		{"arn:aws:kms:eu-west-1:*:key/1234", "111122223333", Maybe},
		{"arn:aws:k?s:eu-west-1:111122223333:key/1234", "111122223333", Maybe},
		{"arn:aws:s3:eu-west-1:111122223333:key/1234", "111122223333", No},
		{"arn:aws:kms:eu-west-1:111122223333:alias/x", "111122223333", No},
		{"arn:aws:kms:eu-west-1:111122223333:*234", "111122223333", Maybe},
		{"arn:aws:kms:eu-west-1:111122223333", "111122223333", No},
		{"key/1234", "", No},
	} {
		c := &Policy{About: About{Partition: "aws"}, Owner: row.owner, Budget: textsolve.NewBudget(1_000_000, nil)}
		if got := c.matchUnknownKey([]textsolve.Term{{Text: row.value}}); got != row.want {
			t.Errorf("%q of owner %q: %v, want %v", row.value, row.owner, got, row.want)
		}
	}
}
