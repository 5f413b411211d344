package kmsentry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/pytool"
)

// A translation is the result of the SAM translator for a template.
type translation struct {
	Template cloudFormation
	Error    string
	raw      json.RawMessage
}

// A cloudFormation is the part of a template that is checked.
type cloudFormation struct {
	Parameters map[string]struct{ Default any }
	Rules      map[string]struct {
		RuleCondition any
		Assertions    []struct{ Assert any }
	}
	Conditions map[string]any
	Resources  map[string]resource
}

type resource struct {
	Type                string
	Condition           string
	DeletionPolicy      string
	UpdateReplacePolicy string
	Properties          map[string]any
}

// translate runs the SAM translator once for all the templates.
func translate(t *testing.T, templates ...string) []translation {
	t.Helper()
	pytool.Need(t, "python3", "-c", "import samtranslator")
	in, err := json.Marshal(templates)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "deploy/transform.py")
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("the SAM translator: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var answers []translation
	var raws []struct{ Template json.RawMessage }
	if err := errors.Join(json.Unmarshal(out, &answers), json.Unmarshal(out, &raws)); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(templates) {
		t.Fatalf("the SAM translator answered %d templates, want %d", len(answers), len(templates))
	}
	for i := range answers {
		answers[i].raw = raws[i].Template
	}
	return answers
}

