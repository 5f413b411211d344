package decide

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// A resource control policy denies, to everyone; anything else is refused.
func TestParseRCP(t *testing.T) {
	const deny = `"Effect":"Deny","Principal":"*","Action":"kms:*"`
	for _, row := range []struct {
		name, version, statement, want string
	}{
		{"a Deny", "2012-10-17", `{` + deny + `,"Resource":"*"}`, ""},
		{"everyone as a map", "2012-10-17", `{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}`, ""},
		{"NotResource", "2012-10-17", `{` + deny + `,"NotResource":"arn:aws:s3:::*"}`, ""},
		{"full access", "2012-10-17", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, ""},
		{"an old version", "2008-10-17", `{` + deny + `,"Resource":"*"}`, "Version: expected 2012-10-17"},
		{"an Allow", "2012-10-17", `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`, "Statement[0]: expected Effect Deny"},
		{"two Actions", "2012-10-17", `{"Effect":"Allow","Principal":"*","Action":["*","*"],"Resource":"*"}`, "Statement[0]: expected Effect Deny"},
		{"two Resources", "2012-10-17", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":["*","*"]}`, "Statement[0]: expected Effect Deny"},
		{"an Allow of NotResource", "2012-10-17", `{"Effect":"Allow","Principal":"*","Action":"*","NotResource":"*"}`, "Statement[0]: expected Effect Deny"},
		{"an Allow of one Resource", "2012-10-17", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:s3:::*"}`, "Statement[0]: expected Effect Deny"},
		{"full access under a condition", "2012-10-17", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, "Statement[0]: expected Effect Deny"},
		{"a principal", "2012-10-17", `{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}`, `Statement[0]: expected Principal "*"`},
		{"NotPrincipal", "2012-10-17", `{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}`, `Statement[0]: expected Principal "*"`},
		{"NotAction", "2012-10-17", `{"Effect":"Deny","Principal":"*","NotAction":"kms:*","Resource":"*"}`, "Statement[0]: expected Action"},
		{"no Action", "2012-10-17", `{"Effect":"Deny","Principal":"*","Resource":"*"}`, "Statement[0]: expected Action"},
		{"no Resource", "2012-10-17", `{` + deny + `}`, "Statement[0]: expected Resource or NotResource"},
		{"a misspelled member", "2012-10-17", `{` + deny + `,"Resource":"*","Conditions":{}}`, "resource control policy: Statement[0]"},
	} {
		p, err := policy.ParseRCP([]byte(`{"Version":"` + row.version + `","Statement":[` + row.statement + `]}`))
		switch {
		case row.want == "" && (err != nil || p == nil):
			t.Errorf("%s: %v", row.name, err)
		case row.want != "" && (err == nil || p != nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "key policy")):
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}

// Resource control policies do not hold for service-linked roles.
func TestAllowsUnder(t *testing.T) {
	open := mustParse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}`))
	rcp, err := policy.ParseRCP([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for principal, want := range map[string]evaluate.Answer{
		"arn:aws:iam::999988887777:role/stranger":                               evaluate.No,
		"arn:aws:iam::111122223333:root":                                        evaluate.No,
		"arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/Role1": evaluate.Yes,
	} {
		r := evaluate.Request{Principal: principal, Action: "kms:Encrypt", Resource: surroundings().KeyARN}
		if got := evaluate.AllowsUnder(open, r, []*policy.Policy{rcp}); got != want {
			t.Errorf("%s: %v, want %v", principal, got, want)
		}
		if got := evaluate.AllowsUnder(open, r, nil); got != evaluate.Yes {
			t.Errorf("%s: %v without resource control policies", principal, got)
		}
	}
}

// TestAccessText holds the words of an Access against what reads them.
func TestAccessText(t *testing.T) {
	for a := AccessUndecided; a <= AccessNotApplicable; a++ {
		text, err := a.MarshalText()
		var back Access
		if err != nil || back.UnmarshalText(text) != nil || back != a {
			t.Errorf("%d becomes %q, and that %d", a, text, back)
		}
	}
	if a := new(Access); a.UnmarshalText([]byte("maybe")) == nil {
		t.Error("maybe is an access")
	}
}
