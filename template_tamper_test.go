package kmsentry

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// tamper checks the rules that watch kmsentry itself: whom they notify, which calls
// they match, and that EventBridge accepts their patterns.
func (f *faults) tamper() {
	var patterns []any
	for _, name := range []string{"TamperWatch", "TamperWatchTrail"} {
		r := f.c.Resources[name].Properties
		f.want(name+"'s state", r["State"], `"ENABLED"`)
		f.want(name+"'s bus", r["EventBusName"], `null`)
		targets, _ := r["Targets"].([]any)
		if len(targets) != 1 {
			f.add("%s has %d targets, want 1", name, len(targets))
			return
		}
		target, _ := targets[0].(map[string]any)
		f.want("whom "+name+" tells", target["Arn"], `{"Ref": "OpsTopic"}`)
		f.tamperText(target)
		pattern, err := resolved(withDefaults(r["EventPattern"]), pseudo())
		if err != nil {
			f.add("%s: %v", name, err)
			return
		}
		patterns = append(patterns, pattern)
		f.patternSize(name, r["EventPattern"])
	}
	for _, event := range tamperCalls() {
		var e any
		if err := json.Unmarshal([]byte(event.json), &e); err != nil {
			panic(err)
		}
		if got := slices.ContainsFunc(patterns, func(p any) bool { return matches(p, e) }); got != event.caught {
			f.add("the tamper rules catch %s: %t, want %t", event.name, got, event.caught)
		}
	}
}

// patternSize checks that a pattern, with the names of a stack in a stack set, has at
// most 2,048 characters, EventBridge's default quota.
// Source: EventBridge user guide, eb-quota.html.
func (f *faults) patternSize(name string, pattern any) {
	const stack = "StackSet-kmsentry-1b4e28ba-2fa1-11d2-883f-0016d3cca427"
	names := map[string]string{}
	for id, value := range pseudo() {
		value = strings.NewReplacer("arn:aws:", "arn:aws-us-gov:", "us-east-1", "us-gov-west-1", "-AbC", "-1ABCDEFGHIJK").Replace(value)
		value = strings.ReplaceAll(value, "kmsentry", stack)
		if bus, rule, ok := strings.Cut(value, "|"); ok {
			value = bus + "|" + rule[:64]
		} else if !strings.Contains(value, ":") && len(value) > 64 {
			value = value[:64] // functions and rules cannot have longer names
		}
		names[id] = value
	}
	long, err := resolved(withDefaults(pattern), names)
	if err != nil {
		f.add("%s: %v", name, err)
		return
	}
	if text, _ := json.Marshal(long); len(text) > 2048 {
		f.add("%s's pattern has %d characters, EventBridge takes 2048: %s", name, len(text), text)
	}
}

// withDefaults returns v with every Fn::If replaced by its first branch: the stack's
// own key, the default bus, and also the organization's bus.
func withDefaults(v any) any {
	if name, argument := function(v); name == "Fn::If" {
		return withDefaults(argument.([]any)[1])
	}
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, withDefaults(item))
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, value := range v {
			object[name] = withDefaults(value)
		}
		return object
	}
	return v
}

// tamperText checks that the message contains what it should, and that it uses
// exactly the paths that the input transformer extracts.
func (f *faults) tamperText(target map[string]any) {
	transformer, _ := target["InputTransformer"].(map[string]any)
	paths, _ := transformer["InputPathsMap"].(map[string]any)
	text := fmt.Sprint(transformer["InputTemplate"])
	if len(paths) != 8 {
		f.add("the tamper rule's message has %d values, want 8", len(paths))
	}
	for name := range paths {
		if !strings.Contains(text, "<"+name+">") {
			f.add("the tamper rule's message does not show %s", name)
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, `"`) || !strings.HasSuffix(line, `"`) || strings.Count(line, `"`) != 2 {
			f.add("the tamper rule's message has the line %s, want one string", line)
		}
	}
}

type tamperCall struct {
	name, json string
	caught     bool
}

