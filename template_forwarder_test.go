package kmsentry

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// organization checks the bus to which other accounts forward events, and its rule,
// which must have the pattern, target and queue of the function's own rule.
func (f *faults) organization() {
	own := f.c.Resources["DetectorFunctionKeyPolicyChange"].Properties
	r := f.c.Resources["OrganizationRule"].Properties
	f.want("the organization's rule's bus", r["EventBusName"], `{"Ref": "OrganizationBus"}`)
	f.want("the organization's rule's state", r["State"], `"ENABLED"`)
	if !reflect.DeepEqual(r["EventPattern"], own["EventPattern"]) {
		f.add("the organization's rule matches %v, the function's own %v", r["EventPattern"], own["EventPattern"])
	}
	targets, _ := json.Marshal(own["Targets"])
	f.want("the organization's rule's targets", r["Targets"], strings.Replace(string(targets), "DetectorFunctionKeyPolicyChangeLambdaTarget", "detector", 1))
	f.calls("OrganizationRule")
	f.want("the bus's name", f.c.Resources["OrganizationBus"].Properties["Name"], `{"Ref": "AWS::StackName"}`)
	p := f.one("AWS::Events::EventBusPolicy").Properties
	f.want("whose policy it is", p["EventBusName"], `{"Ref": "OrganizationBus"}`)
	f.want("who may put events on the bus", p["Statement"], `{"Sid": "OnlyTheOrganization", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
		"Resource": {"Fn::GetAtt": ["OrganizationBus", "Arn"]}, "Condition": {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}}}`)
	document, _ := f.c.Resources["UndeliveredEventsPolicy"].Properties["PolicyDocument"].(map[string]any)
	statements, _ := document["Statement"].([]any)
	if len(statements) == 0 {
		f.add("UndeliveredEventsPolicy has no statements")
		return
	}
	allow, _ := statements[0].(map[string]any)
	f.want("which rules may send to the queue", allow["Condition"], `{"ArnEquals": {"aws:SourceArn": [{"Fn::GetAtt": ["DetectorFunctionKeyPolicyChange", "Arn"]},
		{"Fn::If": ["HasOrganization", {"Fn::GetAtt": ["OrganizationRule", "Arn"]}, {"Ref": "AWS::NoValue"}]}]}}`)
}

// TestNoOpenStatement checks that no statement in a template allows everyone without
// a condition on the organization.
func TestNoOpenStatement(t *testing.T) {
	names, err := filepath.Glob("deploy/*.yaml")
	if err != nil || len(names) < 2 {
		t.Fatalf("templates = %v (%v)", names, err)
	}
	var texts []string
	for _, name := range append(names, "template.yaml") {
		texts = append(texts, document(t, name))
	}
	for i, answer := range translate(t, texts...) {
		var template any
		if err := json.Unmarshal(answer.raw, &template); err != nil {
			t.Fatalf("%s: %v", answer.Error, err)
		}
		if open := openStatements(template); len(open) > 0 {
			t.Errorf("%s allows everyone: %v", append(names, "template.yaml")[i], open)
		}
	}
	if open := openStatements(map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": "*"}, "Action": "sns:Publish"}}}); len(open) != 1 {
		t.Error("an open statement is not found")
	}
}

// openStatements returns every statement that allows everyone without a StringEquals
// condition on the organization.
func openStatements(v any) []any {
	var open []any
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			open = append(open, openStatements(item)...)
		}
	case map[string]any:
		principal, _ := json.Marshal(v["Principal"])
		condition, _ := v["Condition"].(map[string]any)
		equals, _ := condition["StringEquals"].(map[string]any)
		if v["Effect"] == "Allow" && (strings.Contains(string(principal), `"*"`) || v["NotPrincipal"] != nil) && equals["aws:PrincipalOrgID"] == nil {
			open = append(open, v)
		}
		for _, member := range v {
			open = append(open, openStatements(member)...)
		}
	}
	return open
}

