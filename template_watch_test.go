package kmsentry

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// pseudo returns values for CloudFormation's pseudo parameters and for the names of
// the stack's resources.
func pseudo() map[string]string {
	return map[string]string{
		"AWS::Partition": "aws", "AWS::AccountId": "111122223333", "AWS::Region": "us-east-1", "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "kmsentry",
		"StackKey.Arn":                    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"DetectorFunction":                "kmsentry-DetectorFunction-AbC1",
		"DetectorFunctionKeyPolicyChange": "kmsentry-DetectorFunctionKeyPolicyChange-AbC2",
		"AlertTopic":                      "arn:aws:sns:us-east-1:111122223333:kmsentry-AlertTopic-AbC3",
		"OverflowTopic":                   "arn:aws:sns:us-east-1:111122223333:kmsentry-OverflowTopic-AbC4",
		"OpsTopic":                        "arn:aws:sns:us-east-1:111122223333:kmsentry-OpsTopic-AbC5",
		"TamperWatchTrail":                "kmsentry-TamperWatchTrail-AbC6",
		"OrganizationBus":                 "kmsentry",
		"OrganizationRule":                "kmsentry|kmsentry-OrganizationRule-AbC7", // as of every rule on a bus that is not the default one
	}
}

// resolved returns v with Ref, GetAtt, Sub, Join, Split and Select evaluated with the
// given values. A name without a value is an error: otherwise a test would compare an
// unresolved reference with itself.
func resolved(v any, names map[string]string) (any, error) {
	switch name, argument := function(v); name {
	case "Ref":
		return named(names, fmt.Sprint(argument))
	case "Fn::GetAtt":
		parts, _ := argument.([]any)
		return named(names, fmt.Sprintf("%v.%v", parts[0], parts[1]))
	case "Fn::Sub":
		return substituted(argument, names)
	case "Fn::Split", "Fn::Join":
		return splitOrJoined(name, argument, names)
	case "Fn::Select":
		return selected(argument, names)
	case "":
	default:
		return nil, fmt.Errorf("%s is not known here", name)
	}
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			r, err := resolved(item, names)
			if err != nil {
				return nil, err
			}
			list = append(list, r)
		}
		return list, nil
	case map[string]any:
		object := map[string]any{}
		for member, value := range v {
			r, err := resolved(value, names)
			if err != nil {
				return nil, err
			}
			object[member] = r
		}
		return object, nil
	}
	return v, nil
}

func named(names map[string]string, name string) (string, error) {
	value, ok := names[name]
	if !ok {
		return "", fmt.Errorf("there is no value for %s", name)
	}
	return value, nil
}

// substituted evaluates Fn::Sub in both of its forms.
func substituted(argument any, names map[string]string) (any, error) {
	text, all := fmt.Sprint(argument), map[string]string{}
	for name, value := range names {
		all[name] = value
	}
	if parts, ok := argument.([]any); ok {
		text = fmt.Sprint(parts[0])
		own, _ := parts[1].(map[string]any)
		for name, value := range own {
			r, err := resolved(value, names)
			if err != nil {
				return nil, err
			}
			all[name] = fmt.Sprint(r)
		}
	}
	var missing error
	text = regexp.MustCompile(`\$\{([^}]+)\}`).ReplaceAllStringFunc(text, func(m string) string {
		value, err := named(all, m[2:len(m)-1])
		if err != nil {
			missing = err
		}
		return value
	})
	return text, missing
}

func selected(argument any, names map[string]string) (any, error) {
	parts, _ := argument.([]any)
	value, err := resolved(parts[1], names)
	if err != nil {
		return nil, err
	}
	list, _ := value.([]any)
	if n, ok := parts[0].(float64); ok && int(n) < len(list) {
		return list[int(n)], nil
	}
	return nil, fmt.Errorf("there is no element %v in %v", parts[0], list)
}

func splitOrJoined(name string, argument any, names map[string]string) (any, error) {
	parts, _ := argument.([]any)
	value, err := resolved(parts[1], names)
	if err != nil {
		return nil, err
	}
	if name == "Fn::Split" {
		list := []any{}
		for _, part := range strings.Split(fmt.Sprint(value), fmt.Sprint(parts[0])) {
			list = append(list, part)
		}
		return list, nil
	}
	var texts []string
	list, _ := value.([]any)
	for _, item := range list {
		texts = append(texts, fmt.Sprint(item))
	}
	return strings.Join(texts, fmt.Sprint(parts[0])), nil
}

