package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/kmsentry/kmsentry/internal/show"
)

// topics returns the logical ids of the stack's topics.
func topics() []string { return []string{"AlertTopic", "OverflowTopic", "OpsTopic"} }

// subscribers holds a topic's subscriptions by kind, each as "PROTOCOL ENDPOINT".
type subscribers struct{ confirmed, pending, mailboxes []string }

// askSubscribers returns the subscriptions of a topic. For one that is not confirmed, SNS
// shows a word instead of an ARN.
// Source: SNS API reference, ListSubscriptionsByTopic.
func (d *deployment) askSubscribers(ctx context.Context, logical string) (subscribers, error) {
	topic, err := d.id(ctx, logical)
	if err != nil {
		return subscribers{}, err
	}
	var all subscribers
	in := &sns.ListSubscriptionsByTopicInput{TopicArn: &topic}
	for {
		out, err := call(ctx, d.sns.ListSubscriptionsByTopic, in)
		if err != nil {
			return subscribers{}, err
		}
		for _, s := range out.Subscriptions {
			all.add(s)
		}
		if aws.ToString(out.NextToken) == "" {
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}

func (all *subscribers) add(s types.Subscription) {
	name := fmt.Sprintf("%s %s", aws.ToString(s.Protocol), aws.ToString(s.Endpoint))
	switch id := aws.ToString(s.SubscriptionArn); {
	case id == "Deleted":
		return
	case !strings.HasPrefix(id, "arn:"):
		all.pending = append(all.pending, name)
		return
	}
	all.confirmed = append(all.confirmed, name)
	if strings.HasPrefix(name, "email") {
		all.mailboxes = append(all.mailboxes, name)
	}
}

// askSubscriptions asks whether as many subscribers have confirmed as AlertSubscribers
// requires.
func askSubscriptions(ctx context.Context, d *deployment) (answer, error) {
	stack, err := d.stack(ctx)
	if err != nil {
		return answer{}, err
	}
	s, err := d.askSubscribers(ctx, "AlertTopic")
	switch {
	case isMissing(err):
		return gone("the alert topic"), nil
	case err != nil:
		return answer{}, err
	}
	want, err := strconv.Atoi(stack.parameters["AlertSubscribers"])
	if err != nil {
		return answer{}, fmt.Errorf("the stack's parameter AlertSubscribers is %q", stack.parameters["AlertSubscribers"])
	}
	found := fmt.Sprintf("%d subscribers confirmed, %d required", len(s.confirmed), want)
	if len(s.pending) > 0 {
		found += "; not confirmed: " + few(s.pending)
	}
	d.known["TOPIC_ARN"] = d.known["ALERT_TOPIC_ARN"]
	switch {
	case len(s.confirmed) < want:
		return answer{Failing, found, ""}, nil
	case len(s.pending) > 0:
		return answer{Warning, found, ""}, nil
	}
	return answer{OK, found, ""}, nil
}

// askOpsSubscriptions asks whether somebody gets the alarms.
func askOpsSubscriptions(ctx context.Context, d *deployment) (answer, error) {
	s, err := d.askSubscribers(ctx, "OpsTopic")
	switch {
	case isMissing(err):
		return gone("the ops topic"), nil
	case err != nil:
		return answer{}, err
	}
	found := fmt.Sprintf("%d confirmed", len(s.confirmed))
	if len(s.pending) > 0 {
		found += "; not confirmed: " + few(s.pending)
	}
	switch {
	case len(s.confirmed) == 0:
		return answer{Failing, found, ""}, nil
	case len(s.pending) > 0:
		return answer{Warning, found, ""}, nil
	}
	return answer{OK, found, ""}, nil
}

// askOverflowSubscriptions asks who is subscribed to the topic for storms, which are too
// much for a mailbox.
func askOverflowSubscriptions(ctx context.Context, d *deployment) (answer, error) {
	s, err := d.askSubscribers(ctx, "OverflowTopic")
	switch {
	case isMissing(err):
		return gone("the overflow topic"), nil
	case err != nil:
		return answer{}, err
	case len(s.mailboxes) > 0:
		return answer{Warning, "a mailbox is subscribed, which SNS deactivates in a storm: " + few(s.mailboxes), "aws sns list-subscriptions-by-topic --topic-arn OVERFLOW_TOPIC_ARN --region REGION"}, nil
	case len(s.confirmed) == 0:
		return answer{Warning, "nobody is subscribed: in a storm, only the log has most of the alerts", ""}, nil
	}
	return answer{OK, show.Count(len(s.confirmed), "subscriber") + ", no mailbox", ""}, nil
}

// quietFor is how far back the last alert is searched for. CloudWatch keeps hourly values
// for 455 days. Source: CloudWatch user guide, cloudwatch_concepts.html.
const quietFor = 90 * 24 * time.Hour

// askDelivery compares the last alerts with their deliveries, since a mailbox that SNS
// has deactivated is still listed as confirmed, and no delivery to it fails.
func askDelivery(ctx context.Context, d *deployment) (answer, error) {
	stack, err := d.stack(ctx)
	if err != nil {
		return answer{}, err
	}
	topic, err := d.id(ctx, "AlertTopic")
	if err != nil {
		return answer{}, err
	}
	want, err := strconv.Atoi(stack.parameters["AlertSubscribers"])
	if err != nil {
		return answer{}, fmt.Errorf("the stack's parameter AlertSubscribers is %q", stack.parameters["AlertSubscribers"])
	}
	of := func(metric string) metricQuery {
		return metricQuery{"AWS/SNS", metric, map[string]string{"TopicName": topic[strings.LastIndex(topic, ":")+1:]}, "Sum"}
	}
	series, err := d.metrics(ctx, quietFor, time.Hour, of("NumberOfMessagesPublished"), of("NumberOfNotificationsDelivered"), of("NumberOfNotificationsFailed"))
	if err != nil {
		return answer{}, err
	}
	at, some := series[0].last()
	if !some {
		return answer{Warning, "no alert for 90 days, so it is not known whether the subscribers still get any", ""}, nil
	}
	// A delivery may fall into the next hour.
	sum := func(i int) float64 { return series[i][at] + series[i][at.Add(time.Hour)] }
	found := fmt.Sprintf("in the hour from %s %.0f alerts, %.0f deliveries of %.0f, %.0f failed", at.UTC().Format(time.RFC3339), series[0][at], sum(1), series[0][at]*float64(want), sum(2))
	if sum(1) < series[0][at]*float64(want) {
		return answer{Failing, found, "aws sns list-subscriptions-by-topic --topic-arn ALERT_TOPIC_ARN --region REGION"}, nil
	}
	if sum(2) > 0 {
		return answer{Warning, found, "aws sns list-subscriptions-by-topic --topic-arn ALERT_TOPIC_ARN --region REGION"}, nil
	}
	return answer{OK, found, ""}, nil
}

// askTopicKeys returns the keys of the topics, each once, in the order of the topics. The
// error is a *plainError when a topic has no key.
func (d *deployment) askTopicKeys(ctx context.Context) ([]string, error) {
	var keys, plain []string
	for _, logical := range topics() {
		topic, err := d.id(ctx, logical)
		if err != nil {
			return nil, err
		}
		out, err := call(ctx, d.sns.GetTopicAttributes, &sns.GetTopicAttributesInput{TopicArn: &topic})
		if err != nil {
			return nil, err
		}
		key := out.Attributes["KmsMasterKeyId"]
		if key == "" {
			plain = append(plain, logical)
		} else if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	if len(plain) > 0 {
		return keys, &plainError{plain}
	}
	return keys, nil
}

// A plainError reports topics without a key.
type plainError struct{ topics []string }

func (e *plainError) Error() string { return "not encrypted: " + strings.Join(e.topics, ", ") }

// isPlain returns the answer for topics without a key, and whether err reports such
// topics.
func isPlain(err error) (answer, bool) {
	var plain *plainError
	if !errors.As(err, &plain) {
		return answer{}, false
	}
	return answer{Warning, plain.Error(), revert}, true
}
