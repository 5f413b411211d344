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

// An SNS says how to reach SNS.
type SNS struct {
	Region      string // the topic's, for SNS publishes only within a Region
	Credentials aws.Credentials
	Endpoint    string // "" for AWS's own
	FIPS        bool
	DualStack   bool
}

// Client makes the client by hand: the SDK's configuration loader would look
// for credentials in files, SSO caches and instance metadata, none of which
// Lambda has, and costs 2 MB and a quarter of the start.
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
	// margin is kept at the end of the invocation to answer Lambda in; an
	// invocation that is still running at the deadline is killed, and its
	// error is lost.
	margin = time.Second
	// maxAttempt is how long one Publish may take. In one Region it takes
	// some 20 ms; what has not come after this will not come.
	maxAttempt = 5 * time.Second
	// minAttempt is too short to start another attempt.
	minAttempt = 50 * time.Millisecond
	// firstPause and maxPause bound the pauses between attempts, which double.
	firstPause = 100 * time.Millisecond
	maxPause   = 3 * time.Second
	// noDeadline is the time for sending when the context has no deadline.
	noDeadline = 20 * time.Second
)

// Send publishes m, again and again while SNS fails in a way that may pass:
// throttling, 5xx, resets, timeouts, lost answers. It returns before ctx's deadline, with
// the last error that says more than that time was up when nothing helped. A message whose answer was lost may be
// published twice; the finding's uid is the same in both.
func Send(ctx context.Context, p Publisher, topicARN string, m alert.Message) (string, error) {
	until := sendUntil(ctx, time.Now())
	in := publishInput(topicARN, m)
	var telling error // the last one that is not only about time
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

// attempt publishes once, within maxAttempt and half of what is left, so that
// one hanging connection leaves time for another attempt.
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

// errNoMessageID is a success that proves nothing: only SNS's message id says
// that SNS took the message, and not a proxy on the way.
var errNoMessageID = errors.New("expected a message id in the answer, found none")

// mayPass reports whether another attempt may succeed where this one failed
// with err. Beside what the SDK retries that is every 5xx, throttling under any
// name, and an answer of success that cannot be read, for then nobody knows
// whether the message went out.
// Source of KMSThrottling, which an encrypted topic gives, and of Throttled,
// status 429: SNS API reference, Publish, Errors.
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

// sendUntil is when sending has to be over: the deadline less a margin, which
// is a fifth of the time when little is left.
func sendUntil(ctx context.Context, now time.Time) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return now.Add(noDeadline)
	}
	return deadline.Add(-min(margin, deadline.Sub(now)/5))
}

// pauseAfter doubles the pause after each attempt; half of it is random.
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