func readTemplate(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTemplate(t *testing.T) {
	answer := translate(t, readTemplate(t))[0]
	if answer.Error != "" {
		t.Fatalf("the SAM translator: %s", answer.Error)
	}
	for _, fault := range templateFaults(answer.Template) {
		t.Error(fault)
	}
}

// TestLocalEnvironmentFitsTheTemplate checks that env.local.json sets only variables
// that the template declares: sam local invoke overrides no others.
func TestLocalEnvironmentFitsTheTemplate(t *testing.T) {
	text, err := os.ReadFile("env.local.json")
	if err != nil {
		t.Fatal(err)
	}
	var functions map[string]map[string]string
	if err := json.Unmarshal(text, &functions); err != nil || len(functions["DetectorFunction"]) == 0 {
		t.Fatalf("env.local.json = %s, want variables of DetectorFunction (%v)", text, err)
	}
	template := readTemplate(t)
	for name := range functions["DetectorFunction"] {
		if !strings.Contains(template, "          "+name+": ") {
			t.Errorf("env.local.json sets %s, which template.yaml does not declare", name)
		}
	}
}

// TestLocalInvokeFitsTheTemplate checks that the function, event and environment file
// in the sam local invoke command of docs/local.md exist, and that the function is
// built for the template's handler and architecture.
func TestLocalInvokeFitsTheTemplate(t *testing.T) {
	m := regexp.MustCompile(`sam local invoke (\S+) -e (\S+) \\\n +--env-vars (\S+)`).FindStringSubmatch(document(t, "docs/local.md"))
	if m == nil {
		t.Fatal("docs/local.md has no command sam local invoke")
	}
	c := translate(t, readTemplate(t))[0].Template
	function := c.Resources[m[1]]
	if function.Type != "AWS::Lambda::Function" {
		t.Errorf("docs/local.md invokes %s, of type %q", m[1], function.Type)
	}
	for _, name := range m[2:] {
		document(t, name) // it must exist
	}
	var environment map[string]map[string]string
	if err := json.Unmarshal([]byte(document(t, m[3])), &environment); err != nil || len(environment) != 1 || environment[m[1]] == nil {
		t.Errorf("%s sets variables of %v, want those of %s (%v)", m[3], sortedKeys(environment), m[1], err)
	}
	makefile := document(t, "Makefile")
	for _, want := range []string{
		"\nbuild-" + m[1] + ":\n",
		"-o $(ARTIFACTS_DIR)/" + fmt.Sprint(function.Properties["Handler"]) + " ./lambda\n",
		"\nARCH  ?= " + fmt.Sprint(c.Parameters["Architecture"].Default) + "\n",
	} {
		if !strings.Contains(makefile, want) {
			t.Errorf("the Makefile does not hold %q, as template.yaml wants it", want)
		}
	}
	// sam local makes up values for resources that it does not deploy. With
	// these values the function would not start, so the file must set them.
	for _, name := range []string{"TOPIC_ARN", "OVERFLOW_TOPIC_ARN", "CANARY_ROLE_ARN", "CANARY_KEY_ARN", "CANARY_POLICY", "AWS_ENDPOINT_URL_SNS"} {
		if _, ok := environment[m[1]][name]; !ok {
			t.Errorf("%s does not set %s", m[3], name)
		}
	}
}

// TestPlantedTemplateFaultsAreFound checks that templateFaults finds mistakes that are
// valid CloudFormation but would weaken the stack.
func TestPlantedTemplateFaultsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("left out with -short: make test-all runs it")
	}
	plants := []struct{ name, old, new string }{
		{"source is not pinned", "              source: [aws.kms]\n", ""},
		{"an event name is missing", ", ReplicateKey]\n", "]\n"},
		{"a misspelt pattern key", "eventName: [CreateKey", "eventNames: [CreateKey"},
		{"the rule is off", "State: ENABLED", "State: DISABLED"},
		{"the rule has no dead-letter queue", "            DeadLetterConfig:\n              Arn: !GetAtt UndeliveredEvents.Arn\n", ""},
		{"no queue for failed events", "        DestinationConfig:\n          OnFailure:\n            Type: SQS\n            Destination: !GetAtt FailedEvents.Arn\n", ""},
		{"the role may publish anywhere", "Resource: [!Ref AlertTopic, !Ref OverflowTopic]\n              - Sid", "Resource: \"*\"\n              - Sid"},
		{"the role may do more", "Action: sns:Publish\n                Resource: [", "Action: [sns:Publish, sns:Subscribe]\n                Resource: ["},
		{"a statement of SAM's", "            Principal: {Service: lambda.amazonaws.com}\n", "            Principal: {AWS: \"*\"}\n"},
		{"the role may not publish to the overflow topic", "Resource: [!Ref AlertTopic, !Ref OverflowTopic]\n              - Sid", "Resource: !Ref AlertTopic\n              - Sid"},
		{"a managed policy on the role", "      Description: kmsentry's function\n", "      Description: kmsentry's function\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/AdministratorAccess]\n"},
		{"SAM's own role", "      Role: !GetAtt DetectorRole.Arn\n", ""},
		{"tracing, which adds permissions", "      Timeout: 30\n", "      Timeout: 30\n      Tracing: PassThrough\n"},
		{"anybody may send to the queue", "            Principal: {Service: events.amazonaws.com}\n", "            Principal: \"*\"\n"},
		{"any rule may send to the queue", "            Condition:\n              ArnEquals: {aws:SourceArn: [!GetAtt DetectorFunctionKeyPolicyChange.Arn, !If [HasOrganization, !GetAtt OrganizationRule.Arn, !Ref AWS::NoValue]]}\n", ""},
		{"the organization's rule may not send to the queue", "[!GetAtt DetectorFunctionKeyPolicyChange.Arn, !If [HasOrganization, !GetAtt OrganizationRule.Arn, !Ref AWS::NoValue]]", "[!GetAtt DetectorFunctionKeyPolicyChange.Arn]"},
		{"a Deny became an Allow", "          - Sid: OnlyTheDetector\n            Effect: Deny", "          - Sid: OnlyTheDetector\n            Effect: Allow"},
		{"the mail goes elsewhere", "Protocol: email\n      Endpoint: !Ref AlertEmail", "Protocol: sms\n      Endpoint: !Ref AlertEmail"},
		{"the mail is not optional", "    Condition: HasEmail\n", ""},
		{"logs are kept for ever", "      RetentionInDays: !Ref LogRetentionDays\n", ""},
		{"plain text logs", "        LogFormat: JSON\n", "        LogFormat: Text\n"},
		{"a misspelt setting", "          MIN_SEVERITY: !Ref", "          MINIMUM_SEVERITY: !Ref"},
		{"no topic for the function", "          TOPIC_ARN: !Ref AlertTopic\n", ""},
		{"no overflow topic for the function", "          OVERFLOW_TOPIC_ARN: !Ref OverflowTopic\n", ""},
		{"the alert topic is its own overflow", "OVERFLOW_TOPIC_ARN: !Ref OverflowTopic", "OVERFLOW_TOPIC_ARN: !Ref AlertTopic"},
		{"a mailbox on the overflow topic", "  # Alarms about kmsentry itself. They", "  OverflowSubscription:\n    Type: AWS::SNS::Subscription\n    Properties: {TopicArn: !Ref OverflowTopic, Protocol: email, Endpoint: a@example.com}\n\n  # Alarms about kmsentry itself. They"},
		{"the alerts' mailbox on the overflow topic", "      TopicArn: !Ref AlertTopic\n      Protocol: email", "      TopicArn: !Ref OverflowTopic\n      Protocol: email"},
		{"anybody may publish to the overflow topic", "            Resource: !Ref OverflowTopic\n            Condition:\n              ArnNotEquals: {aws:PrincipalArn: !GetAtt DetectorRole.Arn}\n", "            Resource: !Ref OverflowTopic\n            Condition:\n              ArnNotEquals: {aws:PrincipalArn: !GetAtt CanaryRole.Arn}\n"},
		{"alarms go to the alert topic", "AlarmActions: [!Ref OpsTopic]", "AlarmActions: [!Ref AlertTopic]"},
		{"alarms without a mailbox have no action", "AlarmActions: [!Ref OpsTopic]", "AlarmActions: !If [HasOpsMailbox, [!Ref OpsTopic], !Ref AWS::NoValue]"},
		{"alarms go to a topic that is not always there", "  OpsTopic:\n    Type: AWS::SNS::Topic\n", "  OpsTopic:\n    Type: AWS::SNS::Topic\n    Condition: HasOpsEmail\n"},
		{"alarms do not fall back to AlertEmail", "Or [!Condition HasOpsEmail, !Condition HasEmail]", "Or [!Condition HasOpsEmail, !Condition HasOpsEmail]"},
		{"alarms always go to AlertEmail", "Endpoint: !If [HasOpsEmail, !Ref OpsEmail, !Ref AlertEmail]", "Endpoint: !Ref AlertEmail"},
		{"alerts need no subscriber", "          - !Equals [!Ref SubscribersFollow, \"true\"]\n", "          - !Equals [!Ref SubscribersFollow, \"false\"]\n"},
		{"an alarm on nothing", "MetricName: AsyncEventsDropped", "MetricName: AsyncEventsDroped"},
		{"too little time", "Timeout: 30\n", "Timeout: 3\n"},
		{"the function's role may use any key", "Resource: !If [OwnTopicKey, !GetAtt StackKey.Arn, !Ref TopicKeyArn]\n                Condition", "Resource: \"*\"\n                Condition"},
		{"the key is used beyond SNS", "                Condition:\n                  StringEquals: {kms:ViaService: !Sub \"sns.${AWS::Region}.${AWS::URLSuffix}\"}\n", ""},
		{"the canary may put any policy", "                Action: kms:PutKeyPolicy\n                Resource: !GetAtt StackKey.Arn", "                Action: kms:PutKeyPolicy\n                Resource: \"*\""},
		{"the canary may do more", "Action: kms:PutKeyPolicy", "Action: [kms:PutKeyPolicy, kms:CreateGrant]"},
		{"any account's schedule can assume the canary's role", "            Condition:\n              StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}\n      Policies:\n        - PolicyName: canary", "      Policies:\n        - PolicyName: canary"},
		{"the canary is off", "      State: ENABLED\n      Target:", "      State: DISABLED\n      Target:"},
		{"the canary puts another policy", "\"Sid\":\"TheAccount\"", "\"Sid\":\"Another\""},
		{"no alarm on the canary", "TreatMissingData: breaching", "TreatMissingData: notBreaching"},
		{"the stack's key is open", "            Principal: {AWS: !Sub \"arn:${AWS::Partition}:iam::${AWS::AccountId}:root\"}\n            Action: kms:*\n            Resource: \"*\"\n", "            Principal: {AWS: \"*\"}\n            Action: kms:*\n            Resource: \"*\"\n"},
		{"the stack's key is for every account's alarms", "              StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}\n\n  # The alerts", "              StringEquals: {aws:RequestedRegion: !Ref AWS::Region}\n\n  # The alerts"},
		{"no rotation", "EnableKeyRotation: true", "EnableKeyRotation: false"},
		{"AWS's key on a topic", "      DisplayName: kmsentry alarms\n      KmsMasterKeyId: !If [OwnTopicKey, !Ref StackKey, !Ref TopicKeyArn]", "      DisplayName: kmsentry alarms\n      KmsMasterKeyId: alias/aws/sns"},
		{"a queue is deleted with the stack", "    DeletionPolicy: Retain # what", "    DeletionPolicy: Delete # what"},
		{"the log is deleted with the stack", "    Type: AWS::Logs::LogGroup\n    DeletionPolicy: Retain\n", "    Type: AWS::Logs::LogGroup\n"},
		{"the log's name is fixed", "      LogGroupName: !Sub\n        - /aws/lambda/${AWS::StackName}-detector-${Unique}\n        - Unique: !Select [0, !Split [\"-\", !Select [2, !Split [\"/\", !Ref AWS::StackId]]]]\n", "      LogGroupName: !Sub /aws/lambda/${AWS::StackName}-detector\n"},
		{"the tamper rule is off", "      Description: Calls that disable kmsentry\n      State: ENABLED\n", "      Description: Calls that disable kmsentry\n      State: DISABLED\n"},
		{"the trail's rule is off", "or silence kmsentry\n      State: ENABLED\n", "or silence kmsentry\n      State: DISABLED\n"},
		{"a pattern that is too long", "eventName: [DisableRule, DeleteRule, PutRule]", "eventName: [DisableRule, DeleteRule, PutRule, " + strings.Repeat("A, ", 200) + "B]"},
		{"the alarm counts one tamper rule", "Expression: FILL(stack, 0) + FILL(trail, 0)", "Expression: FILL(stack, 0)"},
		{"the bus is open to everyone", "          StringEquals: {aws:PrincipalOrgID: !Ref OrganizationId}\n", "          StringLike: {aws:PrincipalOrgID: \"o-*\"}\n"},
		{"the bus's policy is not pinned", "        Condition:\n          StringEquals: {aws:PrincipalOrgID: !Ref OrganizationId}\n", ""},
		{"others may write rules on the bus", "Action: events:PutEvents\n        Resource: !GetAtt OrganizationBus", "Action: events:*\n        Resource: !GetAtt OrganizationBus"},
		{"the bus is always there", "    Type: AWS::Events::EventBus\n    Condition: HasOrganization\n", "    Type: AWS::Events::EventBus\n"},
		{"the organization's rule is off", "forward to kmsentry\n      EventBusName: !Ref OrganizationBus\n      State: ENABLED\n", "forward to kmsentry\n      EventBusName: !Ref OrganizationBus\n      State: DISABLED\n"},
		{"the organization's rule on another bus", "forward to kmsentry\n      EventBusName: !Ref OrganizationBus\n", "forward to kmsentry\n"},
		{"a call that is not forwarded", "          eventName: [CreateKey, PutKeyPolicy, ReplicateKey]\n      Targets", "          eventName: [CreateKey, PutKeyPolicy]\n      Targets"},
		{"the organization's rule has no target", "      SourceArn: !GetAtt OrganizationRule.Arn\n", "      SourceArn: !GetAtt TamperWatch.Arn\n"},
		{"forwarded events are lost", "          DeadLetterConfig:\n            Arn: !GetAtt UndeliveredEvents.Arn\n\n  OrganizationRulePermission", "\n  OrganizationRulePermission"},
		{"the tamper rule forgets a call", "eventName: [StopLogging, DeleteTrail]", "eventName: [DeleteTrail]"},
		{"the tamper rule notifies nobody", "          Arn: !Ref OpsTopic\n          InputTransformer", "          Arn: !Ref AlertTopic\n          InputTransformer"},
		{"any rule may publish alarms", "                ArnEquals: {aws:SourceArn: [!GetAtt TamperWatch.Arn, !GetAtt TamperWatchTrail.Arn]}\n", "                StringLike: {aws:PrincipalOrgPaths: \"*\"}\n"},
		{"an alarm by another dimension", "      MetricName: Throttles\n      Dimensions: [{Name: FunctionName,", "      MetricName: Throttles\n      Dimensions: [{Name: Function,"},
		{"a custom bus is watched as the default one", "[{Name: EventBusName, Value: !Ref EventBusName}, {Name: RuleName,", "[{Name: RuleName,"},
		{"deliveries are not counted", "FILL(published, 0) * ${AlertSubscribers} - FILL(delivered, 0)", "FILL(published, 0) * ${AlertSubscribers} - FILL(published, 0)"},
		{"the sweep's role may read any account's keys", "kms:*:${AWS::AccountId}:key/*", "kms:*:*:key/*"},
		{"the sweep may change keys", "kms:ListGrants, kms:ListResourceTags]\n                Resource: !Sub", "kms:ListGrants, kms:ListResourceTags, kms:PutKeyPolicy]\n                Resource: !Sub"},
		{"the sweep may write any object", "${SweepState.Arn}/state.json", "${SweepState.Arn}/*"},
		{"the sweep may enter any account", "Resource: !Split [\",\", !Ref SweepRoles]", "Resource: \"*\""},
		{"the sweep may not publish", "!If [HasSweep, [!GetAtt DetectorRole.Arn, !GetAtt SweepRole.Arn], !GetAtt DetectorRole.Arn]", "!GetAtt DetectorRole.Arn"},
		{"the sweep's state is public", "BlockPublicPolicy: true", "BlockPublicPolicy: false"},
		{"the sweep's state has no versions", "VersioningConfiguration: {Status: Enabled}", "VersioningConfiguration: {Status: Suspended}"},
		{"the sweep's state is not encrypted by rule", "      BucketEncryption:\n        ServerSideEncryptionConfiguration:\n          - ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}\n", ""},
		{"the sweep's state is deleted with the stack", "    DeletionPolicy: Retain # what was reported", "    DeletionPolicy: Delete # what was reported"},
		{"the sweep's state without TLS", "            Action: s3:*\n", "            Action: s3:PutObject\n"},
		{"the sweep is off", "      State: ENABLED\n      Target:\n        Arn: !GetAtt SweepFunction.Arn", "      State: DISABLED\n      Target:\n        Arn: !GetAtt SweepFunction.Arn"},
		{"daily is hourly", "!If [SweepIsHourly, rate(1 hour), rate(1 day)]", "!If [SweepIsHourly, rate(1 day), rate(1 hour)]"},
		{"off is on", "HasSweep: !Not [!Equals [!Ref Sweep, \"off\"]]", "HasSweep: !Not [!Equals [!Ref Sweep, \"never\"]]"},
		{"the sweep hears of no events", "DETECTOR_LOG_GROUP: !Ref DetectorLogs", "DETECTOR_LOG_GROUP: !Ref SweepLogs"},
		{"the sweep is quieter than the detector", "          MIN_SEVERITY: !Ref MinSeverity\n          TRUSTED_ACCOUNTS: !Ref TrustedAccounts\n          TRUSTED_ORGS: !Ref TrustedOrgs\n          RCP_FILE: !Ref RcpFile\n          RUNBOOK_URL: !Ref RunbookUrl\n          CHAT_CLIENT: !Ref ChatClient\n          MENTION_GROUP: !Ref MentionGroup\n          HTTPS_BODY: !Ref HttpsBody\n          AWS_USE_FIPS_ENDPOINT: !Ref UseFips\n          STATE_BUCKET", "          STATE_BUCKET"},
		{"no alarm on the sweep", "      MetricName: Swept\n      Dimensions: [{Name: FunctionName, Value: !Ref SweepFunction}]\n      Statistic: SampleCount", "      MetricName: Swept\n      Dimensions: [{Name: FunctionName, Value: !Ref DetectorFunction}]\n      Statistic: SampleCount"},
		{"the wrong bus", "            EventBusName: !Ref EventBusName\n", ""},
	}
	text := readTemplate(t)
	var templates []string
	for _, p := range plants {
		templates = append(templates, replaced(t, text, p.old, p.new))
	}
	for i, answer := range translate(t, templates...) {
		t.Run(plants[i].name, func(t *testing.T) {
			if answer.Error == "" && len(templateFaults(answer.Template)) == 0 {
				t.Error("the fault is not found")
			}
		})
	}
}

