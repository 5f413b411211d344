package email

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
)

// The steps fit the case. The events are in testdata/shapes.
func TestWhatToDo(t *testing.T) {
	const key = "0987dcba-09fe-87dc-65ba-ab0987654321"
	for event, c := range map[string]struct{ want, wantNot []string }{
		"refused-create": {
			[]string{"Key: none was made in 222233334444", "AttributeValue=AKIAI44QH8DHBEXAMPLE", "aws iam update-access-key --user-name ops"},
			[]string{"aws kms", "LAST RESORT", "Note: "},
		},
		"refused-foreign-key": {
			[]string{"SIGNED IN TO ACCOUNT 222233334444", "Somebody else's key: it belongs to account 555566667777", "the event in the trail of account 222233334444"},
			[]string{"aws kms"},
		},
		"unknown-put-timeout": {
			[]string{"outcome unknown, may be in force (AWS answered DependencyTimeoutException)", "1. See whether the policy is in force:", "2. See whom it lets in:", "If it is open: put into force the policy"},
			[]string{"; in force\n", "nothing changed"},
		},
		"unknown-create-internal-failure": {
			[]string{"See whether a key was created", "aws kms list-keys --region eu-central-1", "may be in force (AWS answered Server.InternalFailure)"},
			[]string{"get-key-policy --region", "--key-id " + key},
		},
		"policy-hidden": {
			[]string{"The policy is not in the record: CloudTrail hid it", "1. Fetch the policy in force, which is not in the record:", "aws kms get-key-policy", "kmsentry check"},
			[]string{"FALSE ALARM", "policy_sha256", "HIDDEN_DUE", "AWS accepted it all the same"},
		},
		"create-parameters-omitted": {
			[]string{"not in the record", `"requestParameters too large"`, "aws kms get-key-policy"},
			[]string{"FALSE ALARM", "SHA-256"},
		},
		"cloudformation-for-user": {
			[]string{
				"Who: cloudformation.amazonaws.com for deployer", "Correct the template as well, or the stack puts this policy back", "--physical-resource-id " + key,
				"Ask who deployed the change through cloudformation.amazonaws.com", "AttributeKey=EventSource,AttributeValue=cloudformation.amazonaws.com",
			},
			[]string{"Ask deployer", "update-access-key"},
		},
		"service-linked-role": {
			[]string{"Who: macie.amazonaws.com, service-linked role AWSServiceRoleForMacie", "macie.amazonaws.com made it in account 222233334444", "cannot be revoked: only that service can use and change its role"},
			[]string{"Revoke the sessions"},
		},
		"identity-center-role": {
			[]string{"describe-user --identity-store-id d-99677a1b2c", "--user-id 90676d1f2a-c3a4d8e2-5071-40f1-8f2c-0d4f6a9b1e77 --region eu-north-1", "(in account 555566667777)", "End the person's sessions in IAM Identity Center"},
			[]string{"Revoke the sessions"},
		},
		"identity-center-user": {
			[]string{"Who: Identity Center user c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77", "in the Region of IAM Identity Center"},
			[]string{"Ask c3a4d8e2"},
		},
		"function":                     {[]string{"Who: Lambda function rotate-keys, role nightly-rotate", "Find out who controls Lambda function rotate-keys"}, nil},
		"instance":                     {[]string{"Who: EC2 instance i-0a1b2c3d4e5f60718, role build-agents", "MFA: not applicable (credentials of an EC2 instance)"}, []string{"MFA: no\n"}},
		"federated-user":               {[]string{"Who: federated user casey, session made by token-broker", "Remove permissions from token-broker"}, []string{"Revoke the sessions"}},
		"web-identity":                 {[]string{"signed in at token.actions.githubusercontent.com"}, nil},
		"service":                      {[]string{"Find out what made backup.amazonaws.com do this"}, []string{"Not one of yours"}},
		"root-user":                    {[]string{"Who: the root user", "MFA: no\n", "From: 192.0.2.44, in the console"}, nil},
		"key-by-alias":                 {[]string{"aws kms describe-key --region eu-central-1 --key-id alias/invoices"}, []string{"If AWS refuses it"}},
		"imported-material":            {[]string{"Material: imported from outside AWS"}, nil},
		"external-key-store":           {[]string{"Material: in an external key store (cks-0123456789abcdef0)", "External key: a1b2c3d4e5f60718"}, nil},
		"cloudhsm-key-store":           {[]string{"Material: in a CloudHSM key store (cks-fedcba98765432100)"}, nil},
		"owner-locked":                 {[]string{"the key is in other hands", "See the policies of the 90 days before the change", "--end-time 2026-10-31T23:05:39Z", "Open a case with AWS Support"}, []string{"kms put-key-policy", "kms disable-key"}},
		"console-with-source-identity": {[]string{"source identity morgan.lee", "in the console", "MFA: yes"}, nil},
	} {
		t.Run(event, func(t *testing.T) {
			f := alerttest.DetectFile(t, alerttest.ShapeFile(t, event)).Finding
			if f == nil {
				t.Fatal("no finding")
			}
			text := written(t, f, alerttest.Options())
			flat := strings.Join(strings.Fields(strings.ReplaceAll(text, " \\\n", " ")), " ")
			for _, want := range c.want {
				if !strings.Contains(text, want) && !strings.Contains(flat, want) {
					t.Errorf("the mail lacks %q", want)
				}
			}
			for _, not := range c.wantNot {
				if strings.Contains(text, not) || strings.Contains(flat, not) {
					t.Errorf("the mail holds %q", not)
				}
			}
			if t.Failed() {
				t.Log("\n" + text)
			}
		})
	}
}
