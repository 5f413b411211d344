package kmsentry

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/sweep"
)

// readsKeys is the statements that allow a role to read keys, in the stack and in
// member accounts.
const readsKeys = `{"Sid": "List", "Effect": "Allow", "Action": ["kms:ListKeys", "kms:ListAliases"], "Resource": "*"},
	{"Sid": "ReadKeys", "Effect": "Allow", "Action": ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants", "kms:ListResourceTags"],
		"Resource": {"Fn::Sub": "arn:${AWS::Partition}:kms:*:${AWS::AccountId}:key/*"}}`

// TestRolesReadWhatTheSweepCalls checks that the roles allow exactly the calls that
// the sweep makes.
func TestRolesReadWhatTheSweepCalls(t *testing.T) {
	actions := func(text []byte) []string {
		var statements []struct{ Action []string }
		if err := json.Unmarshal(text, &statements); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, s := range statements {
			for _, action := range s.Action {
				if strings.HasPrefix(action, "kms:") {
					all = append(all, action)
				}
			}
		}
		slices.Sort(all)
		return all
	}
	var called struct{ Statement json.RawMessage }
	if err := json.Unmarshal(sweep.Policy("aws", sweep.Options{Regions: []string{"us-east-1"}}), &called); err != nil {
		t.Fatal(err)
	}
	if got, want := actions([]byte("["+readsKeys+"]")), actions(called.Statement); !slices.Equal(got, want) {
		t.Errorf("the roles allow %q, the sweep calls %q", got, want)
	}
}

// sweep checks the scheduled sweep: its function, schedule and state.
func (f *faults) sweep() {
	p := f.c.Resources["SweepFunction"].Properties
	for name, want := range map[string]string{
		"Runtime": `"provided.al2023"`, "Architectures": `[{"Ref": "Architecture"}]`, "Timeout": `900`, "MemorySize": `512`, "TracingConfig": `null`,
		"Role": `{"Fn::GetAtt": ["SweepRole", "Arn"]}`, "LoggingConfig": `{"LogFormat": "JSON", "LogGroup": {"Ref": "SweepLogs"}}`,
	} {
		f.want("the sweep's "+name, p[name], want)
	}
	variables := f.settings(p, filepath.Join("lambda", "sweep"))
	for name, want := range map[string]string{"TOPIC_ARN": "AlertTopic", "STATE_BUCKET": "SweepState", "DETECTOR_LOG_GROUP": "DetectorLogs", "SWEEP_REGIONS": "SweepRegions", "SWEEP_ROLES": "SweepRoles"} {
		f.want(name, variables[name], `{"Ref": "`+want+`"}`)
	}
	// Both functions must agree on what a finding is and how it is reported.
	detector, _ := f.c.Resources["DetectorFunction"].Properties["Environment"].(map[string]any)
	others, _ := detector["Variables"].(map[string]any)
	for _, name := range []string{"MIN_SEVERITY", "TRUSTED_ACCOUNTS", "TRUSTED_ORGS", "RCP_FILE", "RUNBOOK_URL", "CHAT_CLIENT", "MENTION_GROUP", "HTTPS_BODY", "AWS_USE_FIPS_ENDPOINT"} {
		want, _ := json.Marshal(others[name])
		f.want("the sweep's "+name, variables[name], string(want))
	}
	f.want("the sweep's retries", f.c.Resources["SweepFunctionEventInvokeConfig"].Properties["MaximumRetryAttempts"], `1`)
	s := f.c.Resources["SweepSchedule"].Properties
	f.want("the sweep's state", s["State"], `"ENABLED"`)
	f.want("how often the sweep runs", s["ScheduleExpression"], `{"Fn::If": ["SweepIsHourly", "rate(1 hour)", "rate(1 day)"]}`)
	f.want("when the sweep runs hourly", f.c.Conditions["SweepIsHourly"], `{"Fn::Equals": [{"Ref": "Sweep"}, "hourly"]}`)
	target, _ := s["Target"].(map[string]any)
	f.want("what the schedule runs", target["Arn"], `{"Fn::GetAtt": ["SweepFunction", "Arn"]}`)
	f.want("the schedule's role", target["RoleArn"], `{"Fn::GetAtt": ["SweepScheduleRole", "Arn"]}`)
	f.bucket()
}