// replaced returns text with old replaced by new. old must occur in it.
func replaced(t *testing.T, text, old, new string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("template.yaml does not contain %q", old)
	}
	return strings.ReplaceAll(text, old, new)
}

// templateFaults returns what is wrong with the translated template by the rules of
// this project, which no linter knows.
func templateFaults(c cloudFormation) []string {
	f := &faults{c: c}
	f.rule()
	f.organization()
	f.function()
	f.role()
	f.policies()
	f.subscriptions()
	f.key()
	f.canary()
	f.tamper()
	f.sweep()
	f.kept()
	f.alarms()
	f.configurations()
	return f.list
}

type faults struct {
	c    cloudFormation
	list []string
}

func (f *faults) add(format string, args ...any) {
	f.list = append(f.list, fmt.Sprintf(format, args...))
}

// want compares a value with the expected JSON.
func (f *faults) want(what string, got any, want string) {
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		panic(err)
	}
	if !reflect.DeepEqual(got, w) {
		text, _ := json.Marshal(got)
		f.add("%s = %s, want %s", what, text, want)
	}
}

// one returns the only resource of a type. It is a fault if there is not exactly one.
func (f *faults) one(kind string) resource {
	found := f.all(kind)
	if len(found) != 1 {
		f.add("%d resources of type %s, want 1", len(found), kind)
		return resource{}
	}
	for _, r := range found {
		return r
	}
	return resource{}
}

