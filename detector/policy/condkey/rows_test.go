package condkey

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A domainRow says what requests of one kind hold under a key. kind names a
// caller and, where they are not the plain ones, a way into KMS, credentials
// and an action. Values of has occur, of maybe perhaps, of not never;
// those of dates are seconds from the request on.
type domainRow struct {
	name, key, kind string
	is              Presence
	has, maybe, not string // values, with spaces between them
}

// kindOf reads a kind: "user via temporary kms:Decrypt".
func kindOf(t *testing.T, text string) Kind {
	t.Helper()
	k := Kind{Path: Public, Creds: Temporary, Action: "kms:Encrypt"}
	for _, word := range strings.Fields(text) {
		switch word {
		case "role":
			k.Caller = Role
		case "user":
			k.Caller, k.Creds = User, LongTerm
		case "root":
			k.Caller, k.Creds = Root, LongTerm
		case "federated":
			k.Caller = Fed
		case "service":
			k.Caller, k.Creds = Service, AnyCredentials
		case "endpoint":
			k.Path = Endpoint
		case "via":
			k.Path = Via
		case "mcp":
			k.Path = MCP
		case "temporary":
			k.Creds = Temporary
		default:
			if !strings.HasPrefix(word, "kms:") {
				t.Fatalf("%q in the kind %q", word, text)
			}
			k.Action = word
		}
	}
	return k
}

// holds says whether a value is one of v: "yes", "perhaps" or "no".
func holds(v *Values, text string) string {
	within := func(list []Shape) bool {
		return slices.ContainsFunc(list, func(s Shape) bool { return fits(s, text, nil) })
	}
	switch {
	case slices.ContainsFunc(v.Not, func(p string) bool { return strings.HasPrefix(text, strings.TrimSuffix(p, "*")) }):
		return "no"
	case slices.Contains(v.Doubtful, text):
		return "perhaps"
	case slices.Contains(v.Of, text), within(v.shapes):
		return "yes"
	case slices.Contains(v.MaybeOf, text), within(v.maybeShapes):
		return "perhaps"
	}
	if n, err := strconv.ParseInt(text, 10, 64); v.Numbers && err == nil && v.Lo <= n && n <= v.Hi {
		return "yes"
	}
	return "no"
}

func checkDomains(t *testing.T, rows []domainRow) {
	t.Helper()
	for _, row := range rows {
		k, ok := Default().Lookup(row.key)
		if !ok {
			t.Errorf("%s: %s has no row", row.name, row.key)
			continue
		}
		c := k.Case(kindOf(t, row.kind))
		if c == nil {
			c = &Case{}
		}
		if c.Is != row.is {
			t.Errorf("%s: %s in requests of %s: presence %d, want %d", row.name, row.key, row.kind, c.Is, row.is)
		}
		for want, values := range map[string]string{"yes": row.has, "perhaps": row.maybe, "no": row.not} {
			for _, text := range strings.Fields(values) {
				if got := holds(&c.Values, text); got != want {
					t.Errorf("%s: %s in requests of %s holds %s: %s, want %s", row.name, row.key, row.kind, text, got, want)
				}
			}
		}
	}
}

