package detector

import (
	"testing"
	"time"
)

// Every identity type that CloudTrail documents.
func TestReadActor(t *testing.T) {
	signedIn := time.Date(2026, 11, 20, 8, 1, 12, 0, time.UTC)
	for _, row := range []struct {
		name, identity string
		want           Actor
	}{
		{
			"IAM user with a long-term key",
			`{"type":"IAMUser","principalId":"AIDACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::111122223333:user/ops/Alice","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"Alice"}`,
			Actor{
				Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/ops/Alice", PrincipalID: "AIDACKCEVSQ6C2EXAMPLE", Name: "Alice", Account: "111122223333",
				AccessKeyID: "AKIAIOSFODNN7EXAMPLE", LongTermKey: true, MFA: MFANotApplicable, MFANote: longTermNote,
			},
		},
		{
			"IAM user without a name, the key hidden",
			`{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ops/Alice","accessKeyId":""}`,
			Actor{
				Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/ops/Alice", Name: "Alice", Account: "111122223333",
				LongTermKey: true, MFA: MFANotApplicable, MFANote: longTermNote,
			},
		},
		{
			"IAM user in the console with MFA",
			`{"type":"IAMUser","userName":"Alice","accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EXAMPLE","invokedBy":"signin.amazonaws.com","sessionContext":{"attributes":{"creationDate":"20261120T080112Z","mfaAuthenticated":"true"}}}`,
			Actor{
				Type: "IAMUser", Name: "Alice", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE", MFA: MFAYes,
				InvokedBy: "signin.amazonaws.com", SessionStart: signedIn,
			},
		},
		{
			"role session",
			`{"type":"AssumedRole","principalId":"AROADBQP57FF2AEXAMPLE:ci","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci","accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EXAMPLE",
			"sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/ops/deploy","userName":"deploy"},"webIdFederationData":{},"attributes":{"creationDate":"2026-11-20T08:01:12Z","mfaAuthenticated":"false"}}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/deploy/ci", PrincipalID: "AROADBQP57FF2AEXAMPLE:ci", Name: "ci", Role: "deploy",
				RoleARN: "arn:aws:iam::111122223333:role/ops/deploy", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
				MFANote: roleNote, SessionStart: signedIn,
			},
		},
		{
			"role session told by its ARN only",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci@example.com"}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/deploy/ci@example.com", Name: "ci@example.com", Role: "deploy", Account: "111122223333", MFANote: silentNote,
			},
		},
		{
			"role session told by its principal id only",
			`{"type":"AssumedRole","principalId":"AROADBQP57FF2AEXAMPLE:ci"}`,
			Actor{Type: "AssumedRole", PrincipalID: "AROADBQP57FF2AEXAMPLE:ci", Name: "ci", MFANote: silentNote},
		},
		{
			"permission set of IAM Identity Center",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/dana@example.com","accessKeyId":"ASIAIOSFODNN7EXAMPLE",
			"sessionContext":{"sessionIssuer":{"userName":"AWSReservedSSO_Admin_0123456789abcdef"},"attributes":{"mfaAuthenticated":"false"}}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/dana@example.com", Name: "dana@example.com",
				Role: "AWSReservedSSO_Admin_0123456789abcdef", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
				MFANote: ssoNote, SSO: true, Federated: true,
			},
		},
		{
			"role session by web identity",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/ci/run-1","sessionContext":{"sessionIssuer":{"userName":"ci"},"webIdFederationData":{"federatedProvider":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com","attributes":{}}}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/ci/run-1", Name: "run-1", Role: "ci", Account: "111122223333",
				MFANote: "federated, ask your identity provider", Federated: true,
				FederatedProvider: "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
			},
		},
		{
			"root user with MFA",
			`{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","userName":"our-alias","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}`,
			Actor{
				Type: "Root", ARN: "arn:aws:iam::111122223333:root", PrincipalID: "111122223333", Name: "root", Account: "111122223333",
				AccessKeyID: "ASIAIOSFODNN7EXAMPLE", MFA: MFAYes,
			},
		},
		{
			"federated user",
			`{"type":"FederatedUser","principalId":"111122223333:bob","arn":"arn:aws:sts::111122223333:federated-user/bob","accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EXAMPLE",
			"sessionContext":{"sessionIssuer":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/broker","userName":"broker"},"attributes":{"mfaAuthenticated":"false"}}}`,
			Actor{
				Type: "FederatedUser", ARN: "arn:aws:sts::111122223333:federated-user/bob", PrincipalID: "111122223333:bob", Name: "bob",
				Broker: "arn:aws:iam::111122223333:user/broker", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
				MFANote: "a federated user: ask the broker of the session", Federated: true,
			},
		},
		{
			"web identity",
			`{"type":"WebIdentityUser","principalId":"accounts.google.com:app:user-1","userName":"user-1","identityProvider":"accounts.google.com"}`,
			Actor{
				Type: "WebIdentityUser", PrincipalID: "accounts.google.com:app:user-1", Name: "user-1",
				MFANote: "federated, ask your identity provider", Federated: true, FederatedProvider: "accounts.google.com",
			},
		},
		{
			"SAML",
			`{"type":"SAMLUser","principalId":"SampleUkh1i4+ExamplexL/jEvs=:carol","userName":"carol","identityProvider":"SampleUkh1i4+ExamplexL/jEvs="}`,
			Actor{
				Type: "SAMLUser", PrincipalID: "SampleUkh1i4+ExamplexL/jEvs=:carol", Name: "carol",
				MFANote: "federated, ask your identity provider", Federated: true, FederatedProvider: "SampleUkh1i4+ExamplexL/jEvs=",
			},
		},
		{
			"another account",
			`{"type":"AWSAccount","principalId":"AIDAQRSTUVWXYZEXAMPLE","accountId":"444455556666"}`,
			Actor{Type: "AWSAccount", PrincipalID: "AIDAQRSTUVWXYZEXAMPLE", Name: "444455556666", Account: "444455556666", MFANote: accountNote},
		},
		{
			"another account's role session",
			`{"type":"AWSAccount","principalId":"AROAQRSTUVWXYZEXAMPLE:eve","accountId":"444455556666"}`,
			Actor{Type: "AWSAccount", PrincipalID: "AROAQRSTUVWXYZEXAMPLE:eve", Name: "eve", Account: "444455556666", MFANote: accountNote},
		},
		{
			"service",
			`{"type":"AWSService","invokedBy":"dynamodb.amazonaws.com"}`,
			Actor{Type: "AWSService", Name: "dynamodb.amazonaws.com", InvokedBy: "dynamodb.amazonaws.com", MFA: MFANotApplicable, MFANote: "an AWS service"},
		},
		{
			"Identity Center user",
			`{"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"544894e8-80c1-707f-60e3-3ba6510dfac1","identityStoreArn":"arn:aws:identitystore::111122223333:identitystore/d-9067642ac7"},"credentialId":"EXAMPLEVHULjJdTUdPJfofVa1sufHDoj7aYcOYcxFVllWR_Whr1fEXAMPLE"}`,
			Actor{
				Type: "IdentityCenterUser", Name: "544894e8-80c1-707f-60e3-3ba6510dfac1", Account: "111122223333",
				MFANote: ssoNote, SSO: true, Federated: true,
				OnBehalfOf: IdentityCenterUser{"544894e8-80c1-707f-60e3-3ba6510dfac1", "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7"},
			},
		},
		{
			"directory user", // not documented for KMS; read like any other
			`{"type":"Directory","userName":"frank"}`,
			Actor{Type: "Directory", Name: "frank", MFANote: silentNote},
		},
		{
			"unknown identity with an account",
			`{"type":"Unknown","accountId":"444455556666"}`,
			Actor{Type: "Unknown", Name: "444455556666", Account: "444455556666", MFANote: silentNote},
		},
		{
			"instance",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/web/i-0aaaabbbbccccdddd","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/web","userName":"web"},
			"attributes":{"mfaAuthenticated":"false"},"ec2RoleDelivery":"1.0"},"inScopeOf":{"issuerType":"AWS::EC2::Instance","credentialsIssuedTo":"arn:aws:ec2:us-east-1:111122223333:instance/i-0aaaabbbbccccdddd"}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/web/i-0aaaabbbbccccdddd", Name: "i-0aaaabbbbccccdddd", Role: "web",
				RoleARN: "arn:aws:iam::111122223333:role/web", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
				MFA: MFANotApplicable, MFANote: "credentials of an EC2 instance", EC2RoleDelivery: "1.0",
				InScopeOf: Scope{IssuerType: "AWS::EC2::Instance", IssuedTo: "arn:aws:ec2:us-east-1:111122223333:instance/i-0aaaabbbbccccdddd"},
			},
		},
		{
			"function",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/fn/tidy","sessionContext":{"sourceIdentity":"dana","attributes":{"mfaAuthenticated":"false"}},"inScopeOf":{"issuerType":"AWS::Lambda::Function","credentialsIssuedTo":"arn:aws:lambda:us-east-1:111122223333:function:tidy","sourceArn":"arn:aws:events:us-east-1:111122223333:rule/nightly","sourceAccount":"111122223333"}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/fn/tidy", Name: "tidy", Role: "fn", Account: "111122223333",
				MFA: MFANotApplicable, MFANote: "credentials of a Lambda function", SourceIdentity: "dana",
				InScopeOf: Scope{"AWS::Lambda::Function", "arn:aws:lambda:us-east-1:111122223333:function:tidy", "arn:aws:events:us-east-1:111122223333:rule/nightly", "111122223333"},
			},
		},
		{
			"service-linked role",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForConfig/x","invokedBy":"config.amazonaws.com","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig","userName":"AWSServiceRoleForConfig"},"attributes":{"mfaAuthenticated":"false"}}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForConfig/x", Name: "x", Role: "AWSServiceRoleForConfig", Account: "111122223333",
				RoleARN: "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig", ServiceLinked: true,
				MFA: MFANotApplicable, MFANote: "an AWS service with its own role", InvokedBy: "config.amazonaws.com",
			},
		},
		{
			"a role that only has a service's name",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForMe/x","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/AWSServiceRoleForMe"}}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForMe/x", Name: "x", Role: "AWSServiceRoleForMe", Account: "111122223333",
				RoleARN: "arn:aws:iam::111122223333:role/AWSServiceRoleForMe", MFANote: silentNote,
			},
		},
		{
			"a role that only has the name of a permission set",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Me_1/x","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/AWSReservedSSO_Me_1"}}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Me_1/x", Name: "x", Role: "AWSReservedSSO_Me_1", Account: "111122223333",
				RoleARN: "arn:aws:iam::111122223333:role/AWSReservedSSO_Me_1", MFANote: silentNote,
			},
		},
		{
			"session of AssumeRoot",
			`{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"assumedRoot":"true","attributes":{"mfaAuthenticated":"false"}}}`,
			Actor{
				Type: "Root", ARN: "arn:aws:iam::111122223333:root", Name: "root", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
				AssumedRoot: true, MFANote: "a session of AssumeRoot, ask who opened it",
			},
		},
		{"texts that are objects and lists are unknown, numbers are text", `{"type":["IAMUser"],"arn":{"x":1},"accountId":111122223333,"userName":7}`, Actor{Type: "Unknown", Name: "7", Account: "111122223333", MFANote: silentNote}},
		{"a session that is not an object", `{"type":"IAMUser","userName":"Alice","sessionContext":"x"}`, Actor{Type: "IAMUser", Name: "Alice", MFANote: silentNote}},
		{"no identity at all", `null`, Actor{Type: "Unknown", Name: "unknown", MFANote: silentNote}},
		{"empty identity", `{}`, Actor{Type: "Unknown", Name: "unknown", MFANote: silentNote}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, _ := factsOf(t, edited(t, put, edit{"userIdentity", row.identity}))
			if f.Actor != row.want {
				t.Errorf("actor\n got %+v\nwant %+v", f.Actor, row.want)
			}
		})
	}
}