// TestForwarderTemplate checks that deploy/forwarder.yaml can be used in a stack set
// as it is, and forwards the events that template.yaml's rule matches. TestCfnLint
// lints it.
func TestForwarderTemplate(t *testing.T) {
	text := document(t, "deploy/forwarder.yaml")
	if strings.Contains(text, "\nTransform:") || strings.Contains(text, "Fn::Transform") || len(text) > 51200 {
		t.Errorf("deploy/forwarder.yaml has a transform, or %d bytes: a stack set with service-managed permissions takes neither", len(text))
	}
	plants := []struct{ name, old, new string }{
		{"the role may put events anywhere", "                Resource: !Sub\n                  - arn:${AWS::Partition}:events:${Region}:${SecurityAccount}:event-bus/${BusName}\n                  - Region: !If [BusInEachRegion, !Ref AWS::Region, !Ref BusRegion]\n", "                Resource: \"*\"\n"},
		{"the role may do more", "Action: events:PutEvents", "Action: [events:PutEvents, events:PutRule]"},
		{"any rule can assume the role", "              ArnEquals: {aws:SourceArn: !Sub \"arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/kmsentry-forwarder\"}\n      Policies", "      Policies"},
		{"a call is left out", "[CreateKey, PutKeyPolicy, ReplicateKey]", "[CreateKey, PutKeyPolicy]"},
		{"the source is not pinned", "        source: [aws.kms]\n", ""},
		{"the rule is off", "State: ENABLED", "State: DISABLED"},
		{"another bus", "Id: kmsentry\n          Arn: !Sub\n            - arn:${AWS::Partition}:events:${Region}:${SecurityAccount}:event-bus/${BusName}", "Id: kmsentry\n          Arn: !Sub\n            - arn:${AWS::Partition}:events:${Region}:${AWS::AccountId}:event-bus/${BusName}"},
		{"no queue", "          DeadLetterConfig:\n            Arn: !GetAtt NotForwarded.Arn\n", ""},
		{"the queue is deleted with the stack", "    DeletionPolicy: Retain", "    DeletionPolicy: Delete"},
		{"the forwarder is where kmsentry is", "Forwards: !Not [!And [", "Forwards: !Not [!Or ["},
		{"every event arrives twice", "    Condition: Forwards\n    Properties:\n      Name: kmsentry-forwarder", "    Properties:\n      Name: kmsentry-forwarder"},
		{"the alarm notifies nobody", "        - [!Sub \"arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${AlarmTopicName}\"]\n        - !Ref AWS::NoValue", "        - !Ref AWS::NoValue\n        - !Ref AWS::NoValue"},
		{"the alarm forgets", "EvaluationPeriods: 168", "EvaluationPeriods: 1"},
		{"an alarm on nothing", "MetricName: FailedInvocations", "MetricName: FailedInvocation"},
	}
	templates := []string{readTemplate(t), text}
	for _, p := range plants {
		templates = append(templates, replaced(t, text, p.old, p.new))
	}
	answers := translate(t, templates...)
	central, answers := answers[0].Template, answers[1:]
	for _, fault := range forwarderFaults(answers[0].Template, central) {
		t.Error(fault)
	}
	for i, plant := range plants {
		t.Run(plant.name, func(t *testing.T) {
			if len(forwarderFaults(answers[i+1].Template, central)) == 0 {
				t.Error("the fault is not found")
			}
		})
	}
}