// key checks that kmsentry judges the policy of the stack's own key as private, and
// that the policy restricts services to this account.
func (f *faults) key() {
	k := f.c.Resources["StackKey"].Properties
	f.want("rotation", k["EnableKeyRotation"], `true`)
	document, err := resolved(k["KeyPolicy"], pseudo())
	if err != nil {
		f.add("the key's policy: %v", err)
		return
	}
	text, _ := json.Marshal(document)
	p, err := policy.Parse(text)
	if err != nil {
		f.add("the key's policy: %v", err)
		return
	}
	d := decide.Decide(p, decide.Question{Account: pseudo()["AWS::AccountId"], KeyARN: pseudo()["StackKey.Arn"]})
	if d.Verdict != decide.Private {
		f.add("kmsentry calls its own key's policy %s", d.Verdict)
	}
	f.want("the key's services", document.(map[string]any)["Statement"].([]any)[1], `{"Sid": "AlarmsAndRules", "Effect": "Allow",
		"Principal": {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*",
		"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}`)
}

// canary checks that the schedule puts the key's own policy, and that its text is the
// one by which the function recognizes the canary.
func (f *faults) canary() {
	s := f.c.Resources["CanarySchedule"].Properties
	f.want("the canary's state", s["State"], `"ENABLED"`)
	f.want("the canary's schedule", s["ScheduleExpression"], `"rate(1 day)"`)
	target, _ := s["Target"].(map[string]any)
	f.want("the canary's call", target["Arn"], `{"Fn::Sub": "arn:${AWS::Partition}:scheduler:::aws-sdk:kms:putKeyPolicy"}`)
	f.want("the canary's role", target["RoleArn"], `{"Fn::GetAtt": ["CanaryRole", "Arn"]}`)
	for _, partition := range []string{"aws", "aws-cn", "aws-us-gov"} {
		names := pseudo()
		names["AWS::Partition"] = partition
		names["StackKey.Arn"] = strings.Replace(names["StackKey.Arn"], "arn:aws:", "arn:"+partition+":", 1)
		if err := f.canaryPuts(target["Input"], names); err != nil {
			f.add("the canary: %v", err)
		}
	}
}

func (f *faults) canaryPuts(input any, names map[string]string) error {
	text, err := resolved(input, names)
	if err != nil {
		return err
	}
	var call struct{ KeyId, PolicyName, Policy string } //nolint:revive // as KMS spells it
	if err := json.Unmarshal([]byte(text.(string)), &call); err != nil {
		return err
	}
	known, err := resolved(f.canaryText(), names)
	if err != nil {
		return err
	}
	document, err := resolved(f.c.Resources["StackKey"].Properties["KeyPolicy"], names)
	if err != nil {
		return err
	}
	var put any
	if err := json.Unmarshal([]byte(call.Policy), &put); err != nil {
		return err
	}
	want, _ := json.Marshal(document)
	f.want("what the canary puts", put, string(want))
	if call.KeyId != names["StackKey.Arn"] || call.PolicyName != "default" {
		return fmt.Errorf("it puts policy %q of key %q", call.PolicyName, call.KeyId)
	}
	if sha256.Sum256([]byte(call.Policy)) != sha256.Sum256([]byte(known.(string))) {
		return fmt.Errorf("it puts\n%s\nand the function knows\n%s", call.Policy, known)
	}
	return nil
}

// canaryText returns the value of CANARY_POLICY when the canary is on.
func (f *faults) canaryText() any {
	environment, _ := f.c.Resources["DetectorFunction"].Properties["Environment"].(map[string]any)
	variables, _ := environment["Variables"].(map[string]any)
	if name, argument := function(variables["CANARY_POLICY"]); name == "Fn::If" {
		return argument.([]any)[1]
	}
	return nil
}

// kept checks which resources are retained when the stack is deleted.
func (f *faults) kept() {
	for _, name := range []string{"FailedEvents", "UndeliveredEvents", "DetectorLogs", "SweepLogs", "SweepState"} {
		if r := f.c.Resources[name]; r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
			f.add("%s is deleted with the stack", name)
		}
	}
	// A fixed name would make the next stack of that name fail.
	f.want("the log's name", f.c.Resources["DetectorLogs"].Properties["LogGroupName"], `{"Fn::Sub": ["/aws/lambda/${AWS::StackName}-detector-${Unique}",
		{"Unique": {"Fn::Select": [0, {"Fn::Split": ["-", {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}]}]}}]}`)
}

