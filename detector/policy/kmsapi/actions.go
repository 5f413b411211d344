// Package kmsapi has a row for each KMS action: what it does, which keys support
// it, and what its requests can carry. It also lists the kinds of keys and the
// algorithms that each supports.
package kmsapi

import (
	"slices"
	"strings"
)

// A Class groups the actions on a key by what they mean for its owner.
type Class string

// The classes; classTable has those that work across accounts.
const (
	ClassEncrypt  Class = "encrypt"  // makes ciphertext that only this key opens
	ClassUse      Class = "use"      // reads the owner's data, or signs in the owner's name
	ClassOther    Class = "other"    // the rest that works across accounts
	ClassControl  Class = "control"  // manages the key; only for callers in the owner's account
	ClassIdentity Class = "identity" // only IAM policies apply; a key policy cannot allow it to anybody
)

// classTable has the classes that work across accounts, the most serious first.
var classTable = [...]struct {
	class   Class
	decides bool // outsiders' access to it decides a key policy's verdict
}{
	{ClassEncrypt, true},
	{ClassUse, true},
	{ClassOther, false},
}

// A KeySet says which kinds of keys support an action.
type KeySet uint8

const (
	SymmetricKey  KeySet = 1 << iota // SYMMETRIC_DEFAULT
	AsymmetricKey                    // RSA and SM2, ENCRYPT_DECRYPT
	SigningKey                       // SIGN_VERIFY
	MacKey                           // GENERATE_VERIFY_MAC
	AgreementKey                     // KEY_AGREEMENT

	encryptionKey = SymmetricKey | AsymmetricKey
	AnyKey        = encryptionKey | SigningKey | MacKey | AgreementKey
)

// An Action is what AWS documents about one KMS action.
type Action struct {
	Name  string // "kms:Encrypt"
	Class Class
	// Grantable says that a grant can carry the action; see Operation.
	Grantable bool
	// Command is the subcommand of "aws kms" with its required parameters; "" if
	// there is none to show. It has placeholders: KEY for the key, PAIRSPEC for a
	// key pair spec, SIGNING and MAC for an algorithm, GRANTEE and OPERATIONS for
	// those of a grant.
	Command string
	// Verb completes the sentence "anyone can VERB this key".
	Verb string

	Keys    KeySet // the kinds of keys that support the action
	Context bool   // takes an encryption context
}

// Operation returns the action's name as an operation of a grant, as in
// kms:GrantOperations: "Encrypt".
func (a Action) Operation() string { return a.Name[len("kms:"):] }

// CreateGrant is the action that passes other actions on to a grantee.
const CreateGrant = "kms:CreateGrant"

// Actions returns all KMS actions that AWS documents: those of the classes that
// work across accounts first, the most serious class first.
//
// Sources: KMS Developer Guide, kms-api-permissions-reference.html (resources
// and cross-account use), symm-asymm-compare.html (kinds of keys),
// grants.html#terms-grant-operations (grants); Service Authorization Reference,
// AWS KMS (encryption context); AWS CLI Command Reference, kms.
func Actions() []Action { return slices.Clone(actionTable[:]) }

