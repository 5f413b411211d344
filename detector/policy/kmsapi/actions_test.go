package kmsapi

import (
	"slices"
	"strings"
	"testing"
)

// TestActions holds the table of actions against the pages that it is made
// from, read anew. Sources: KMS Developer Guide, kms-api-permissions-reference.html;
// KMS API Reference, CreateGrant, Operations.
func TestActions(t *testing.T) {
	if n := len(Actions()); n != 56 {
		t.Errorf("%d actions, KMS has 56", n)
	}
	for class, want := range map[Class]string{
		ClassEncrypt: "kms:Encrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext kms:GenerateDataKeyPair kms:GenerateDataKeyPairWithoutPlaintext kms:ReEncryptTo kms:CreateGrant",
		ClassUse:     "kms:Decrypt kms:ReEncryptFrom kms:Sign kms:GenerateMac kms:DeriveSharedSecret kms:CreateGrant",
		ClassOther:   "kms:RevokeGrant kms:Verify kms:VerifyMac kms:GetPublicKey kms:DescribeKey kms:ListGrants kms:GetKeyRotationStatus kms:CreateGrant",
	} {
		if got := strings.Join(ClassActions(class), " "); got != want {
			t.Errorf("ClassActions(%q) = %s, want %s", class, got, want)
		}
	}
	for _, class := range []Class{ClassControl, ClassIdentity} {
		if got := ClassActions(class); len(got) == 0 || slices.Contains(got, CreateGrant) {
			t.Errorf("ClassActions(%q) = %v, want some, without CreateGrant", class, got)
		}
	}
	names := map[string]bool{}
	for _, a := range Actions() {
		if names[a.Name] || !strings.HasPrefix(a.Name, "kms:") || a.Verb == "" || a.Keys == 0 {
			t.Errorf("%+v: stands twice, or lacks something", a)
		}
		names[a.Name] = true
		if found, ok := FindAction(strings.ToUpper(a.Name)); !ok || found.Name != a.Name {
			t.Errorf("FindAction(%q) = %+v", strings.ToUpper(a.Name), found)
		}
	}
	of := func(has func(Action) bool) []string {
		var list []string
		for _, a := range Actions() {
			if has(a) {
				list = append(list, a.Operation())
			}
		}
		slices.Sort(list)
		return list
	}
	for _, row := range []struct {
		what string
		has  func(Action) bool
		want string
	}{
		{
			"cross-account use", func(a Action) bool { return a.Class == ClassEncrypt || a.Class == ClassUse || a.Class == ClassOther },
			"CreateGrant Decrypt DeriveSharedSecret DescribeKey Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext " +
				"GenerateMac GetKeyRotationStatus GetPublicKey ListGrants ReEncryptFrom ReEncryptTo RevokeGrant Sign Verify VerifyMac",
		},
		{
			"operations of grants", func(a Action) bool { return a.Grantable },
			"CreateGrant Decrypt DeriveSharedSecret DescribeKey Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext " +
				"GenerateMac GetPublicKey ReEncryptFrom ReEncryptTo RetireGrant Sign Verify VerifyMac",
		},
		{
			"not about a key, or IAM policies only", func(a Action) bool { return a.Class == ClassIdentity },
			"ConnectCustomKeyStore CreateCustomKeyStore CreateKey DeleteCustomKeyStore DescribeCustomKeyStores DisconnectCustomKeyStore GenerateRandom ListAliases ListKeys " +
				"ListRetirableGrants RetireGrant UpdateCustomKeyStore",
		},
		{
			"of a signing key", func(a Action) bool {
				return a.Keys&SigningKey != 0 && a.Class != ClassControl && a.Class != ClassIdentity
			},
			"CreateGrant DescribeKey GetPublicKey ListGrants RevokeGrant Sign Verify",
		},
		{
			"of an HMAC key", func(a Action) bool {
				return a.Keys&MacKey != 0 && a.Class != ClassControl && a.Class != ClassIdentity
			},
			"CreateGrant DescribeKey GenerateMac ListGrants RevokeGrant VerifyMac",
		},
		{
			"of an RSA encryption key", func(a Action) bool {
				return a.Keys&AsymmetricKey != 0 && a.Class != ClassControl && a.Class != ClassIdentity
			},
			"CreateGrant Decrypt DescribeKey Encrypt GetPublicKey ListGrants ReEncryptFrom ReEncryptTo RevokeGrant",
		},
		{
			"with an encryption context", func(a Action) bool { return a.Context },
			"CreateGrant Decrypt Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo RetireGrant",
		},
	} {
		if got := strings.Join(of(row.has), " "); got != row.want {
			t.Errorf("%s:\n%s, want\n%s", row.what, got, row.want)
		}
	}
}
