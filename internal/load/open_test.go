package load

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// TestOpenEncloses compares the decision on a policy with unknown values with
// those on the policies that parameter values make of it: what is certain for
// the first holds for each of them.
func TestOpenEncloses(t *testing.T) {
	values := []string{
		"*", "111122223333", "444455556666", "999988887777", "arn:aws:iam::444455556666:root", "kms:Encrypt", "kms:*", "kms:Decrypt",
		"Allow", "Deny", "arn:aws:kms:us-east-1:111122223333:key/k", "o-a1b2c3d4e5", "198.51.100.0/24", "true", "arn:aws:iam::999988887777:role/r",
	}
	statements := map[string]string{
		"principal":             `{Effect: Allow, Principal: {AWS: !Ref P}, Action: "kms:*", Resource: "*"}`,
		"principal in a list":   `{Effect: Allow, Principal: {AWS: ["444455556666", !Ref P]}, Action: "kms:*", Resource: "*"}`,
		"principals":            `{Effect: Allow, Principal: !Ref P, Action: "kms:*", Resource: "*"}`,
		"not principal":         `{Effect: Deny, NotPrincipal: {AWS: ["111122223333", !Ref P]}, Action: "kms:*", Resource: "*"}`,
		"action":                `{Effect: Allow, Principal: "*", Action: !Ref P, Resource: "*"}`,
		"not action":            `{Effect: Allow, Principal: "*", NotAction: !Ref P, Resource: "*"}`,
		"not actions":           `{Effect: Deny, Principal: "*", NotAction: ["kms:Decrypt", !Ref P], Resource: "*"}`,
		"resource":              `{Effect: Allow, Principal: "*", Action: "kms:*", Resource: !Ref P}`,
		"not resource":          `{Effect: Allow, Principal: "*", Action: "kms:*", NotResource: [!Ref P, x]}`,
		"effect":                `{Effect: !Ref P, Principal: "*", Action: "kms:*", Resource: "*"}`,
		"condition":             `{Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*", Condition: {StringEquals: {"kms:CallerAccount": !Ref P}}}`,
		"condition, negated":    `{Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*", Condition: {StringNotEquals: {"kms:CallerAccount": ["444455556666", !Ref P]}}}`,
		"one of conditions":     `{Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*", Condition: {StringEquals: {"kms:CallerAccount": "444455556666", "aws:PrincipalArn": !Ref P}}}`,
		"deny others":           `{Effect: Deny, Principal: "*", Action: "kms:*", Resource: "*", Condition: {StringNotEquals: {"aws:PrincipalAccount": ["111122223333", !Ref P]}}}`,
		"deny if exists":        `{Effect: Deny, Principal: "*", Action: "kms:*", Resource: "*", Condition: {StringNotEqualsIfExists: {"aws:PrincipalAccount": !Ref P}}}`,
		"deny one":              `{Effect: Deny, Principal: "*", Action: "kms:*", Resource: "*", Condition: {StringEquals: {"aws:PrincipalArn": !Ref P}}}`,
		"not principal, named":  `{Effect: Deny, NotPrincipal: {AWS: ["111122223333", !Sub "arn:aws:iam::${P}:root"]}, Action: "kms:*", Resource: "*"}`,
		"deny principal, named": `{Effect: Deny, Principal: {AWS: !Sub "arn:aws:iam::${P}:root"}, Action: "kms:*", Resource: "*"}`,
		"deny principal":        `{Effect: Deny, Principal: {AWS: !Ref P}, Action: "kms:*", Resource: "*"}`,
		"deny action":           `{Effect: Deny, Principal: "*", Action: [!Ref P, "kms:Decrypt"], Resource: "*"}`,
		"deny condition":        `{Effect: Deny, Principal: "*", Action: "kms:*", Resource: "*", Condition: {StringNotLike: {"kms:CallerAccount": !Ref P}}}`,
		"deny resource":         `{Effect: Deny, Principal: "*", Action: "kms:*", Resource: !Ref P}`,
		"dropped statement":     `!If [Is, {Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*"}, !Ref "AWS::NoValue"]`,
		"part of a principal":   `{Effect: Allow, Principal: {AWS: [!Sub "arn:aws:iam::${P}:root", "444455556666"]}, Action: "kms:*", Resource: "*"}`,
		"service":               `{Effect: Allow, Principal: {Service: !Ref P, AWS: "444455556666"}, Action: "kms:*", Resource: "*"}`,
	}
	bases := map[string]string{
		"closed": `{Effect: Allow, Principal: {AWS: "111122223333"}, Action: "kms:*", Resource: "*"}`,
		"open":   `{Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*"}`,
	}
	for name, statement := range statements {
		differ := false
		for base, first := range bases {
			text := "Parameters: {P: {Type: String}}\nConditions: {Is: !Equals [!Ref P, '*']}\nResources:\n  K:\n    Type: AWS::KMS::Key\n" +
				"    Properties:\n      KeyPolicy:\n        Statement:\n          - " + first + "\n          - " + statement + "\n"
			t.Run(name+", "+base, func(t *testing.T) { differ = enclosed(t, text, values) || differ })
		}
		if !differ && name != "service" {
			t.Errorf("%s: nothing turns on the value: the test compares nothing", name)
		}
	}
}

