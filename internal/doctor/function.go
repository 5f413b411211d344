package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func (d *deployment) askFunction(ctx context.Context) (*lambda.GetFunctionConfigurationOutput, error) {
	name, err := d.id(ctx, "DetectorFunction")
	if err != nil {
		return nil, err
	}
	return call(ctx, d.lambda.GetFunctionConfiguration, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
}

// askFunctionState asks whether the function can run, and which code it has.
// Source: Lambda developer guide, functions-states.html.
func askFunctionState(ctx context.Context, d *deployment) (answer, error) {
	f, err := d.function(ctx)
	switch {
	case isMissing(err):
		return gone("the function " + d.known["FUNCTION"]), nil
	case err != nil:
		return answer{}, err
	}
	code := fmt.Sprintf("code of %s, SHA-256 %s, version %s", aws.ToString(f.LastModified), aws.ToString(f.CodeSha256), aws.ToString(f.Version))
	switch {
	case f.State == types.StateFailed, f.LastUpdateStatus == types.LastUpdateStatusFailed:
		return answer{Failing, fmt.Sprintf("state %s, last update %s: %s %s", f.State, f.LastUpdateStatus, aws.ToString(f.StateReason), aws.ToString(f.LastUpdateStatusReason)), ""}, nil
	case f.State == types.StatePending, f.LastUpdateStatus == types.LastUpdateStatusInProgress:
		return answer{Warning, fmt.Sprintf("state %s, last update %s: it is being deployed", f.State, f.LastUpdateStatus), "aws lambda wait function-updated-v2 --function-name FUNCTION --region REGION"}, nil
	case f.State == types.StateActive, f.State == types.StateInactive: // a call makes an inactive function active again
		return answer{OK, code, ""}, nil
	}
	return answer{}, fmt.Errorf("lambda:GetFunctionConfiguration: state %q", f.State)
}

// askFunctionTopic asks whether the function publishes to the stack's topics.
func askFunctionTopic(ctx context.Context, d *deployment) (answer, error) {
	f, err := d.function(ctx)
	switch {
	case isMissing(err):
		return gone("the function " + d.known["FUNCTION"]), nil
	case err != nil:
		return answer{}, err
	}
	if f.Environment == nil || f.Environment.Error != nil {
		return answer{}, fmt.Errorf("lambda:GetFunctionConfiguration: the answer does not include the function's environment")
	}
	for variable, logical := range map[string]string{"TOPIC_ARN": "AlertTopic", "OVERFLOW_TOPIC_ARN": "OverflowTopic"} {
		topic, err := d.id(ctx, logical)
		if err != nil {
			return answer{}, err
		}
		if got := f.Environment.Variables[variable]; got != topic {
			return answer{Failing, fmt.Sprintf("%s of the function is %q, not the stack's %s", variable, got, logical), revert}, nil
		}
	}
	return answer{OK, "it publishes to the stack's topics, from severity " + f.Environment.Variables["MIN_SEVERITY"] + " on", ""}, nil
}

func askFunctionConcurrency(ctx context.Context, d *deployment) (answer, error) {
	name, err := d.id(ctx, "DetectorFunction")
	if err != nil {
		return answer{}, err
	}
	out, err := call(ctx, d.lambda.GetFunctionConcurrency, &lambda.GetFunctionConcurrencyInput{FunctionName: &name})
	switch {
	case isMissing(err):
		return gone("the function " + name), nil
	case err != nil:
		return answer{}, err
	case out.ReservedConcurrentExecutions == nil:
		return answer{OK, "no reservation: it shares the account's concurrency", ""}, nil
	case *out.ReservedConcurrentExecutions == 0:
		return answer{Failing, "the reserved concurrency is 0, so Lambda never runs the function", ""}, nil
	}
	return answer{OK, fmt.Sprintf("%d at once", *out.ReservedConcurrentExecutions), ""}, nil
}

func askFunctionRetries(ctx context.Context, d *deployment) (answer, error) {
	want, err := template()
	if err != nil {
		return answer{}, err
	}
	name, err := d.id(ctx, "DetectorFunction")
	if err != nil {
		return answer{}, err
	}
	queues, err := d.queueNames(ctx)
	if err != nil {
		return answer{}, err
	}
	out, err := call(ctx, d.lambda.GetFunctionEventInvokeConfig, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: &name})
	if err != nil && !isMissing(err) {
		return answer{}, err
	}
	queue := ""
	if err == nil && out.DestinationConfig != nil && out.DestinationConfig.OnFailure != nil {
		queue = aws.ToString(out.DestinationConfig.OnFailure.Destination)
	}
	switch {
	case queue == "":
		return answer{Failing, "events on which the function fails are lost: it has no destination on failure", ""}, nil
	case !isOneOf(queue, queues):
		return answer{Warning, fmt.Sprintf("events on which the function fails go to %s, not to the stack's queue", queue), ""}, nil
	}
	got := want.functionRetry // Lambda's defaults, two retries and six hours, for what is left out
	if out.MaximumRetryAttempts != nil {
		got.attempts = *out.MaximumRetryAttempts
	}
	if out.MaximumEventAgeInSeconds != nil {
		got.seconds = *out.MaximumEventAgeInSeconds
	}
	if got.attempts < want.functionRetry.attempts || got.seconds < want.functionRetry.seconds {
		return answer{Warning, fmt.Sprintf("Lambda retries a failed event %d times, for %d s; template.yaml says %d and %d", got.attempts, got.seconds, want.functionRetry.attempts, want.functionRetry.seconds), ""}, nil
	}
	return answer{OK, fmt.Sprintf("%d more attempts in %d s, then the queue %s", got.attempts, got.seconds, queue), ""}, nil
}

