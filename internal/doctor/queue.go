package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/kmsentry/kmsentry/internal/show"
)

// queueFacts is one of the stack's queues and the number of messages in it.
type queueFacts struct {
	logical, url, name string
	messages           int // -1 when the queue does not exist
}

// stackQueues returns the stack's queues, without the number of messages.
func (d *deployment) stackQueues(ctx context.Context) ([]queueFacts, error) {
	all, err := d.resources(ctx)
	if err != nil {
		return nil, err
	}
	var queues []queueFacts
	for _, logical := range all.of("AWS::SQS::Queue") {
		url := all[logical].id
		queues = append(queues, queueFacts{logical: logical, url: url, name: url[strings.LastIndex(url, "/")+1:]})
	}
	if len(queues) == 0 {
		return nil, fmt.Errorf("a queue: %w", errMissing)
	}
	return queues, nil
}

// queueNames returns the names of the stack's queues.
func (d *deployment) queueNames(ctx context.Context) ([]string, error) {
	queues, err := d.stackQueues(ctx)
	var all []string
	for _, q := range queues {
		all = append(all, q.name)
	}
	return all, err
}

// isOneOf reports whether an ARN is that of one of the named queues.
func isOneOf(arn string, queues []string) bool {
	for _, name := range queues {
		if strings.HasSuffix(arn, ":"+name) {
			return true
		}
	}
	return false
}

// askQueues returns the stack's queues with the number of messages, including those that
// have been received but not deleted.
// Source: SQS API reference, GetQueueAttributes.
func (d *deployment) askQueues(ctx context.Context) ([]queueFacts, error) {
	queues, err := d.stackQueues(ctx)
	if err != nil {
		return nil, err
	}
	counts := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	for i := range queues {
		q := &queues[i]
		out, err := call(ctx, d.sqs.GetQueueAttributes, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: counts})
		if isMissing(err) {
			q.messages = -1
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, name := range counts {
			n, err := strconv.Atoi(out.Attributes[string(name)])
			if err != nil {
				return nil, fmt.Errorf("sqs:GetQueueAttributes: %s of %s is %q", name, q.name, out.Attributes[string(name)])
			}
			q.messages += n
		}
	}
	return queues, nil
}

func askQueuesEmpty(ctx context.Context, d *deployment) (answer, error) {
	queues, err := d.queues(ctx)
	if err != nil {
		return answer{}, err
	}
	var full, empty, urls []string
	for _, q := range queues {
		switch {
		case q.messages < 0:
			return gone("the queue " + q.name), nil
		case q.messages == 0:
			empty = append(empty, q.logical)
		default:
			full = append(full, fmt.Sprintf("%s holds %s", q.logical, show.Count(q.messages, "event")))
			word := "QUEUE_URL"
			if len(urls) > 0 {
				word = fmt.Sprint("QUEUE_URL_", len(urls)+1)
			}
			d.known[word] = q.url
			urls = append(urls, word)
		}
	}
	if len(full) > 0 {
		return answer{Failing, strings.Join(full, ", "), "kmsentry redrive --send --function FUNCTION " + strings.Join(urls, " ")}, nil
	}
	return answer{OK, strings.Join(empty, ", ") + ": empty", ""}, nil
}

// tooOld is the age of a message at which the alarms on a queue go off; SQS deletes a
// message after 14 days.
const tooOld = 10 * 24 * time.Hour

func askQueueAge(ctx context.Context, d *deployment) (answer, error) {
	queues, err := d.stackQueues(ctx)
	if err != nil {
		return answer{}, err
	}
	var queries []metricQuery
	for _, q := range queues {
		queries = append(queries, metricQuery{"AWS/SQS", "ApproximateAgeOfOldestMessage", map[string]string{"QueueName": q.name}, "Maximum"})
	}
	series, err := d.metrics(ctx, time.Hour, 5*time.Minute, queries...)
	if err != nil {
		return answer{}, err
	}
	result, found := OK, []string{}
	for i, q := range queues {
		age := time.Duration(series[i].latest()) * time.Second
		if age == 0 {
			continue
		}
		d.known["QUEUE_URL"] = q.url
		found = append(found, fmt.Sprintf("the oldest event in %s is %s old", q.logical, span(age)))
		if result = max(result, Warning); age >= tooOld {
			result = Failing
		}
	}
	if result == OK {
		return answer{OK, "no event is waiting", ""}, nil
	}
	return answer{result, strings.Join(found, ", "), ""}, nil
}
