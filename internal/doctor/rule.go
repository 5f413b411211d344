package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// detectorRule is the logical id that SAM gives to the function's rule.
const detectorRule = "DetectorFunctionKeyPolicyChange"

// A target is where a rule sends an event.
type target = types.Target

// watches reports whether the rule is one that watches over kmsentry itself.
func watches(logical string) bool { return strings.HasSuffix(logical, "Watch") }

// ruleName is the name and the bus of a rule. The physical id of a rule on a bus
// of its own holds both. Source: CloudFormation user guide, AWS::Events::Rule.
func ruleName(id string) (name, bus string) {
	if bus, name, own := strings.Cut(id, "|"); own {
		return name, bus
	}
	return id, "default"
}

// theRule is the physical id of the rule that catches the calls of KMS.
func (d *deployment) theRule(ctx context.Context) (string, error) {
	if d.kind(ctx) == detector {
		return d.id(ctx, detectorRule)
	}
	all, err := d.resources(ctx)
	if err != nil {
		return "", err
	}
	for _, logical := range all.of("AWS::Events::Rule") {
		if !watches(logical) {
			return all[logical].id, nil
		}
	}
	return "", fmt.Errorf("a rule: %w", errMissing)
}

func (d *deployment) askRule(ctx context.Context) (*eventbridge.DescribeRuleOutput, error) {
	id, err := d.theRule(ctx)
	if err != nil {
		return nil, err
	}
	name, bus := ruleName(id)
	d.known["RULE_NAME"], d.known["BUS"] = name, bus
	return call(ctx, d.events.DescribeRule, &eventbridge.DescribeRuleInput{Name: &name, EventBusName: &bus})
}