// The clauses that explain an answer that is neither yes nor no.
const (
	longTermNote = "a long-term access key, which is used without MFA"
	roleNote     = "a role session shows no MFA that was used elsewhere"
	silentNote   = "the record does not say"
	ssoNote      = "signed in through IAM Identity Center, ask there"
	accountNote  = "a caller of another account, ask there"
)

// The four MFA states, and whether severity counts the caller as certainly signed
// in without MFA.
func TestMFA(t *testing.T) {
	session := func(attributes string) string { return `"sessionContext":{"attributes":{` + attributes + `}}` }
	yes, no := session(`"mfaAuthenticated":"true"`), session(`"mfaAuthenticated":"false"`)
	for _, row := range []struct {
		name, identity string
		want           MFA
		without        bool
	}{
		{"user, yes", `{"type":"IAMUser","accessKeyId":"ASIAX",` + yes + `}`, MFAYes, false},
		{"user, no", `{"type":"IAMUser","accessKeyId":"ASIAX",` + no + `}`, MFANo, true},
		{"user, yes as a boolean", `{"type":"IAMUser","accessKeyId":"ASIAX",` + session(`"mfaAuthenticated":true`) + `}`, MFAYes, false},
		{"user, another word", `{"type":"IAMUser","accessKeyId":"ASIAX",` + session(`"mfaAuthenticated":"maybe"`) + `}`, MFAUnknown, false},
		{"user, a list", `{"type":"IAMUser","accessKeyId":"ASIAX",` + session(`"mfaAuthenticated":["false"]`) + `}`, MFAUnknown, false},
		{"user, attributes are a list", `{"type":"IAMUser","accessKeyId":"ASIAX","sessionContext":{"attributes":["mfaAuthenticated"]}}`, MFAUnknown, false},
		{"user in the console, no", `{"type":"IAMUser","accessKeyId":"ASIAX","invokedBy":"signin.amazonaws.com",` + no + `}`, MFANo, true},
		{"user through a service, no", `{"type":"IAMUser","accessKeyId":"ASIAX","invokedBy":"cloudformation.amazonaws.com",` + no + `}`, MFAUnknown, false},
		{"user through a service without a session", `{"type":"IAMUser","userName":"Alice","invokedBy":"cloudformation.amazonaws.com"}`, MFAUnknown, false},
		{"user, long-term key", `{"type":"IAMUser","accessKeyId":"AKIAX"}`, MFANotApplicable, true},
		{"user, long-term key, hidden", `{"type":"IAMUser"}`, MFANotApplicable, true},
		{"user, temporary key without a session", `{"type":"IAMUser","accessKeyId":"ASIAX"}`, MFAUnknown, false},
		{"user, hidden key, a session of another kind", `{"type":"IAMUser","sessionContext":[]}`, MFAUnknown, false},
		{"root, yes", `{"type":"Root","accessKeyId":"ASIAX",` + yes + `}`, MFAYes, false},
		{"root, no", `{"type":"Root","accessKeyId":"ASIAX",` + no + `}`, MFANo, true},
		{"root, long-term key", `{"type":"Root","accessKeyId":"AKIAX"}`, MFANotApplicable, true},
		{"root through a service", `{"type":"Root","invokedBy":"cloudformation.amazonaws.com"}`, MFAUnknown, false},
		{"root, session of AssumeRoot", `{"type":"Root","accessKeyId":"ASIAX","sessionContext":{"assumedRoot":"true","attributes":{"mfaAuthenticated":"false"}}}`, MFAUnknown, false},
		{"role, yes", `{"type":"AssumedRole","accessKeyId":"ASIAX","arn":"arn:aws:sts::111122223333:assumed-role/r/s",` + yes + `}`, MFAYes, false},
		{"role, no", `{"type":"AssumedRole","accessKeyId":"ASIAX","arn":"arn:aws:sts::111122223333:assumed-role/r/s",` + no + `}`, MFAUnknown, false},
		{"role through a service, yes", `{"type":"AssumedRole","invokedBy":"cloudformation.amazonaws.com","arn":"arn:aws:sts::111122223333:assumed-role/r/s",` + yes + `}`, MFAUnknown, false},
		{"role through a service in China", `{"type":"AssumedRole","invokedBy":"ec2.amazonaws.com.cn",` + no + `}`, MFAUnknown, false},
		{"role, internal forwarding", `{"type":"AssumedRole","invokedBy":"AWS Internal",` + no + `}`, MFAUnknown, false},
		{"role, a name that only looks like a service", `{"type":"AssumedRole","invokedBy":"amazonaws.com.example",` + no + `}`, MFAUnknown, false},
		{"permission set, no", `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_A_1/s",` + no + `}`, MFAUnknown, false},
		{"permission set, yes: a shape that nobody has seen", `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_A_1/s",` + yes + `}`, MFAUnknown, false},
		{"role on behalf of an Identity Center user", `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/r/s","onBehalfOf":{"userId":"u"},` + yes + `}`, MFAUnknown, false},
		{"Identity Center user, yes: a shape that nobody has seen", `{"type":"IdentityCenterUser",` + yes + `}`, MFAUnknown, false},
		{"web identity through a role", `{"type":"AssumedRole","sessionContext":{"webIdFederationData":{"federatedProvider":"x"},"attributes":{"mfaAuthenticated":"false"}}}`, MFAUnknown, false},
		{"SAML", `{"type":"SAMLUser"}`, MFAUnknown, false},
		{"federated user, no", `{"type":"FederatedUser","accessKeyId":"ASIAX",` + no + `}`, MFAUnknown, false},
		{"federated user through a service", `{"type":"FederatedUser","invokedBy":"cloudformation.amazonaws.com",` + no + `}`, MFAUnknown, false},
		{"instance by its credentials", `{"type":"AssumedRole","sessionContext":{"ec2RoleDelivery":"2.0","attributes":{"mfaAuthenticated":"false"}}}`, MFANotApplicable, false},
		{"instance by its scope", `{"type":"AssumedRole","inScopeOf":{"issuerType":"AWS::EC2::Instance"},` + no + `}`, MFANotApplicable, false},
		{"function", `{"type":"AssumedRole","inScopeOf":{"issuerType":"AWS::Lambda::Function"},` + yes + `}`, MFANotApplicable, false},
		{"another service's resource", `{"type":"AssumedRole","inScopeOf":{"sourceArn":"arn:aws:ecs:us-east-1:111122223333:task/x"},` + no + `}`, MFANotApplicable, false},
		{"scope that is not an object", `{"type":"IAMUser","accessKeyId":"ASIAX","inScopeOf":"x",` + no + `}`, MFANo, true},
		{"service-linked role", `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForConfig/x",` + no + `}`, MFANotApplicable, false},
		{"service", `{"type":"AWSService","invokedBy":"dynamodb.amazonaws.com"}`, MFANotApplicable, false},
		{"another account", `{"type":"AWSAccount","accountId":"444455556666",` + no + `}`, MFAUnknown, false},
		{"unknown type, no", `{"type":"Unknown",` + no + `}`, MFAUnknown, false},
		{"nobody", `null`, MFAUnknown, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, _ := factsOf(t, edited(t, put, edit{"userIdentity", row.identity}))
			if f.Actor.MFA != row.want || f.Actor.signedWithoutMFA() != row.without {
				t.Errorf("MFA %v, without %v, want %v, %v", f.Actor.MFA, f.Actor.signedWithoutMFA(), row.want, row.without)
			}
			if plain := row.want == MFAYes || row.want == MFANo; plain != (f.Actor.MFANote == "") {
				t.Errorf("MFA %v with the note %q, want a note for unknown and not applicable only", f.Actor.MFA, f.Actor.MFANote)
			}
		})
	}
}