// lately is the period for which errors and throttles are counted.
const lately = 24 * time.Hour

func askFunctionErrors(ctx context.Context, d *deployment) (answer, error) {
	name, err := d.id(ctx, "DetectorFunction")
	if err != nil {
		return answer{}, err
	}
	of := func(metric string) metricQuery {
		return metricQuery{"AWS/Lambda", metric, map[string]string{"FunctionName": name}, "Sum"}
	}
	series, err := d.metrics(ctx, lately, time.Hour,
		of("Errors"), of("Throttles"), of("AsyncEventsDropped"), of("DestinationDeliveryFailures"), of("Invocations"))
	if err != nil {
		return answer{}, err
	}
	errs, throttles, dropped, lost, calls := series[0].sum(), series[1].sum(), series[2].sum(), series[3].sum(), series[4].sum()
	found := fmt.Sprintf("in 24 hours %.0f calls, %.0f errors, %.0f throttles, %.0f events dropped, %.0f lost", calls, errs, throttles, dropped, lost)
	if at, ok := series[0].last(); ok {
		found += "; last error in the hour from " + at.UTC().Format(time.RFC3339)
	}
	switch {
	case lost > 0, dropped > 0, errs > 0 && errs >= calls:
		return answer{Failing, found, ""}, nil
	case errs > 0, throttles > 0:
		return answer{Warning, found, ""}, nil
	}
	return answer{OK, found, ""}, nil
}

// askCanary asks whether the function has received the stack's own daily call, which
// takes the whole path from KMS to the function.
func askCanary(ctx context.Context, d *deployment) (answer, error) {
	want, err := template()
	if err != nil {
		return answer{}, err
	}
	all, err := d.resources(ctx)
	if err != nil {
		return answer{}, err
	}
	name, err := d.id(ctx, "DetectorFunction")
	if err != nil {
		return answer{}, err
	}
	stack, err := d.stack(ctx)
	if err != nil {
		return answer{}, err
	}
	window := time.Duration(want.canary.period) * time.Second * time.Duration(want.canary.periods)
	series, err := d.metrics(ctx, window, time.Duration(want.canary.period)*time.Second,
		metricQuery{"kmsentry", "Canary", map[string]string{"FunctionName": name}, "Sum"})
	if err != nil {
		return answer{}, err
	}
	at, heard := series[0].last()
	switch {
	case all["CanarySchedule"].id == "":
		return answer{Warning, "the stack has no canary (Canary=false), so nothing shows that calls reach the function", "sam deploy --stack-name STACK --region REGION --parameter-overrides Canary=true"}, nil
	case heard:
		return answer{OK, "arrived in the hour from " + at.UTC().Format(time.RFC3339), ""}, nil
	case d.Now.Sub(stack.created) < window:
		return answer{Warning, fmt.Sprintf("not arrived yet; the stack is %s old", span(d.Now.Sub(stack.created))), ""}, nil
	}
	return answer{Failing, fmt.Sprintf("not arrived for %s: KMS calls do not reach the function", span(window)), ""}, nil
}
