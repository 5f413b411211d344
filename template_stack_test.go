package kmsentry

import (
	"fmt"
	"slices"
	"strings"
)

// A deployment is the result of deploying the template with one set of parameters.
type deployment struct {
	refused   []string // the rules that reject it
	resources map[string]resource
	faults    []string // what CloudFormation would report as errors
}

// deploy evaluates the translated template's rules and conditions as
// CloudFormation does. References to resources and attributes stay as they are.
// Source: CloudFormation user guide, intrinsic-function-reference-conditions.html
// and -rules.html.
func (c cloudFormation) deploy(parameters map[string]string) deployment {
	e := &evaluator{c: c, parameters: parameters}
	d := deployment{resources: map[string]resource{}}
	for name, rule := range c.Rules {
		if rule.RuleCondition != nil && !e.truth(rule.RuleCondition) {
			continue
		}
		for _, a := range rule.Assertions {
			if !e.truth(a.Assert) {
				d.refused = append(d.refused, name)
			}
		}
	}
	for name, r := range c.Resources {
		if r.Condition != "" && !e.condition(r.Condition) {
			continue
		}
		properties, _ := e.value(r.Properties).(map[string]any)
		d.resources[name] = resource{Type: r.Type, Properties: properties}
	}
	for name, r := range d.resources {
		for _, target := range references(r.Properties) {
			_, there := d.resources[target]
			if _, known := c.Resources[target]; known && !there {
				e.fault("%s refers to %s, which is not in the stack", name, target)
			}
		}
	}
	d.faults = e.faults
	return d
}

// An evaluator evaluates intrinsic functions.
type evaluator struct {
	c          cloudFormation
	parameters map[string]string
	faults     []string
}

func (e *evaluator) fault(format string, args ...any) {
	e.faults = append(e.faults, fmt.Sprintf(format, args...))
}

// noValue represents AWS::NoValue, which removes a value from the template.
type noValue struct{}

// function returns the name and argument of an intrinsic function; the name is ""
// for any other value.
func function(v any) (name string, argument any) {
	m, _ := v.(map[string]any)
	if len(m) != 1 {
		return "", nil
	}
	for name, argument = range m {
		if name == "Ref" || name == "Condition" || strings.HasPrefix(name, "Fn::") {
			return name, argument
		}
	}
	return "", nil
}

// value returns v with all references to parameters and all Fn::If resolved.
func (e *evaluator) value(v any) any {
	switch name, argument := function(v); {
	case name == "Ref" && argument == "AWS::NoValue":
		return noValue{}
	case name == "Ref":
		if text, ok := e.parameters[fmt.Sprint(argument)]; ok {
			return text
		}
		return v
	case name == "Fn::If":
		parts, _ := argument.([]any)
		if len(parts) != 3 {
			e.fault("Fn::If wants three arguments, got %v", argument)
			return noValue{}
		}
		if e.condition(fmt.Sprint(parts[0])) {
			return e.value(parts[1])
		}
		return e.value(parts[2])
	}
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			if item = e.value(item); item != (noValue{}) {
				list = append(list, item)
			}
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, member := range v {
			if member = e.value(member); member != (noValue{}) {
				object[name] = member
			}
		}
		return object
	default:
		return v
	}
}

// condition returns the value of a named condition.
func (e *evaluator) condition(name string) bool {
	definition, ok := e.c.Conditions[name]
	if !ok {
		e.fault("there is no condition %q", name)
		return false
	}
	return e.truth(definition)
}

// truth evaluates a condition function.
func (e *evaluator) truth(v any) bool {
	name, argument := function(v)
	if name == "Condition" {
		return e.condition(fmt.Sprint(argument))
	}
	parts, _ := argument.([]any)
	counts := map[string][2]int{"Fn::Equals": {2, 2}, "Fn::Not": {1, 1}, "Fn::And": {2, 10}, "Fn::Or": {2, 10}}
	if count, ok := counts[name]; !ok || len(parts) < count[0] || len(parts) > count[1] {
		e.fault("%v is not a condition", v)
		return false
	}
	switch name {
	case "Fn::Equals":
		return e.value(parts[0]) == e.value(parts[1])
	case "Fn::Not":
		return !e.truth(parts[0])
	case "Fn::And":
		return !slices.ContainsFunc(parts, func(part any) bool { return !e.truth(part) })
	default:
		return slices.ContainsFunc(parts, e.truth)
	}
}

// references returns the logical ids in all Ref and Fn::GetAtt in v.
func references(v any) []string {
	switch name, argument := function(v); name {
	case "Ref":
		return []string{fmt.Sprint(argument)}
	case "Fn::GetAtt":
		if parts, _ := argument.([]any); len(parts) > 0 {
			return []string{fmt.Sprint(parts[0])}
		}
	}
	var all []string
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			all = append(all, references(item)...)
		}
	case map[string]any:
		for _, member := range v {
			all = append(all, references(member)...)
		}
	}
	return all
}