// Values are those of examples on the pages. Sources: IAM global, "Properties
// of the principal"; IAM variables, "Principal key values"; KMS keys, "kms:CallerAccount".
func TestPrincipalDomains(t *testing.T) {
	const iam, sts = "arn:aws:iam::444455556666:", "arn:aws:sts::444455556666:"
	checkDomains(t, []domainRow{
		{"the role, not its session", "aws:PrincipalArn", "role", Always, iam + "role/app/Deploy", iam + "role/aws:ec2-infrastructure", sts + "assumed-role/Deploy/ci " + iam + "user/x"},
		{"a user with a path", "aws:PrincipalArn", "user", Always, iam + "user/x " + iam + "user/a/b/x", "", iam + "role/x " + iam + "user/"},
		{"the root user", "aws:PrincipalArn", "root", Always, iam + "root", "", iam + "user/root arn:aws:iam::111122223333:root"},
		{"a federated user's session", "aws:PrincipalArn", "federated", Always, sts + "federated-user/fed", "", iam + "user/fed"},
		{"a service has an ARN, or none", "aws:PrincipalArn", "service", Unsaid, "", "", ""},
		{"every person has an account", "aws:PrincipalAccount", "root", Always, "", "", ""},
		{"and the same by KMS's own name", "kms:CallerAccount", "role endpoint", Always, "", "", ""},
		{"only members have an organization", "aws:PrincipalOrgID", "user", Chosen, "", "", ""},
		{"a service is in none", "aws:PrincipalOrgID", "service", Never, "", "", ""},
		{
			"units repeat the id of their root", "aws:PrincipalOrgPaths", "role", Chosen,
			"o-a1b2c3d4e5/r-ab12/ o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/", "", "o-a1b2c3d4e5/r-ab12/ou-cd34-11111111/ o-a1b2c3d4e5/r-ab12 o-a1b2c3d4e5/",
		},
		{"tags are the account's choice", "aws:PrincipalTag/team", "user", Chosen, "blue a/b", "", "a*"},
		{"whether root users have tags no page says", "aws:PrincipalTag/team", "root", MayHave, "blue", "", ""},
		{"types: role", "aws:PrincipalType", "role", Always, "AssumedRole", "", "User Account"},
		{"types: root", "aws:PrincipalType", "root", Always, "Account", "", "User"},
		{"types: federated", "aws:PrincipalType", "federated", Always, "FederatedUser", "", "AssumedRole"},
		{"a person is no service", "aws:PrincipalIsAWSService", "role via", Always, "false", "", "true"},
		{"a service is one", "aws:PrincipalIsAWSService", "service", Always, "true", "", "false"},
		{"people have no service's name", "aws:PrincipalServiceName", "role via", Never, "", "", ""},
		{"a service has its name", "aws:PrincipalServiceName", "service", Chosen, "cloudtrail.amazonaws.com us-east-1.supportauthz.amazonaws.com", "", "amazonaws.com cloudtrail"},
		{"and its names by Region", "aws:PrincipalServiceNamesList", "service", Chosen, "logs.us-east-1.amazonaws.com logs.cn-north-1.amazonaws.com.cn", "", ""},
		{"a role's id and its session", "aws:userid", "role", Always, "AROAEXAMPLEROLE000001:ci", "", "AROAEXAMPLEROLE000001 AIDAEXAMPLEUSER000001"},
		{"a user's id", "aws:userid", "user", Always, "AIDAEXAMPLEUSER000001", "", "AROAEXAMPLEROLE000001:ci"},
		{"users have a name", "aws:username", "user temporary", Always, "", "", ""},
		{"role sessions have none", "aws:username", "role", Never, "", "", ""},
		{"root users have none", "aws:username", "root", Never, "", "", ""},
	})
}

