package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// remedyTemplate returns a template of a key with a second statement, for principal.
func remedyTemplate(principal string) string {
	return `Transform: AWS::LanguageExtensions
Parameters: {Stage: {Type: String, AllowedValues: [dev, prod]}, Who: {Type: String}, Ids: {Type: CommaDelimitedList}}
Mappings: {Stages: {dev: {P: '*'}, prod: {P: '444455556666'}}, Regions: {us-east-1: {P: '*'}, eu-west-1: {P: '444455556666'}}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  Deep: !And [!Condition IsProd, !Not [!Equals [!ImportValue exp, x]], !Equals ['{{resolve:ssm:/a}}', y], !Equals [!Sub "${Who}-${AWS::Region}", z]]
  East: !Equals [!Ref AWS::Region, us-east-1]
  Mine: !Equals [!Ref AWS::AccountId, '444455556666']
  Listed: !Equals [!Select [0, !Ref Ids], x]
  Circle: !Not [!Condition Circle]
Resources:
  Custom: {Type: Custom::Thing}
  K:
    Type: AWS::KMS::Key
    Properties: {KeyPolicy: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: 'kms:*', Resource: '*'}, {Effect: Allow, Principal: {AWS: ` + principal + `}, Action: 'kms:Encrypt', Resource: '*'}]}}
`
}

// TestRemedies checks that every unknown value that matters has a remedy, which names
// the values that it depends on.
func TestRemedies(t *testing.T) {
	const pattern, deployed = ", or an AllowedPattern without wildcards in the template", "check the policy of the deployed key: aws kms get-key-policy --key-id ID --output json"
	for _, row := range []struct {
		principal string
		want      []string
	}{
		{"!Ref Who", []string{"--parameter Who=VALUE" + pattern}},
		{"!Sub 'arn:aws:iam::${Who}:root'", []string{"--parameter Who=VALUE"}},
		{"!If [IsProd, '*', '444455556666']", []string{"--parameter Stage=VALUE"}},
		{"!If [Deep, '*', '444455556666']", []string{"--import exp=VALUE", "--key-arn ARN", "--parameter Stage=VALUE", "--parameter Who=VALUE", "--resolve '{{resolve:ssm:/a}}=VALUE'"}},
		{"!If [East, '*', '444455556666']", []string{"--key-arn ARN"}},
		{"!If [Mine, '*', '444455556666']", []string{"--account ID"}},
		{"!If [Listed, '*', '444455556666']", []string{"--parameter Ids=VALUE"}},
		{"!If [Circle, '*', '444455556666']", []string{deployed}},
		{"!If [NoSuch, '*', '444455556666']", []string{deployed}},
		{"!FindInMap [Stages, !Ref Stage, P]", []string{"--parameter Stage=VALUE"}},
		{"!FindInMap [Stages, !ImportValue stage, P]", []string{"--import stage=VALUE"}},
		{"!FindInMap [Regions, !Ref AWS::Region, P]", []string{"--key-arn ARN"}},
		{"!FindInMap [Regions, !Ref AWS::Region, P, {DefaultValue: !Ref Who}]", []string{"--key-arn ARN"}},
		{"!Select [0, !Split [',', !Ref Who]]", []string{"--parameter Who=VALUE"}},
		{"!Select [!Ref Who, ['*', '444455556666']]", []string{"--parameter Who=VALUE"}},
		{"!ImportValue {'Fn::Sub': '${Who}-${!x}-x'}", []string{"--parameter Who=VALUE"}},
		{"!ImportValue partner", []string{"--import partner=VALUE"}},
		{"'{{resolve:ssm:/partner}}'", []string{"--resolve '{{resolve:ssm:/partner}}=VALUE'"}},
		{"!Ref Ids", []string{"--parameter Ids=VALUE" + pattern}},
		{"!Ref Custom", []string{deployed}},
		{"!GetAtt Custom.Arn", []string{deployed}},
		{"!Sub '${AWS::StackName}'", []string{deployed}},
	} {
		t.Run(row.principal, func(t *testing.T) {
			file := filepath.Join(folder(t, map[string]string{"t.yaml": remedyTemplate(row.principal)}), "t.yaml")
			_, out, errs := checked3(file)
			var got []string
			for _, line := range strings.Split(out, "\n") {
				if r, ok := strings.CutPrefix(line, "  remedy   "); ok {
					got = append(got, r)
				}
			}
			if !slices.Equal(got, row.want) || !strings.HasPrefix(out, "undecided ") || errs != "" {
				t.Errorf("remedies %q, want %q\n%s%s", got, row.want, out, errs)
			}
			_, out, _ = checked3("--format", "json", file)
			for _, u := range documents(t, out)[0].Unknown {
				if u.Remedy == "" {
					t.Errorf("no remedy in JSON: %+v", u)
				}
			}
		})
	}
}

// TestRemediesWork checks that, with the values that the remedies ask for, nothing
// stays undecided.
func TestRemediesWork(t *testing.T) {
	for _, row := range []struct {
		principal string
		args      []string
		verdict   string
	}{
		{"!If [IsProd, '*', '444455556666']", []string{"--parameter", "Stage=dev"}, "shared"},
		{"!FindInMap [Stages, !Ref Stage, P]", []string{"--parameter", "Stage=prod"}, "shared"},
		{"!FindInMap [Stages, lab, P, {DefaultValue: '555566667777'}]", nil, "shared"},
		{"!FindInMap [Stages, !Ref Stage, Q, {DefaultValue: '555566667777'}]", nil, "shared"},
		{"!FindInMap [Stages, prod, P, {DefaultValue: '*'}]", nil, "shared"},
		{"!If [East, '*', '444455556666']", []string{"--key-arn", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}, "shared"},
		{"!If [Mine, '*', '444455556666']", []string{"--account", "111122223333"}, "shared"},
		{"!ImportValue {'Fn::Sub': '${Who}-x'}", []string{"--parameter", "Who=a", "--import", "a-x=444455556666"}, "shared"},
	} {
		t.Run(row.principal, func(t *testing.T) {
			file := filepath.Join(folder(t, map[string]string{"t.yaml": remedyTemplate(row.principal)}), "t.yaml")
			if _, out, errs := checked3(append(row.args, file)...); !strings.HasPrefix(out, row.verdict+" ") {
				t.Errorf("%q: want %s:\n%s%s", row.args, row.verdict, out, errs)
			}
		})
	}
}
