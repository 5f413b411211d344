package sweep

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// A Call is one of the AWS API calls that a sweep makes.
type Call string

// The calls.
const (
	ListKeys          Call = "ListKeys"
	ListAliases       Call = "ListAliases"
	DescribeKey       Call = "DescribeKey"
	GetKeyPolicy      Call = "GetKeyPolicy"
	ListGrants        Call = "ListGrants"
	ListResourceTags  Call = "ListResourceTags"
	DescribeRegions   Call = "DescribeRegions"
	AssumeRole        Call = "AssumeRole"
	GetCallerIdentity Call = "GetCallerIdentity"
	// Credentials is not an API call: it is the search for the caller's
	// credentials.
	Credentials Call = "credentials"
)

// A callRow holds the quota and the permission of a call.
type callRow struct {
	call    Call
	service string
	quota   int   // requests per second, per account and Region
	scope   scope // the resources that a permission can be limited to
}

// A scope is the type of resource that an IAM policy can limit a call to.
type scope int

const (
	anything scope = iota // no resource
	keys                  // keys
	roles                 // roles
	free                  // it needs no permission
)

// callTable returns a row for each call. The quotas are shared with everything
// else in the account.
// Sources: KMS Developer Guide, Request quotas; Service Authorization
// Reference; STS API Reference, GetCallerIdentity: "No permissions are required".
func callTable() []callRow {
	return []callRow{
		{ListKeys, "kms", 500, anything},
		{ListAliases, "kms", 500, anything},
		{DescribeKey, "kms", 2000, keys},
		{GetKeyPolicy, "kms", 1000, keys},
		{ListGrants, "kms", 100, keys},
		{ListResourceTags, "kms", 2000, keys},
		{DescribeRegions, "ec2", 100, anything}, // once for each account
		{AssumeRole, "sts", 100, roles},         // once for each account
		{GetCallerIdentity, "sts", 100, free},   // once
	}
}

// permission returns the IAM action of the call, such as kms:ListKeys, or "" if
// the call needs no permission.
func (c Call) permission() string {
	for _, row := range callTable() {
		if row.call == c && row.scope != free {
			return row.service + ":" + string(c)
		}
	}
	return ""
}

// share is the fraction of a quota that a sweep uses, so that other requests of
// the account are not throttled.
const share = 0.4

// attempts is the maximum number of times that a throttled request is sent. The
// SDK's default of three loses keys when a tenth of all requests is throttled.
const attempts = 10

// Policy returns an IAM policy, as JSON, that allows exactly the calls that a
// sweep with these options makes in one partition ("aws", "aws-cn",
// "aws-us-gov"). The roles in o.Roles need the same except sts:AssumeRole.
func Policy(partition string, o Options) []byte {
	var all, perKey []string
	for _, row := range callTable() {
		switch {
		case row.scope == keys:
			perKey = append(perKey, row.call.permission())
		case row.call == DescribeRegions && !o.asksRegions(), row.call == ListKeys && len(o.Keys) > 0, row.scope != anything:
		default:
			all = append(all, row.call.permission())
		}
	}
	type statement struct {
		Sid, Effect string
		Action      []string
		Resource    any
	}
	list := []statement{
		{"List", "Allow", all, "*"},
		{"ReadKeys", "Allow", perKey, "arn:" + partition + ":kms:*:*:key/*"},
	}
	if len(o.Roles) > 0 {
		list = append(list, statement{"OtherAccounts", "Allow", []string{AssumeRole.permission()}, slices.Sorted(slices.Values(o.Roles))})
	}
	text, err := json.MarshalIndent(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", list}, "", "  ")
	if err != nil {
		panic(err) // texts always marshal
	}
	return append(text, '\n')
}

// Time returns the minimum time that the calls for the number of keys take in one
// Region under the quotas, which is that of the slowest call. A key with more than
// one page of grants takes longer.
func Time(keyCount int) time.Duration {
	var longest time.Duration
	for _, row := range callTable() {
		if row.scope == keys {
			longest = max(longest, time.Duration(float64(keyCount)/(float64(row.quota)*share)*float64(time.Second)))
		}
	}
	return longest
}

// A pace keeps the calls of one account in one Region below AWS's quotas, and
// retries those that are throttled nevertheless.
type pace struct {
	limits   map[Call]*rate.Limiter
	wait     func(context.Context, time.Duration) error
	patience time.Duration // the timeout of one request
}

func newPace() *pace {
	p := &pace{limits: map[Call]*rate.Limiter{}, wait: sleep, patience: patience}
	for _, row := range callTable() {
		perSecond := float64(row.quota) * share
		p.limits[row.call] = rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/10)))
	}
	return p
}

// do makes one call. It retries a throttled call with pauses that double up to
// five seconds, and retries once after a broken connection or a server error. It
// returns any other error at once.
func (p *pace) do(ctx context.Context, call Call, send func(context.Context) error) error {
	pause, again := 100*time.Millisecond, true
	for attempt := 1; ; attempt++ {
		if err := p.limits[call].Wait(ctx); err != nil {
			return err
		}
		err := sendWithin(ctx, p.patience, send)
		switch {
		case err == nil:
			return nil
		case throttled(err) && attempt == attempts:
			return fmt.Errorf("throttled %d times: %w", attempts, err)
		case throttled(err):
		case passing(err) && again:
			again = false
		default:
			return err
		}
		if err := p.wait(ctx, pause/2+rand.N(pause/2)); err != nil {
			return err
		}
		pause = min(2*pause, 5*time.Second)
	}
}

// patience is the timeout of one request, including the search for credentials.
const patience = 10 * time.Second

// sendWithin calls send with a context that times out after long.
func sendWithin(ctx context.Context, long time.Duration, send func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	err := send(within)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		return fmt.Errorf("no answer within %v", long)
	}
	return err
}

// sleep waits for d or until the context ends.
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