// Sources: IAM global, "Properties of a role session"; Identity Center; IAM OIDC.
func TestSessionDomains(t *testing.T) {
	checkDomains(t, []domainRow{
		{"temporary credentials have been issued", "aws:TokenIssueTime", "role", Always, "-43200 0", "", "-43201 1"},
		{"GetSessionToken gives 36 hours", "aws:TokenIssueTime", "user temporary", Always, "-129600", "", "-129601"},
		{"and root users one", "aws:TokenIssueTime", "root temporary", Always, "-3600", "", "-3601"},
		{"long-term credentials have not", "aws:TokenIssueTime", "user", Never, "", "", ""},
		{"unless a service adds it", "aws:TokenIssueTime", "user via", Unsaid, "", "", ""},
		{"MFA of a long-term key", "aws:MultiFactorAuthPresent", "user", Never, "", "", ""},
		{"MFA of a user's session", "aws:MultiFactorAuthPresent", "user temporary", Always, "true false", "", ""},
		{"a service shows false for a long-term key", "aws:MultiFactorAuthPresent", "user via", Always, "false", "", "true"},
		{"MFA of a role's session", "aws:MultiFactorAuthPresent", "role", MayLack, "true false", "", ""},
		{"GetFederationToken takes no MFA", "aws:MultiFactorAuthPresent", "federated", Unsaid, "false", "", "true"},
		{"the age of MFA", "aws:MultiFactorAuthAge", "user temporary", Chosen, "0 129600", "", "-1 129601"},
		{"no age of no MFA", "aws:MultiFactorAuthAge", "user", Never, "", "", ""},
		{"a source identity", "aws:SourceIdentity", "role via", Chosen, "DiegoRamirez", "", "a*"},
		{"users have none", "aws:SourceIdentity", "user temporary", Never, "", "", ""},
		{"a provider of the own account", "aws:FederatedProvider", "role", Chosen, "cognito-identity.amazonaws.com arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com", "arn:aws:iam::444455556666:saml-provider/x", "arn:aws:iam::111122223333:oidc-provider/x"},
		{"not known through services", "aws:FederatedProvider", "role via", Unsaid, "", "", ""},
		{"an instance's role delivery", "ec2:RoleDelivery", "role", Chosen, "1 2", "", "0 3"},
		{"an instance", "ec2:SourceInstanceArn", "role endpoint", Chosen, "arn:aws:ec2:us-west-2:444455556666:instance/i-0123456789abcdef0", "", "arn:aws:ec2:us-west-2:111122223333:instance/i-0123456789abcdef0"},
		{"a function", "lambda:SourceFunctionArn", "role", Chosen, "arn:aws:lambda:us-east-1:444455556666:function:source_lambda", "arn:aws:lambda:us-east-1:444455556666:function:f:1", ""},
		{"a managed node", "ssm:SourceInstanceArn", "role", Chosen, "arn:aws:ssm:us-east-1:444455556666:managed-instance/mi-0123456789abcdef0", "arn:aws:ec2:us-east-1:444455556666:instance/i-1", ""},
		{"a build", "codebuild:ProjectArn", "role", Chosen, "arn:aws:codebuild:us-east-1:444455556666:project/MyProject", "", "arn:aws:codebuild:us-east-1:444455556666:project/"},
		{"AssumeRoot", "aws:AssumedRoot", "root temporary", MayHave, "true", "false", ""},
		{"no page has Identity Center's keys at KMS", "identitystore:UserId", "role", MayHave, "12345678-1234-1234-1234-123456789012", "", "x"},
		{"a claim is there in the session", "accounts.google.com:sub", "role", Chosen, "117123456789012345678", "", ""},
		{"of other claims no page says so", "accounts.google.com:email", "role", MayHave, "", "", ""},
		{"users have no claims", "accounts.google.com:sub", "user", Never, "", "", ""},
		{"a SAML name qualifier is a SHA-1 in base64", "saml:namequalifier", "role", Chosen, "SbdGOnUkh1i4+EXAMPLExL/jEvs=", "", "x"},
		{"the SAML assertion's document is for AssumeRoleWithSAML", "saml:doc", "role", Never, "", "", ""},
	})
}

// TestClaims: by whose subjects a claim keeps strangers out.
func TestClaims(t *testing.T) {
	for name, want := range map[string]Names{
		"oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE:sub": Issuer, // of one cluster alone
		"oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE:aud": Issuer,
		"x.oidc.eks.us-east-1.amazonaws.com:sub":          Subject, // not EKS's own name
		"token.actions.githubusercontent.com:sub":         Subject,
		"token.actions.githubusercontent.com:aud":         Audience,
		"cognito-identity.amazonaws.com:amr":              Subject,
		"saml:sub":                                        Nobody, // any provider may give it
	} {
		if k, ok := Default().Lookup(name); !ok || k.Names != want {
			t.Errorf("%s names %d, %v, want %d", name, k.Names, ok, want)
		}
	}
}

