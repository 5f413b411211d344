package compile

import (
	"reflect"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// TestCollect: what a text spells out, so that a stranger is somebody else.
func TestCollect(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       Named
	}{
		{"an account alone", "444455556666", Named{Accounts: []string{"444455556666"}}},
		{"an account in an ARN", "arn:aws:iam::444455556666:role/x", Named{Accounts: []string{"444455556666"}}},
		{"13 digits are no account", "4444555566667", Named{}},
		{"an organization in a path", "o-a1b2c3d4e5/r-ab12/*", Named{Orgs: []string{"o-a1b2c3d4e5"}}},
		{"an organization in upper case", "O-A1B2C3D4E5", Named{Orgs: []string{"o-a1b2c3d4e5"}}},
		{"too short for an organization", "o-a1b2c3d4e", Named{}},
		{"a role's id with a session", "AROAEXAMPLEROLE000001:ci", Named{IDs: []string{"AROAEXAMPLEROLE000001"}}},
		{"a user's id", "AIDAEXAMPLEUSER000001", Named{IDs: []string{"AIDAEXAMPLEUSER000001"}}},
		{"a group's id names no caller", "AGPAEXAMPLEGROUP00001", Named{}},
		{"a VPC and an endpoint", "VPC-1a2b3c4d,vpce-1a2b3c4d", Named{VPCs: []string{"vpc-1a2b3c4d", "vpce-1a2b3c4d"}}},
		{"the prefix alone", "vpc-", Named{}},
		{"the endpoint's prefix alone", "vpce-", Named{}},
		{"nothing", "", Named{}},
	} {
		var got Named
		got.Collect(row.text)
		if !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %q names %+v, want %+v", row.name, row.text, got, row.want)
		}
	}
}

// TestNamedByPolicy: principals and conditions name; values count whole where
// the key names an image, a person or a subject.
func TestNamedByPolicy(t *testing.T) {
	p, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":["555566667777","444455556666"]},"Action":"*","Resource":"*","Condition":{
			"StringLike":{"token.actions.githubusercontent.com:sub":["repo:a/b:*","repo:a/c","*","?*"],"aws:PrincipalTag/t":["plain"]},
			"StringEquals":{"kms:RecipientAttestation:PCR0":["00","aa"]}}},
		{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"444455556666"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := New(p, condkey.Default(), here(), textsolve.NewBudget(1_000_000, nil)).Named
	want := Named{
		Accounts: []string{"444455556666", "555566667777"}, Values: []string{"aa", "repo:a/c"}, Patterns: []string{"repo:a/b:*"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the policy names %+v, want %+v", got, want)
	}
}