// forwarderFaults returns what is wrong with the forwarder for a central stack.
func forwarderFaults(forwarder, central cloudFormation) []string {
	f := &faults{c: forwarder}
	if got := strings.Join(kinds(f.c.Resources), " "); got != "AWS::CloudWatch::Alarm AWS::Events::Rule AWS::IAM::Role AWS::SQS::Queue AWS::SQS::QueuePolicy" {
		f.add("resources %s", got)
	}
	own := central.Resources["OrganizationRule"].Properties
	r := f.c.Resources["Forwarder"].Properties
	if own["EventPattern"] == nil || !reflect.DeepEqual(r["EventPattern"], own["EventPattern"]) {
		f.add("the forwarder matches %v, the central rule %v", r["EventPattern"], own["EventPattern"])
	}
	f.want("the forwarder's state", r["State"], `"ENABLED"`)
	bus := `{"Fn::Sub": ["arn:${AWS::Partition}:events:${Region}:${SecurityAccount}:event-bus/${BusName}", {"Region": {"Fn::If": ["BusInEachRegion", {"Ref": "AWS::Region"}, {"Ref": "BusRegion"}]}}]}`
	const rule = `{"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/kmsentry-forwarder"}`
	f.want("the forwarder's name", r["Name"], `"kmsentry-forwarder"`)
	f.want("the forwarder's target", r["Targets"], `[{"Id": "kmsentry", "Arn": `+bus+`, "RoleArn": {"Fn::GetAtt": ["ForwarderRole", "Arn"]},
		"RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}, "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["NotForwarded", "Arn"]}}}]`)
	role := f.one("AWS::IAM::Role").Properties
	f.want("managed policies", role["ManagedPolicyArns"], `null`)
	f.want("the role's path", role["Path"], `"/kmsentry/"`)
	f.want("what the role may do", role["Policies"], `[{"PolicyName": "forward", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
		{"Sid": "PutEventsOnTheBus", "Effect": "Allow", "Action": "events:PutEvents", "Resource": `+bus+`}]}}]`)
	f.want("who may take the role", role["AssumeRolePolicyDocument"], `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole",
		"Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}, "ArnEquals": {"aws:SourceArn": `+rule+`}}}]}`)
	f.policy("NotForwardedPolicy", f.one("AWS::SQS::QueuePolicy").Properties["PolicyDocument"])
	if q := f.one("AWS::SQS::Queue"); q.DeletionPolicy != "Retain" || q.UpdateReplacePolicy != "Retain" {
		f.add("the queue is deleted with the stack")
	}
	alarm := f.one("AWS::CloudWatch::Alarm").Properties
	if got := alarmRow(alarm); got != "AWS/Events FailedInvocations RuleName=Forwarder Sum/3600 >= 1" {
		f.add("the alarm watches %s", got)
	}
	f.want("how long the alarm stays", []any{alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"], alarm["TreatMissingData"]}, `[168, 1, "notBreaching"]`)
	f.forwarders()
	return f.list
}

// forwarders deploys the forwarder to several accounts and Regions, and checks the
// resources.
func (f *faults) forwarders() {
	for _, row := range []struct {
		name, account, region, busRegion string
		alarm, topic                     string
		forwards                         string // the Region of the bus; "" if nothing is forwarded
	}{
		{"a bus in each Region", "444455556666", "ap-southeast-2", "", "true", "", "ap-southeast-2"},
		{"one bus for all", "444455556666", "ap-southeast-2", "eu-central-1", "true", "ops", "eu-central-1"},
		{"one bus for all, no alarm", "444455556666", "eu-central-1", "eu-central-1", "false", "", "eu-central-1"},
		{"the security account, a bus in each Region", "111122223333", "ap-southeast-2", "", "true", "ops", ""},
		{"the security account, at the bus", "111122223333", "eu-central-1", "eu-central-1", "true", "", ""},
		{"the security account, elsewhere", "111122223333", "ap-southeast-2", "eu-central-1", "true", "", "eu-central-1"},
	} {
		d := f.c.deploy(map[string]string{
			"SecurityAccount": "111122223333", "BusRegion": row.busRegion, "BusName": "kmsentry", "Alarm": row.alarm, "AlarmTopicName": row.topic,
			"AWS::AccountId": row.account, "AWS::Region": row.region,
		})
		f.list = append(f.list, d.faults...)
		want := "AWS::CloudWatch::Alarm AWS::Events::Rule AWS::IAM::Role AWS::SQS::Queue AWS::SQS::QueuePolicy"
		if row.forwards == "" {
			want = "AWS::SQS::Queue AWS::SQS::QueuePolicy"
		} else if row.alarm != "true" {
			want = strings.TrimPrefix(want, "AWS::CloudWatch::Alarm ")
		}
		if got := strings.Join(kinds(d.resources), " "); got != want {
			f.add("%s: resources %s, want %s", row.name, got, want)
			continue
		}
		if row.forwards == "" {
			continue
		}
		targets, _ := d.resources["Forwarder"].Properties["Targets"].([]any)
		target, _ := targets[0].(map[string]any)
		arn, err := resolved(target["Arn"], map[string]string{"AWS::Partition": "aws", "SecurityAccount": "111122223333", "BusName": "kmsentry"})
		if want := "arn:aws:events:" + row.forwards + ":111122223333:event-bus/kmsentry"; arn != want || err != nil {
			f.add("%s: forwards to %v, want %s (%v)", row.name, arn, want, err)
		}
		if actions, there := d.resources["NotForwardedAlarm"].Properties["AlarmActions"]; row.alarm == "true" && there != (row.topic != "") {
			f.add("%s: the alarm tells %v", row.name, actions)
		}
	}
}

// kinds returns the types of the resources, sorted.
func kinds(resources map[string]resource) []string {
	var all []string
	for _, r := range resources {
		all = append(all, r.Type)
	}
	slices.Sort(all)
	return all
}

// TestRolloutFitsTheForwarder checks that docs/rollout.md lists the forwarder's
// parameters with their defaults, and that its service control policy protects the
// resources that the forwarder creates.
func TestRolloutFitsTheForwarder(t *testing.T) {
	c := translate(t, document(t, "deploy/forwarder.yaml"))[0].Template
	listed := map[string]string{}
	for _, row := range rows(t, "docs/rollout.md", "## Forwarding") {
		listed[strings.Join(codes(row[0]), " ")] = strings.Join(codes(row[1]), " ")
	}
	for name, p := range c.Parameters {
		fallback, _ := p.Default.(string)
		if got, ok := listed[name]; !ok || got != fallback {
			t.Errorf("docs/rollout.md gives parameter %s the default %q (listed: %t), deploy/forwarder.yaml %q", name, got, ok, fallback)
		}
	}
	if len(listed) != len(c.Parameters) {
		t.Errorf("docs/rollout.md lists the parameters %q, deploy/forwarder.yaml has %q", sortedKeys(listed), sortedKeys(c.Parameters))
	}
	m := regexp.MustCompile("(?s)## Protect the forwarders\n.*?```json\n(.*?)```").FindStringSubmatch(document(t, "docs/rollout.md"))
	if m == nil {
		t.Fatal("docs/rollout.md has no service control policy")
	}
	var scp struct {
		Statement []struct {
			Effect, Resource string
			Action           []string
		}
	}
	if err := json.Unmarshal([]byte(m[1]), &scp); err != nil {
		t.Fatal(err)
	}
	var protected []string
	for _, s := range scp.Statement {
		if s.Effect == "Deny" && len(s.Action) > 0 {
			protected = append(protected, s.Resource)
		}
	}
	want := []string{
		"arn:aws:events:*:*:rule/" + c.Resources["Forwarder"].Properties["Name"].(string),
		"arn:aws:iam::*:role" + c.Resources["ForwarderRole"].Properties["Path"].(string) + "*",
	}
	if !slices.Equal(protected, want) {
		t.Errorf("docs/rollout.md protects %q, want %q", protected, want)
	}
}