func (d *deployment) askTargets(ctx context.Context) ([]target, error) {
	id, err := d.theRule(ctx)
	if err != nil {
		return nil, err
	}
	name, bus := ruleName(id)
	d.known["RULE_NAME"], d.known["BUS"] = name, bus
	in := &eventbridge.ListTargetsByRuleInput{Rule: &name, EventBusName: &bus}
	var all []target
	for {
		out, err := call(ctx, d.events.ListTargetsByRule, in)
		if err != nil {
			return nil, err
		}
		all = append(all, out.Targets...)
		if aws.ToString(out.NextToken) == "" {
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}

// redeploy is the command for what only the template can put right.
const redeploy = "sam build && sam deploy --stack-name STACK --region REGION"

// gone is the answer for a thing that the stack has and AWS has not.
func gone(what string) answer {
	return answer{Failing, what + " has been deleted; the stack still lists it", redeploy}
}

func askRuleState(ctx context.Context, d *deployment) (answer, error) {
	rule, err := d.rule(ctx)
	switch {
	case isMissing(err):
		return gone("the rule " + d.known["RULE_NAME"]), nil
	case err != nil:
		return answer{}, err
	}
	switch rule.State {
	case types.RuleStateEnabled, types.RuleStateEnabledWithAllCloudtrailManagementEvents:
		return answer{OK, fmt.Sprintf("rule %s is on, bus %s", d.known["RULE_NAME"], d.known["BUS"]), ""}, nil
	case types.RuleStateDisabled:
		return answer{Failing, fmt.Sprintf("rule %s is off", d.known["RULE_NAME"]), ""}, nil
	}
	return answer{}, fmt.Errorf("events:DescribeRule: state %q", rule.State)
}

func askRulePattern(ctx context.Context, d *deployment) (answer, error) {
	want, err := template()
	if err != nil {
		return answer{}, err
	}
	rule, err := d.rule(ctx)
	switch {
	case isMissing(err):
		return gone("the rule " + d.known["RULE_NAME"]), nil
	case err != nil:
		return answer{}, err
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(aws.ToString(rule.EventPattern)), &got); err != nil {
		return answer{Failing, fmt.Sprintf("rule %s has no pattern, or one that is no JSON: %v", d.known["RULE_NAME"], err), ""}, nil
	}
	missed, more := comparePatterns(want.pattern, got)
	switch {
	case len(missed) > 0:
		return answer{Failing, "the pattern lets calls pass that template.yaml's catches: " + strings.Join(missed, "; "), ""}, nil
	case len(more) > 0:
		return answer{Warning, "the pattern catches more than template.yaml's: " + strings.Join(more, "; "), ""}, nil
	}
	return answer{OK, "the pattern is template.yaml's", ""}, nil
}

// comparePatterns says what a rule's pattern misses of what another catches, and
// what it catches besides. Each field has a list of values, of which an event has
// to have one; a field more catches fewer events.
// Source: EventBridge user guide, eb-create-pattern.html.
func comparePatterns(want, got map[string]any) (missed, more []string) {
	wanted, had := fields("", want), fields("", got)
	for _, field := range slices.Sorted(maps.Keys(had)) {
		if _, ok := wanted[field]; !ok {
			missed = append(missed, fmt.Sprintf("it wants %s to be one of %s", field, strings.Join(had[field], ", ")))
		}
	}
	for _, field := range slices.Sorted(maps.Keys(wanted)) {
		values, ok := had[field]
		if !ok {
			more = append(more, "any "+field)
			continue
		}
		if left := without(wanted[field], values); len(left) > 0 {
			missed = append(missed, fmt.Sprintf("%s %s is left out", field, strings.Join(left, ", ")))
		}
		if added := without(values, wanted[field]); len(added) > 0 {
			more = append(more, fmt.Sprintf("%s %s", field, strings.Join(added, ", ")))
		}
	}
	return missed, more
}

// fields flattens a pattern: the path of each field and its values as JSON.
func fields(path string, v any) map[string][]string {
	all := map[string][]string{}
	object, ok := v.(map[string]any)
	if !ok {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, value := range list {
			text, err := json.Marshal(value)
			if err != nil {
				text = fmt.Append(nil, value)
			}
			all[path] = append(all[path], string(text))
		}
		if len(list) == 0 {
			all[path] = nil
		}
		return all
	}
	for name, value := range object {
		maps.Copy(all, fields(strings.TrimPrefix(path+"."+name, "."), value))
	}
	return all
}

// without is what is in a and not in b, in a's order.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

func askRuleTarget(ctx context.Context, d *deployment) (answer, error) {
	t, a, err := d.theTarget(ctx)
	switch {
	case err != nil:
		return answer{}, err
	case t == nil:
		return a, nil
	case t.Input != nil || t.InputPath != nil || t.InputTransformer != nil:
		return answer{Failing, "the target gets something else than the event (its input is changed on the way)", redeploy}, nil
	case d.kind(ctx) == forwarder && aws.ToString(t.RoleArn) == "":
		return answer{Failing, fmt.Sprintf("the target %s has no role; EventBridge cannot put events on it", aws.ToString(t.Arn)), redeploy}, nil
	}
	return answer{OK, "the rule's target is " + aws.ToString(t.Arn), ""}, nil
}

// theTarget finds the function among the rule's targets, of a forwarder the bus.
// Without one it is nil, and the answer says so.
func (d *deployment) theTarget(ctx context.Context) (*target, answer, error) {
	targets, err := d.targets(ctx)
	switch {
	case isMissing(err):
		return nil, gone("the rule " + d.known["RULE_NAME"]), nil
	case err != nil:
		return nil, answer{}, err
	}
	wanted, fits := "an event bus", func(a arn.ARN) bool { return a.Service == "events" && strings.HasPrefix(a.Resource, "event-bus/") }
	if d.kind(ctx) == detector {
		name, err := d.id(ctx, "DetectorFunction")
		if err != nil {
			return nil, answer{}, err
		}
		wanted, fits = "the function "+name, func(a arn.ARN) bool { return a.Service == "lambda" && a.Resource == "function:"+name }
	}
	for _, t := range targets {
		if a, err := arn.Parse(aws.ToString(t.Arn)); err == nil && fits(a) {
			return &t, answer{}, nil
		}
	}
	return nil, answer{Failing, fmt.Sprintf("none of the rule's targets is %s (it has %s)", wanted, counted(len(targets), "target")), redeploy}, nil
}

func askRuleRetry(ctx context.Context, d *deployment) (answer, error) {
	want, err := template()
	if err != nil {
		return answer{}, err
	}
	t, a, err := d.theTarget(ctx)
	switch {
	case err != nil:
		return answer{}, err
	case t == nil:
		return a, nil
	}
	queue := ""
	if t.DeadLetterConfig != nil {
		queue = aws.ToString(t.DeadLetterConfig.Arn)
	}
	known, err := d.queueNames(ctx)
	if err != nil {
		return answer{}, err
	}
	got := want.ruleRetry // left out, EventBridge tries for 24 hours and 185 times
	if p := t.RetryPolicy; p != nil {
		got = retry{aws.ToInt32(p.MaximumRetryAttempts), aws.ToInt32(p.MaximumEventAgeInSeconds)}
	}
	switch {
	case queue == "":
		return answer{Failing, "the target has no dead-letter queue: an event that EventBridge cannot hand over is lost", ""}, nil
	case !slices.Contains(known, queue[strings.LastIndex(queue, ":")+1:]):
		return answer{Warning, fmt.Sprintf("the target's dead-letter queue %s is not the stack's", queue), ""}, nil
	case got.attempts < want.ruleRetry.attempts || got.seconds < want.ruleRetry.seconds:
		return answer{Warning, fmt.Sprintf("EventBridge gives an event up after %d attempts or %d s; template.yaml says %d and %d", got.attempts, got.seconds, want.ruleRetry.attempts, want.ruleRetry.seconds), ""}, nil
	}
	return answer{OK, fmt.Sprintf("%d attempts in %d s, then the queue %s", got.attempts, got.seconds, queue), ""}, nil
}

// askRulePermission asks whether the function lets the rule call it.
func askRulePermission(ctx context.Context, d *deployment) (answer, error) {
	name, err := d.id(ctx, "DetectorFunction")
	if err != nil {
		return answer{}, err
	}
	rule, err := d.theRule(ctx)
	if err != nil {
		return answer{}, err
	}
	d.known["RULE_NAME"], d.known["BUS"] = ruleName(rule)
	out, err := call(ctx, d.lambda.GetPolicy, &lambda.GetPolicyInput{FunctionName: &name})
	if err != nil && !isMissing(err) {
		return answer{}, err
	}
	no := answer{Failing, fmt.Sprintf("the policy of the function %s does not let the rule %s call it", name, d.known["RULE_NAME"]), ""}
	if err != nil {
		return no, nil
	}
	allowed, err := lets(aws.ToString(out.Policy), d.known["RULE_NAME"])
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("lambda:GetPolicy: %w", err)
	case !allowed:
		return no, nil
	}
	return answer{OK, "the function lets the rule call it", ""}, nil
}

// lets reports whether a function's policy, as AddPermission writes it, lets
// EventBridge call it for the rule.
func lets(policy, rule string) (bool, error) {
	var document struct {
		Statement []struct {
			Effect    string
			Action    string
			Principal any
			Condition map[string]map[string]any
		}
	}
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		return false, fmt.Errorf("the policy: %w", err)
	}
	for _, s := range document.Statement {
		principal, _ := s.Principal.(map[string]any)
		source, _ := s.Condition["ArnLike"]["AWS:SourceArn"].(string)
		if s.Effect == "Allow" && s.Action == "lambda:InvokeFunction" && principal["Service"] == "events.amazonaws.com" && strings.HasSuffix(source, "/"+rule) {
			return true, nil
		}
	}
	return false, nil
}