// Sources: IAM global, "Properties of the network"; KMS keys.
func TestNetworkDomains(t *testing.T) {
	checkDomains(t, []domainRow{
		{"an address over the internet", "aws:SourceIp", "user", Always, "", "", ""},
		{"none through an endpoint", "aws:SourceIp", "user endpoint", Never, "", "", ""},
		{"services may keep it", "aws:SourceIp", "user via", Unsaid, "", "", ""},
		{"a VPC only through an endpoint", "aws:SourceVpc", "role", Never, "", "", ""},
		{"a VPC", "aws:SourceVpc", "role endpoint", Always, "", "", ""},
		{"an endpoint", "aws:SourceVpce", "role endpoint", Always, "vpce-1a2b3c4d vpce-0123456789abcdef0", "", "vpc-1a2b3c4d vpce-xyz"},
		{"no endpoint behind a service", "aws:SourceVpce", "role via", Never, "", "", ""},
		{"a VPC may be in any Region", "aws:SourceVpcArn", "role endpoint", Always, "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0123456789abcdef0", "", "arn:aws:ec2:eu-west-1:1:vpc/vpc-0123456789abcdef0"},
		{"a private address", "aws:VpcSourceIp", "user endpoint", Always, "", "", ""},
		{"the endpoint's account", "aws:VpceAccount", "user endpoint", Always, "111122223333", "", "1"},
		{"its organization, if any", "aws:VpceOrgID", "user endpoint", Chosen, "", "", ""},
		{"services come over no network", "aws:VpceAccount", "service", Never, "", "", ""},
	})
	for name, want := range map[string]Addresses{"aws:SourceIp": PublicAddresses, "aws:VpcSourceIp": AllAddresses, "aws:Ec2InstanceSourcePrivateIPv4": IPv4Addresses} {
		if k, _ := Default().Lookup(name); k.Cases[0].Addresses != want {
			t.Errorf("%s holds addresses %d, want %d", name, k.Cases[0].Addresses, want)
		}
	}
}

// Sources: IAM global, "Properties of the request", aws:CalledVia; KMS keys, "kms:ViaService".
func TestThroughDomains(t *testing.T) {
	checkDomains(t, []domainRow{
		{"a direct call is via no service", "kms:ViaService", "role", Never, "", "", ""},
		{"a service in the key's Region", "kms:ViaService", "role via", MayLack, "ec2.us-east-1.amazonaws.com", "a.b.us-east-1.amazonaws.com ec2.us-east-1.amazonaws.com.cn", "ec2.eu-west-1.amazonaws.com ec2.amazonaws.com"},
		{"forwarded", "aws:ViaAWSService", "user via", Always, "true", "", "false"},
		{"not forwarded", "aws:ViaAWSService", "user endpoint", Always, "false", "", "true"},
		{"a service for itself", "aws:ViaAWSService", "service", Always, "false", "", "true"},
		{"the chain of services", "aws:CalledVia", "role via", Chosen, "athena.amazonaws.com", "athena.amazonaws.com.cn", "athena"},
		{"no chain of a direct call", "aws:CalledViaLast", "role", Never, "", "", ""},
		{"a tool's server", "aws:CalledViaAWSMCP", "role mcp", Always, "aws-mcp.amazonaws.com", "", ""},
		{"other services are none", "aws:CalledViaAWSMCP", "role via", Never, "", "", ""},
		{"by a tool's server", "aws:ViaAWSMCPService", "role mcp", Always, "true", "", "false"},
		{"by another service", "aws:ViaAWSMCPService", "role via", Unsaid, "false", "", "true"},
		{"not by one", "aws:ViaAWSMCPService", "role", Unsaid, "false", "", "true"},
		{"people act for themselves", "aws:SourceAccount", "role via", Never, "", "", ""},
		{"a service may act for an account", "aws:SourceAccount", "service", Chosen, "111122223333", "", ""},
		{"or for a resource", "aws:SourceArn", "service", Chosen, "arn:aws:s3:::bucket arn:aws:cloudtrail:us-east-1:111122223333:trail/t", "", "arn:aws:cloudtrail:us-east-1:1:trail/t"},
		{"or for an organization", "aws:SourceOrgID", "service", Chosen, "o-a1b2c3d4e5", "", "o-short"},
		{"an old name, for KMS on no page", "aws:SourceOwner", "service", Unsaid, "", "", ""},
	})
}

