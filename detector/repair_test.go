package detector

import (
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
)

const ownerStatement = `{"Sid":"Owner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`

// only keeps everything else as it stands, in its order.
func TestOnly(t *testing.T) {
	for _, row := range []struct {
		name, text string
		places     []int
		want       string
	}{
		{
			"two of three", `{"Version":"2012-10-17","Id":"a<b","Statement":[{"Sid":"a"},{"Sid":"b"},{"Sid":"c","Action":["x", "y"]}]}`,
			[]int{0, 2},
			"{\n  \"Version\": \"2012-10-17\",\n  \"Id\": \"a<b\",\n  \"Statement\": [\n    {\n      \"Sid\": \"a\"\n    },\n    {\n      \"Sid\": \"c\",\n      \"Action\": [\n        \"x\",\n        \"y\"\n      ]\n    }\n  ]\n}",
		},
		{"statement first", `{"Statement":[{"Sid":"a"},{"Sid":"b"}],"Version":"2012-10-17"}`, []int{1}, "{\n  \"Statement\": [\n    {\n      \"Sid\": \"b\"\n    }\n  ],\n  \"Version\": \"2012-10-17\"\n}"},
		{"a single statement", `{"Statement":{"Sid":"a"}}`, []int{0}, ""},
		{"not JSON", `{`, []int{0}, ""},
	} {
		if got := only(row.text, row.places); got != row.want {
			t.Errorf("%s: only = %s, want %s", row.name, got, row.want)
		}
	}
}

// The owner's account root must surely be able to change the policy.
func TestOwnerManages(t *testing.T) {
	deny := func(condition string) string {
		return ownerStatement + `,{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"` + condition + `}`
	}
	for _, row := range []struct {
		name, statements string
		want             bool
	}{
		{"kms:* for the root", ownerStatement, true},
		{"kms:PutKeyPolicy for the account id", `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["kms:Get*","kms:putkeypolicy"],"Resource":"*"}`, true},
		{"this key by ARN", `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"` + testARN + `"}`, true},
		{"another key", `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"arn:aws:kms:us-east-1:111122223333:key/other"}`, false},
		{"a role only", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/admin"},"Action":"kms:*","Resource":"*"}`, false},
		{"another account", `{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"kms:*","Resource":"*"}`, false},
		{"use but not management", `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*"}`, false},
		{"under a condition", `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, false},
		{"no resource, so no effect", `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*"}`, false},
		{"a Deny of everything", deny(``), false},
		{"a Deny of plain HTTP", deny(`,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`), true},
		{"a Deny of everybody else", deny(`,"Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}`), true},
		{"a Deny without MFA", deny(`,"Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`), true},
		{"a Deny by address", deny(`,"Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`), false},
		{"a Deny of PutKeyPolicy", ownerStatement + `,{"Effect":"Deny","Principal":"*","Action":"kms:Put*","Resource":"*"}`, false},
		{"a Deny of Encrypt", ownerStatement + `,{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + row.statements + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			f, _ := factsOf(t, []byte(put))
			if got := ownerManages(p, f); got != row.want {
				t.Errorf("ownerManages = %v, want %v", got, row.want)
			}
			f.Key.Account = ""
			if ownerManages(p, f) {
				t.Error("ownerManages = true for an unknown owner")
			}
		})
	}
}
