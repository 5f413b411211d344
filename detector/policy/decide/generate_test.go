package decide

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// A generator makes random policies out of documented constructs.
type generator struct{ rng *rand.Rand }

func newGenerator(seed uint64) *generator {
	return &generator{rand.New(rand.NewPCG(seed, 7))}
}

// pick returns one of the choices.
func pick[T any](g *generator, choices ...T) T { return choices[g.rng.IntN(len(choices))] }

// chance is true p times in a hundred.
func (g *generator) chance(p int) bool { return g.rng.IntN(100) < p }

// some returns one to n choices, without repetition.
func some[T any](g *generator, n int, choices ...T) []T {
	list := append([]T(nil), choices...)
	g.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:1+g.rng.IntN(min(n, len(list)))]
}

// policy returns the text of a random policy.
func (g *generator) policy() []byte {
	statements := []any{}
	if g.chance(60) {
		statements = append(statements, map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*",
		})
	}
	for range 1 + g.rng.IntN(3) {
		statements = append(statements, g.statement("Allow"))
	}
	for range g.rng.IntN(3) {
		statements = append(statements, g.statement("Deny"))
	}
	g.rng.Shuffle(len(statements), func(i, j int) { statements[i], statements[j] = statements[j], statements[i] })
	document := map[string]any{"Statement": statements}
	switch pick(g, 0, 0, 0, 0, 0, 1, 2) {
	case 0:
		document["Version"] = policy.Version2012
	case 1:
		document["Version"] = policy.Version2008
	}
	text, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	return text
}

// document returns a policy of one statement.
func (g *generator) document(statement map[string]any) []byte {
	text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": statement})
	if err != nil {
		panic(err)
	}
	return text
}

func (g *generator) statement(effect string) map[string]any {
	st := map[string]any{"Effect": effect, "Resource": g.resource()}
	member := "Principal"
	if effect == "Deny" && g.chance(12) {
		member = "NotPrincipal"
	}
	st[member] = g.principal(member == "NotPrincipal")
	if g.chance(10) {
		st["NotAction"] = some(g, 2, "kms:Decrypt", "kms:Describe*", "kms:Encrypt", "kms:CreateGrant", "s3:*")
	} else {
		st["Action"] = g.actions()
	}
	if g.chance(85) {
		st["Condition"] = g.conditions()
	}
	return st
}

