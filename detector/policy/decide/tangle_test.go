package decide

import (
	"encoding/json"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// tangled returns a policy whose conditions are all about keys that hang
// together: several of them on one kind of fact, with variables among them.
func (g *generator) tangled() []byte {
	statements := []any{}
	knot := g.knot()
	for i := range 1 + g.rng.IntN(3) {
		st := map[string]any{"Effect": "Allow", "Principal": "*", "Action": knot.actions(g), "Resource": "*"}
		if i > 0 && g.chance(60) {
			st["Effect"] = "Deny"
		}
		if g.chance(15) {
			st["Principal"] = g.principal(false)
		}
		block := map[string]map[string]any{}
		for range 1 + g.rng.IntN(4) {
			k := knot.keys[g.rng.IntN(len(knot.keys))]
			operator, values := pick(g, k.operators...), some(g, 2, k.values...)
			if g.chance(12) {
				operator, values = "Null", []string{pick(g, "true", "false")}
			} else {
				operator = g.decorate(operator, k.key)
			}
			if block[operator] == nil {
				block[operator] = map[string]any{}
			}
			block[operator][k.key] = values
		}
		st["Condition"] = block
		statements = append(statements, st)
	}
	text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": statements})
	if err != nil {
		panic(err)
	}
	return text
}

// A knot is a set of keys that hang together.
type knot struct {
	acts []string
	keys []knotKey
}

type knotKey struct {
	key       string
	operators []string
	values    []string
}

func (k knot) actions(g *generator) any {
	if g.chance(30) {
		return "kms:*"
	}
	return some(g, 2, k.acts...)
}

// knot returns one of the sets of keys that the search solves together, or one
// that variables tie.
func (g *generator) knot() knot {
	encrypting := []string{"kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt", "kms:ReEncryptTo", "kms:GenerateDataKeyPair"}
	account := []string{"444455556666", "111122223333", "4444*", "*", "${aws:PrincipalAccount}", "${aws:VpceAccount}", "${aws:PrincipalTag/a}", "${aws:PrincipalTag/b, '444455556666'}", "${aws:ResourceAccount}"}
	services := []string{"athena.amazonaws.com", "cloudformation.amazonaws.com", "dynamodb.amazonaws.com", "*", "a*", "lambda.amazonaws.com", "?*", "${aws:CalledViaFirst}", "${aws:CalledViaLast}", "no-such.amazonaws.com"}
	tags := []string{"red", "r*", "${aws:username}", "${aws:PrincipalTag/a}", "${aws:PrincipalTag/b}", "x-${aws:PrincipalTag/a}", "${aws:PrincipalTag/b, 'red'}*", "*${aws:PrincipalTag/a}-?", "team/${aws:PrincipalTag/a}/${aws:username}", "?${aws:userid}", "*"}
	switch g.rng.IntN(9) {
	case 0:
		return knot{encrypting, []knotKey{
			{"aws:CalledVia", textOperators, services},
			{"aws:CalledViaFirst", textOperators, services},
			{"aws:CalledViaLast", textOperators, services},
			{"aws:ViaAWSService", boolOperators, []string{"true", "false"}},
			{"kms:ViaService", textOperators, []string{"ssm.us-east-1.amazonaws.com", "athena.us-east-1.amazonaws.com", "*"}},
		}}
	case 1:
		return knot{encrypting, []knotKey{
			{"aws:MultiFactorAuthPresent", boolOperators, []string{"true", "false"}},
			{"aws:MultiFactorAuthAge", numericOperators, []string{"0", "300", "3600", "129600", "-1", "100"}},
			{"aws:TokenIssueTime", dateOperators, []string{"2026-08-31T12:00:00Z", "2026-09-01T00:00:00Z", "2020-01-01T00:00:00Z"}},
			{"aws:PrincipalType", textOperators[:4], []string{"User", "AssumedRole", "FederatedUser", "Account"}},
			{"aws:CurrentTime", dateOperators, []string{"2026-08-31T12:00:00Z", "2026-09-01T00:00:00Z", "2027-01-01T00:00:00Z"}},
		}}
	case 2:
		return knot{[]string{"kms:Sign", "kms:Verify", "kms:Encrypt", "kms:Decrypt", "kms:GenerateMac", "kms:VerifyMac", "kms:DeriveSharedSecret", "kms:CreateGrant"}, []knotKey{
			{"kms:KeySpec", textOperators, []string{"RSA_2048", "RSA_*", "ML_DSA_44", "HMAC_256", "SM2", "SYMMETRIC_DEFAULT", "ECC_NIST_P256", "RSA_9999"}},
			{"kms:KeyUsage", textOperators, []string{"SIGN_VERIFY", "ENCRYPT_DECRYPT", "KEY_AGREEMENT", "GENERATE_VERIFY_MAC", "*"}},
			{"kms:EncryptionAlgorithm", textOperators, []string{"RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT", "SM2PKE", "RSAES*"}},
			{"kms:SigningAlgorithm", textOperators, []string{"RSASSA_PSS_SHA_256", "ECDSA_*", "ML_DSA_SHAKE_256", "SM2DSA"}},
			{"kms:MacAlgorithm", textOperators, []string{"HMAC_SHA_256", "HMAC_SHA_*"}},
			{"kms:MessageType", textOperators, []string{"RAW", "DIGEST", "EXTERNAL_MU"}},
		}}
	case 3:
		return knot{encrypting, []knotKey{
			{"aws:PrincipalTag/a", textOperators, tags},
			{"aws:PrincipalTag/b", textOperators, tags},
			{"aws:username", textOperators, tags},
			{"aws:userid", textOperators, tags},
			{"aws:PrincipalArn", []string{"StringLike", "StringNotLike", "ArnLike", "ArnNotLike"}, []string{"arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/${aws:PrincipalTag/a}", "arn:aws:iam::*:role/${aws:PrincipalTag/b}/*", "*${aws:PrincipalTag/a}"}},
			{"aws:SourceIdentity", textOperators, tags},
		}}
	case 4:
		return knot{encrypting, []knotKey{
			{"aws:PrincipalAccount", textOperators, account},
			{"aws:VpceAccount", textOperators, account},
			{"aws:PrincipalTag/a", textOperators, account},
			{"aws:PrincipalTag/b", textOperators, account},
			{"aws:SourceVpcArn", arnOperators, []string{"arn:aws:ec2:*:${aws:PrincipalAccount}:vpc/*", "arn:aws:ec2:us-east-1:444455556666:vpc/vpc-0a1b2c3d4e5f60718", "*${aws:SourceVpc}"}},
			{"aws:SourceVpc", textOperators, []string{"vpc-0a1b2c3d4e5f60718", "vpc-*", "${aws:PrincipalTag/a}"}},
		}}
	case 5:
		return knot{encrypting, []knotKey{
			{"kms:EncryptionContext:a", textOperators, append([]string{"${kms:EncryptionContext:b}"}, tags...)},
			{"kms:EncryptionContext:b", textOperators, append([]string{"${kms:EncryptionContext:a}"}, tags...)},
			{"kms:EncryptionContextKeys", textOperators, []string{"a", "b", "c*", "?", "${aws:PrincipalTag/a}"}},
			{"aws:PrincipalTag/a", textOperators, append([]string{"${kms:EncryptionContext:a}"}, tags...)},
		}}
	case 6:
		return knot{encrypting, []knotKey{
			{"aws:PrincipalOrgID", textOperators, []string{"o-mycorp0001", "o-*", "${aws:ResourceOrgID}", "${aws:VpceOrgID}", "o-other00001"}},
			{"aws:PrincipalOrgPaths", textOperators, []string{"o-mycorp0001/*", "${aws:PrincipalOrgID}/*", "${aws:ResourceOrgPaths}", "o-*/r-ab12/ou-cd34-*", "*"}},
			{"aws:VpceOrgID", textOperators, []string{"o-mycorp0001", "${aws:PrincipalOrgID}", "o-*"}},
			{"aws:VpceOrgPaths", textOperators, []string{"o-mycorp0001/*", "${aws:PrincipalOrgID}/*", "o-*"}},
			{"aws:ResourceOrgID", textOperators, []string{"${aws:PrincipalOrgID}", "o-mycorp0001"}},
			{"aws:PrincipalAccount", textOperators, account},
		}}
	case 7:
		return knot{[]string{"kms:CreateGrant"}, []knotKey{
			{"kms:GrantOperations", textOperators, []string{"Encrypt", "Decrypt", "*crypt", "Sign", "DescribeKey", "RetireGrant"}},
			{"kms:GranteePrincipal", textOperators, []string{"arn:aws:iam::444455556666:role/Deploy", "${aws:PrincipalArn}", "arn:aws:iam::${aws:PrincipalAccount}:*", "*"}},
			{"kms:RetiringPrincipal", textOperators, []string{"arn:aws:iam::444455556666:role/Deploy", "${kms:GranteePrincipal}", "*"}},
			{"kms:GrantConstraintType", textOperators, []string{"EncryptionContextSubset", "EncryptionContextEquals", "*"}},
			{"kms:GrantIsForAWSResource", boolOperators, []string{"true", "false"}},
			{"kms:GranteeServicePrincipal", textOperators, []string{"*", "us-east-1.supportauthz.amazonaws.com"}},
			{"kms:EncryptionContextKeys", textOperators, []string{"a", "*"}},
		}}
	default:
		return knot{encrypting, []knotKey{
			{"aws:SourceIp", ipOperators, []string{"203.0.113.0/24", "0.0.0.0/0", "10.0.0.0/8", "::/0", "2001:db8::/32", "198.51.100.23"}},
			{"aws:VpcSourceIp", ipOperators, []string{"10.0.0.0/8", "0.0.0.0/0", "172.16.0.0/12", "::/0"}},
			{"aws:SourceVpce", textOperators, []string{"vpce-0a1b2c3d4e5f60718", "vpce-*", "${aws:PrincipalTag/a}"}},
			{"aws:Ec2InstanceSourcePrivateIPv4", ipOperators, []string{"10.0.0.0/8", "0.0.0.0/0"}},
			{"aws:Ec2InstanceSourceVpc", textOperators, []string{"${aws:SourceVpc}", "vpc-*"}},
			{"aws:SourceVpc", textOperators, []string{"vpc-0a1b2c3d4e5f60718", "vpc-*"}},
			{"ec2:SourceInstanceArn", arnOperators, []string{"arn:aws:ec2:*:${aws:PrincipalAccount}:instance/*", "*"}},
		}}
	}
}

// TestTangledPolicies holds Decide against Allows and the oracle on policies
// whose conditions hang together.
func TestTangledPolicies(t *testing.T) { holdPolicies(t, (*generator).tangled) }
