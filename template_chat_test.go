package kmsentry

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestChatTemplate checks that the channels of the chat stack have read-only
// guardrails, and its role no permissions. TestCfnLint lints the template.
func TestChatTemplate(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("deploy", "chat.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	plants := []struct{ name, old, new string }{
		{"no guardrail", "      GuardrailPolicies: [!Sub \"arn:${AWS::Partition}:iam::aws:policy/job-function/ViewOnlyAccess\"]\n", ""},
		{"an administrator", "job-function/ViewOnlyAccess", "AdministratorAccess"},
		{"everyone has the channel's role", "UserRoleRequired: true", "UserRoleRequired: false"},
		{"a policy on the role", "      Description: kmsentry's chat channels; has no permissions\n", "      Description: kmsentry's chat channels; may do nothing\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]\n"},
		{"an alarm without action", "      AlarmActions: [!Ref OpsTopicArn]\n", ""},
		{"one Region's topics", "SnsTopicArns: !Ref TopicArns", "SnsTopicArns: [!Ref OpsTopicArn]"},
	}
	templates := []string{string(text)}
	for _, p := range plants {
		templates = append(templates, replaced(t, string(text), p.old, p.new))
	}
	answers := translate(t, templates...)
	for _, fault := range chatFaults(answers[0].Template) {
		t.Error(fault)
	}
	for i, plant := range plants {
		t.Run(plant.name, func(t *testing.T) {
			if len(chatFaults(answers[i+1].Template)) == 0 {
				t.Error("the fault is not found")
			}
		})
	}
}

// chatFaults returns what is wrong with the chat template.
func chatFaults(chat cloudFormation) []string {
	f := &faults{c: chat}
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