func (f *faults) all(kind string) map[string]resource {
	found := map[string]resource{}
	for name, r := range f.c.Resources {
		if r.Type == kind {
			found[name] = r
		}
	}
	return found
}

func (f *faults) rule() {
	r := f.c.Resources["DetectorFunctionKeyPolicyChange"].Properties
	f.want("the rule's bus", r["EventBusName"], `{"Ref": "EventBusName"}`)
	f.want("the rule's pattern", r["EventPattern"], `{
		"source": ["aws.kms"],
		"detail-type": ["AWS API Call via CloudTrail"],
		"detail": {"eventSource": ["kms.amazonaws.com"], "eventName": ["CreateKey", "PutKeyPolicy", "ReplicateKey"]}}`)
	f.want("the rule's state", r["State"], `"ENABLED"`)
	f.want("the rule's targets", r["Targets"], `[{
		"Id": "DetectorFunctionKeyPolicyChangeLambdaTarget",
		"Arn": {"Fn::GetAtt": ["DetectorFunction", "Arn"]},
		"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]}},
		"RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}}]`)
	f.calls("DetectorFunctionKeyPolicyChange")
	if permissions := f.all("AWS::Lambda::Permission"); len(permissions) != 2 {
		f.add("permissions to call the function = %v, want 2", sortedKeys(permissions))
	}
}

