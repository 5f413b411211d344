package detector

import (
	"testing"
	"time"
)

// Every type of identity that CloudTrail documents.
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
				AccessKeyID: "AKIAIOSFODNN7EXAMPLE", LongTermKey: true, MFA: MFANotApplicable, MFANote: "long-term access key",
			},
		},
		{
			"IAM user without a name, the key hidden",
			`{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ops/Alice","accessKeyId":""}`,
			Actor{
				Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/ops/Alice", Name: "Alice", Account: "111122223333",
				LongTermKey: true, MFA: MFANotApplicable, MFANote: "long-term access key",
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
				RoleARN: "arn:aws:iam::111122223333:role/ops/deploy", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE", MFA: MFANo,
				MFANote: "if this role is for federated people, ask your identity provider", SessionStart: signedIn,
			},
		},
		{
			"role session told by its ARN only",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci@example.com"}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/deploy/ci@example.com", Name: "ci@example.com", Role: "deploy", Account: "111122223333",
			},
		},
		{
			"role session told by its principal id only",
			`{"type":"AssumedRole","principalId":"AROADBQP57FF2AEXAMPLE:ci"}`,
			Actor{Type: "AssumedRole", PrincipalID: "AROADBQP57FF2AEXAMPLE:ci", Name: "ci"},
		},
		{
			"permission set of IAM Identity Center",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/dana@example.com","accessKeyId":"ASIAIOSFODNN7EXAMPLE",
			"sessionContext":{"sessionIssuer":{"userName":"AWSReservedSSO_Admin_0123456789abcdef"},"attributes":{"mfaAuthenticated":"false"}}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/dana@example.com", Name: "dana@example.com",
				Role: "AWSReservedSSO_Admin_0123456789abcdef", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
				MFA: MFANo, MFANote: "federated, ask your identity provider", SSO: true, Federated: true,
			},
		},
		{
			"role session by web identity",
			`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/ci/run-1","sessionContext":{"sessionIssuer":{"userName":"ci"},"webIdFederationData":{"federatedProvider":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com","attributes":{}}}}`,
			Actor{
				Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/ci/run-1", Name: "run-1", Role: "ci", Account: "111122223333",
				MFANote: "federated, ask your identity provider", Federated: true,
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
				RoleARN: "arn:aws:iam::111122223333:user/broker", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE", MFA: MFANo,
			},
		},
		{
			"web identity",
			`{"type":"WebIdentityUser","principalId":"accounts.google.com:app:user-1","userName":"user-1","identityProvider":"accounts.google.com"}`,
			Actor{
				Type: "WebIdentityUser", PrincipalID: "accounts.google.com:app:user-1", Name: "user-1",
				MFANote: "federated, ask your identity provider", Federated: true,
			},
		},
		{
			"SAML",
			`{"type":"SAMLUser","principalId":"SampleUkh1i4+ExamplexL/jEvs=:carol","userName":"carol","identityProvider":"SampleUkh1i4+ExamplexL/jEvs="}`,
			Actor{
				Type: "SAMLUser", PrincipalID: "SampleUkh1i4+ExamplexL/jEvs=:carol", Name: "carol",
				MFANote: "federated, ask your identity provider", Federated: true,
			},
		},
		{
			"another account",
			`{"type":"AWSAccount","principalId":"AIDAQRSTUVWXYZEXAMPLE","accountId":"444455556666"}`,
			Actor{Type: "AWSAccount", PrincipalID: "AIDAQRSTUVWXYZEXAMPLE", Name: "444455556666", Account: "444455556666"},
		},
		{
			"another account's role session",
			`{"type":"AWSAccount","principalId":"AROAQRSTUVWXYZEXAMPLE:eve","accountId":"444455556666"}`,
			Actor{Type: "AWSAccount", PrincipalID: "AROAQRSTUVWXYZEXAMPLE:eve", Name: "eve", Account: "444455556666"},
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
				MFANote: "federated, ask your identity provider", SSO: true, Federated: true,
			},
		},
		{
			"directory user", // not documented for KMS; read like any other
			`{"type":"Directory","userName":"frank"}`,
			Actor{Type: "Directory", Name: "frank"},
		},
		{
			"unknown identity with an account",
			`{"type":"Unknown","accountId":"444455556666"}`,
			Actor{Type: "Unknown", Name: "444455556666", Account: "444455556666"},
		},
		{"no identity at all", `null`, Actor{Type: "Unknown", Name: "unknown"}},
		{"empty identity", `{}`, Actor{Type: "Unknown", Name: "unknown"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, _ := factsOf(t, edited(t, put, edit{"userIdentity", row.identity}))
			if f.Actor != row.want {
				t.Errorf("actor\n got %+v\nwant %+v", f.Actor, row.want)
			}
		})
	}
}

