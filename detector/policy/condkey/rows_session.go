package condkey

// ofRole returns the cases of a key that role sessions have if their own account
// sets it. AWS says that some of these keys are missing from calls through
// services, but not which. Source: IAM global, "Properties of a role session".
func ofRole(v Values) []Case {
	return []Case{{Callers: Role, Paths: Direct, Is: Chosen, Values: v}, {Callers: Role, Is: Unsaid, Values: v}}
}

// perhapsOfRole returns the cases of a key that role sessions may have: AWS does
// not say whether any has it.
func perhapsOfRole(v Values) []Case { return []Case{{Callers: Role, Is: MayHave, Values: v}} }

func sayOwn() Say { return Say{Present: ownChoice} }

// sayTemporary describes a key of temporary credentials.
func sayTemporary() Say {
	return Say{
		Absent:  []Sentence{{Creds: Temporary, Text: "such a session does not carry this condition key"}, {Text: "long-term credentials do not carry this condition key"}},
		Present: ownSession,
	}
}

const (
	instanceShape = "i-{hex 8 17}"
	vpcShape      = "vpc-{hex 8 17}"
	vpceShape     = "vpce-{hex 8 17}"
)

// sessionRows returns the rows of keys of the caller's session. Sources: IAM
// global; IAM API (STS); Identity Center.
func sessionRows() []Row {
	own := "{region}:{caller}:"
	hours := func(n int64) Values { return Values{Numbers: true, FromNow: true, Lo: -n * 3600} }
	either, no := Values{Of: []string{"true", "false"}}, Values{Of: []string{"false"}}
	return []Row{
		// AssumeRoot creates sessions of root users, with session policies that
		// allow no KMS action; "false" is not documented.
		{Name: "aws:AssumedRoot", Types: Bool, Cases: []Case{{Callers: Root, Creds: Temporary, Is: MayHave, Values: Values{Of: []string{"true"}, MaybeOf: []string{"false"}}}}, Say: sayOwn()},
		{
			Name: "aws:FederatedProvider", Types: String | ARN,
			Cases: ofRole(Values{
				Shapes: []string{
					"arn:{partition}:iam::{caller}:oidc-provider/{path 1 255}",
					"cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com",
				},
				MaybeShapes: []string{"arn:{partition}:iam::{caller}:saml-provider/{name 1 128}"},
			}),
			Say: sayOwn(),
		},
		{
			Name: "aws:TokenIssueTime", Types: Date,
			Cases: []Case{
				{Callers: Role, Is: Always, Values: hours(12)},
				{Callers: Root, Creds: Temporary, Is: Always, Values: hours(1)},
				{Callers: User | Fed, Creds: Temporary, Is: Always, Values: hours(36)},
				{Paths: Through, Is: Unsaid, Values: hours(36)}, // AWS does not say whether a service adds it to long-term credentials
			},
			Say: sayTemporary(),
		},
		{
			// IAM global has the key for role sessions only. That contradicts the
			// CLI's guide (cli-configure-sign-in.html), by which users and root
			// users can sign in like this too.
			Name: "aws:SignInSessionArn", Types: ARN | String,
			Cases: append(ofRole(Values{Shapes: []string{"arn:{partition}:signin:" + own + "session/{path 1 512}"}}),
				Case{Callers: User | Root, Creds: Temporary, Is: MayHave, Values: Values{Shapes: []string{"arn:{partition}:signin:" + own + "session/{path 1 512}"}}}),
			Say: sayOwn(),
		},
		{
			// IAM global says that federated identities do not have the key, and
			// also that all temporary credentials do; a role session may be
			// federated. A service that uses a user's long-term credentials sets
			// false.
			Name: "aws:MultiFactorAuthPresent", Types: Bool, Tie: TieMFA,
			Cases: []Case{
				{Callers: Role, Is: MayLack, Values: either},
				{Callers: Fed, Is: Unsaid, Values: no},
				{Creds: Temporary, Is: Always, Values: either},
				{Paths: Through, Is: Always, Values: no},
			},
			Say: sayTemporary(),
		},
		{
			Name: "aws:MultiFactorAuthAge", Types: Numeric, Tie: TieMFAAge,
			Cases: []Case{{Callers: Role | User | Root, Creds: Temporary, Is: Chosen, Values: Values{Numbers: true, Hi: 36 * 3600}}},
			Say:   sayTemporary(),
		},
	}
}