// calls checks that the permission lets only the rule call the function.
func (f *faults) calls(rule string) {
	p := f.c.Resources[rule+"Permission"].Properties
	f.want("what "+rule+" may do", p["Action"], `"lambda:InvokeFunction"`)
	if got := references(p["FunctionName"]); len(got) != 1 || got[0] != "DetectorFunction" {
		f.add("%s may call %v", rule, got)
	}
	f.want("who may call the function for "+rule, p["Principal"], `"events.amazonaws.com"`)
	f.want("which rule may call the function", p["SourceArn"], `{"Fn::GetAtt": ["`+rule+`", "Arn"]}`)
}

func (f *faults) function() {
	p := f.c.Resources["DetectorFunction"].Properties
	f.want("runtime", p["Runtime"], `"provided.al2023"`)
	f.want("architectures", p["Architectures"], `[{"Ref": "Architecture"}]`)
	f.want("concurrency", p["ReservedConcurrentExecutions"], `{"Fn::If": ["HasReservation", {"Ref": "ReservedConcurrency"}, {"Ref": "AWS::NoValue"}]}`)
	f.want("memory", p["MemorySize"], `256`)
	f.want("timeout", p["Timeout"], `30`)
	f.want("role", p["Role"], `{"Fn::GetAtt": ["DetectorRole", "Arn"]}`)
	f.want("logging", p["LoggingConfig"], `{"LogFormat": "JSON", "LogGroup": {"Ref": "DetectorLogs"}}`)
	f.want("tracing", p["TracingConfig"], `null`)
	f.want("log retention", f.c.Resources["DetectorLogs"].Properties["RetentionInDays"], `{"Ref": "LogRetentionDays"}`)
	i := f.c.Resources["DetectorFunctionEventInvokeConfig"].Properties
	f.want("failed events", i["DestinationConfig"], `{"OnFailure": {"Destination": {"Fn::GetAtt": ["FailedEvents", "Arn"]}}}`)
	f.want("retries", i["MaximumRetryAttempts"], `2`)
	f.environment(p)
}

