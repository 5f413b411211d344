package kmsapi

import (
	"slices"
	"strings"
)

// KeyFacts are properties of a key that conditions can test. A zero field is
// unknown: the decision then assumes the value that is worst for the owner, and
// says so (decide.FlagKeyDependent).
type KeyFacts struct {
	Spec        string            // "SYMMETRIC_DEFAULT", "RSA_2048" ...
	Usage       string            // "ENCRYPT_DECRYPT", "SIGN_VERIFY" ...
	Origin      string            // "AWS_KMS", "EXTERNAL" ...
	MultiRegion *bool             // nil: as the key's ARN says ("mrk-" ids), or else unknown
	Org         string            // the id of the owner's organization
	Tags        map[string]string // nil: unknown; empty: no tags
	Aliases     []string          // "alias/x"; nil: unknown; empty: no aliases
}

// A KeyKind is a key spec with one of the usages that it supports.
type KeyKind struct{ Spec, Usage string }

// Kinds returns the kinds that the key can be: one if spec and usage are known.
func (facts *KeyFacts) Kinds() []KeyKind {
	var list []KeyKind
	for _, k := range keyKindTable {
		if (facts.Spec == "" || facts.Spec == k.Spec) && (facts.Usage == "" || facts.Usage == k.Usage) {
			list = append(list, k)
		}
	}
	if list != nil {
		return list
	}
	for _, k := range keyKindTable { // newer than the table: it may combine with anything
		if facts.Spec != "" {
			k.Spec = facts.Spec
		}
		if facts.Usage != "" {
			k.Usage = facts.Usage
		}
		if !slices.Contains(list, k) {
			list = append(list, k)
		}
	}
	return list
}

const (
	encryptDecrypt = "ENCRYPT_DECRYPT"
	signVerify     = "SIGN_VERIFY"
	keyAgreement   = "KEY_AGREEMENT"
	verifyMAC      = "GENERATE_VERIFY_MAC"
)

// keyKindTable lists the combinations of spec and usage that KMS documents.
// Source: KMS API reference, CreateKey, KeySpec and KeyUsage.
var keyKindTable = [...]KeyKind{
	{symmetricDefault, encryptDecrypt},
	{"RSA_2048", encryptDecrypt},
	{"RSA_3072", encryptDecrypt},
	{"RSA_4096", encryptDecrypt},
	{"SM2", encryptDecrypt},
	{"RSA_2048", signVerify},
	{"RSA_3072", signVerify},
	{"RSA_4096", signVerify},
	{"SM2", signVerify},
	{"ECC_NIST_P256", signVerify},
	{"ECC_NIST_P384", signVerify},
	{"ECC_NIST_P521", signVerify},
	{"ECC_SECG_P256K1", signVerify},
	{"ECC_NIST_EDWARDS25519", signVerify},
	{"ML_DSA_44", signVerify},
	{"ML_DSA_65", signVerify},
	{"ML_DSA_87", signVerify},
	{"SM2", keyAgreement},
	{"ECC_NIST_P256", keyAgreement},
	{"ECC_NIST_P384", keyAgreement},
	{"ECC_NIST_P521", keyAgreement},
	{"HMAC_224", verifyMAC},
	{"HMAC_256", verifyMAC},
	{"HMAC_384", verifyMAC},
	{"HMAC_512", verifyMAC},
}

const symmetricDefault = "SYMMETRIC_DEFAULT"

// known reports whether the kind is documented.
func (k KeyKind) known() bool { return slices.Contains(keyKindTable[:], k) }

// Set returns the kind as a KeySet; AnyKey if it is not documented.
func (k KeyKind) Set() KeySet {
	switch {
	case !k.known():
		return AnyKey
	case k.Spec == symmetricDefault:
		return SymmetricKey
	case k.Usage == signVerify:
		return SigningKey
	case k.Usage == verifyMAC:
		return MacKey
	case k.Usage == keyAgreement:
		return AgreementKey
	default:
		return AsymmetricKey
	}
}

// Algorithms returns the values that the condition key for an action's algorithm
// (kms:EncryptionAlgorithm, kms:SigningAlgorithm or kms:MacAlgorithm) can have
// for a key of this kind; "" means that the condition key is absent.
func (k KeyKind) Algorithms(action string) []string {
	switch action {
	case "kms:Sign", "kms:Verify":
		return k.signing()
	case "kms:GenerateMac", "kms:VerifyMac":
		if k.known() {
			return []string{strings.Replace(k.Spec, "_", "_SHA_", 1)}
		}
		return []string{"HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_384", "HMAC_SHA_512"}
	}
	if known, _ := FindAction(action); !known.Context || !known.Class.Decides() {
		return []string{""}
	}
	switch {
	case k.Spec == symmetricDefault:
		return []string{symmetricDefault}
	case strings.HasPrefix(k.Spec, "RSA_"):
		return []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"}
	case k.Spec == "SM2":
		return []string{"SM2PKE"}
	default:
		return []string{"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "SM2PKE"}
	}
}

// signing returns the signing algorithms that a key supports; all of them if the
// spec is unknown.
// Source: KMS Developer Guide, symm-asymm-choose-key-spec.html.
func (k KeyKind) signing() []string {
	switch {
	case strings.HasPrefix(k.Spec, "RSA_"):
		return []string{
			"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512",
			"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		}
	case k.Spec == "ECC_NIST_P256" || k.Spec == "ECC_SECG_P256K1":
		return []string{"ECDSA_SHA_256"}
	case k.Spec == "ECC_NIST_P384":
		return []string{"ECDSA_SHA_384"}
	case k.Spec == "ECC_NIST_P521":
		return []string{"ECDSA_SHA_512"}
	case k.Spec == "ECC_NIST_EDWARDS25519":
		return []string{"ED25519_SHA_512", "ED25519_PH_SHA_512"}
	case k.Spec == "SM2":
		return []string{"SM2DSA"}
	case strings.HasPrefix(k.Spec, "ML_DSA_"):
		return []string{"ML_DSA_SHAKE_256"}
	}
	all := KeyKind{Spec: "RSA_2048"}.signing()
	return append(all, "ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512", "SM2DSA", "ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512")
}

// Messages returns the values that kms:MessageType can have for a key of this
// kind. EXTERNAL_MU is for ML-DSA only.
// Source: KMS API reference, Sign, MessageType.
func (k KeyKind) Messages() []string {
	if k.known() && !strings.HasPrefix(k.Spec, "ML_DSA_") {
		return []string{"RAW", "DIGEST"}
	}
	return []string{"RAW", "DIGEST", "EXTERNAL_MU"}
}