// tamperCalls returns calls that disable kmsentry, and similar harmless ones.
func tamperCalls() []tamperCall {
	call := func(service, name, parameters string) string {
		return fmt.Sprintf(`{"source": "aws.%s", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventSource": "%[1]s.amazonaws.com", "eventName": %q, "requestParameters": %s}}`, service, name, parameters)
	}
	n := pseudo()
	rule, function := n["DetectorFunctionKeyPolicyChange"], n["DetectorFunction"]
	key := `{"source": "aws.kms", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventSource": "kms.amazonaws.com", "eventName": %q, "resources": [{"ARN": %q, "type": "AWS::KMS::Key"}]}}`
	trail := `"trailName": "t", "eventSelectors": [{"readWriteType": %q, "includeManagementEvents": %t, "excludeManagementEventSources": [%s]}]`
	return []tamperCall{
		{"StopLogging", call("cloudtrail", "StopLogging", `{"name": "t"}`), true},
		{"DeleteTrail", call("cloudtrail", "DeleteTrail", `{"name": "t"}`), true},
		{"StartLogging", call("cloudtrail", "StartLogging", `{"name": "t"}`), false},
		{"UpdateTrail to one Region", call("cloudtrail", "UpdateTrail", `{"name": "t", "isMultiRegionTrail": false}`), true},
		{"UpdateTrail of the bucket", call("cloudtrail", "UpdateTrail", `{"name": "t", "s3BucketName": "b"}`), false},
		{"selectors without KMS", call("cloudtrail", "PutEventSelectors", "{"+fmt.Sprintf(trail, "All", true, `"rdsdata.amazonaws.com", "kms.amazonaws.com"`)+"}"), true},
		{"selectors without writes", call("cloudtrail", "PutEventSelectors", "{"+fmt.Sprintf(trail, "ReadOnly", true, "")+"}"), true},
		{"selectors without management events", call("cloudtrail", "PutEventSelectors", "{"+fmt.Sprintf(trail, "All", false, "")+"}"), true},
		{"selectors with all", call("cloudtrail", "PutEventSelectors", "{"+fmt.Sprintf(trail, "All", true, "")+"}"), false},
		{"advanced selectors", call("cloudtrail", "PutEventSelectors", `{"trailName": "t", "advancedEventSelectors": [{"fieldSelectors": [{"field": "eventCategory", "equals": ["Data"]}]}]}`), true},
		{"DisableRule", call("events", "DisableRule", fmt.Sprintf(`{"name": %q}`, rule)), true},
		{"DeleteRule of the tamper rule", call("events", "DeleteRule", `{"name": "kmsentry-TamperWatch-AbC9"}`), true},
		{"PutRule over ours", call("events", "PutRule", fmt.Sprintf(`{"name": %q, "state": "DISABLED"}`, rule)), true},
		{"RemoveTargets", call("events", "RemoveTargets", fmt.Sprintf(`{"rule": %q, "ids": ["x"]}`, rule)), true},
		{"DisableRule of the trail's rule", call("events", "DisableRule", fmt.Sprintf(`{"name": %q}`, n["TamperWatchTrail"])), true},
		{"DisableRule of the organization's", call("events", "DisableRule", `{"name": "kmsentry-OrganizationRule-AbC7", "eventBusName": "kmsentry"}`), true},
		{"RemoveTargets of the organization's rule", call("events", "RemoveTargets", `{"rule": "kmsentry-OrganizationRule-AbC7", "eventBusName": "kmsentry", "ids": ["x"]}`), true},
		{"DeleteEventBus", call("events", "DeleteEventBus", `{"name": "kmsentry"}`), true},
		{"RemovePermission of the bus", call("events", "RemovePermission", `{"eventBusName": "kmsentry", "statementId": "OnlyTheOrganization"}`), true},
		{"PutPermission on another bus", call("events", "PutPermission", `{"eventBusName": "default", "statementId": "x"}`), false},
		{"DisableRule of another", call("events", "DisableRule", `{"name": "backup"}`), false},
		{"DeleteFunction by name", call("lambda", "DeleteFunction20150331", fmt.Sprintf(`{"functionName": %q}`, function)), true},
		{"DeleteFunction by ARN", call("lambda", "DeleteFunction20150331", fmt.Sprintf(`{"functionName": "arn:aws:lambda:us-east-1:111122223333:function:%s:1"}`, function)), true},
		{"DeleteFunction of another", call("lambda", "DeleteFunction20150331", `{"functionName": "other"}`), false},
		{"RemovePermission", call("lambda", "RemovePermission20150331v2", fmt.Sprintf(`{"functionName": %q, "statementId": "x"}`, function)), true},
		{"throttled to 0", call("lambda", "PutFunctionConcurrency20171031", fmt.Sprintf(`{"functionName": %q, "reservedConcurrentExecutions": 0}`, function)), true},
		{"concurrency 5", call("lambda", "PutFunctionConcurrency20171031", fmt.Sprintf(`{"functionName": %q, "reservedConcurrentExecutions": 5}`, function)), false},
		{"Unsubscribe from alerts", call("sns", "Unsubscribe", fmt.Sprintf(`{"subscriptionArn": "%s:1234"}`, n["AlertTopic"])), true},
		{"Unsubscribe from alarms", call("sns", "Unsubscribe", fmt.Sprintf(`{"subscriptionArn": "%s:1234"}`, n["OpsTopic"])), true},
		{"a filter on the overflow topic", call("sns", "SetSubscriptionAttributes", fmt.Sprintf(`{"subscriptionArn": "%s:1234"}`, n["OverflowTopic"])), true},
		{"Unsubscribe elsewhere", call("sns", "Unsubscribe", `{"subscriptionArn": "arn:aws:sns:us-east-1:111122223333:other:1234"}`), false},
		{"DeleteTopic", call("sns", "DeleteTopic", fmt.Sprintf(`{"topicArn": %q}`, n["AlertTopic"])), true},
		{"DisableKey", fmt.Sprintf(key, "DisableKey", n["StackKey.Arn"]), true},
		{"ScheduleKeyDeletion of another", fmt.Sprintf(key, "ScheduleKeyDeletion", "arn:aws:kms:us-east-1:111122223333:key/other"), false},
		{"StopLogging, refused", strings.Replace(call("cloudtrail", "StopLogging", `{"name": "t"}`), `"eventName"`, `"errorCode": "AccessDenied", "eventName"`, 1), false},
		{"an event of one's own", strings.Replace(call("cloudtrail", "StopLogging", `{"name": "t"}`), "aws.cloudtrail", "acme", 1), false},
	}
}