// askWatch asks about the rules that watch over kmsentry itself.
func askWatch(ctx context.Context, d *deployment) (answer, error) {
	all, err := d.resources(ctx)
	if err != nil {
		return answer{}, err
	}
	var off, on []string
	for _, logical := range all.of("AWS::Events::Rule") {
		if !watches(logical) {
			continue
		}
		name, bus := ruleName(all[logical].id)
		rule, err := call(ctx, d.events.DescribeRule, &eventbridge.DescribeRuleInput{Name: &name, EventBusName: &bus})
		switch {
		case isMissing(err):
			off = append(off, logical+" (deleted)")
		case err != nil:
			return answer{}, err
		case rule.State == types.RuleStateDisabled:
			d.known["WATCH_RULE"] = name
			off = append(off, logical+" (off)")
		default:
			on = append(on, logical)
		}
	}
	switch {
	case len(off) > 0:
		return answer{Failing, "not watching: " + strings.Join(off, ", "), ""}, nil
	case len(on) == 0:
		return answer{Warning, "the stack has no rule that watches over kmsentry (TamperRule=false)", "sam deploy --stack-name STACK --region REGION --parameter-overrides TamperRule=true"}, nil
	}
	return answer{OK, "watching: " + strings.Join(on, ", "), ""}, nil
}
