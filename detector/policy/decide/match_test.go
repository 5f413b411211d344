package decide

import (
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

func TestMatchOneAction(t *testing.T) {
	const action = "kms:Encrypt"
	for pattern, want := range map[string]match{
		"*":                            matchYes,
		"**":                           matchYes,
		"kms:*":                        matchYes,
		"KMS:encrypt":                  matchYes,
		"kms:En?rypt":                  matchYes,
		"kms:Encryp":                   matchNo,
		"kms:Decrypt":                  matchNo,
		"s3:*":                         matchNo,
		"":                             matchNo,
		"kms*":                         matchMaybe,
		"*:Encrypt":                    matchMaybe,
		"k?s:*":                        matchMaybe,
		"*t":                           matchMaybe,
		" kms:Encrypt":                 matchMaybe,
		"* ":                           matchMaybe,
		"kms:" + policy.Mark(0):        matchMaybe,
		"kms:" + policy.Mark(0) + "z":  matchNo,
		policy.Mark(0):                 matchMaybe,
		"kms:Encrypt" + policy.Mark(0): matchMaybe,
	} {
		if got := matchOneAction(pattern, action); got != want {
			t.Errorf("%q: %v, want %v", pattern, got, want)
		}
		if want != matchNo && lettersOf(policy.ReplaceMarks(pattern, "*"))&^lettersOf(action) != 0 {
			t.Errorf("%q has letters that %s lacks", pattern, action)
		}
	}
}

func TestMatchARN(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:111122223333:key/1234"
	current := &policy.Policy{Version: policy.Version2012}
	for _, row := range []struct {
		value, arn string
		want       match
		open       bool
	}{
		{key, key, matchYes, false},
		{key + "5", key, matchNo, false},
		{"arn:aws:kms:*:*:*", key, matchYes, false},
		{"arn:aws:kms:*:key/1234", key, matchMaybe, false},
		{"arn:aws:kms:*", key, matchMaybe, false},
		{"arn:aws:kms:us-east-1:111122223333:key/*", key, matchYes, false},
		{"arn:aws:kms:us-east-1:111122223333:key/123?", key, matchYes, false},
		{"arn:aws:kms:us-east-1:111122223333:key/${*}", key, matchNo, false},
		{"arn:aws:kms:us-east-1:111122223333:key/${*}4", "arn:aws:kms:us-east-1:111122223333:key/*4", matchYes, false},
		{"arn:aws:kms:us-east-1:111122223333:key/${aws:userid}", key, matchYes, true},
		{"arn:aws:kms:us-east-1:${aws:userid}:key/1235", key, matchNo, true},
		{"", key, matchNo, false},
		{"key/*", "key/1234", matchMaybe, false}, // no ARN
		{"arn:aws:*:1:2:key/1", "arn:aws:kms:us-east-1:1:2:key/1", matchMaybe, false},
	} {
		parts, open := resourceParts(row.value, current)
		if got := matchARN(parts, row.arn, textsolve.NewBudget(1_000_000, nil)); got != row.want || open != row.open {
			t.Errorf("%q matches %s: %v, open %v; want %v, %v", row.value, row.arn, got, open, row.want, row.open)
		}
	}
	old := &policy.Policy{Version: policy.Version2008}
	if parts, open := resourceParts("${aws:userid}", old); open || len(parts) != 1 || parts[0].Text != "${aws:userid}" {
		t.Errorf("a version without variables reads %+v", parts)
	}
	spent := textsolve.NewBudget(1_000_000, nil)
	spent.Left = -1
	if got := matchARN([]textsolve.Part{{Text: "x"}}, key, spent); got != matchMaybe {
		t.Errorf("without effort left: %v, want maybe", got)
	}
}

// Which key it is that an ARN of a key that is not known names, is not known.
func TestMatchUnknownKey(t *testing.T) {
	for _, row := range []struct {
		value, owner string
		want         match
	}{
		{"arn:aws:kms:*:*:key/*", "111122223333", matchYes},
		{"arn:aws:kms:eu-west-1:111122223333:key/1234", "111122223333", matchMaybe},
		{"arn:aws:kms:eu-west-1:444455556666:key/1234", "111122223333", matchNo},
		{"arn:aws:kms:eu-west-1:444455556666:key/1234", "", matchMaybe},
		{"arn:aws:kms:eu-west-1:*:key/1234", "111122223333", matchMaybe},
		{"arn:aws:k?s:eu-west-1:111122223333:key/1234", "111122223333", matchMaybe},
		{"arn:aws:s3:eu-west-1:111122223333:key/1234", "111122223333", matchNo},
		{"arn:aws:kms:eu-west-1:111122223333:alias/x", "111122223333", matchNo},
		{"arn:aws:kms:eu-west-1:111122223333:*234", "111122223333", matchMaybe},
		{"arn:aws:kms:eu-west-1:111122223333", "111122223333", matchNo},
		{"key/1234", "", matchNo},
	} {
		c := &compiled{About: About{Partition: "aws"}, owner: row.owner, b: textsolve.NewBudget(1_000_000, nil)}
		if got := c.matchUnknownKey([]textsolve.Part{{Text: row.value}}); got != row.want {
			t.Errorf("%q of owner %q: %v, want %v", row.value, row.owner, got, row.want)
		}
	}
}