// Sources: KMS keys; KMS API; SAR.
func TestRequestDomains(t *testing.T) {
	const pcr = "kms:RecipientAttestation:PCR8"
	checkDomains(t, []domainRow{
		{"an encryption context", "kms:EncryptionContext:Dept", "user", Chosen, "HR *", "", ""},
		{"in a service's request, too", "kms:EncryptionContext:Dept", "service kms:GenerateDataKey", Chosen, "", "", ""},
		{"a grant's constraint", "kms:EncryptionContextKeys", "user kms:CreateGrant", Chosen, "", "", ""},
		{"a signature has none", "kms:EncryptionContext:Dept", "user kms:Sign", Never, "", "", ""},
		{"the algorithm of a cipher", "kms:EncryptionAlgorithm", "user", Always, "SYMMETRIC_DEFAULT SM2PKE", "", "RSASSA_PSS_SHA_256"},
		{"is not in a signature", "kms:EncryptionAlgorithm", "user kms:Sign", Never, "", "", ""},
		{"the algorithm of a signature", "kms:SigningAlgorithm", "user kms:Verify", Always, "ECDSA_SHA_256", "", "SYMMETRIC_DEFAULT"},
		{"the algorithm of a MAC", "kms:MacAlgorithm", "user kms:GenerateMac", Always, "HMAC_SHA_256", "", "HMAC_256"},
		{"a message or its digest", "kms:MessageType", "user kms:Sign", Always, "RAW DIGEST EXTERNAL_MU", "", ""},
		{"key agreement", "kms:KeyAgreementAlgorithm", "user kms:DeriveSharedSecret", Always, "ECDH", "", ""},
		{"a pair's spec", "kms:DataKeyPairSpec", "user kms:GenerateDataKeyPair", Always, "RSA_2048", "", "AES_256"},
		{"is not in a data key", "kms:DataKeyPairSpec", "user kms:GenerateDataKey", Never, "", "", ""},
		{"both keys the same", "kms:ReEncryptOnSameKey", "user kms:ReEncryptTo", Always, "true false", "", ""},
		{"an alias in the request", "kms:RequestAlias", "user", Chosen, "alias/ExampleAlias", "alias/a:b", "alias/aws/s3 ExampleAlias"},
		{"not to create a grant", "kms:RequestAlias", "user kms:CreateGrant", Never, "", "", ""},
		{"a grant's operations", "kms:GrantOperations", "user kms:CreateGrant", Always, "Encrypt RetireGrant", "", "RevokeGrant"},
		{"are not in Encrypt", "kms:GrantOperations", "user", Never, "", "", ""},
		{"a service's grant", "kms:GrantIsForAWSResource", "user via kms:CreateGrant", Always, "true false", "", ""},
		{"a grant of one's own", "kms:GrantIsForAWSResource", "user kms:CreateGrant", Unsaid, "false", "", "true"},
		{"a grant's constraint type", "kms:GrantConstraintType", "user kms:CreateGrant", Chosen, "EncryptionContextSubset", "SourceArn", ""},
		{"an enclave's register", pcr, "role kms:Decrypt", Chosen, strings.Repeat("1a", 48), "0x" + strings.Repeat("1a", 48) + " " + strings.Repeat("0", 96), "XYZ"},
		{"an enclave calls itself", pcr, "role via kms:Decrypt", Never, "", "", ""},
		{"and nothing is attested to encrypt", pcr, "role", Never, "", "", ""},
		{"the lock-out check", "kms:BypassPolicyLockoutSafetyCheck", "user kms:PutKeyPolicy", MayLack, "true false", "", ""},
		{"every client has a name", "aws:UserAgent", "service", Always, "aws-cli/2.31.0", "", ""},
		{"no request to KMS has tags to give", "aws:RequestTag/team", "user kms:TagResource", Never, "", "", ""},
	})
}

