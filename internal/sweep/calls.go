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

// A Call is one of the calls of AWS that a sweep makes.
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
	// Credentials is not a call of AWS: to find the caller's own.
	Credentials Call = "credentials"
)

// A callRow says of a call what AWS allows.
type callRow struct {
	call    Call
	service string
	quota   int   // requests a second of an account in a Region
	scope   scope // what IAM can limit it to
}

// A scope is what a call can be limited to in an IAM policy.
type scope int

const (
	anything scope = iota // no resource
	keys                  // keys
	roles                 // roles
	free                  // it needs no permission
)

// callTable has each call once. Others of the account draw on the same quotas.
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

// permission is what IAM calls it, such as kms:ListKeys; "" for what needs none.
func (c Call) permission() string {
	for _, row := range callTable() {
		if row.call == c && row.scope != free {
			return row.service + ":" + string(c)
		}
	}
	return ""
}

// share is the part of a quota that a sweep takes, so that the account's own
// work is not throttled.
const share = 0.4

// attempts bounds how often one request is sent while KMS throttles it. The
// SDK's default of three loses keys when a tenth of all requests is throttled.
const attempts = 10

// Policy returns the IAM policy, as JSON, with just what a sweep of these
// options calls in one partition ("aws", "aws-cn", "aws-us-gov"). A role of
// o.Roles needs the same without sts:AssumeRole.
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

// Time is how long the calls for that many keys take at least in one Region, as
// the quotas have it: the slowest call decides. A key with more than one page
// of grants takes longer.
func Time(keyCount int) time.Duration {
	var longest time.Duration
	for _, row := range callTable() {
		if row.scope == keys {
			longest = max(longest, time.Duration(float64(keyCount)/(float64(row.quota)*share)*float64(time.Second)))
		}
	}
	return longest
}

// A pace keeps the calls of one account in one Region below AWS's quotas and
// sends again what was throttled nevertheless.
type pace struct {
	limits   map[Call]*rate.Limiter
	wait     func(context.Context, time.Duration) error
	patience time.Duration // with one request
}

func newPace() *pace {
	p := &pace{limits: map[Call]*rate.Limiter{}, wait: sleep, patience: patience}
	for _, row := range callTable() {
		perSecond := float64(row.quota) * share
		p.limits[row.call] = rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/10)))
	}
	return p
}

// do makes one call. What is throttled is tried again, with pauses that double
// up to five seconds. A connection that broke, or a fault on AWS's side, is
// tried once more; every other error comes back at once.
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

// patience bounds one request, with the search for credentials.
const patience = 10 * time.Second

// sendWithin sends a request and gives it up after so long.
func sendWithin(ctx context.Context, long time.Duration, send func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	err := send(within)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		return fmt.Errorf("no answer within %v", long)
	}
	return err
}

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