// sourceRows returns the rows of keys that say where a session's credentials are
// used and for which resource they were issued. Sources: as for sessionRows.
func sourceRows() []Row {
	own := "{region}:{caller}:"
	inBuild := func(what string) Values {
		return Values{Shapes: []string{
			"arn:{partition}:codebuild:{keyregion}:{caller}:" + what, "arn:{partition}:codebuild:{=region lower 5 20}-{=number digit 1 2}:{caller}:" + what,
		}}
	}
	return []Row{
		{Name: "aws:ChatbotSourceArn", Types: ARN | String, Cases: ofRole(Values{Shapes: []string{"arn:{partition}:chatbot::{caller}:chat-configuration/{path 1 512}"}}), Say: sayOwn()},
		{Name: "aws:Ec2InstanceSourceVpc", Types: String, Names: NetworkID, Cases: ofRole(Values{Shapes: []string{vpcShape}, First: "vpc-0123456789abcdef0"}), Say: sayOwn()},
		{Name: "aws:Ec2InstanceSourcePrivateIPv4", Types: IP | String, Cases: ofRole(Values{Addresses: IPv4Addresses}), Say: sayOwn()},
		{Name: "aws:SourceIdentity", Types: String, Cases: []Case{{Callers: Role, Is: Chosen, Values: Values{Shapes: []string{"{name 2 64}"}, First: "stranger"}}}, Say: sayOwn()},
		{Name: "ec2:RoleDelivery", Types: Numeric, Cases: ofRole(Values{Numbers: true, Lo: 1, Hi: 2}), Say: sayOwn()},
		{Name: "ec2:SourceInstanceArn", Types: ARN | String, Cases: ofRole(Values{Shapes: []string{"arn:{partition}:ec2:" + own + "instance/" + instanceShape}}), Say: sayOwn()},
		{Name: "glue:RoleAssumedBy", Types: String, Cases: ofRole(Values{Of: []string{"glue.amazonaws.com"}}), Say: sayOwn()},
		{Name: "glue:CredentialIssuingService", Types: String, Cases: ofRole(Values{Of: []string{"glue.amazonaws.com"}}), Say: sayOwn()},
		{Name: "codebuild:BuildArn", Types: ARN | String, Tie: TieBuild, Cases: ofRole(inBuild("build/{=project name 2 150}:{hex 8 8}-{hex 4 4}-{hex 4 4}-{hex 4 4}-{hex 12 12}")), Say: sayOwn()},
		{Name: "codebuild:ProjectArn", Types: ARN | String, Tie: TieProject, Cases: ofRole(inBuild("project/{=project name 2 150}")), Say: sayOwn()},
		{Name: "lambda:SourceFunctionArn", Types: ARN | String, Cases: ofRole(Values{
			Shapes: []string{"arn:{partition}:lambda:" + own + "function:{name 1 140}"}, MaybeShapes: []string{"arn:{partition}:lambda:" + own + "function:{path 1 300}"},
		}), Say: sayOwn()},
		{Name: "ssm:SourceInstanceArn", Types: ARN | String, Cases: ofRole(Values{
			Shapes: []string{"arn:{partition}:ssm:" + own + "managed-instance/mi-{hex 17 17}"}, MaybeShapes: []string{"arn:{partition}:ec2:" + own + "instance/{path 1 64}"},
		}), Say: sayOwn()},
	}
}

