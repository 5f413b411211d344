package function

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/kmsentry/kmsentry/alert"
)

// A Publisher is the part of the SNS client that Send uses.
type Publisher interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// An SNS has the endpoint and the credentials for SNS.
type SNS struct {
	Region      string // of the topic, since SNS publishes only within a Region
	Credentials aws.Credentials
	Endpoint    string // "" for AWS's own
	FIPS        bool
	DualStack   bool
}

// Client returns a client. It does not use the SDK's configuration loader, which would
// look for credentials in files, SSO caches and instance metadata, none of which Lambda
// has, and costs 2 MB and a quarter of the start time.
func (s SNS) Client() *sns.Client {
	o := sns.Options{
		Region: s.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return s.Credentials, nil
		}),
		Retryer: aws.NopRetryer{}, // Send retries, knowing the deadline
	}
	if s.Endpoint != "" {
		o.BaseEndpoint = aws.String(s.Endpoint)
	}
	if s.FIPS {
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
	}
	if s.DualStack {
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
	}
	return sns.New(o)
}

const (
	// margin is the time kept at the end of the invocation to answer Lambda. An
	// invocation that is still running at the deadline is killed, and its error
	// is lost.
	margin = time.Second
	// maxAttempt is the longest time that one Publish may take. Within a Region
	// it takes some 20 ms; an answer that is not there by then will not come.
	maxAttempt = 5 * time.Second
	// minAttempt is the shortest time left for which another attempt is started.
	minAttempt = 50 * time.Millisecond
	// firstPause and maxPause are the shortest and the longest pause between
	// attempts; pauses double.
	firstPause = 100 * time.Millisecond
	maxPause   = 3 * time.Second
	// noDeadline is the time limit for sending when the context has no deadline.
	noDeadline = 20 * time.Second
)

// Send publishes m and returns SNS's message id. It retries faults that may be temporary:
// throttling, 5xx, resets, timeouts and lost answers. It gives up before the deadline of
// ctx, with the last error that was not a timeout, if there was one. A message whose
// answer was lost may be published twice, both times with the finding's uid.
func Send(ctx context.Context, p Publisher, topicARN string, m alert.Message) (string, error) {
	until := sendUntil(ctx, time.Now())
	in := publishInput(topicARN, m)
	var telling error // the last error that is not a timeout
	for n := 1; ; n++ {
		id, err := attempt(ctx, p, in, until)
		if err == nil {
			return id, nil
		}
		if !mayPass(err) {
			return "", err
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			telling = err
		}
		pause := pauseAfter(n)
		if ctx.Err() != nil || time.Until(until) < pause+minAttempt {
			return "", fmt.Errorf("gave up after %d attempts, before the deadline: %w", n, cmp.Or(telling, err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// attempt publishes once, with a time limit of maxAttempt and half of the time left, so
// that a connection that hangs leaves time for another attempt.
func attempt(ctx context.Context, p Publisher, in *sns.PublishInput, until time.Time) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, max(minAttempt, min(maxAttempt, time.Until(until)/2)))
	defer cancel()
	out, err := p.Publish(ctx, in)
	if err != nil {
		return "", err
	}
	id := aws.ToString(out.MessageId)
	if id == "" {
		return "", errNoMessageID
	}
	return id, nil
}

// errNoMessageID reports a successful answer without a message id. Only the id proves
// that the answer is from SNS and not from a proxy.
var errNoMessageID = errors.New("expected a message id in the answer, found none")

// mayPass reports whether another attempt may succeed after err. Besides the errors that
// the SDK retries, these are every 5xx, throttling under any name, and a successful answer
// that cannot be read, since the message may not have been published.
// Source of KMSThrottling, which an encrypted topic can return, and of Throttled, status
// 429: SNS API reference, Publish, Errors.
func mayPass(err error) bool {
	if errors.Is(err, errNoMessageID) || errors.Is(err, context.DeadlineExceeded) || retry.NewStandard().IsErrorRetryable(err) {
		return true
	}
	var throttled *types.KMSThrottlingException
	if errors.As(err, &throttled) {
		return true
	}
	var answer interface{ HTTPStatusCode() int }
	if !errors.As(err, &answer) {
		return false
	}
	switch status := answer.HTTPStatusCode(); status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	default:
		return status >= 200 && status < 300 || status >= 500
	}
}

// sendUntil returns when sending must end: the deadline less margin, or less a fifth of
// the time left when that is shorter.
func sendUntil(ctx context.Context, now time.Time) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return now.Add(noDeadline)
	}
	return deadline.Add(-min(margin, deadline.Sub(now)/5))
}

// pauseAfter returns the pause after the n-th attempt, which doubles each time; half of
// it is random.
func pauseAfter(n int) time.Duration {
	pause := maxPause
	if n < 6 {
		pause = min(maxPause, firstPause<<(n-1))
	}
	return pause/2 + rand.N(pause/2) // #nosec G404 -- spreads retries, guards nothing
}

func publishInput(topicARN string, m alert.Message) *sns.PublishInput {
	in := &sns.PublishInput{
		TopicArn:          aws.String(topicARN),
		Subject:           aws.String(m.Subject),
		Message:           aws.String(m.Body),
		MessageStructure:  aws.String("json"),
		MessageAttributes: make(map[string]types.MessageAttributeValue, len(m.Attributes)),
	}
	for name, value := range m.Attributes {
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
	}
	return in
}
