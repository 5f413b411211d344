package decide

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// TestAllowNote: what is said of an Allow by itself, and why it lets no outsider in.
func TestAllowNote(t *testing.T) {
	const insiders = "It names only principals of the key owner's account, or trusted ones."
	for _, row := range []struct{ name, principal, condition, want string }{
		{"everyone", `"*"`, `{}`, "By itself it lets any stranger in."},
		{"the owner's account", `{"AWS":"111122223333"}`, `{}`, insiders},
		{"a role of the owner's account", `{"AWS":"arn:aws:iam::111122223333:role/backup"}`, `{}`, insiders},
		{"a role of another account", `{"AWS":"arn:aws:iam::444455556666:role/backup"}`, `{}`, "By itself it lets in outsiders whom the policy names."},
		{"a service", `{"Service":"s3.amazonaws.com"}`, `{}`, "It names AWS services, which are not principals of another account."},
		{"an identity provider", `{"Federated":"cognito-identity.amazonaws.com"}`, `{}`, noOutsider},
		{"an S3 user", `{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`, `{}`, noOutsider},
		{"an account of another partition", `{"AWS":"arn:aws-cn:iam::444455556666:root"}`, `{}`, noOutsider},
		{"a session with a name of one letter", `{"AWS":"arn:aws:sts::444455556666:assumed-role/backup/s"}`, `{}`, noOutsider},
		{"that, under a condition", `{"AWS":"arn:aws:sts::444455556666:assumed-role/backup/s"}`, `{"Bool":{"aws:SecureTransport":"true"}}`, noOutsider},
		{
			"everyone of the owner's account", `"*"`, `{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}`,
			"Its conditions keep outsiders out: `StringEquals aws:PrincipalAccount 111122223333`.",
		},
		{
			"conditions of which each is enough", `"*"`, `{"StringEquals":{"aws:PrincipalAccount":"111122223333","kms:CallerAccount":"111122223333"}}`,
			"Its conditions keep outsiders out: `StringEquals aws:PrincipalAccount 111122223333`, `StringEquals kms:CallerAccount 111122223333`.",
		},
		{
			"conditions of which one counts", `"*"`, `{"StringEquals":{"aws:PrincipalAccount":"111122223333"},"Bool":{"aws:SecureTransport":"true"}}`,
			"Its conditions keep outsiders out: `StringEquals aws:PrincipalAccount 111122223333`.",
		},
	} {
		text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":%s,"Action":"kms:Encrypt","Resource":"*","Condition":%s}}`, row.principal, row.condition)
		q := surroundings()
		q.Explain = true
		p, err := policy.ParsePartial([]byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := Decide(p, q); len(d.Statements) != 1 || d.Statements[0].Why != row.want {
			t.Errorf("%s: %+v, want %q", row.name, d.Statements, row.want)
		}
	}
}

// TestAllowNoteStopped: what is said to stop an Allow that lets outsiders in by
// itself.
func TestAllowNoteStopped(t *testing.T) {
	const allow, deny = `{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`, `{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}`
	rcp, err := policy.ParseRCP([]byte(`{"Version":"2012-10-17","Statement":` + deny + `}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, statements string
		rcps             []*policy.Policy
		want             string
	}{
		{"nothing", allow, nil, ""},
		{"a Deny", allow + "," + deny, nil, " The Deny statements stop all of them."},
		{"a resource control policy", allow, []*policy.Policy{rcp}, " The resource control policies stop all of them."},
		{"both", deny + "," + allow, []*policy.Policy{rcp}, " The Deny statements and resource control policies stop all of them."},
	} {
		q := surroundings()
		q.Explain, q.RCPs = true, row.rcps
		d := Decide(mustParse([]byte(`{"Version":"2012-10-17","Statement":[`+row.statements+`]}`)), q)
		for _, note := range d.Statements {
			if want := "By itself it lets any stranger in." + row.want; note.Effect == policy.Allow && note.Why != want {
				t.Errorf("%s: %q, want %q", row.name, note.Why, want)
			}
		}
	}
}

// TestAllowNoteWithinBudget: whatever the budget, an Allow of outsiders whose
// conditions nobody meets is neither said to cover none nor to be stopped by a Deny.
func TestAllowNoteWithinBudget(t *testing.T) {
	text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":["%s"]},"Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"%s":"x"}}}}`,
		strings.Join(texts(60, "arn:aws:iam::4444555566%02d:role/backup"), `","`), strings.Join(texts(12, "example:never%d"), `":"x","`))
	p, q := mustParse([]byte(text)), surroundings()
	q.Explain = true
	said := map[string]int{}
	for steps := 1000; steps < MaxSteps; steps += steps / 20 {
		q.MaxSteps = steps
		for _, note := range Decide(p, q).Statements {
			said[note.Why]++
		}
	}
	const out = "What it opens by itself is too intricate to say within the bound of work."
	kept := "Its conditions keep outsiders out: `" + strings.Join(texts(12, "StringEquals example:never%d x"), "`, `") + "`."
	if len(said) != 2 || said[out] == 0 || said[kept] == 0 {
		t.Errorf("said: %v", said)
	}
}