// environment checks that every variable is a setting that the function reads.
func (f *faults) environment(function map[string]any) {
	variables := f.settings(function, filepath.Join("lambda", "detect"))
	f.want("TOPIC_ARN", variables["TOPIC_ARN"], `{"Ref": "AlertTopic"}`)
	f.want("OVERFLOW_TOPIC_ARN", variables["OVERFLOW_TOPIC_ARN"], `{"Ref": "OverflowTopic"}`)
	f.want("AWS_USE_FIPS_ENDPOINT", variables["AWS_USE_FIPS_ENDPOINT"], `{"Ref": "UseFips"}`)
	f.want("CANARY_ROLE_ARN", variables["CANARY_ROLE_ARN"], `{"Fn::If": ["HasCanary", {"Fn::GetAtt": ["CanaryRole", "Arn"]}, ""]}`)
	f.want("CANARY_KEY_ARN", variables["CANARY_KEY_ARN"], `{"Fn::If": ["HasCanary", {"Fn::GetAtt": ["StackKey", "Arn"]}, ""]}`)
	f.want("MAX_ALERTS_PER_MINUTE", variables["MAX_ALERTS_PER_MINUTE"], `{"Ref": "MaxAlertsPerMinute"}`)
}

// settings checks that every variable is a setting that the function in the folder
// reads, and returns the variables.
func (f *faults) settings(function map[string]any, folder string) map[string]any {
	var source []byte
	for _, dir := range []string{folder, filepath.Join("internal", "function")} {
		text, err := os.ReadFile(filepath.Join(dir, "settings.go"))
		if err != nil {
			f.add("%v", err)
		}
		source = append(source, text...)
	}
	environment, _ := function["Environment"].(map[string]any)
	variables, _ := environment["Variables"].(map[string]any)
	for name := range variables {
		if !bytes.Contains(source, []byte(`"`+name+`"`)) {
			f.add("variable %s is not a setting of the function in %s", name, folder)
		}
	}
	return variables
}