// The four states of MFA, and whom severity takes as signed in without it.
func TestMFA(t *testing.T) {
	for _, row := range []struct {
		name, identity string
		want           MFA
		without        bool
	}{
		{"yes", `{"type":"IAMUser","accessKeyId":"ASIAX","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}`, MFAYes, false},
		{"yes as a boolean", `{"type":"IAMUser","accessKeyId":"ASIAX","sessionContext":{"attributes":{"mfaAuthenticated":true}}}`, MFAYes, false},
		{"no", `{"type":"AssumedRole","accessKeyId":"ASIAX","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}`, MFANo, true},
		{"long-term key", `{"type":"IAMUser","accessKeyId":"AKIAX"}`, MFANotApplicable, true},
		{"long-term key, hidden", `{"type":"IAMUser"}`, MFANotApplicable, true},
		{"temporary key without a session", `{"type":"IAMUser","accessKeyId":"ASIAX"}`, MFAUnknown, false},
		{"service", `{"type":"AWSService","invokedBy":"dynamodb.amazonaws.com"}`, MFANotApplicable, false},
		{"service for a role", `{"type":"AssumedRole","invokedBy":"cloudformation.amazonaws.com","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}`, MFANo, false},
		{"service for a user without a session", `{"type":"IAMUser","userName":"Alice","invokedBy":"cloudformation.amazonaws.com"}`, MFAUnknown, false},
		{"service in China", `{"type":"AssumedRole","invokedBy":"ec2.amazonaws.com.cn","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}`, MFANo, false},
		{"console", `{"type":"IAMUser","accessKeyId":"ASIAX","invokedBy":"signin.amazonaws.com","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}`, MFANo, true},
		{"internal forwarding", `{"type":"AssumedRole","invokedBy":"AWS Internal","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}`, MFANo, true},
		{"a name that only looks like a service", `{"type":"AssumedRole","invokedBy":"amazonaws.com.example","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}`, MFANo, true},
		{"root with MFA", `{"type":"Root","accessKeyId":"ASIAX","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}`, MFAYes, true},
		{"root with a long-term key", `{"type":"Root","accessKeyId":"AKIAX"}`, MFANotApplicable, true},
		{"root through a service", `{"type":"Root","invokedBy":"cloudformation.amazonaws.com"}`, MFAUnknown, true},
		{"federated, not recorded", `{"type":"SAMLUser"}`, MFAUnknown, false},
		{"another word", `{"type":"AssumedRole","sessionContext":{"attributes":{"mfaAuthenticated":"maybe"}}}`, MFAUnknown, false},
		{"another account", `{"type":"AWSAccount","accountId":"444455556666"}`, MFAUnknown, false},
		{"nobody", `null`, MFAUnknown, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, _ := factsOf(t, edited(t, put, edit{"userIdentity", row.identity}))
			if f.Actor.MFA != row.want || f.Actor.signedWithoutMFA() != row.without {
				t.Errorf("MFA %v, without %v, want %v, %v", f.Actor.MFA, f.Actor.signedWithoutMFA(), row.want, row.without)
			}
		})
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
