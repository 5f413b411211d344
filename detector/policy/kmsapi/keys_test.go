package kmsapi

import (
	"slices"
	"strings"
	"testing"
)

// TestKinds: what a key can be, as far as it is known.
// Source: KMS API reference, CreateKey, KeySpec and KeyUsage.
func TestKinds(t *testing.T) {
	for _, row := range []struct {
		name        string
		spec, usage string
		want        string // specs and usages, with spaces between them
	}{
		{"a symmetric key", "SYMMETRIC_DEFAULT", "", "SYMMETRIC_DEFAULT/ENCRYPT_DECRYPT"},
		{"an RSA key has one of two usages", "RSA_3072", "", "RSA_3072/ENCRYPT_DECRYPT RSA_3072/SIGN_VERIFY"},
		{"SM2 has all three", "SM2", "", "SM2/ENCRYPT_DECRYPT SM2/SIGN_VERIFY SM2/KEY_AGREEMENT"},
		{"the curve of bitcoin signs only", "ECC_SECG_P256K1", "", "ECC_SECG_P256K1/SIGN_VERIFY"},
		{"all that make MACs", "", "GENERATE_VERIFY_MAC", "HMAC_224/GENERATE_VERIFY_MAC HMAC_256/GENERATE_VERIFY_MAC HMAC_384/GENERATE_VERIFY_MAC HMAC_512/GENERATE_VERIFY_MAC"},
		{"all that agree on secrets", "", "KEY_AGREEMENT", "SM2/KEY_AGREEMENT ECC_NIST_P256/KEY_AGREEMENT ECC_NIST_P384/KEY_AGREEMENT ECC_NIST_P521/KEY_AGREEMENT"},
		{"both known", "RSA_2048", "SIGN_VERIFY", "RSA_2048/SIGN_VERIFY"},
		{"a spec newer than the table", "ML_KEM_768", "", "ML_KEM_768/ENCRYPT_DECRYPT ML_KEM_768/SIGN_VERIFY ML_KEM_768/KEY_AGREEMENT ML_KEM_768/GENERATE_VERIFY_MAC"},
		{"a pair newer than the table", "HMAC_256", "SIGN_VERIFY", "HMAC_256/SIGN_VERIFY"},
	} {
		var got []string
		for _, k := range (&KeyFacts{Spec: row.spec, Usage: row.usage}).Kinds() {
			got = append(got, k.Spec+"/"+k.Usage)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %s, want %s", row.name, strings.Join(got, " "), row.want)
		}
	}
}

