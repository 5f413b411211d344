package search

import (
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

func TestInForms(t *testing.T) {
	shape, err := condkey.ParseShape("{=a digit 1 1}-{=a digit 1 1}")
	if err != nil {
		t.Fatal(err)
	}
	forms := []form{NewSpace(&compile.Policy{}, time.Time{}, nil).formOf(shape)}
	for text, want := range map[string]bool{"1-1": true, "1-2": false, "1-": false} {
		if got := InForms(forms, text); got != want {
			t.Errorf("inForms(%q) = %v", text, got)
		}
	}
}

// TestKeyDoubt: what AWS leaves open of a key of a request that may get in.
func TestKeyDoubt(t *testing.T) {
	const carries, hold = "whether such a request carries this key", "whether this key can hold"
	for _, row := range []struct{ name, key, kind, value, want string }{
		{"a key that is always there", "aws:SecureTransport", "role", "true", ""},
		{"a key that the caller chooses, and is missing", "aws:SourceIdentity", "role", "", ""},
		{"a key that may be there or not", "aws:SourceIp", "role via", "", carries},
		{"a key that no request may have", "aws:AssumedRoot", "root temporary", "true", carries},
		{"a key that may be missing, and is there", "aws:MultiFactorAuthPresent", "role", "true", ""},
		{"a key that may be missing, and is", "aws:MultiFactorAuthPresent", "role", "", carries},
		{"a documented service", "kms:ViaService", "role via", "s3.us-east-1.amazonaws.com", ""},
		{"a service that is not documented", "kms:ViaService", "role via", "nobody.us-east-1.amazonaws.com", hold},
		{"a documented user agent", "aws:UserAgent", "role", "aws-cli/2.31.0", ""},
		{"a user agent that is longer than any", "aws:UserAgent", "role", strings.Repeat("x", 513), hold},
		{"an audience", "accounts.example.com:aud", "role", "app", "who can have this audience"},
		{"a subject whom no pattern covers", "accounts.example.com:sub", "role", "user-1", ""},
		{"a principal of AWS's own", "aws:PrincipalArn", "role", "arn:aws:iam::444455556666:role/aws:ec2-infrastructure", "which requests its own principal"},
		{"a principal", "aws:PrincipalArn", "role", "arn:aws:iam::444455556666:role/ci", ""},
		{"an account", "aws:PrincipalAccount", "role", "444455556666", ""},
	} {
		c := spaceOf(t, aboutKey(), allow(`"Null":{"`+row.key+`":"true"}`))
		s := c.NewSearch(kindOf(t, c, row.kind), Reach{}, true)
		slot := slotOf(t, c, row.key)
		m := s.first.Clone()
		m.Values[slot] = nil
		if row.value != "" {
			m.Set(slot, row.value)
		}
		got := s.KeyDoubt(slot, row.key, m)
		if (got == "") != (row.want == "") || !strings.Contains(got, row.want) || got != "" && !strings.HasPrefix(got, row.key+": ") {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// A subject whom only a pattern covers only its provider knows.
func TestKeyDoubtOfSubject(t *testing.T) {
	const key = "accounts.example.com:sub"
	c := spaceOf(t, aboutKey(), allow(`"StringLike":{"`+key+`":"team-*"}`))
	s := c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
	m := s.first.Clone()
	m.Set(slotOf(t, c, key), "team-7")
	if got := s.KeyDoubt(slotOf(t, c, key), key, m); !strings.Contains(got, "identity provider") {
		t.Errorf("%q, want a word on the identity provider", got)
	}
}

// TestUncertainSlot: of which keys AWS does not say whether such a request has them.
func TestUncertainSlot(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"Null":{"aws:SourceIp":"true","aws:PrincipalTag/t":"true"}`))
	for _, row := range []struct {
		name, kind string
		slot       int
		want       bool
	}{
		{"an address", "role", slotOf(t, c, "aws:SourceIp"), false},
		{"an address through a service", "role via", slotOf(t, c, "aws:SourceIp"), true},
		{"a tag of a root user", "root", slotOf(t, c, "aws:PrincipalTag/t"), false}, // that some lack it is known
		{"the caller's account", "role via", compile.SlotAccount, false},
	} {
		if got := c.NewSearch(kindOf(t, c, row.kind), Reach{}, true).UncertainSlot(row.slot); got != row.want {
			t.Errorf("%s: uncertain %v, want %v", row.name, got, row.want)
		}
	}
}

// TestQuoteValues: values are shown as one quoted text, and long ones are cut.
func TestQuoteValues(t *testing.T) {
	values := func(texts ...string) (vals []compile.Value) {
		for _, text := range texts {
			vals = append(vals, compile.Value{Text: text})
		}
		return vals
	}
	for _, row := range []struct {
		name string
		vals []compile.Value
		want string
	}{
		{"one", values("a"), `"a"`},
		{"two", values("a", "b"), `"a, b"`},
		{"control characters", values("a\n\x1b[31m"), `"a\n\x1b[31m"`},
		{"a long one", values(strings.Repeat("x", 100)), `"` + strings.Repeat("x", 77) + `..."`},
	} {
		if got := QuoteValues(row.vals); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}