// Sources: IAM global, "Properties of the resource"; KMS keys; KMS API, CreateKey.
func TestKeyDomains(t *testing.T) {
	checkDomains(t, []domainRow{
		{"the key's Region", "aws:RequestedRegion", "role", Always, "us-east-1 us-gov-west-1 eusc-de-east-1", "", "east"},
		{"the owner", "aws:ResourceAccount", "service", Always, "111122223333", "", ""},
		{"the owner's organization, if any", "aws:ResourceOrgID", "role", Chosen, "o-a1b2c3d4e5", "", ""},
		{"tags of the key", "aws:ResourceTag/env", "role", Chosen, "prod", "a*b", ""},
		{"TLS alone", "aws:SecureTransport", "user", Always, "true", "", "false"},
		{"a spec", "kms:KeySpec", "user", Always, "SYMMETRIC_DEFAULT ML_DSA_65", "", "AES_256"},
		{"a usage", "kms:KeyUsage", "user", Always, "KEY_AGREEMENT", "", "ENCRYPT"},
		{"an origin", "kms:KeyOrigin", "user", Always, "EXTERNAL_KEY_STORE", "", "HSM"},
		{"one Region or several", "kms:MultiRegion", "user", Always, "true false", "", ""},
		{"primary or replica, if any", "kms:MultiRegionKeyType", "user", Chosen, "PRIMARY REPLICA", "", ""},
		{"aliases are documented for IAM policies", "kms:ResourceAliases", "user", Unsaid, "alias/x", "", "alias/aws/x"},
	})
	for _, name := range []string{"aws:CurrentTime", "aws:EpochTime"} {
		if k, _ := Default().Lookup(name); !k.Cases[0].Now || k.Tie != TieTime {
			t.Errorf("%s is not the instant of the request", name)
		}
	}
}

// TestMultiValued holds which keys of aws: and kms: have several values.
// Sources: IAM global, "Value type"; KMS keys, "Type".
func TestMultiValued(t *testing.T) {
	const want = "aws:CalledVia aws:PrincipalOrgPaths aws:PrincipalServiceNamesList aws:ResourceOrgPaths aws:SourceOrgPaths aws:TagKeys aws:VpceOrgPaths " +
		"kms:EncryptionContextKeys kms:GrantOperations kms:ResourceAliases"
	var got []string
	for _, r := range Default().Rows() {
		if r.Multi && (strings.HasPrefix(r.Name, "aws:") || strings.HasPrefix(r.Name, "kms:")) {
			got = append(got, r.Name)
		}
	}
	slices.Sort(got)
	if strings.Join(got, " ") != want {
		t.Errorf("keys with several values:\n%s, want\n%s", strings.Join(got, " "), want)
	}
}

// TestServices: services that pages name are listed, and each stands once.
func TestServices(t *testing.T) {
	for _, row := range []struct {
		name, suffix string
		list         []string
		has          []string
	}{
		{"kms:ViaService", ".{keyregion}.amazonaws.com", viaServices(), []string{"s3", "ec2", "secretsmanager", "backup-gateway"}},
		{"aws:CalledVia", ".amazonaws.com", calledServices(), []string{"cloudformation", "athena", "dynamodb", "kms"}},
	} {
		for _, n := range row.has {
			if !slices.Contains(row.list, n+row.suffix) {
				t.Errorf("%s lacks %s", row.name, n)
			}
		}
		sorted := slices.Sorted(slices.Values(row.list))
		if len(slices.Compact(sorted)) != len(row.list) {
			t.Errorf("%s has a service twice", row.name)
		}
	}
}
