package kmsentry

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestChatTemplate: the chat stack's channels can do nothing more than look, and
// its role nothing at all. TestEveryTemplateIsLinted lints it.
func TestChatTemplate(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("deploy", "chat.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range chatFaults(t, string(text)) {
		t.Error(fault)
	}
	for _, plant := range []struct{ name, old, new string }{
		{"no guardrail", "      GuardrailPolicies: [!Sub \"arn:${AWS::Partition}:iam::aws:policy/job-function/ViewOnlyAccess\"]\n", ""},
		{"an administrator", "job-function/ViewOnlyAccess", "AdministratorAccess"},
		{"everybody has the channel's role", "UserRoleRequired: true", "UserRoleRequired: false"},
		{"a policy on the role", "      Description: kmsentry's chat channels; may do nothing\n", "      Description: kmsentry's chat channels; may do nothing\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]\n"},
		{"an alarm without action", "      AlarmActions: [!Ref OpsTopicArn]\n", ""},
		{"one Region's topics", "SnsTopicArns: !Ref TopicArns", "SnsTopicArns: [!Ref OpsTopicArn]"},
	} {
		t.Run(plant.name, func(t *testing.T) {
			if len(chatFaults(t, replaced(t, string(text), plant.old, plant.new))) == 0 {
				t.Error("nobody noticed")
			}
		})
	}
}

// chatFaults returns what is wrong with the chat template.
func chatFaults(t *testing.T, text string) []string {
	t.Helper()
	f := &faults{c: translate(t, text)[0].Template}
	var kinds []string
	for name, r := range f.c.Resources {
		kinds = append(kinds, r.Type)
		switch {
		case strings.HasPrefix(r.Type, "AWS::Chatbot::"):
			f.want(name+"'s guardrail", r.Properties["GuardrailPolicies"], `[{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/job-function/ViewOnlyAccess"}]`)
			f.want(name+"'s user roles", r.Properties["UserRoleRequired"], `true`)
			f.want(name+"'s topics", r.Properties["SnsTopicArns"], `{"Ref": "TopicArns"}`)
			f.want(name+"'s role", r.Properties["IamRoleArn"], `{"Fn::GetAtt": ["ChatRole", "Arn"]}`)
		case r.Type == "AWS::CloudWatch::Alarm":
			f.want(name+"'s actions", r.Properties["AlarmActions"], `[{"Ref": "OpsTopicArn"}]`)
		default:
			f.want(name+"'s policies", r.Properties["Policies"], `null`)
			f.want(name+"'s managed policies", r.Properties["ManagedPolicyArns"], `null`)
		}
	}
	slices.Sort(kinds)
	want := "[AWS::Chatbot::MicrosoftTeamsChannelConfiguration AWS::Chatbot::SlackChannelConfiguration AWS::CloudWatch::Alarm AWS::CloudWatch::Alarm AWS::CloudWatch::Alarm AWS::CloudWatch::Alarm AWS::IAM::Role]"
	if fmt.Sprint(kinds) != want {
		f.add("resources %v, want %s", kinds, want)
	}
	return f.list
}