// matches reports whether an event matches an EventBridge pattern. It supports what
// the template uses: values, prefix, wildcard, exists, $or, and arrays in the event,
// of which one element has to match.
// Source: EventBridge user guide, eb-create-pattern-operators.html.
func matches(pattern, event any) bool {
	switch p := pattern.(type) {
	case map[string]any:
		if list, ok := event.([]any); ok {
			return slices.ContainsFunc(list, func(item any) bool { return matches(p, item) })
		}
		object, _ := event.(map[string]any)
		for name, want := range p {
			if name == "$or" {
				if !slices.ContainsFunc(want.([]any), func(one any) bool { return matches(one, event) }) {
					return false
				}
				continue
			}
			if !matchesMember(want, object, name) {
				return false
			}
		}
		return true
	case []any:
		if list, ok := event.([]any); ok {
			return slices.ContainsFunc(list, func(item any) bool { return matches(p, item) })
		}
		return slices.ContainsFunc(p, func(one any) bool { return matchesValue(one, event) })
	}
	return false
}

func matchesMember(want any, object map[string]any, name string) bool {
	value, there := object[name]
	if list, ok := want.([]any); ok && len(list) == 1 {
		if operator, ok := list[0].(map[string]any); ok && operator["exists"] != nil {
			return operator["exists"] == there
		}
	}
	return there && matches(want, value)
}

func matchesValue(one, value any) bool {
	operator, ok := one.(map[string]any)
	if !ok {
		return one == value
	}
	text, _ := value.(string)
	if prefix, ok := operator["prefix"].(string); ok {
		return strings.HasPrefix(text, prefix)
	}
	if wildcard, ok := operator["wildcard"].(string); ok { // *text*: the only form in use
		return strings.Contains(text, strings.Trim(wildcard, "*"))
	}
	return false
}
