package function

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/kmsentry/kmsentry/alert"
)

func TestSendUntilLeavesAMargin(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := []struct{ left, want time.Duration }{
		{30 * time.Second, 29 * time.Second},
		{5 * time.Second, 4 * time.Second},
		{time.Second, 800 * time.Millisecond},
		{0, 0},
	}
	for _, test := range tests {
		ctx, cancel := context.WithDeadline(context.Background(), now.Add(test.left))
		if got := sendUntil(ctx, now).Sub(now); got != test.want {
			t.Errorf("sendUntil with %s left = %s, want %s", test.left, got, test.want)
		}
		cancel()
	}
	if got := sendUntil(context.Background(), now).Sub(now); got != noDeadline {
		t.Errorf("sendUntil without a deadline = %s, want %s", got, noDeadline)
	}
}

func TestPausesGrowAndStayBounded(t *testing.T) {
	for n := 1; n <= 100; n++ {
		most := maxPause
		if n < 6 {
			most = firstPause << (n - 1)
		}
		if got := pauseAfter(n); got < most/2 || got > most {
			t.Errorf("pauseAfter(%d) = %s, want %s to %s", n, got, most/2, most)
		}
	}
}

// A publisherFunc is a function that implements Publisher.
type publisherFunc func(ctx context.Context) (*sns.PublishOutput, error)

func (f publisherFunc) Publish(ctx context.Context, _ *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	return f(ctx)
}

// Time is simulated here, so the speed of the machine does not matter.
func TestLastingFaultsAreTriedAgainUntilTheMargin(t *testing.T) {
	busy := &types.KMSThrottlingException{}
	tests := []struct {
		name  string
		fault publisherFunc
		want  error
		least int // attempts within 3 seconds
	}{
		{"hangs", func(ctx context.Context) (*sns.PublishOutput, error) { <-ctx.Done(); return nil, ctx.Err() }, context.DeadlineExceeded, 3},
		{"throttles", func(context.Context) (*sns.PublishOutput, error) { return nil, busy }, busy, 5},
		{"success without a message id", func(context.Context) (*sns.PublishOutput, error) { return &sns.PublishOutput{}, nil }, errNoMessageID, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const timeout = 3 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				attempts := 0
				_, err := Send(ctx, publisherFunc(func(ctx context.Context) (*sns.PublishOutput, error) {
					attempts++
					return test.fault(ctx)
				}), "arn:aws:sns:us-west-2:111111111111:kmsentry", alert.Message{})
				if !errors.Is(err, test.want) {
					t.Errorf("Send = %v, want %v", err, test.want)
				}
				deadline, _ := ctx.Deadline()
				if left := time.Until(deadline); left < timeout/5 {
					t.Errorf("Send left %s to answer in, want at least %s", left, timeout/5)
				}
				if attempts < test.least {
					t.Errorf("%d attempts, want at least %d", attempts, test.least)
				}
			})
		})
	}
}

// An attempt that hangs leaves time for another one.
func TestOneHangIsOvercome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		attempts := 0
		id, err := Send(ctx, publisherFunc(func(ctx context.Context) (*sns.PublishOutput, error) {
			if attempts++; attempts == 1 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return &sns.PublishOutput{MessageId: aws.String("id")}, nil
		}), "arn:aws:sns:us-west-2:111111111111:kmsentry", alert.Message{})
		if id != "id" || err != nil || attempts != 2 {
			t.Errorf("Send = %q, %v after %d attempts, want success on the second", id, err, attempts)
		}
	})
}

// A canceled invocation gives up at once, whether it is publishing or waiting to retry,
// with an error that says so; Lambda then retries the event.
func TestCancelledSendGivesUpAtOnce(t *testing.T) {
	tests := []struct {
		name string
		do   publisherFunc
	}{
		{"while SNS hangs", func(ctx context.Context) (*sns.PublishOutput, error) { <-ctx.Done(); return nil, ctx.Err() }},
		{"in the pause after a fault", func(context.Context) (*sns.PublishOutput, error) {
			return nil, &types.KMSThrottlingException{}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				const after = firstPause / 2
				time.AfterFunc(after, cancel)
				began, attempts := time.Now(), 0
				id, err := Send(ctx, publisherFunc(func(ctx context.Context) (*sns.PublishOutput, error) {
					if attempts++; ctx.Err() != nil {
						return nil, ctx.Err()
					}
					return test.do(ctx)
				}), "arn:aws:sns:us-west-2:111111111111:kmsentry", alert.Message{})
				if id != "" || err == nil || time.Since(began) != after {
					t.Errorf("Send = %q, %v after %s, want an error after %s", id, err, time.Since(began), after)
				}
			})
		})
	}
}