// alarmRows returns the expected alarms, each as namespace, metric, dimensions and
// comparison.
func alarmRows() map[string]string {
	return map[string]string{
		"ErrorsAlarm":                   "AWS/Lambda Errors FunctionName=DetectorFunction Sum/300 >= 1",
		"ThrottlesAlarm":                "AWS/Lambda Throttles FunctionName=DetectorFunction Sum/300 >= 1",
		"DroppedAlarm":                  "AWS/Lambda AsyncEventsDropped FunctionName=DetectorFunction Sum/300 >= 1",
		"DestinationAlarm":              "AWS/Lambda DestinationDeliveryFailures FunctionName=DetectorFunction Sum/300 >= 1",
		"RuleAlarm":                     "AWS/Events FailedInvocations RuleName=DetectorFunctionKeyPolicyChange Sum/300 >= 1",
		"DeadLetterAlarm":               "AWS/Events InvocationsFailedToBeSentToDlq RuleName=DetectorFunctionKeyPolicyChange Sum/300 >= 1",
		"FailedEventsAlarm":             "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=FailedEvents Maximum/300 >= 1",
		"FailedEventsArrivalAlarm":      "AWS/SQS NumberOfMessagesSent QueueName=FailedEvents Sum/300 >= 1",
		"FailedEventsAgeAlarm":          "AWS/SQS ApproximateAgeOfOldestMessage QueueName=FailedEvents Maximum/300 >= 864000",
		"UndeliveredEventsAlarm":        "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=UndeliveredEvents Maximum/300 >= 1",
		"UndeliveredEventsArrivalAlarm": "AWS/SQS NumberOfMessagesSent QueueName=UndeliveredEvents Sum/300 >= 1",
		"UndeliveredEventsAgeAlarm":     "AWS/SQS ApproximateAgeOfOldestMessage QueueName=UndeliveredEvents Maximum/300 >= 864000",
		"DeliveryAlarm":                 "AWS/SNS NumberOfNotificationsFailed TopicName=AlertTopic Sum/300 >= 1",
		"OverflowDeliveryAlarm":         "AWS/SNS NumberOfNotificationsFailed TopicName=OverflowTopic Sum/300 >= 1",
		"DelayAlarm":                    "kmsentry AlertDelaySeconds FunctionName=DetectorFunction p95/300 >= 900",
		"StormAlarm":                    "kmsentry Overflow FunctionName=DetectorFunction Sum/60 >= 1",
		"CanaryAlarm":                   "kmsentry Canary FunctionName=DetectorFunction Sum/3600 < 1",
		"OrganizationRuleAlarm":         "AWS/Events FailedInvocations EventBusName=OrganizationBus,RuleName=OrganizationRule Sum/300 >= 1",
		"OrganizationDeadLetterAlarm":   "AWS/Events InvocationsFailedToBeSentToDlq EventBusName=OrganizationBus,RuleName=OrganizationRule Sum/300 >= 1",
		"SweepErrorsAlarm":              "AWS/Lambda Errors FunctionName=SweepFunction Sum/300 >= 1",
		"SweepMissingAlarm":             "kmsentry Swept FunctionName=SweepFunction SampleCount/3600 < 1",
		"LostEventsAlarm":               "kmsentry LostEvents FunctionName=SweepFunction Sum/300 >= 1",
	}
}

func (f *faults) alarms() {
	rows := alarmRows()
	for name, r := range f.all("AWS::CloudWatch::Alarm") { // configurations looks at their actions
		missing := "notBreaching"
		if name == "CanaryAlarm" || name == "SweepMissingAlarm" {
			missing = "breaching"
			f.want("how long what "+name+" watches may be missing", r.Properties["EvaluationPeriods"], `26`)
		}
		f.want(name+" without data", r.Properties["TreatMissingData"], `"`+missing+`"`)
		switch name {
		case "NotDeliveredAlarm":
			f.notDelivered(r.Properties)
			continue
		case "TamperAlarm":
			f.tamperCounted(r.Properties)
			continue
		}
		if got := alarmRow(r.Properties); got != rows[name] {
			f.add("%s watches %q, want %q", name, got, rows[name])
		}
		delete(rows, name)
	}
	if len(rows) > 0 {
		f.add("no alarms %v", sortedKeys(rows))
	}
}

// alarmRow returns an alarm in the form of alarmRows, for the default bus where that
// makes a difference.
func alarmRow(p map[string]any) string {
	dimensions := p["Dimensions"]
	if name, argument := function(dimensions); name == "Fn::If" {
		dimensions = argument.([]any)[1]
		if text, _ := json.Marshal(argument.([]any)[2]); !strings.Contains(string(text), `{"Name":"EventBusName","Value":{"Ref":"EventBusName"}}`) {
			return "no dimension EventBusName on another bus"
		}
	}
	var of []string
	list, _ := dimensions.([]any)
	for _, d := range list {
		dimension, _ := d.(map[string]any)
		of = append(of, fmt.Sprintf("%v=%s", dimension["Name"], strings.Join(references(dimension["Value"]), "")))
	}
	statistic := p["Statistic"]
	if statistic == nil {
		statistic = p["ExtendedStatistic"]
	}
	operator := map[any]string{"GreaterThanOrEqualToThreshold": ">=", "LessThanThreshold": "<"}[p["ComparisonOperator"]]
	return fmt.Sprintf("%v %v %s %v/%v %s %v", p["Namespace"], p["MetricName"], strings.Join(of, ","), statistic, p["Period"], operator, p["Threshold"])
}