// combinations returns all combinations of the parameters that set who is notified,
// and all combinations of those that set what is created.
func combinations() []map[string]string {
	told := []choice{
		{"AlertEmail", "", "alerts@example.com"},
		{"OpsEmail", "", "ops@example.com"},
		{"SubscribersFollow", "false", "true"},
		{"ChatClient", "slack", "teams"},
		{"MentionGroup", "", "S0123ABCD"},
		{"HttpsBody", "chat", "finding"},
	}
	built := []choice{
		{"Canary", "true", "false"},
		{"TamperRule", "true", "false"},
		{"Dashboard", "true", "false"},
		{"Sweep", "daily", "off"},
		{"TopicKeyArn", "", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
		{"EventBusName", "default", "security"},
		{"ReservedConcurrency", "", "5"},
		{"OrganizationId", "", "o-a1b2c3d4e5"},
	}
	all := append(ways(told, built), ways(built, told)...)
	for _, p := range all[1<<len(told):] {
		p["AlertEmail"] = "alerts@example.com" // else each of them is refused
	}
	return all
}

// A choice is a parameter with two possible values.
type choice struct{ name, one, other string }

// ways returns all combinations of the parameters in choices, with those in others at
// their first values.
func ways(choices, others []choice) []map[string]string {
	var all []map[string]string
	for n := range 1 << len(choices) {
		p := map[string]string{
			"MinSeverity": "medium", "TrustedAccounts": "", "TrustedOrgs": "", "RunbookUrl": "", "RcpFile": "", "MaxAlertsPerMinute": "20", "LogRetentionDays": "90",
			"AlertSubscribers": "1", "UseFips": "false", "Architecture": "arm64", "SweepRegions": "", "SweepRoles": "arn:aws:iam::444455556666:role/kmsentry-sweep",
		}
		for _, c := range others {
			p[c.name] = c.one
		}
		for i, c := range choices {
			p[c.name] = c.one
			if n>>i&1 == 1 {
				p[c.name] = c.other
			}
		}
		all = append(all, p)
	}
	return all
}

// configurations checks every combination of parameters: it must be rejected if
// nobody would get the alerts, and otherwise every alarm must notify someone.
func (f *faults) configurations() {
	for _, p := range combinations() {
		for name := range f.c.Parameters {
			if _, ok := p[name]; !ok {
				f.add("parameter %s is in no combination", name)
				return
			}
		}
		before := len(f.list)
		f.configuration(f.c.deploy(p), p)
		if len(f.list) > before {
			f.add("all this with %v", p)
			return // the other combinations would report the same
		}
	}
}

func (f *faults) configuration(d deployment, p map[string]string) {
	f.list = append(f.list, d.faults...)
	var refused []string
	if p["AlertEmail"] == "" && p["SubscribersFollow"] != "true" {
		refused = append(refused, "SomebodyHears")
	}
	if p["MentionGroup"] != "" && p["ChatClient"] != "slack" {
		refused = append(refused, "MentionsAreForSlack")
	}
	slices.Sort(refused)
	slices.Sort(d.refused)
	if !slices.Equal(d.refused, refused) {
		f.add("refused by %v, want %v", d.refused, refused)
	}
	if len(refused) > 0 {
		return
	}
	f.heard(d, p)
}

// heard checks who gets what in a deployment that is not rejected.
func (f *faults) heard(d deployment, p map[string]string) {
	mailboxes := map[string][]string{} // by topic
	for name, r := range d.resources {
		switch r.Type {
		case "AWS::CloudWatch::Alarm":
			f.want(name+"'s actions", r.Properties["AlarmActions"], `[{"Ref": "OpsTopic"}]`)
		case "AWS::SNS::Subscription":
			topic := strings.Join(references(r.Properties["TopicArn"]), " ")
			mailboxes[topic] = append(mailboxes[topic], fmt.Sprint(r.Properties["Endpoint"]))
		}
	}
	want := map[string][]string{}
	if p["AlertEmail"] != "" {
		want["AlertTopic"], want["OpsTopic"] = []string{p["AlertEmail"]}, []string{p["AlertEmail"]}
	}
	if p["OpsEmail"] != "" {
		want["OpsTopic"] = []string{p["OpsEmail"]}
	}
	if fmt.Sprint(mailboxes) != fmt.Sprint(want) {
		f.add("mailboxes = %v, want %v", mailboxes, want)
	}
	for name, parameter := range map[string]string{
		"CanarySchedule": "Canary", "CanaryRole": "Canary", "CanaryAlarm": "Canary", "TamperWatch": "TamperRule", "TamperWatchTrail": "TamperRule", "TamperAlarm": "TamperRule", "Board": "Dashboard",
		"OrganizationBus": "OrganizationId", "OrganizationBusPolicy": "OrganizationId", "OrganizationRule": "OrganizationId", "OrganizationRulePermission": "OrganizationId",
		"OrganizationRuleAlarm": "OrganizationId", "OrganizationDeadLetterAlarm": "OrganizationId",
	} {
		if _, ok := d.resources[name]; ok != (p[parameter] == "true" || strings.HasPrefix(p[parameter], "o-")) {
			f.add("%s is there: %t, with %s %s", name, ok, parameter, p[parameter])
		}
	}
	for _, name := range []string{"SweepFunction", "SweepRole", "SweepLogs", "SweepState", "SweepStatePolicy", "SweepSchedule", "SweepScheduleRole", "SweepErrorsAlarm", "SweepMissingAlarm", "LostEventsAlarm"} {
		if _, ok := d.resources[name]; ok != (p["Sweep"] != "off") {
			f.add("%s is there: %t, with Sweep %s", name, ok, p["Sweep"])
		}
	}
	for _, name := range []string{"AlertTopic", "OverflowTopic", "OpsTopic"} {
		want := `{"Ref": "StackKey"}`
		if arn := p["TopicKeyArn"]; arn != "" {
			want = `"` + arn + `"`
		}
		f.want(name+"'s key", d.resources[name].Properties["KmsMasterKeyId"], want)
	}
}