// centerRows returns the rows of keys of sessions that have the identity of a user
// of Identity Center. Identity Center attaches a policy to them that allows no
// KMS action; no page says whether requests through services have these keys
// nevertheless. Sources: as for sessionRows.
func centerRows() []Row {
	return []Row{
		{
			Name: "identitystore:UserId", Types: String, Names: Person,
			Cases: perhapsOfRole(Values{Shapes: []string{"{hex 8 8}-{hex 4 4}-{hex 4 4}-{hex 4 4}-{hex 12 12}", "{hex 10 10}-{hex 8 8}-{hex 4 4}-{hex 4 4}-{hex 4 4}-{hex 12 12}"}}),
			Say:   sayOwn(),
		},
		{Name: "identitystore:IdentityStoreArn", Types: ARN | String, Names: Person, Cases: perhapsOfRole(Values{Shapes: []string{"arn:{partition}:identitystore::{account}:identitystore/d-{hex 10 10}"}}), Say: sayOwn()},
		{Name: "identitycenter:InstanceArn", Types: ARN | String, Names: Person, Cases: perhapsOfRole(Values{Shapes: []string{"arn:{partition}:sso:::instance/ssoins-{word 16 16}", "arn:{partition}:sso:::instance/ins-{word 16 16}"}}), Say: sayOwn()},
		{Name: "identitycenter:ApplicationArn", Types: ARN | String, Names: Person, Cases: perhapsOfRole(Values{Shapes: []string{
			"arn:{partition}:sso::{account}:application/ssoins-{word 16 16}/apl-{word 16 16}", "arn:{partition}:sso::{account}:application/ins-{word 16 16}/apl-{word 16 16}",
		}}), Say: sayOwn()},
		{Name: "identitycenter:CredentialId", Types: String, Cases: perhapsOfRole(anything()), Say: sayOwn()},
	}
}

// claimRows returns the rows of the claims of identity providers. Source: IAM
// OIDC, which says of each key whether it is available "in session", and lists
// the keys of SAML. Claims of particular providers that it documents only for
// trust policies have no row.
func claimRows() []Row {
	claim := Values{Shapes: []string{"{text 1 255}"}, First: "stranger"}
	subject := Values{Shapes: []string{"{text 6 255}"}, First: "stranger"}
	var list []Row
	add := func(host, name string, names Names, v Values, multi bool) {
		list = append(list, Row{Name: ":" + name, Family: Suffix, Part: host, Types: String, Multi: multi, Names: names, Cases: ofRole(v), Say: sayOwn()})
	}
	// The issuer of an EKS cluster has one owner: whoever meets a condition on
	// its subjects belongs to that cluster.
	add("oidc.eks.", "sub", Issuer, subject, false)
	add("oidc.eks.", "aud", Issuer, claim, false)
	add("", "sub", Subject, subject, false)
	add("", "aud", Audience, claim, false)
	for _, name := range []string{"amr", "app_id", "id", "user_id", "email", "oaud"} {
		list = append(list, Row{Name: ":" + name, Family: Suffix, Types: String, Multi: name == "amr", Names: Subject, Cases: perhapsOfRole(claim), Say: sayOwn()})
	}
	saml := func(name string, names Names, v Values) {
		list = append(list, Row{Name: "saml:" + name, Types: String, Names: names, Cases: ofRole(v), Say: sayOwn()})
	}
	saml("namequalifier", Subject, Values{Shapes: []string{"{base64 27 27}="}})
	saml("sub", Nobody, Values{Shapes: []string{"{text 1 512}"}, First: "stranger"})
	saml("sub_type", Nobody, Values{Shapes: []string{"persistent", "transient", "urn:{text 1 508}"}, First: "persistent", MaybeShapes: []string{"{text 1 512}"}})
	for _, name := range []string{
		"doc", "iss", "aud", "commonName", "givenName", "mail", "name", "organizationStatus", "primaryGroupSID", "surname", "uid", "x500UniqueIdentifier",
		"eduPersonPrimaryAffiliation", "eduPersonPrimaryOrgUnitDN", "eduPersonPrincipalName", "eduPersonOrgDN",
	} {
		list = append(list, Row{Name: "saml:" + name, Types: String, Say: Say{Absent: absent(noRequest)}})
	}
	for _, name := range []string{
		"cn", "eduOrgHomePageURI", "eduOrgIdentityAuthNPolicyURI", "eduOrgLegalName", "eduOrgSuperiorURI", "eduOrgWhitePagesURI", "eduPersonAffiliation",
		"eduPersonAssurance", "eduPersonEntitlement", "eduPersonNickname", "eduPersonOrgUnitDN", "eduPersonScopedAffiliation", "eduPersonTargetedID",
	} {
		list = append(list, Row{Name: "saml:" + name, Types: String, Multi: true, Say: Say{Absent: absent(noRequest)}})
	}
	return list
}
