package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/smithy-go"
	"golang.org/x/time/rate"
)

// A Call is one of the calls of KMS that a sweep makes.
type Call string

// The calls.
const (
	ListKeys         Call = "ListKeys"
	ListAliases      Call = "ListAliases"
	DescribeKey      Call = "DescribeKey"
	GetKeyPolicy     Call = "GetKeyPolicy"
	ListGrants       Call = "ListGrants"
	ListResourceTags Call = "ListResourceTags"
)

// A callRow says of a call what KMS allows.
type callRow struct {
	call   Call
	quota  int  // requests a second of an account in a Region
	perKey bool // IAM can limit it to keys
}

// callTable has each call once. Others of the account draw on the same quotas.
// Source: KMS Developer Guide, Request quotas; Service Authorization Reference.
func callTable() []callRow {
	return []callRow{
		{ListKeys, 500, false},
		{ListAliases, 500, false},
		{DescribeKey, 2000, true},
		{GetKeyPolicy, 1000, true},
		{ListGrants, 100, true},
		{ListResourceTags, 2000, true},
	}
}

// share is the part of a quota that a sweep takes, so that the account's own
// work is not throttled.
const share = 0.4

// attempts bounds how often one request is sent while KMS throttles it. The
// SDK's default of three loses keys when a tenth of all requests is throttled.
const attempts = 10

// Policy returns the IAM policy, as JSON, with just what a sweep calls in one
// partition ("aws", "aws-cn", "aws-us-gov").
func Policy(partition string) []byte {
	var all, keys []string
	for _, row := range callTable() {
		if row.perKey {
			keys = append(keys, "kms:"+string(row.call))
		} else {
			all = append(all, "kms:"+string(row.call))
		}
	}
	type statement struct {
		Sid, Effect string
		Action      []string
		Resource    string
	}
	text, err := json.MarshalIndent(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{
		{"List", "Allow", all, "*"},
		{"ReadKeys", "Allow", keys, "arn:" + partition + ":kms:*:*:key/*"},
	}}, "", "  ")
	if err != nil {
		panic(err) // texts always marshal
	}
	return append(text, '\n')
}

// Time is how long the calls for so many keys take at least in one Region, as
// the quotas have it: the slowest call decides. A key with more than one page
// of grants takes longer.
func Time(keys int) time.Duration {
	var longest time.Duration
	for _, row := range callTable() {
		if row.perKey {
			longest = max(longest, time.Duration(float64(keys)/(float64(row.quota)*share)*float64(time.Second)))
		}
	}
	return longest
}

// A pace keeps the calls of one account in one Region below KMS's quotas and
// sends again what was throttled nevertheless.
type pace struct {
	limits map[Call]*rate.Limiter
	wait   func(context.Context, time.Duration) error
}

func newPace() *pace {
	p := &pace{limits: map[Call]*rate.Limiter{}, wait: sleep}
	for _, row := range callTable() {
		perSecond := float64(row.quota) * share
		p.limits[row.call] = rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/10)))
	}
	return p
}

// do makes one call. What is throttled is tried again, with pauses that double
// up to five seconds; every other error comes back at once.
func (p *pace) do(ctx context.Context, call Call, send func(context.Context) error) error {
	pause := 100 * time.Millisecond
	for attempt := 1; ; attempt++ {
		if err := p.limits[call].Wait(ctx); err != nil {
			return err
		}
		err := sendWithin(ctx, send)
		if err == nil || !throttled(err) {
			return err
		}
		if attempt == attempts {
			return fmt.Errorf("throttled %d times: %w", attempts, err)
		}
		if err := p.wait(ctx, pause/2+rand.N(pause/2)); err != nil {
			return err
		}
		pause = min(2*pause, 5*time.Second)
	}
}

// patience bounds one request, with the search for credentials.
const patience = 10 * time.Second

func sendWithin(ctx context.Context, send func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return send(ctx)
}

// code is the error code with which AWS answered; "" when it did not answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func throttled(err error) bool {
	switch code(err) {
	case "ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException":
		return true
	}
	return false
}

func denied(err error) bool {
	c := code(err)
	return c == "AccessDeniedException" || c == "AccessDenied"
}

func gone(err error) bool { return code(err) == "NotFoundException" }

// sleep waits until d or the context is over.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