var actionTable = [...]Action{
	{"kms:Encrypt", ClassEncrypt, true, "encrypt --key-id KEY --plaintext fileb://plaintext.bin", "encrypt with", encryptionKey, true},
	{"kms:GenerateDataKey", ClassEncrypt, true, "generate-data-key --key-id KEY --key-spec AES_256", "encrypt with", SymmetricKey, true},
	{"kms:GenerateDataKeyWithoutPlaintext", ClassEncrypt, true, "generate-data-key-without-plaintext --key-id KEY --key-spec AES_256", "encrypt with", SymmetricKey, true},
	{"kms:GenerateDataKeyPair", ClassEncrypt, true, "generate-data-key-pair --key-id KEY --key-pair-spec PAIRSPEC", "encrypt with", SymmetricKey, true},
	{"kms:GenerateDataKeyPairWithoutPlaintext", ClassEncrypt, true, "generate-data-key-pair-without-plaintext --key-id KEY --key-pair-spec PAIRSPEC", "encrypt with", SymmetricKey, true},
	{"kms:ReEncryptTo", ClassEncrypt, true, "re-encrypt --ciphertext-blob fileb://own-ciphertext.bin --destination-key-id KEY", "encrypt with", encryptionKey, true},

	{"kms:Decrypt", ClassUse, true, "decrypt --key-id KEY --ciphertext-blob fileb://ciphertext.bin", "decrypt with", encryptionKey, true},
	{"kms:ReEncryptFrom", ClassUse, true, "re-encrypt --source-key-id KEY --ciphertext-blob fileb://ciphertext.bin --destination-key-id alias/own-key", "decrypt with", encryptionKey, true},
	{"kms:Sign", ClassUse, true, "sign --key-id KEY --message fileb://message.bin --signing-algorithm SIGNING", "sign with", SigningKey, false},
	{"kms:GenerateMac", ClassUse, true, "generate-mac --key-id KEY --message fileb://message.bin --mac-algorithm MAC", "make MACs with", MacKey, false},
	{"kms:DeriveSharedSecret", ClassUse, true, "derive-shared-secret --key-id KEY --key-agreement-algorithm ECDH --public-key fileb://own-public-key.der", "derive shared secrets with", AgreementKey, false},

	{"kms:RevokeGrant", ClassOther, false, "revoke-grant --key-id KEY --grant-id GRANT_ID", "revoke the grants of", AnyKey, false},
	{"kms:Verify", ClassOther, true, "verify --key-id KEY --message fileb://message.bin --signature fileb://signature.bin --signing-algorithm SIGNING", "verify signatures with", SigningKey, false},
	{"kms:VerifyMac", ClassOther, true, "verify-mac --key-id KEY --message fileb://message.bin --mac fileb://mac.bin --mac-algorithm MAC", "verify MACs with", MacKey, false},
	{"kms:GetPublicKey", ClassOther, true, "get-public-key --key-id KEY", "read the public key of", AsymmetricKey | SigningKey | AgreementKey, false},
	{"kms:DescribeKey", ClassOther, true, "describe-key --key-id KEY", "describe", AnyKey, false},
	{"kms:ListGrants", ClassOther, false, "list-grants --key-id KEY", "list the grants of", AnyKey, false},
	{"kms:GetKeyRotationStatus", ClassOther, false, "get-key-rotation-status --key-id KEY", "read the rotation status of", SymmetricKey, false},
	// An outsider can create a grant for itself. CreateGrant counts for every
	// class of which a grant can carry an operation; see Ask.
	{CreateGrant, ClassOther, true, "create-grant --key-id KEY --grantee-principal GRANTEE --operations OPERATIONS", "create grants on", AnyKey, true},

	control("CancelKeyDeletion"), control("CreateAlias"), control("DeleteAlias"), control("DeleteImportedKeyMaterial"),
	control("DisableKey"), control("DisableKeyRotation"), control("EnableKey"), control("EnableKeyRotation"),
	control("GetKeyLastUsage"), control("GetKeyPolicy"), control("GetParametersForImport"), control("ImportKeyMaterial"),
	control("ListKeyPolicies"), control("ListKeyRotations"), control("ListResourceTags"),
	{"kms:PutKeyPolicy", ClassControl, false, "put-key-policy --key-id KEY --policy file://policy.json", "change the policy of", AnyKey, false},
	control("ReplicateKey"), control("RotateKeyOnDemand"), control("ScheduleKeyDeletion"), control("SynchronizeMultiRegionKey"),
	control("TagResource"), control("UntagResource"), control("UpdateAlias"), control("UpdateKeyDescription"), control("UpdatePrimaryRegion"),

	identity("ConnectCustomKeyStore"), identity("CreateCustomKeyStore"), identity("CreateKey"), identity("DeleteCustomKeyStore"),
	identity("DescribeCustomKeyStores"), identity("DisconnectCustomKeyStore"), identity("GenerateRandom"), identity("ListAliases"),
	identity("ListKeys"), identity("ListRetirableGrants"), identity("UpdateCustomKeyStore"),
	{"kms:RetireGrant", ClassIdentity, true, "", "retire the grants of", AnyKey, true},
}

func control(name string) Action {
	return Action{Name: "kms:" + name, Class: ClassControl, Verb: "manage", Keys: AnyKey}
}

func identity(name string) Action {
	return Action{Name: "kms:" + name, Class: ClassIdentity, Verb: "use", Keys: AnyKey}
}

// FindAction returns the action with a full name, in any letter case; ok is
// false for a name that AWS does not document.
func FindAction(name string) (a Action, ok bool) {
	for i := range actionTable {
		if strings.EqualFold(actionTable[i].Name, name) {
			return actionTable[i], true
		}
	}
	return Action{}, false
}

// ClassActions returns the full names of the actions that count for a class: its
// own and then, if the class works across accounts, CreateGrant.
func ClassActions(c Class) []string {
	var names []string
	for i := range actionTable {
		if a := actionTable[i]; a.Class == c && a.Name != CreateGrant {
			names = append(names, a.Name)
		}
	}
	if c.Index() >= 0 {
		names = append(names, CreateGrant)
	}
	return names
}

// Operations returns the operations of a class, or of all classes if class is "",
// that a grant on a key of one of these kinds can carry. KMS refuses a grant of
// an operation that the key does not support.
// Source: KMS API Reference, CreateGrant, Operations.
func Operations(class Class, keys KeySet) []string {
	var names []string
	for i := range actionTable {
		a := actionTable[i]
		own := a.Class
		if own == ClassIdentity {
			own = ClassOther // RetireGrant: a grant can allow it, though no key policy can
		}
		if a.Grantable && a.Keys&keys != 0 && (class == "" || own == class) {
			names = append(names, a.Operation())
		}
	}
	return names
}