func (g *generator) resource() any {
	if g.chance(85) {
		return "*"
	}
	return pick[any](g, "arn:aws:kms:us-east-1:111122223333:key/*", "arn:aws:kms:*:111122223333:key/*",
		[]string{"arn:aws:kms:us-east-1:111122223333:key/99999999-0000-0000-0000-000000000000", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
		"arn:aws:kms:eu-west-1:111122223333:key/*")
}

func (g *generator) actions() any {
	if g.chance(60) {
		return pick[any](g, "kms:*", "kms:Encrypt", "kms:*Encrypt*", []string{"kms:Encrypt", "kms:GenerateDataKey*"})
	}
	return some(g, 3, "kms:encrypt", "kms:GenerateDataKey", "kms:ReEncrypt*", "kms:CreateGrant", "kms:Decrypt", "kms:Enc?ypt", "kms:PutKeyPolicy", "*")
}

func (g *generator) principal(not bool) any {
	aws := []string{
		"arn:aws:iam::444455556666:root", "444455556666", "arn:aws:iam::444455556666:role/Deploy", "arn:aws:iam::555566667777:user/bob",
		"arn:aws:sts::444455556666:assumed-role/Deploy/ci", "arn:aws:iam::111122223333:role/Admin", "arn:aws:sts::444455556666:federated-user/fed",
	}
	if not {
		aws = append(aws, "arn:aws:iam::111122223333:root", "111122223333")
		return map[string]any{"AWS": some(g, 4, aws...)}
	}
	switch {
	case g.chance(70):
		return pick[any](g, "*", map[string]any{"AWS": "*"})
	case g.chance(10):
		return map[string]any{"Service": pick(g, "cloudtrail.amazonaws.com", "logs.us-east-1.amazonaws.com")}
	default:
		return map[string]any{"AWS": some(g, 3, aws...)}
	}
}

func (g *generator) conditions() map[string]map[string]any {
	block := map[string]map[string]any{}
	for range 1 + g.rng.IntN(3) {
		key, operators, values := g.constraint()
		operator := pick(g, operators...)
		if g.chance(12) {
			operator, values = "Null", []string{"true", "false"}
		} else {
			operator = g.decorate(operator, key)
		}
		if block[operator] == nil {
			block[operator] = map[string]any{}
		}
		for have := range block[operator] {
			if strings.EqualFold(have, key) {
				delete(block[operator], have) // a key stands once under an operator
			}
		}
		if g.chance(8) {
			key = strings.ToUpper(key[:4]) + key[4:]
		}
		chosen := some(g, 3, values...)
		if operator == "Null" {
			chosen = chosen[:1]
		}
		if len(chosen) == 1 && g.chance(60) {
			block[operator][key] = chosen[0]
		} else {
			block[operator][key] = chosen
		}
	}
	return block
}

// decorate puts a set prefix and IfExists on an operator, with care for keys
// of many values, which need a prefix.
func (g *generator) decorate(operator, key string) string {
	info, _ := condkey.Default().Lookup(key)
	prefix := ""
	switch {
	case info.Multi:
		prefix = pick(g, "ForAllValues:", "ForAnyValue:", "ForAnyValue:")
	case g.chance(8):
		prefix = pick(g, "ForAllValues:", "ForAnyValue:")
	}
	suffix := ""
	if g.chance(18) && prefix != "ForAnyValue:" {
		suffix = "IfExists"
	}
	return prefix + operator + suffix
}

var (
	textOperators    = []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEquals", "StringEqualsIgnoreCase"}
	arnOperators     = []string{"ArnLike", "ArnEquals", "ArnNotLike", "StringLike", "StringNotLike", "StringEquals"}
	dateOperators    = []string{"DateLessThan", "DateGreaterThan", "DateLessThanEquals", "DateGreaterThanEquals"}
	numericOperators = []string{"NumericLessThan", "NumericGreaterThan", "NumericLessThanEquals", "NumericGreaterThanEquals", "NumericEquals", "NumericNotEquals"}
	ipOperators      = []string{"IpAddress", "IpAddress", "NotIpAddress"}
	boolOperators    = []string{"Bool"}
)

// constraint returns a key, operators that fit it, and values to choose from.
func (g *generator) constraint() (key string, operators, values []string) {
	if g.chance(18) {
		return g.sessionConstraint()
	}
	switch g.rng.IntN(33) {
	case 0, 1:
		return pick(g, "aws:PrincipalAccount", "kms:CallerAccount"), textOperators,
			[]string{"111122223333", "444455556666", "555566667777", "1111*", "????????????", "${aws:ResourceAccount}", "44445555666?", "*"}
	case 2, 3:
		return "aws:PrincipalOrgID", textOperators, []string{"o-mycorp0001", "o-other00001", "o-*", "${aws:ResourceOrgID}", "O-MYCORP0001"}
	case 4:
		return "aws:PrincipalOrgPaths", textOperators,
			[]string{"o-mycorp0001/*", "o-mycorp0001/r-ab12/ou-ab12-11111111/*", "*/ou-ab12-11111111/*", "o-other00001/r-zz99/"}
	case 5, 6:
		return "aws:PrincipalArn", arnOperators, []string{
			"arn:aws:iam::444455556666:role/Deploy", "arn:aws:iam::*:role/Deploy", "arn:aws:iam::111122223333:*", "arn:aws:iam::*:user/*",
			"arn:aws:sts::*:federated-user/*", "arn:aws:iam::${aws:PrincipalAccount}:role/Admin*", "arn:aws:iam::*:root", "arn:aws:iam::????????????:role/app/*",
		}
	case 7:
		return "aws:PrincipalType", textOperators[:3], []string{"User", "AssumedRole", "FederatedUser", "Account"}
	case 8:
		return "aws:userid", textOperators, []string{"AROAEXAMPLEROLE000001:*", "AROA*:deploy", "*:ci", "111122223333", "AIDA*"}
	case 9:
		return "aws:username", textOperators, []string{"deploy", "*", "a*", "${aws:PrincipalTag/team}"}
	case 10:
		return pick(g, "aws:PrincipalTag/team", "aws:PrincipalTag/acct"), textOperators,
			[]string{"payments", "p*", "${aws:PrincipalAccount}", "${aws:PrincipalTag/acct, 'none'}", "a?c"}
	case 11, 12:
		return "aws:SourceIp", ipOperators, []string{
			"203.0.113.0/24", "203.0.113.7", "54.0.0.0/8", "52.0.0.0/8", "0.0.0.0/0", "::/0", "10.0.0.0/8", "2001:db8::/32", "0.0.0.0/1", "128.0.0.0/1", "2600::/16",
		}
	case 13:
		return "aws:SourceVpce", textOperators, []string{"vpce-0a1b2c3d4e5f60718", "vpce-*", "vpce-1111*"}
	case 14:
		return "aws:SourceVpc", textOperators, []string{"vpc-0a1b2c3d4e5f60718", "vpc-*"}
	case 15:
		return "kms:ViaService", textOperators, []string{"ssm.us-east-1.amazonaws.com", "s3.*.amazonaws.com", "*.us-east-1.amazonaws.com"}
	case 16:
		return pick(g, "aws:ViaAWSService", "aws:SecureTransport", "aws:PrincipalIsAWSService"), boolOperators, []string{"true", "false"}
	case 17:
		return pick(g, "aws:CurrentTime", "aws:TokenIssueTime"), dateOperators,
			[]string{"2020-01-01T00:00:00Z", "2026-08-31T12:00:00Z", "2026-09-01T00:00:00Z", "2030-06-01", "2026-09"}
	case 18:
		if g.chance(50) {
			return "aws:MultiFactorAuthAge", numericOperators, []string{"0", "300", "3600", "200000", "-1"}
		}
		return "aws:MultiFactorAuthPresent", boolOperators, []string{"true", "false"}
	case 19:
		return pick(g, "kms:EncryptionContext:tenant", "kms:EncryptionContext:app"), textOperators,
			[]string{"acme", "a*", "${aws:PrincipalAccount}", "${aws:username}", "x"}
	case 20:
		return "kms:EncryptionContextKeys", textOperators, []string{"tenant", "app", "t*", "zone"}
	case 21:
		return pick(g, "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"), textOperators,
			[]string{"athena.amazonaws.com", "cloudformation.amazonaws.com", "dynamodb.*", "*"}
	case 22:
		return "aws:VpcSourceIp", ipOperators, []string{"10.0.0.0/8", "10.1.2.3", "172.16.0.0/12", "0.0.0.0/0", "192.168.0.0/24"}
	case 23:
		return "aws:VpceAccount", textOperators, []string{"111122223333", "444455556666", "${aws:PrincipalAccount}", "1*"}
	case 24:
		return "aws:EpochTime", numericOperators[:4], []string{"1577836800", "1788220800", "1788220799", "1900000000"}
	case 25:
		return pick(g, "aws:ResourceOrgID", "aws:ResourceAccount", "aws:RequestedRegion"), textOperators,
			[]string{"o-mycorp0001", "111122223333", "us-east-1", "o-*", "${aws:PrincipalOrgID}", "us-*"}
	case 26:
		return pick(g, "kms:KeySpec", "kms:KeyUsage", "kms:EncryptionAlgorithm"), textOperators, []string{"SYMMETRIC_DEFAULT", "RSA_2048", "ENCRYPT_DECRYPT", "S*"}
	case 27:
		return pick(g, "kms:GrantOperations", "kms:GranteePrincipal"), textOperators,
			[]string{"Encrypt", "Decrypt", "arn:aws:iam::444455556666:role/Deploy", "${aws:PrincipalArn}", "*crypt"}
	case 28:
		return pick(g, "aws:UserAgent", "aws:SourceIdentity"), textOperators, []string{"tool/1", "x*", "a?c", "${aws:PrincipalTag/team}"}
	case 29:
		return pick(g, "kms:MultiRegion", "kms:GrantIsForAWSResource", "aws:MultiFactorAuthPresent"), boolOperators, []string{"true", "false"}
	case 30:
		return pick(g, "kms:GranteePrincipal", "kms:RetiringPrincipal", "kms:GranteeServicePrincipal", "kms:RetiringServicePrincipal", "kms:GrantConstraintType"), textOperators,
			[]string{"arn:aws:iam::444455556666:role/Deploy", "arn:aws:iam::*", "s3.amazonaws.com", "us-east-1.supportauthz.amazonaws.com", "*", "EncryptionContextSubset"}
	case 31:
		return "aws:VpceOrgPaths", textOperators, []string{"o-mycorp0001/*", "*/ou-ab12-11111111/*", "o-*/r-ab12/ou-cd34-*", "o-other00001/r-zz99/"}
	default:
		return pick(g, "aws:SourceAccount", "aws:SourceOrgID", "s3:prefix"), textOperators, []string{"111122223333", "o-mycorp0001", "x*"}
	}
}

// sessionConstraint is constraint for keys that depend on how the caller's
// session, or the request, came about.
func (g *generator) sessionConstraint() (key string, operators, values []string) {
	arn := func(prefix, suffix string) []string {
		return []string{prefix + "*" + suffix, prefix + "444455556666" + suffix, prefix + "111122223333" + suffix, prefix + "${aws:PrincipalAccount}" + suffix, "*"}
	}
	switch g.rng.IntN(16) {
	case 0:
		return "lambda:SourceFunctionArn", arnOperators, arn("arn:aws:lambda:us-east-1:", ":function:f")
	case 1:
		return "ec2:SourceInstanceArn", arnOperators, arn("arn:aws:ec2:us-east-1:", ":instance/i-0123456789abcdef0")
	case 2:
		return "aws:Ec2InstanceSourceVpc", textOperators, []string{"vpc-0a1b2c3d4e5f60718", "vpc-*", "${aws:SourceVpc}"}
	case 3:
		return "aws:Ec2InstanceSourcePrivateIPv4", ipOperators, []string{"10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "0.0.0.0/0"}
	case 4:
		return "ec2:RoleDelivery", numericOperators, []string{"0", "1", "2", "3"}
	case 5:
		return "codebuild:ProjectArn", arnOperators, arn("arn:aws:codebuild:us-east-1:", ":project/app")
	case 6:
		return "codebuild:BuildArn", arnOperators, arn("arn:aws:codebuild:us-east-1:", ":build/app:00000000-0000-0000-0000-000000000000")
	case 7:
		return "aws:FederatedProvider", arnOperators, append(arn("arn:aws:iam::", ":oidc-provider/token.actions.githubusercontent.com"), "accounts.google.com", "www.amazon.com")
	case 8:
		return pick(g, "accounts.google.com:sub", "accounts.google.com:aud"), textOperators[:3], []string{"110169484474386276334", "*", "??????"}
	case 9:
		return pick(g, "saml:sub", "saml:sub_type", "saml:namequalifier"), textOperators[:3], []string{"persistent", "*", "abcdefghijklmnopqrstuvwxyz0="}
	case 10:
		return pick(g, "glue:RoleAssumedBy", "glue:CredentialIssuingService"), textOperators[:3], []string{"glue.amazonaws.com", "lambda.amazonaws.com", "*"}
	case 11:
		return "aws:SignInSessionArn", arnOperators, arn("arn:aws:signin:us-east-1:", ":session/x")
	case 12:
		return "aws:SourceVpcArn", arnOperators, arn("arn:aws:ec2:eu-west-1:", ":vpc/vpc-0a1b2c3d4e5f60718")
	case 13:
		return pick(g, "kms:RecipientAttestation:PCR0", "kms:RecipientAttestation:NitroTPMPCR12", "kms:RecipientAttestation:PCR32"), textOperators,
			[]string{strings.Repeat("ab", 48), strings.Repeat("AB", 48), "*", "ab*"}
	case 14:
		return pick(g, "ssm:SourceInstanceArn", "aws:ChatbotSourceArn"), arnOperators, append(arn("arn:aws:ssm:us-east-1:", ":managed-instance/mi-0123456789abcdef0"), arn("arn:aws:chatbot::", ":chat-configuration/x")...)
	default:
		return pick(g, "aws:CalledViaAWSMCP", "aws:IsMcpServiceAction", "aws:UserAgent"), textOperators[:3], []string{"aws-mcp.amazonaws.com", "*", "?*"}
	}
}

// mustParse returns the policy of a text that the test made itself.
func mustParse(text []byte) *policy.Policy {
	p, err := policy.ParseStrict(text)
	if err != nil {
		panic(fmt.Sprintf("%v\n%s", err, text))
	}
	return p
}