// The service that made a call is named in userIdentity, or only in
// sourceIPAddress.
func TestInvokedBy(t *testing.T) {
	for _, row := range []struct {
		name     string
		edits    []edit
		want     string
		deployer string
		service  bool
	}{
		{"a person", nil, "", "", false},
		{"CloudFormation", []edit{{"userIdentity.invokedBy", `"cloudformation.amazonaws.com"`}}, "cloudformation.amazonaws.com", "cloudformation.amazonaws.com", true},
		{"CloudFormation, in the address only", []edit{{"sourceIPAddress", `"cloudformation.amazonaws.com"`}}, "cloudformation.amazonaws.com", "cloudformation.amazonaws.com", true},
		{"a stack set", []edit{{"userIdentity.invokedBy", `"stacksets.cloudformation.amazonaws.com"`}}, "stacksets.cloudformation.amazonaws.com", "stacksets.cloudformation.amazonaws.com", true},
		{"a stack set of an organization", []edit{{"userIdentity.invokedBy", `"member.org.stacksets.cloudformation.amazonaws.com"`}}, "member.org.stacksets.cloudformation.amazonaws.com", "member.org.stacksets.cloudformation.amazonaws.com", true},
		{"CloudFormation in China", []edit{{"userIdentity.invokedBy", `"cloudformation.amazonaws.com.cn"`}}, "cloudformation.amazonaws.com.cn", "cloudformation.amazonaws.com.cn", true},
		{"Service Catalog", []edit{{"userIdentity.invokedBy", `"servicecatalog.amazonaws.com"`}}, "servicecatalog.amazonaws.com", "servicecatalog.amazonaws.com", true},
		{"another service", []edit{{"userIdentity.invokedBy", `"backup.amazonaws.com"`}}, "backup.amazonaws.com", "", true},
		{"a name that ends like a deployer's", []edit{{"userIdentity.invokedBy", `"notcloudformation.amazonaws.com"`}}, "notcloudformation.amazonaws.com", "", true},
		{"a user agent can say anything", []edit{{"userAgent", `"cloudformation.amazonaws.com"`}}, "", "", false},
		{"invokedBy is an object", []edit{{"userIdentity.invokedBy", `{"x":1}`}}, "", "", false},
	} {
		f, _ := factsOf(t, edited(t, put, row.edits...))
		if f.Actor.InvokedBy != row.want || f.Deployer() != row.deployer || f.Actor.ByService() != row.service {
			t.Errorf("%s: invoked by %q, deployer %q, by service %v, want %q, %q, %v", row.name, f.Actor.InvokedBy, f.Deployer(), f.Actor.ByService(), row.want, row.deployer, row.service)
		}
	}
}