// role checks exactly what each role allows and who can assume it.
func (f *faults) role() {
	roles := f.all("AWS::IAM::Role")
	if names := sortedKeys(roles); !slices.Equal(names, []string{"CanaryRole", "DetectorRole", "SweepRole", "SweepScheduleRole"}) {
		f.add("roles = %v, want those of canary, detector, sweep and its schedule", names)
	}
	for name, want := range map[string]struct{ trust, policies string }{
		"DetectorRole": {
			`{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}`,
			`[{"PolicyName": "detector", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
				{"Sid": "WriteLogs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": {"Fn::GetAtt": ["DetectorLogs", "Arn"]}},
				{"Sid": "PublishAlerts", "Effect": "Allow", "Action": "sns:Publish", "Resource": [{"Ref": "AlertTopic"}, {"Ref": "OverflowTopic"}]},
				{"Sid": "EncryptAlerts", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
					"Resource": {"Fn::If": ["OwnTopicKey", {"Fn::GetAtt": ["StackKey", "Arn"]}, {"Ref": "TopicKeyArn"}]},
					"Condition": {"StringEquals": {"kms:ViaService": {"Fn::Sub": "sns.${AWS::Region}.${AWS::URLSuffix}"}}}},
				{"Sid": "KeepFailedEvents", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["FailedEvents", "Arn"]}}]}}]`,
		},
		"CanaryRole": {
			`{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}}`,
			`[{"PolicyName": "canary", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
				{"Sid": "PutItsOwnPolicyAgain", "Effect": "Allow", "Action": "kms:PutKeyPolicy", "Resource": {"Fn::GetAtt": ["StackKey", "Arn"]}}]}}]`,
		},
		"SweepRole": {
			`{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}`,
			`[{"PolicyName": "sweep", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
				{"Sid": "WriteLogs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": {"Fn::GetAtt": ["SweepLogs", "Arn"]}},
				` + readsKeys + `,
				{"Sid": "KeepState", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": {"Fn::Sub": "${SweepState.Arn}/state.json"}},
				{"Sid": "KnowThatThereIsNone", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": {"Fn::GetAtt": ["SweepState", "Arn"]}},
				{"Sid": "HearOfEvents", "Effect": "Allow", "Action": "logs:FilterLogEvents", "Resource": {"Fn::GetAtt": ["DetectorLogs", "Arn"]}},
				{"Sid": "PublishAlerts", "Effect": "Allow", "Action": "sns:Publish", "Resource": {"Ref": "AlertTopic"}},
				{"Sid": "EncryptAlerts", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
					"Resource": {"Fn::If": ["OwnTopicKey", {"Fn::GetAtt": ["StackKey", "Arn"]}, {"Ref": "TopicKeyArn"}]},
					"Condition": {"StringEquals": {"kms:ViaService": {"Fn::Sub": "sns.${AWS::Region}.${AWS::URLSuffix}"}}}},
				{"Fn::If": ["HasSweepRoles", {"Sid": "EnterMemberAccounts", "Effect": "Allow", "Action": "sts:AssumeRole",
					"Resource": {"Fn::Split": [",", {"Ref": "SweepRoles"}]}}, {"Ref": "AWS::NoValue"}]}]}}]`,
		},
		"SweepScheduleRole": {
			`{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}}`,
			`[{"PolicyName": "run", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
				{"Sid": "RunTheSweep", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": ["SweepFunction", "Arn"]}}]}}]`,
		},
	} {
		p := roles[name].Properties
		f.want("managed policies of "+name, p["ManagedPolicyArns"], `null`)
		f.want("policies of "+name, p["Policies"], want.policies)
		f.want("who may take "+name, p["AssumeRolePolicyDocument"], `{"Version": "2012-10-17", "Statement": [`+want.trust+`]}`)
	}
}

