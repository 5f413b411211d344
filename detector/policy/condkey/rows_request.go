package condkey

import (
	"strconv"
	"strings"
)

// requestRows returns the rows of the request's parameters, which the caller
// chooses. Sources: KMS keys; KMS API; SAR; and for services IAM global,
// aws:UserAgent.
func requestRows() []Row {
	say := Say{Present: inRequest}
	aliased := Say{Absent: absent(notForKey), Present: inRequest}
	parameter := func(name string, p Presence, values []string, actions ...string) Row {
		types := String
		if values[0] == "true" || values[0] == "false" {
			types = Bool
		}
		return Row{Name: name, Types: types, Cases: []Case{{Callers: Anyone, Actions: actions, Is: p, Values: Values{Of: values}}}, Say: say}
	}
	dataKeys := []string{"kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext"}
	ciphers := append([]string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"}, dataKeys...)
	contexts := append([]string{"kms:CreateGrant", "kms:RetireGrant"}, ciphers...)
	macs, signs := []string{"kms:GenerateMac", "kms:VerifyMac"}, []string{"kms:Sign", "kms:Verify"}
	cryptographic := append(append(append([]string{"kms:DeriveSharedSecret", "kms:DescribeKey", "kms:GetPublicKey"}, ciphers...), macs...), signs...)
	sayContext := Say{Absent: absent("a request without such an encryption context does not carry this condition key"), Present: inRequest}
	algorithm := parameter("kms:EncryptionAlgorithm", Always, []string{"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"}, ciphers...)
	bySpec := func(tie Tie, r Row) Row {
		r.Tie, r.Reads = tie, FactSpec
		return r
	}
	return []Row{
		{
			// "Always included"; no page gives its maximum length.
			Name: "aws:UserAgent", Types: String,
			Cases: []Case{{Callers: Anyone, Is: Always, Values: Values{Shapes: []string{"{text 1 512}"}, First: "aws-cli/2.31.0", MaybeShapes: []string{"", "{text 1 8192}"}}}},
			Say:   say,
		},
		// "Not for programmatic requests"; KMS does not mention it.
		{Name: "aws:Referer", Types: String, Cases: []Case{{Is: Unsaid, Values: Values{Shapes: []string{"{text 1 512}"}, First: "https://example.com/"}}}, Say: say},
		{Name: "aws:RequestTag/", Family: Prefix, Types: String, Say: Say{Absent: absent(noRequest)}},
		{Name: "aws:TagKeys", Types: String, Multi: true, Say: Say{Absent: absent(noRequest)}},
		{
			Name: "kms:RequestAlias", Types: String, Reads: FactAliases,
			// Aliases that begin with "alias/aws/" are for the keys that AWS manages.
			Cases: []Case{{Callers: Anyone, Actions: cryptographic, Is: Chosen, Values: aliases()}}, Say: aliased,
		},
		{
			// CloudWatch Logs documents ARN operators for the ARN in its context.
			Name: "kms:EncryptionContext:", Family: Prefix, Types: String | ARN, Tie: TieContext,
			Cases: []Case{{Callers: Anyone, Actions: contexts, Is: Chosen, Values: Values{Shapes: []string{"{text 1 8192}", ""}, First: "x"}}}, Say: sayContext,
		},
		{
			Name: "kms:EncryptionContextKeys", Types: String, Multi: true, Tie: TieContextKeys,
			Cases: []Case{{Callers: Anyone, Actions: contexts, Is: Chosen, Values: Values{Shapes: []string{"{text 1 8192}"}, First: "stranger"}}}, Say: sayContext,
		},
		bySpec(TieAlgorithm, algorithm),
		parameter("kms:DataKeyPairSpec", Always, []string{
			"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "SM2",
		}, dataKeys[2:]...),
		parameter("kms:ReEncryptOnSameKey", Always, []string{"false", "true"}, "kms:ReEncryptFrom", "kms:ReEncryptTo"),
		bySpec(TieAlgorithm, parameter("kms:SigningAlgorithm", Always, []string{
			"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512", "RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384",
			"RSASSA_PKCS1_V1_5_SHA_512", "ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512", "SM2DSA", "ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512",
		}, signs...)),
		bySpec(TieMessage, parameter("kms:MessageType", Always, []string{"RAW", "DIGEST", "EXTERNAL_MU"}, signs...)),
		bySpec(TieAlgorithm, parameter("kms:MacAlgorithm", Always, []string{"HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_384", "HMAC_SHA_512"}, macs...)),
		parameter("kms:KeyAgreementAlgorithm", Always, []string{"ECDH"}, "kms:DeriveSharedSecret"),
	}
}

// grantRows returns the rows of the parameters of CreateGrant. Sources: KMS keys;
// KMS API, CreateGrant; KMS Developer Guide, document history of 2026-03-06.
func grantRows() []Row {
	say := Say{Present: inRequest}
	create := func(p Presence, v Values) []Case {
		return []Case{{Callers: Anyone, Actions: []string{"kms:CreateGrant"}, Is: p, Values: v}}
	}
	iam, sts := "arn:{partition}:iam::{account}:", "arn:{partition}:sts::{account}:"
	// The requests of services also have service names and
	// "ACCOUNT:aws:ec2-infrastructure:i-..." (KMS Developer Guide, CloudTrail,
	// "EC2 example two"). The API's model allows 256 characters.
	principal := Values{
		Shapes: []string{
			iam + "role/{name 1 64}", iam + "user/{name 1 64}", iam + "root", iam + "role/{grantee 1 140}/{name 1 64}", iam + "user/{grantee 1 140}/{name 1 64}",
			sts + "assumed-role/{name 1 64}/{name 2 64}", sts + "federated-user/{name 2 32}",
		},
		First: "arn:{partition}:iam::999988887777:role/stranger", MaybeShapes: []string{"{grantee 1 256}"},
	}
	service := Values{Shapes: services(), First: "us-east-1.supportauthz.amazonaws.com"}
	return []Row{
		{Name: "kms:GrantOperations", Types: String, Multi: true, Tie: TieGrantOps, Cases: create(Always, Values{Of: []string{
			"Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
			"ReEncryptFrom", "ReEncryptTo", "Sign", "Verify", "GenerateMac", "VerifyMac", "DeriveSharedSecret", "GetPublicKey", "DescribeKey", "CreateGrant", "RetireGrant",
		}}), Say: say},
		{Name: "kms:GranteePrincipal", Types: String, Cases: create(Chosen, principal), Say: say},
		{Name: "kms:RetiringPrincipal", Types: String, Cases: create(Chosen, principal), Say: say},
		{Name: "kms:GranteeServicePrincipal", Types: String, Cases: create(Chosen, service), Say: say},
		{Name: "kms:RetiringServicePrincipal", Types: String, Cases: create(Chosen, service), Say: say},
		{Name: "kms:GrantConstraintSourceArn", Types: ARN | String, Cases: create(Chosen, Values{Shapes: sourceARNs(), First: "arn:{partition}:s3:::stranger"}), Say: say},
		// The two kinds of encryption context occur with kms:EncryptionContext...
		{Name: "kms:GrantConstraintType", Types: String, Tie: TieConstraint, Cases: create(Chosen, Values{
			Of: []string{"EncryptionContextEquals", "EncryptionContextSubset"}, MaybeOf: []string{"SourceArn"},
		}), Say: say},
		{
			// AWS does not say whether direct calls have the key.
			Name: "kms:GrantIsForAWSResource", Types: Bool,
			Cases: []Case{
				{Paths: Through, Actions: []string{"kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"}, Is: Always, Values: Values{Of: []string{"true", "false"}}},
				{Callers: Anyone, Actions: []string{"kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"}, Is: Unsaid, Values: Values{Of: []string{"false"}}},
			},
			Say: say,
		},
	}
}

// attestationRows returns the rows of the measurements of the enclave or instance
// for which KMS encrypts its response. Source: KMS Nitro: lower-case hex; the
// examples compare in any letter case, and one has the prefix 0x. The registers
// of a debug enclave, and those that nobody extends, are zero.
func attestationRows() []Row {
	attested := []string{"kms:Decrypt", "kms:DeriveSharedSecret", "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:GenerateRandom"}
	hash := Values{
		Shapes: []string{"{hex 96 96}"}, First: strings.Repeat("7", 96), Doubtful: []string{strings.Repeat("0", 96)},
		MaybeShapes: []string{"{hex 1 95}", "0x{hex 1 96}"},
	}
	say := Say{Present: "an enclave or instance with this measurement meets it: %s"}
	row := func(name string, registers int) Row {
		r := Row{Name: "kms:RecipientAttestation:" + name, Types: String, Names: Image, Cases: []Case{{Paths: Direct, Actions: attested, Is: Chosen, Values: hash}}, Say: say}
		for i := range registers {
			r.Family, r.Parts = Prefix, append(r.Parts, strconv.Itoa(i))
		}
		return r
	}
	return []Row{row("ImageSha384", 0), row("PCR", 32), row("NitroTPMPCR", 24)}
}

// controlRows returns the rows of keys for actions that no outsider can use.
// Decisions do not depend on their values, except for the first.
// Source: KMS keys.
func controlRows() []Row {
	var list []Row
	for _, k := range []struct {
		name  string
		types Types
	}{
		{"kms:BypassPolicyLockoutSafetyCheck", Bool},
		{"kms:PrimaryRegion", String},
		{"kms:ReplicaRegion", String},
		{"kms:RotationPeriodInDays", Numeric},
		{"kms:ScheduleKeyDeletionPendingWindowInDays", Numeric},
		{"kms:TrailingDaysWithoutKeyUsage", Numeric},
		{"kms:ExpirationModel", String},
		{"kms:ValidTo", Date | Numeric}, // a date in the table, a number in the example
		{"kms:WrappingAlgorithm", String},
		{"kms:WrappingKeySpec", String},
	} {
		list = append(list, Row{Name: k.name, Types: k.types, Say: Say{Absent: absent(noRequest)}})
	}
	// Decisions also consider the owner's calls of PutKeyPolicy. AWS does not say
	// whether a call without the parameter has the key.
	list[0].Cases = []Case{{Actions: []string{"kms:PutKeyPolicy"}, Is: MayLack, Values: Values{Of: []string{"false", "true"}}}}
	return list
}