func TestMFAZeroIsUnknown(t *testing.T) {
	var m MFA
	if m != MFAUnknown || m.String() != "unknown" {
		t.Errorf("zero MFA = %v", m)
	}
	for m, want := range map[MFA]string{MFAYes: "yes", MFANo: "no", MFANotApplicable: "not applicable", MFA(9): "unknown"} {
		if m.String() != want {
			t.Errorf("MFA %d = %q, want %q", int(m), m, want)
		}
	}
}

// The fields of a caller's ARN are read even when it does not begin with "arn":
// CloudTrail wrote it, and leaving the caller out would help nobody.
func TestFieldsOfAnActorsARN(t *testing.T) {
	tests := map[string]struct{ arn, account, role, session string }{
		"as AWS writes it":    {"arn:aws:sts::111122223333:assumed-role/Admin/alice", "111122223333", "Admin", "alice"},
		"another first field": {"urn:aws:sts::111122223333:assumed-role/Admin/alice", "111122223333", "Admin", "alice"},
		"colons in the name":  {"arn:aws:sts::111122223333:assumed-role/Admin/a:b", "111122223333", "Admin", "a:b"},
		"a user":              {"arn:aws:iam::111122223333:user/alice", "111122223333", "", ""},
		"no account":          {"arn:aws:sts::hidden:assumed-role/Admin/alice", "", "Admin", "alice"},
		"too few fields":      {"arn:aws:sts::111122223333", "", "", ""},
		"empty":               {"", "", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			role, session := roleAndSession(test.arn)
			if account := accountOf(test.arn); account != test.account || role != test.role || session != test.session {
				t.Errorf("%s: account %q, role %q, session %q", test.arn, account, role, session)
			}
		})
	}
}