// TestKeySet: which row of the actions' table a key is of, and what can be asked
// of it. Sources: KMS Developer Guide, symm-asymm-compare.html; KMS API
// reference, CreateGrant, Operations.
func TestKeySet(t *testing.T) {
	for _, row := range []struct {
		kind         KeyKind
		want         KeySet
		encrypt, use string // what a grant on it can carry
	}{
		{
			KeyKind{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"},
			SymmetricKey,
			"Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext ReEncryptTo", "Decrypt ReEncryptFrom",
		},
		{KeyKind{"RSA_2048", "ENCRYPT_DECRYPT"}, AsymmetricKey, "Encrypt ReEncryptTo", "Decrypt ReEncryptFrom"},
		{KeyKind{"RSA_2048", "SIGN_VERIFY"}, SigningKey, "", "Sign"},
		{KeyKind{"ML_DSA_65", "SIGN_VERIFY"}, SigningKey, "", "Sign"},
		{KeyKind{"HMAC_512", "GENERATE_VERIFY_MAC"}, MacKey, "", "GenerateMac"},
		{KeyKind{"ECC_NIST_P384", "KEY_AGREEMENT"}, AgreementKey, "", "DeriveSharedSecret"},
		{KeyKind{"SYMMETRIC_DEFAULT", "SIGN_VERIFY"}, AnyKey, "", ""}, // no documented pair: it may be anything
	} {
		got := row.kind.Set()
		if got != row.want {
			t.Errorf("%v is of %b, want %b", row.kind, got, row.want)
		}
		if row.want == AnyKey {
			continue
		}
		for class, want := range map[Class]string{ClassEncrypt: row.encrypt, ClassUse: row.use} {
			if got := strings.Join(Operations(class, got), " "); got != want {
				t.Errorf("a grant on %v carries of %s: %s, want %s", row.kind, class, got, want)
			}
		}
	}
	if got := strings.Join(Operations(ClassOther, MacKey), " "); got != "VerifyMac DescribeKey CreateGrant RetireGrant" {
		t.Errorf("a grant on an HMAC key carries of the rest: %s", got)
	}
	all := Operations("", SigningKey)
	if want := slices.Concat(Operations(ClassEncrypt, SigningKey), Operations(ClassUse, SigningKey), Operations(ClassOther, SigningKey)); !slices.Equal(all, want) {
		t.Errorf("a grant on a signing key carries %v, by classes %v", all, want)
	}
}

// TestAlgorithms: what the key of an action's algorithm can hold.
// Sources: KMS Developer Guide, symm-asymm-choose-key-spec.html; KMS API
// reference, Encrypt, Sign and GenerateMac.
func TestAlgorithms(t *testing.T) {
	const ecdsa384, mldsa = "ECDSA_SHA_384", "ML_DSA_SHAKE_256"
	for _, row := range []struct {
		name, spec, usage, action, want string
	}{
		{"a symmetric key", "SYMMETRIC_DEFAULT", encryptDecrypt, "kms:Encrypt", "SYMMETRIC_DEFAULT"},
		{"its data keys", "SYMMETRIC_DEFAULT", encryptDecrypt, "kms:GenerateDataKeyPair", "SYMMETRIC_DEFAULT"},
		{"an RSA key encrypts", "RSA_4096", encryptDecrypt, "kms:ReEncryptTo", "RSAES_OAEP_SHA_256 RSAES_OAEP_SHA_1"},
		{"SM2 encrypts", "SM2", encryptDecrypt, "kms:Decrypt", "SM2PKE"},
		{"SM2 signs", "SM2", signVerify, "kms:Sign", "SM2DSA"},
		{"a curve signs with its own hash", "ECC_NIST_P384", signVerify, "kms:Sign", ecdsa384},
		{"and verifies with it", "ECC_NIST_P384", signVerify, "kms:Verify", ecdsa384},
		{"the largest curve", "ECC_NIST_P521", signVerify, "kms:Sign", "ECDSA_SHA_512"},
		{"the curve of bitcoin", "ECC_SECG_P256K1", signVerify, "kms:Sign", "ECDSA_SHA_256"},
		{"Edwards", "ECC_NIST_EDWARDS25519", signVerify, "kms:Sign", "ED25519_SHA_512 ED25519_PH_SHA_512"},
		{"after quantum computers", "ML_DSA_44", signVerify, "kms:Verify", mldsa},
		{"MACs by their length", "HMAC_384", verifyMAC, "kms:VerifyMac", "HMAC_SHA_384"},
		{"no algorithm of a description", "SYMMETRIC_DEFAULT", encryptDecrypt, "kms:DescribeKey", ""},
		{"nor of a grant", "SYMMETRIC_DEFAULT", encryptDecrypt, "kms:CreateGrant", ""},
		{"a spec newer than the table may have any", "NEW", encryptDecrypt, "kms:Encrypt", "SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 RSAES_OAEP_SHA_1 SM2PKE"},
		{"and any of MACs", "NEW", verifyMAC, "kms:GenerateMac", "HMAC_SHA_256 HMAC_SHA_224 HMAC_SHA_384 HMAC_SHA_512"},
	} {
		if got := strings.Join(KeyKind{row.spec, row.usage}.Algorithms(row.action), " "); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
	if got := (KeyKind{"RSA_2048", signVerify}).Algorithms("kms:Sign"); len(got) != 6 || !strings.HasPrefix(got[0], "RSASSA_") {
		t.Errorf("an RSA key signs with %v, want the six of RSA", got)
	}
	all := KeyKind{"NEW", signVerify}.Algorithms("kms:Sign")
	for _, k := range keyKindTable {
		for _, a := range k.Algorithms("kms:Sign") {
			if !slices.Contains(all, a) {
				t.Errorf("%s of %s is not among those of a spec that is not known", a, k.Spec)
			}
		}
	}
}

// Source: KMS API reference, Sign, MessageType.
func TestMessages(t *testing.T) {
	for spec, want := range map[string]string{"RSA_2048": "RAW DIGEST", "ML_DSA_87": "RAW DIGEST EXTERNAL_MU", "NEW": "RAW DIGEST EXTERNAL_MU"} {
		if got := strings.Join(KeyKind{spec, signVerify}.Messages(), " "); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
}

// TestAskLists: each ask is of the class that it was asked of, lists of them
// can be appended to, and of their actions some take an encryption context.
// Source: Service Authorization Reference, AWS KMS.
func TestAskLists(t *testing.T) {
	for _, class := range Classes() {
		for _, a := range Asks(class) {
			if a.Class != class {
				t.Errorf("%v is an ask of %s", a, class)
			}
		}
	}
	asks := Asks(ClassUse)
	if _ = append(asks, Ask{}); len(Asks(ClassUse)) != len(asks) || cap(asks) != len(asks) {
		t.Error("appending to a list of asks may change the next")
	}
	for action, want := range map[string]bool{"kms:Encrypt": true, "KMS:createGrant": true, "kms:Sign": false, "kms:DescribeKey": false, "kms:New": false} {
		if got := TakesContext(action); got != want {
			t.Errorf("%s takes an encryption context: %v, want %v", action, got, want)
		}
	}
}
