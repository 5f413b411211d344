package check

import (
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

func TestReplay(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:111122223333:key/k"
	request := func(action string, context map[string][]string) evaluate.Request {
		return evaluate.Request{Principal: "arn:aws:iam::999988887777:role/stranger", Action: action, Resource: key, Context: context}
	}
	tests := []struct {
		name string
		r    evaluate.Request
		want string
	}{
		{"encrypt", request("kms:Encrypt", nil), "aws kms encrypt --key-id " + key + " --plaintext fileb://plaintext.bin --region us-east-1"},
		{
			"context", request("kms:Encrypt", map[string][]string{"kms:EncryptionContext:a,b": {"x y"}}),
			"aws kms encrypt --key-id " + key + ` --plaintext fileb://plaintext.bin --encryption-context '{"a,b":"x y"}' --region us-east-1`,
		},
		{
			"re-encrypt with context", request("kms:ReEncryptTo", map[string][]string{"KMS:encryptioncontext:t": {"1"}}),
			"aws kms re-encrypt --ciphertext-blob fileb://own-ciphertext.bin --destination-key-id " + key + ` --destination-encryption-context '{"t":"1"}' --region us-east-1`,
		},
		{
			"grant", request("kms:CreateGrant", map[string][]string{"kms:GrantOperations": {"Decrypt"}}),
			"aws kms create-grant --key-id " + key + " --grantee-principal arn:aws:iam::999988887777:role/stranger --operations Decrypt --region us-east-1",
		},
		{
			"alias", request("kms:GenerateDataKey", map[string][]string{"kms:RequestAlias": {"alias/a"}}),
			"aws kms generate-data-key --key-id arn:aws:kms:us-east-1:111122223333:alias/a --key-spec AES_256 --region us-east-1",
		},
		{"a quote", request("kms:Encrypt", map[string][]string{"kms:EncryptionContext:a": {"'; rm -rf / #"}}), ""},
		{"through a service", request("kms:Encrypt", map[string][]string{"kms:ViaService": {"s3.us-east-1.amazonaws.com"}}), ""},
		{"a service", evaluate.Request{Service: "cloudtrail.amazonaws.com", Action: "kms:Encrypt"}, ""},
		{"another action", request("kms:TagResource", nil), ""},
	}
	for _, tt := range tests {
		if got := replay(tt.r); got != tt.want {
			t.Errorf("%s: replay = %q, want %q", tt.name, got, tt.want)
		}
	}
}