// policies checks that the resource policies of queues and topics allow only named
// services, and these only on behalf of this stack or account.
func (f *faults) policies() {
	for kind, count := range map[string]int{"AWS::SQS::QueuePolicy": 2, "AWS::SNS::TopicPolicy": 3, "AWS::S3::BucketPolicy": 1} {
		found := f.all(kind)
		if len(found) != count {
			f.add("%d resources of type %s, want %d", len(found), kind, count)
		}
		for name, r := range found {
			f.policy(name, r.Properties["PolicyDocument"])
		}
	}
}

func (f *faults) policy(name string, document any) {
	d, _ := document.(map[string]any)
	statements, _ := d["Statement"].([]any)
	if len(statements) == 0 {
		f.add("%s has no statements", name)
	}
	tls := false
	for _, s := range statements {
		statement, _ := s.(map[string]any)
		if name, argument := function(s); name == "Fn::If" {
			parts, _ := argument.([]any)
			statement, _ = parts[1].(map[string]any)
		}
		condition, _ := statement["Condition"].(map[string]any)
		if statement["Effect"] == "Deny" {
			tls = tls || reflect.DeepEqual(condition["Bool"], map[string]any{"aws:SecureTransport": "false"})
			continue
		}
		principal, _ := statement["Principal"].(map[string]any)
		if len(principal) != 1 || principal["Service"] == nil {
			f.add("%s: statement %v lets in %v, want one service", name, statement["Sid"], statement["Principal"])
		}
		if !pinned(condition) {
			f.add("%s: statement %v does not say for whom the service calls", name, statement["Sid"])
		}
	}
	if !tls {
		f.add("%s does not deny requests without TLS", name)
	}
	if topic := strings.TrimSuffix(name, "Policy"); topic == "AlertTopic" || topic == "OverflowTopic" {
		last, _ := statements[len(statements)-1].(map[string]any)
		who := `{"Fn::GetAtt": ["DetectorRole", "Arn"]}`
		if topic == "AlertTopic" {
			who = `{"Fn::If": ["HasSweep", [` + who + `, {"Fn::GetAtt": ["SweepRole", "Arn"]}], ` + who + `]}`
		}
		f.want("who may publish to "+topic, last, `{"Sid": "OnlyTheDetector", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": {"Ref": "`+topic+`"},
			"Condition": {"ArnNotEquals": {"aws:PrincipalArn": `+who+`}}}`)
	}
}

// pinned reports whether the condition restricts a service to calls on behalf of a
// resource of the stack or of its account.
func pinned(condition map[string]any) bool {
	source, _ := condition["ArnEquals"].(map[string]any)
	account, _ := condition["StringEquals"].(map[string]any)
	return source["aws:SourceArn"] != nil || reflect.DeepEqual(account["aws:SourceAccount"], map[string]any{"Ref": "AWS::AccountId"})
}

func (f *faults) subscriptions() {
	want := map[string]string{"EmailSubscription": "HasEmail", "OpsSubscription": "HasOpsMailbox"}
	found := f.all("AWS::SNS::Subscription")
	if len(found) != len(want) {
		f.add("subscriptions = %v, want %v", sortedKeys(found), sortedKeys(want))
	}
	for name, condition := range want {
		r := found[name]
		if r.Condition != condition {
			f.add("%s has condition %q, want %q", name, r.Condition, condition)
		}
		f.want(name+"'s protocol", r.Properties["Protocol"], `"email"`)
	}
	for name, p := range f.c.Parameters {
		if p.Default == nil {
			f.add("parameter %s has no default: a first deployment should not need it", name)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