func (f *faults) bucket() {
	b := f.c.Resources["SweepState"].Properties
	for name, want := range map[string]string{
		"BucketName":                     `null`,
		"BucketEncryption":               `{"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}`,
		"VersioningConfiguration":        `{"Status": "Enabled"}`,
		"OwnershipControls":              `{"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}`,
		"PublicAccessBlockConfiguration": `{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}`,
		"LifecycleConfiguration": `{"Rules": [{"Id": "OldVersions", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
			"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]}`,
	} {
		f.want("the bucket's "+name, b[name], want)
	}
	f.want("the bucket's policy", f.c.Resources["SweepStatePolicy"].Properties, `{"Bucket": {"Ref": "SweepState"}, "PolicyDocument": {"Version": "2012-10-17", "Statement": [
		{"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [{"Fn::GetAtt": ["SweepState", "Arn"]}, {"Fn::Sub": "${SweepState.Arn}/*"}],
			"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}`)
}

// TestSweepRoleTemplate checks that the template of the role for member accounts has
// no transform, and that the role can only read keys and be assumed by one role.
// TestCfnLint lints the template.
func TestSweepRoleTemplate(t *testing.T) {
	name := filepath.Join("deploy", "sweep-role.yaml")
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	plants := []struct{ name, old, new string }{
		{"any role of the account gets in", "            Condition:\n              ArnEquals: {aws:PrincipalArn: !Ref SweepRoleArn}\n", ""},
		{"any account gets in", "Principal: {AWS: !Sub", "Principal: {AWS: \"*\", Service: !Sub"},
		{"it may change keys", "kms:GetKeyPolicy,", "kms:GetKeyPolicy, kms:PutKeyPolicy,"},
		{"it may read other accounts' keys", ":${AWS::AccountId}:key/*", ":*:key/*"},
		{"a managed policy", "      MaxSessionDuration: 3600\n", "      MaxSessionDuration: 3600\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]\n"},
		{"a transform", "Parameters:\n", "Transform: AWS::Serverless-2016-10-31\nParameters:\n"},
	}
	templates := []string{text}
	for _, p := range plants {
		templates = append(templates, replaced(t, text, p.old, p.new))
	}
	for i, answer := range translate(t, templates...) {
		found := sweepRoleFaults(answer, templates[i])
		switch {
		case i == 0 && len(found) > 0:
			t.Errorf("%s: %q", name, found)
		case i > 0 && len(found) == 0:
			t.Errorf("%s: the fault is not found", plants[i-1].name)
		}
	}
}

func sweepRoleFaults(answer translation, text string) []string {
	f := &faults{c: answer.Template}
	if answer.Error != "" {
		f.add("%s", answer.Error)
	}
	if strings.Contains(text, "\nTransform:") {
		f.add("a StackSet takes no template with a transform")
	}
	if names := sortedKeys(f.c.Resources); fmt.Sprint(names) != "[SweepRole]" {
		f.add("resources %v", names)
	}
	p := f.c.Resources["SweepRole"].Properties
	f.want("managed policies", p["ManagedPolicyArns"], `null`)
	f.want("who may take the role", p["AssumeRolePolicyDocument"], `{"Version": "2012-10-17", "Statement": [{"Sid": "OnlyTheSweep", "Effect": "Allow",
		"Principal": {"AWS": {"Fn::Sub": ["arn:${AWS::Partition}:iam::${Account}:root", {"Account": {"Fn::Select": [4, {"Fn::Split": [":", {"Ref": "SweepRoleArn"}]}]}}]}},
		"Action": "sts:AssumeRole", "Condition": {"ArnEquals": {"aws:PrincipalArn": {"Ref": "SweepRoleArn"}}}}]}`)
	f.want("what the role may do", p["Policies"], `[{"PolicyName": "sweep", "PolicyDocument": {"Version": "2012-10-17", "Statement": [`+readsKeys+`]}}]`)
	return f.list
}