// enclosed checks one template and reports whether any decision depends on the
// value.
func enclosed(t *testing.T, text string, values []string) (differ bool) {
	open := one(t, text, Scope{Account: "111122223333"})
	if open.Exact() {
		t.Fatal("the template has no unknown value")
	}
	tried := 0
	for _, v := range values {
		actual := one(t, text, Scope{Account: "111122223333", Parameters: map[string]string{"P": v}})
		p, err := policy.ParseStrict(actual.Readings[0].Text)
		if err != nil {
			continue // AWS rejects this value there
		}
		tried++
		for _, r := range requests() {
			is, sure := evaluate.Allows(p, r), map[evaluate.Answer]bool{}
			for _, reading := range open.Readings {
				sure[evaluate.Allows(parse(t, reading), r)] = true
			}
			differ = differ || sure[evaluate.Maybe] || len(sure) > 1
			if !sure[evaluate.Maybe] && !sure[is] {
				t.Errorf("P=%q: the policy says %s to %s of %s, with the value unknown it surely says otherwise", v, is, r.Action, r.Principal)
			}
		}
	}
	if tried == 0 {
		t.Error("no value makes a policy")
	}
	return differ
}

func parse(t *testing.T, r Reading) *policy.Policy {
	t.Helper()
	p, err := policy.ParsePartial(r.Text, r.Open)
	if err != nil {
		t.Fatalf("policy.ParseOpen(%s): %v", r.Text, err)
	}
	return p
}

// requests returns calls by the owner, by accounts that a parameter can name,
// and by an account that no parameter can name.
func requests() []evaluate.Request {
	var list []evaluate.Request
	for _, account := range []string{"111122223333", "444455556666", "999988887777", "888888888888"} {
		for _, action := range []string{"kms:Encrypt", "kms:Decrypt"} {
			arn := "arn:aws:iam::" + account + ":role/r"
			list = append(list, evaluate.Request{
				Principal: arn, Session: "arn:aws:sts::" + account + ":assumed-role/r/s", Action: action,
				Resource: "arn:aws:kms:us-east-1:111122223333:key/k", Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
				Context: map[string][]string{
					"aws:PrincipalArn": {arn}, "aws:PrincipalAccount": {account}, "kms:CallerAccount": {account},
					"aws:PrincipalType": {"AssumedRole"}, "aws:SourceIp": {"198.51.100.7"},
				},
			})
		}
	}
	return list
}

// TestBoundsOfParameters checks that the constraints in a parameter's
// declaration, such as its length, are taken into account.
func TestBoundsOfParameters(t *testing.T) {
	for _, row := range []struct {
		declaration string
		values      []string
		min         int
		star        bool // it can contain "*"
	}{
		{"Type: String", nil, 0, true},
		{"Type: String, MinLength: 12, MaxLength: 12", nil, 12, true},
		{"Type: String, AllowedValues: ['*', '444455556666'], MinLength: 2", []string{"444455556666"}, 2, false},
		{"Type: String, AllowedValues: ['*', '444455556666'], MaxLength: 11", []string{"*"}, 0, true},
		{"Type: String, AllowedValues: ['*'], MinLength: 2", []string{"*"}, 2, true},
		{"Type: String, MaxLength: 0", []string{""}, 0, false},
		{"Type: String, MaxLength: many", nil, 0, true},
		{"Type: String, AllowedPattern: '[0-9]{12}'", nil, 12, false},
		{"Type: CommaDelimitedList, MinLength: 12", nil, 0, true},
		{"Type: Number", nil, 0, false},
		{"Type: 'AWS::SSM::Parameter::Value<String>', MinLength: 12, AllowedPattern: '[0-9]+'", nil, 0, true},
	} {
		text := strings.Replace(withPrincipal("!Ref Bound", ""), "Parameters:", "Parameters:\n  Bound: {"+row.declaration+"}", 1)
		u := one(t, text, Scope{}).Readings[0].Open[0]
		star := !strings.Contains(u.Never, "*")
		if u.Values != nil {
			star = slices.ContainsFunc(u.Values, func(v string) bool { return strings.Contains(v, "*") })
		}
		if !slices.Equal(u.Values, row.values) || u.Min != row.min || star != row.star {
			t.Errorf("%s: values %q, at least %d, a star %v; want %q, %d, %v", row.declaration, u.Values, u.Min, star, row.values, row.min, row.star)
		}
	}
}