// notDelivered checks the alarm that compares alerts with deliveries.
func (f *faults) notDelivered(p map[string]any) {
	f.want("what counts as not delivered", p["Metrics"], `[
		{"Id": "missed", "Label": "deliveries missed", "Expression": {"Fn::Sub": "FILL(published, 0) * ${AlertSubscribers} - FILL(delivered, 0)"}},
		{"Id": "published", "ReturnData": false, "MetricStat": {"Metric": {"Namespace": "AWS/SNS", "MetricName": "NumberOfMessagesPublished",
			"Dimensions": [{"Name": "TopicName", "Value": {"Fn::GetAtt": ["AlertTopic", "TopicName"]}}]}, "Period": 3600, "Stat": "Sum"}},
		{"Id": "delivered", "ReturnData": false, "MetricStat": {"Metric": {"Namespace": "AWS/SNS", "MetricName": "NumberOfNotificationsDelivered",
			"Dimensions": [{"Name": "TopicName", "Value": {"Fn::GetAtt": ["AlertTopic", "TopicName"]}}]}, "Period": 3600, "Stat": "Sum"}}]`)
	f.want("its threshold", p["Threshold"], `1`)
}

// tamperCounted checks the alarm that counts the matches of the two tamper rules.
func (f *faults) tamperCounted(p map[string]any) {
	rule := func(id, name string) string {
		return `{"Id": "` + id + `", "ReturnData": false, "MetricStat": {"Metric": {"Namespace": "AWS/Events", "MetricName": "TriggeredRules",
			"Dimensions": [{"Name": "RuleName", "Value": {"Ref": "` + name + `"}}]}, "Period": 300, "Stat": "Sum"}}`
	}
	f.want("what counts as tampering", p["Metrics"], `[{"Id": "calls", "Label": "calls", "Expression": "FILL(stack, 0) + FILL(trail, 0)"},`+
		rule("stack", "TamperWatch")+`, `+rule("trail", "TamperWatchTrail")+`]`)
	f.want("its threshold", p["Threshold"], `1`)
}

// TestMetricsAreWrittenAndDocumented checks that the functions write the metrics that
// the alarms and the dashboard read, and that docs/deploy.md lists them.
func TestMetricsAreWrittenAndDocumented(t *testing.T) {
	source := []byte(document(t, "lambda/detect/log.go") + document(t, "lambda/sweep/log.go"))
	read := regexp.MustCompile(`"kmsentry", "([A-Za-z]+)"|Namespace: kmsentry\n      MetricName: ([A-Za-z]+)`).FindAllStringSubmatch(readTemplate(t), -1)
	var documented []string
	for _, row := range rows(t, "docs/deploy.md", "## Its own metrics") {
		documented = append(documented, codes(row[0])...)
	}
	if len(read) < 8 {
		t.Fatalf("%d metrics of kmsentry in template.yaml, want at least 8", len(read))
	}
	for _, m := range read {
		name := m[1] + m[2]
		if !strings.Contains(string(source), `"`+name+`"`) || !slices.Contains(documented, name) {
			t.Errorf("template.yaml reads the metric %s; written %t, documented %q", name, strings.Contains(string(source), `"`+name+`"`), documented)
		}
	}
}

// TestDashboard checks that the dashboard is valid JSON and that every widget shows
// something.
func TestDashboard(t *testing.T) {
	answer := translate(t, readTemplate(t))[0]
	board := answer.Template.Resources["Board"].Properties
	names := pseudo()
	for _, name := range []string{"FailedEvents.QueueName", "UndeliveredEvents.QueueName", "AlertTopic.TopicName", "DetectorLogs"} {
		names[name] = name
	}
	body, err := resolved(board["DashboardBody"], names)
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Widgets []struct {
			Type       string
			Properties struct {
				Title, Query string
				Metrics      [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body.(string)), &dashboard); err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, w := range dashboard.Widgets {
		titles = append(titles, w.Properties.Title)
		if (w.Type == "log") != (w.Properties.Query != "") || (w.Type == "metric") != (len(w.Properties.Metrics) > 0) {
			t.Errorf("widget %q of type %s shows nothing", w.Properties.Title, w.Type)
		}
	}
	want := []string{"Events", "Findings by severity", "From the call to the alert, seconds", "Faults", "Queues", "Storms", "Canary, one a day", "Alerts published and delivered", "Newest findings"}
	if !slices.Equal(titles, want) {
		t.Errorf("widgets %q, want %q", titles, want)
	}
}
