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

	"github.com/kmsentry/kmsentry/internal/show"
)

// detectorRule is the logical id that SAM gives to the function's rule.
const detectorRule = "DetectorFunctionKeyPolicyChange"

// A target is where a rule sends an event.
type target = types.Target

// watches reports whether a rule is one that watches kmsentry itself.
func watches(logical string) bool { return strings.HasPrefix(logical, "TamperWatch") }

// A rule is a rule of the stack.
type rule struct{ logical, name, bus string }

// newRule returns the rule with a physical id. That of a rule on a custom bus is the
// bus's name, "|" and the rule's name.
// Source: CloudFormation user guide, AWS::Events::Rule.
func newRule(logical, id string) rule {
	if bus, name, own := strings.Cut(id, "|"); own {
		return rule{logical, name, bus}
	}
	return rule{logical, id, "default"}
}

// theRules returns the rules that match KMS calls: those of the account and, if there is
// a bus for them, those that other accounts forward.
func (d *deployment) theRules(ctx context.Context) ([]rule, error) {
	all, err := d.resources(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := d.id(ctx, detectorRule); err != nil && d.kind(ctx) == withFunction {
		return nil, err
	}
	var rules []rule
	for _, logical := range all.of("AWS::Events::Rule") {
		if !watches(logical) {
			rules = append(rules, newRule(logical, all[logical].id))
		}
	}
	if len(rules) == 0 {
		return nil, fmt.Errorf("a rule: %w", errMissing)
	}
	return rules, nil
}

// eachRule calls ask for each of the rules and returns the worst answer.
func (d *deployment) eachRule(ctx context.Context, ask func(rule) (answer, error)) (answer, error) {
	rules, err := d.theRules(ctx)
	if err != nil {
		return answer{}, err
	}
	var bad *answer
	var found []string
	for _, r := range rules {
		a, err := ask(r)
		if err != nil {
			a = answer{Unknown, shortly(err), ""}
		}
		found = append(found, a.found)
		if a.result != OK && (bad == nil || worse(a.result, bad.result)) {
			bad = &a
			d.known["RULE_NAME"], d.known["BUS"] = r.name, r.bus
		}
	}
	if bad != nil {
		return *bad, nil
	}
	return answer{OK, strings.Join(slices.Compact(found), "; "), ""}, nil
}

// eachDescribed is like eachRule, with EventBridge's description of the rule.
func (d *deployment) eachDescribed(ctx context.Context, ask func(rule, *eventbridge.DescribeRuleOutput) (answer, error)) (answer, error) {
	return d.eachRule(ctx, func(r rule) (answer, error) {
		out, err := d.describeRule(ctx, r)
		switch {
		case isMissing(err):
			return gone("the rule " + r.name), nil
		case err != nil:
			return answer{}, err
		}
		return ask(r, out)
	})
}

// describeRule returns the description of a rule, which it requests only once.
func (d *deployment) describeRule(ctx context.Context, r rule) (*eventbridge.DescribeRuleOutput, error) {
	ask, ok := d.rules[r]
	if !ok {
		ask = once(func(ctx context.Context) (*eventbridge.DescribeRuleOutput, error) {
			return call(ctx, d.events.DescribeRule, &eventbridge.DescribeRuleInput{Name: &r.name, EventBusName: &r.bus})
		})
		d.rules[r] = ask
	}
	return ask(ctx)
}

// targetsOf returns the targets of a rule, which it requests only once.
func (d *deployment) targetsOf(ctx context.Context, r rule) ([]target, error) {
	ask, ok := d.targets[r]
	if !ok {
		ask = once(func(ctx context.Context) ([]target, error) { return d.listTargets(ctx, r) })
		d.targets[r] = ask
	}
	return ask(ctx)
}

func (d *deployment) listTargets(ctx context.Context, r rule) ([]target, error) {
	in := &eventbridge.ListTargetsByRuleInput{Rule: &r.name, EventBusName: &r.bus}
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

// revert is the command that reverts changes made outside CloudFormation, which another
// deployment of the same template would not. It creates a change set, to be reviewed and
// then executed.
// Source: CloudFormation user guide, drift-aware-change-sets.html.
const revert = `aws cloudformation create-change-set --stack-name STACK --region REGION --change-set-name kmsentry-doctor --use-previous-template --deployment-mode REVERT_DRIFT ` +
	`--capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --parameters $(aws cloudformation describe-stacks --stack-name STACK --region REGION ` +
	`--query "Stacks[0].Parameters[].join('', ['ParameterKey=', ParameterKey, ',UsePreviousValue=true'])" --output text)`

// gone returns the answer for a resource that the stack lists but that does not exist.
func gone(what string) answer {
	return answer{Failing, what + " has been deleted; the stack still lists it", revert}
}

func askRuleState(ctx context.Context, d *deployment) (answer, error) {
	return d.eachDescribed(ctx, func(r rule, out *eventbridge.DescribeRuleOutput) (answer, error) {
		switch out.State {
		case types.RuleStateEnabled, types.RuleStateEnabledWithAllCloudtrailManagementEvents:
			return answer{OK, fmt.Sprintf("rule %s is enabled, bus %s", r.name, r.bus), ""}, nil
		case types.RuleStateDisabled:
			return answer{Failing, fmt.Sprintf("rule %s is disabled", r.name), ""}, nil
		}
		return answer{}, fmt.Errorf("%s: state %q", describeRule, out.State)
	})
}

func askRulePattern(ctx context.Context, d *deployment) (answer, error) {
	want, err := template()
	if err != nil {
		return answer{}, err
	}
	pattern, err := json.Marshal(want.pattern)
	if err != nil {
		return answer{}, err
	}
	d.known["PATTERN"] = string(pattern)
	return d.eachDescribed(ctx, func(r rule, out *eventbridge.DescribeRuleOutput) (answer, error) {
		var got map[string]any
		if err := json.Unmarshal([]byte(aws.ToString(out.EventPattern)), &got); err != nil {
			return answer{Failing, fmt.Sprintf("rule %s has no pattern, or one that is not JSON: %v", r.name, err), ""}, nil
		}
		missed, more := comparePatterns(want.pattern, got)
		switch {
		case len(missed) > 0:
			return answer{Failing, fmt.Sprintf("the pattern of %s misses calls that template.yaml's matches: %s", r.name, strings.Join(missed, "; ")), ""}, nil
		case len(more) > 0:
			return answer{Warning, fmt.Sprintf("the pattern of %s matches more than template.yaml's: %s", r.name, strings.Join(more, "; ")), ""}, nil
		}
		return answer{OK, "the pattern is template.yaml's", ""}, nil
	})
}

// comparePatterns returns what the pattern got misses that want matches, and what more it
// matches. An event must have one of the values of every field, so a pattern with an
// additional field matches fewer events.
// Source: EventBridge user guide, eb-create-pattern.html.
func comparePatterns(want, got map[string]any) (missed, more []string) {
	wanted, had := fields("", want), fields("", got)
	for _, field := range slices.Sorted(maps.Keys(had)) {
		if _, ok := wanted[field]; !ok {
			missed = append(missed, fmt.Sprintf("it requires %s to be one of %s", field, strings.Join(had[field], ", ")))
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

// fields flattens a pattern: it returns the values of each field, as JSON, by its path.
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

// without returns what is in a and not in b, in the order of a.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

func askRuleTarget(ctx context.Context, d *deployment) (answer, error) {
	return d.eachRule(ctx, func(r rule) (answer, error) {
		t, a, err := d.theTarget(ctx, r)
		switch {
		case err != nil:
			return answer{}, err
		case t == nil:
			return a, nil
		case t.Input != nil || t.InputPath != nil || t.InputTransformer != nil:
			return answer{Failing, fmt.Sprintf("the target of %s does not get the event as it is (its input is changed)", r.name), revert}, nil
		case d.kind(ctx) == forwarder && aws.ToString(t.RoleArn) == "":
			return answer{Failing, fmt.Sprintf("the target %s has no role; EventBridge cannot put events on it", aws.ToString(t.Arn)), revert}, nil
		}
		return answer{OK, "the target is " + aws.ToString(t.Arn), ""}, nil
	})
}

// theTarget returns the function among a rule's targets or, for a forwarder, the bus.
// When there is none, the target is nil and the answer says so.
func (d *deployment) theTarget(ctx context.Context, r rule) (*target, answer, error) {
	targets, err := d.targetsOf(ctx, r)
	switch {
	case isMissing(err):
		return nil, gone("the rule " + r.name), nil
	case err != nil:
		return nil, answer{}, err
	}
	wanted, fits := "an event bus", func(a arn.ARN) bool { return a.Service == "events" && strings.HasPrefix(a.Resource, "event-bus/") }
	if d.kind(ctx) == withFunction {
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
	return nil, answer{Failing, fmt.Sprintf("none of the targets of %s is %s (it has %s)", r.name, wanted, show.Count(len(targets), "target")), revert}, nil
}

func askRuleRetry(ctx context.Context, d *deployment) (answer, error) {
	want, err := template()
	if err != nil {
		return answer{}, err
	}
	queues, err := d.queueNames(ctx)
	if err != nil {
		return answer{}, err
	}
	return d.eachRule(ctx, func(r rule) (answer, error) {
		t, a, err := d.theTarget(ctx, r)
		switch {
		case err != nil:
			return answer{}, err
		case t == nil:
			return a, nil
		}
		return retries(r, *t, want.ruleRetry, queues), nil
	})
}

// retries returns whether delivery to a target is retried often enough, and whether
// events that cannot be delivered go to one of the queues.
func retries(r rule, t target, want retry, queues []string) answer {
	queue := ""
	if t.DeadLetterConfig != nil {
		queue = aws.ToString(t.DeadLetterConfig.Arn)
	}
	got := want // without a RetryPolicy, EventBridge retries for 24 hours and 185 times
	if p := t.RetryPolicy; p != nil {
		got = retry{aws.ToInt32(p.MaximumRetryAttempts), aws.ToInt32(p.MaximumEventAgeInSeconds)}
	}
	switch {
	case queue == "":
		return answer{Failing, fmt.Sprintf("the target of %s has no dead-letter queue: events that EventBridge cannot deliver are lost", r.name), ""}
	case !isOneOf(queue, queues):
		return answer{Warning, fmt.Sprintf("the dead-letter queue of %s, %s, is not the stack's", r.name, queue), ""}
	case got.attempts < want.attempts || got.seconds < want.seconds:
		return answer{Warning, fmt.Sprintf("EventBridge gives up on an event of %s after %d attempts or %d s; template.yaml says %d and %d", r.name, got.attempts, got.seconds, want.attempts, want.seconds), ""}
	}
	return answer{OK, fmt.Sprintf("%d attempts in %d s, then the queue %s", got.attempts, got.seconds, queue), ""}
}

// askRulePermission asks whether the function lets the rules call it.
func askRulePermission(ctx context.Context, d *deployment) (answer, error) {
	name, err := d.id(ctx, "DetectorFunction")
	if err != nil {
		return answer{}, err
	}
	policy := "{}" // a function without permissions has no policy
	out, err := call(ctx, d.lambda.GetPolicy, &lambda.GetPolicyInput{FunctionName: &name})
	switch {
	case err == nil:
		policy = aws.ToString(out.Policy)
	case !isMissing(err):
		return answer{}, err
	}
	return d.eachRule(ctx, func(r rule) (answer, error) {
		allowed, err := lets(policy, r.name)
		switch {
		case err != nil:
			return answer{}, fmt.Errorf("lambda:GetPolicy: %w", err)
		case !allowed:
			return answer{Failing, fmt.Sprintf("the policy of the function %s does not let the rule %s call it", name, r.name), ""}, nil
		}
		return answer{OK, "the function lets " + r.name + " call it", ""}, nil
	})
}

// lets reports whether a function's policy, as AddPermission writes it, lets EventBridge
// call the function for the rule.
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

// askWatch asks whether the rules that watch kmsentry itself are enabled.
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
		r := newRule(logical, all[logical].id)
		out, err := d.describeRule(ctx, r)
		switch {
		case isMissing(err):
			off = append(off, logical+" (deleted)")
		case err != nil:
			return answer{}, err
		case out.State == types.RuleStateDisabled:
			d.known["WATCH_RULE"] = r.name
			off = append(off, logical+" (off)")
		default:
			on = append(on, logical)
		}
	}
	switch {
	case len(off) > 0:
		return answer{Failing, "disabled: " + strings.Join(off, ", "), ""}, nil
	case len(on) == 0:
		return answer{Warning, "the stack has no rule that watches kmsentry (TamperRule=false)", "sam deploy --stack-name STACK --region REGION --parameter-overrides TamperRule=true"}, nil
	}
	return answer{OK, "watching: " + strings.Join(on, ", "), ""}, nil
}

// askBus asks whether the bus for other accounts is open to the organization and nobody
// else.
func askBus(ctx context.Context, d *deployment) (answer, error) {
	all, err := d.resources(ctx)
	if err != nil {
		return answer{}, err
	}
	var found []string
	for _, logical := range all.of("AWS::Events::EventBus") {
		name := all[logical].id
		d.known["EVENT_BUS"] = name
		out, err := call(ctx, d.events.DescribeEventBus, &eventbridge.DescribeEventBusInput{Name: &name})
		switch {
		case isMissing(err):
			return gone("the bus " + name), nil
		case err != nil:
			return answer{}, err
		}
		orgs, open, err := busPolicy(aws.ToString(out.Policy))
		switch {
		case err != nil:
			return answer{}, fmt.Errorf("events:DescribeEventBus: %w", err)
		case open:
			return answer{Warning, fmt.Sprintf("anybody may put events on the bus %s, and cause work and costs", name), ""}, nil
		case len(orgs) == 0:
			return answer{Failing, fmt.Sprintf("no organization may put events on the bus %s, so forwarded events do not arrive", name), ""}, nil
		}
		found = append(found, fmt.Sprintf("%s may put events on the bus %s", few(orgs), name))
	}
	if len(found) == 0 {
		return answer{OK, "no bus: this stack judges only the account's own calls", ""}, nil
	}
	return answer{OK, strings.Join(found, "; "), ""}, nil
}

// busPolicy returns the organizations that a bus's policy lets put events, and whether it
// lets anyone do so.
func busPolicy(text string) (orgs []string, open bool, err error) {
	if text == "" {
		return nil, false, nil
	}
	var document struct {
		Statement []struct {
			Effect    string
			Principal any
			Condition map[string]map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return nil, false, fmt.Errorf("the policy: %w", err)
	}
	for _, s := range document.Statement {
		if s.Effect != "Allow" {
			continue
		}
		principal, _ := json.Marshal(s.Principal)
		switch {
		case len(texts(s.Condition["StringEquals"]["aws:PrincipalOrgID"])) > 0:
			orgs = append(orgs, texts(s.Condition["StringEquals"]["aws:PrincipalOrgID"])...)
		case strings.Contains(string(principal), `"*"`) && len(s.Condition) == 0:
			open = true
		}
	}
	return orgs, open, nil
}

// texts returns the strings in a JSON value that is a string or a list of strings.
func texts(v any) []string {
	if text, ok := v.(string); ok {
		return []string{text}
	}
	list, _ := v.([]any)
	var all []string
	for _, v := range list {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
