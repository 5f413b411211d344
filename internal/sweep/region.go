package sweep

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// NewClient returns a client without the SDK's own retries: three attempts are too
// few when requests are throttled, and only cause delay when a Region cannot be
// reached.
func NewClient(cfg aws.Config) *kms.Client {
	return kms.NewFromConfig(cfg, func(o *kms.Options) { o.Retryer = aws.NopRetryer{} })
}

// A Region is one account's KMS in one Region. Client and Found are required; the
// other fields may be zero.
type Region struct {
	Client   *kms.Client
	Name     string // "eu-west-1"
	At       time.Time
	Detector detector.Detector // has the trusted accounts and organizations, and the resource control policies
	Org      string            // the owner's organization id; "" if unknown
	Keys     []string          // ARNs of the keys to read; nil for all in the Region
	Workers  int               // keys read at the same time; 0 means 16
	// Found is called with each key, one at a time, in no particular order.
	Found func(Key)
	// Listed, if not nil, is called with the number of further keys to read.
	Listed func(int)
}

// A Report is the result of sweeping a Region, apart from its keys.
type Report struct {
	Keys   int     // passed to Found
	Faults []Fault // without account and Region
}

// Run reads every key of the Region. An error means that the list of keys was not
// read to its end; the keys read until then have been passed to Found. If KMS does
// not answer, or no longer accepts the credentials, Run gives up: the keys listed
// by then are passed to Found unread. It keeps only the aliases and one page of
// keys in memory.
func (r Region) Run(ctx context.Context) (Report, error) {
	return r.run(ctx, newPace())
}

func (r Region) run(ctx context.Context, p *pace) (Report, error) {
	w := &walk{Region: r, pace: p}
	aliases, err := w.aliases(ctx)
	if err != nil && (ctx.Err() != nil || !denied(err)) { // no credentials or no route: the other calls would fail too
		return w.report, &CallError{ListAliases, err}
	}
	err = w.keys(ctx, aliases)
	slices.SortFunc(w.report.Faults, compareFaults)
	return w.report, err
}

// A CallError is the reason why a Region was not swept to its end.
type CallError struct {
	Call Call
	Err  error
}

func (e *CallError) Error() string { return string(e.Call) + ": " + Reason(e.Err) }

// Unwrap returns the error of the call.
func (e *CallError) Unwrap() error { return e.Err }

// A walk is the state of [Region.Run].
type walk struct {
	Region
	pace   *pace
	mu     sync.Mutex // guards the following fields and the calls of Found
	report Report
	broken *CallError // why the Region was given up
}

// fault adds an error of a call to the report. key is "" if the call is not about
// a key.
func (w *walk) fault(call Call, key string, err error) {
	f := faultOf(call, err)
	if key != "" {
		f.Keys, f.Key = 1, key
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report.Faults = merge(w.report.Faults, f)
}

// giveUp ends the sweep of the Region, and returns the first reason for that.
func (w *walk) giveUp(call Call, err error) *CallError {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken == nil {
		w.broken = &CallError{call, err}
	}
	return w.broken
}

// gaveUp returns the reason why the Region was given up, or nil if it was not.
func (w *walk) gaveUp() *CallError {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

// errPages means that KMS would return the same page forever.
var errPages = &answerError{errors.New("the answer is truncated and has no new marker")}

// pages makes a call until KMS has no more pages. page gets one page and returns
// the next marker; the functions in read are called after each page.
func (w *walk) pages(ctx context.Context, call Call, page func(ctx context.Context, marker *string) (truncated bool, next *string, err error), read ...func()) error {
	var marker *string
	for {
		var truncated bool
		var next *string
		err := w.pace.do(ctx, call, func(ctx context.Context) (err error) {
			truncated, next, err = page(ctx, marker)
			return err
		})
		if err != nil {
			return err
		}
		for _, f := range read {
			f()
		}
		switch {
		case !truncated:
			return nil
		case next == nil || marker != nil && *next == *marker:
			return errPages
		}
		marker = next
	}
}

// aliases returns the aliases by key id, or nil and an error if they are unknown.
func (w *walk) aliases(ctx context.Context) (map[string][]string, error) {
	all := map[string][]string{}
	err := w.pages(ctx, ListAliases, func(ctx context.Context, marker *string) (bool, *string, error) {
		out, err := w.Client.ListAliases(ctx, &kms.ListAliasesInput{Marker: marker, Limit: aws.Int32(100)})
		if err != nil {
			return false, nil, err
		}
		for _, a := range out.Aliases {
			if id := aws.ToString(a.TargetKeyId); id != "" {
				all[id] = append(all[id], aws.ToString(a.AliasName))
			}
		}
		return out.Truncated, out.NextMarker, nil
	})
	if err != nil {
		if denied(err) {
			w.fault(ListAliases, "", err)
		}
		return nil, err
	}
	return all, nil
}

// keys lists the keys, and reads each in one of the workers.
func (w *walk) keys(ctx context.Context, aliases map[string][]string) error {
	queue := make(chan string)
	var workers sync.WaitGroup
	for range cmp.Or(w.Workers, 16) {
		workers.Go(func() {
			for arn := range queue {
				k := w.read(ctx, arn, aliases)
				if ctx.Err() != nil { // interrupted: drop a key that was read in part
					continue
				}
				w.mu.Lock()
				w.report.Keys++
				w.Found(k)
				w.mu.Unlock()
			}
		})
	}
	err := w.list(ctx, queue)
	close(queue)
	workers.Wait()
	switch broken := w.gaveUp(); {
	case ctx.Err() != nil:
		return ctx.Err()
	case broken != nil:
		return broken
	case err != nil:
		return &CallError{ListKeys, err}
	}
	return nil
}

// list sends the ARNs of the keys to queue until there are no more or the Region
// is given up.
func (w *walk) list(ctx context.Context, queue chan<- string) error {
	send := func(arns []string) {
		if w.Listed != nil {
			w.Listed(len(arns))
		}
		for _, arn := range arns {
			select {
			case queue <- arn:
			case <-ctx.Done():
				return
			}
		}
	}
	if w.Keys != nil {
		send(w.Keys)
		return nil
	}
	var page []string
	return w.pages(ctx, ListKeys, func(ctx context.Context, marker *string) (bool, *string, error) {
		if broken := w.gaveUp(); broken != nil {
			return false, nil, broken
		}
		out, err := w.Client.ListKeys(ctx, &kms.ListKeysInput{Marker: marker, Limit: aws.Int32(1000)})
		if err != nil {
			return false, nil, err
		}
		page = page[:0]
		for _, key := range out.Keys {
			page = append(page, aws.ToString(key.KeyArn))
		}
		return out.Truncated, out.NextMarker, nil
	}, func() { send(page) }) // outside the request's timeout, which waiting for the workers may exceed
}

// Count returns the number of keys in the Region. It lists but does not read them.
func (r Region) Count(ctx context.Context) (n int, err error) {
	w := &walk{Region: r, pace: newPace()}
	w.Keys, w.Listed = nil, func(more int) { n += more }
	queue := make(chan string)
	go func() {
		for range queue { // discard
		}
	}()
	defer close(queue)
	if err := w.list(ctx, queue); err != nil {
		return n, &CallError{ListKeys, err}
	}
	return n, nil
}

// read reads one key: its description, policy, tags and grants. aliases is nil if
// unknown.
func (w *walk) read(ctx context.Context, arn string, aliases map[string][]string) Key {
	k := Key{ARN: arn, Account: accountOf(arn), Region: w.Name, Decision: decide.Unread()}
	id := arn[strings.LastIndex(arn, "/")+1:]
	if aliases != nil {
		k.Facts.Aliases = append([]string{}, aliases[id]...)
	}
	k.Facts.Org = w.Org
	steps := []struct {
		call Call
		read func(context.Context, *Key) error
	}{{DescribeKey, w.describe}, {GetKeyPolicy, w.policy}, {ListGrants, w.grants}}
	for _, step := range steps {
		if broken := w.gaveUp(); broken != nil {
			k.Unread = append(k.Unread, fmt.Sprintf("%s: not called, since %v", step.call, broken))
			break
		}
		err := step.read(ctx, &k)
		switch {
		case err == nil || ctx.Err() != nil:
		case gone(err):
			k.Gone = true
			return k
		case hopeless(err):
			k.Unread = append(k.Unread, fmt.Sprintf("%s: %s", step.call, Reason(err)))
			w.giveUp(step.call, err)
		default:
			w.fault(step.call, arn, err)
			k.Unread = append(k.Unread, fmt.Sprintf("%s: %s", step.call, Reason(err)))
		}
		if k.Managed {
			return k
		}
	}
	k.finding(w.trusts())
	return k
}

// trusts reports whether accounts other than the owner's count as inside.
func (w *walk) trusts() bool {
	return len(w.Detector.TrustedAccounts)+len(w.Detector.TrustedOrgs) > 0
}

func (w *walk) describe(ctx context.Context, k *Key) error {
	var out *kms.DescribeKeyOutput
	err := w.pace.do(ctx, DescribeKey, func(ctx context.Context) (err error) {
		out, err = w.Client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &k.ARN})
		return err
	})
	switch {
	case err != nil:
		return err
	case out.KeyMetadata == nil:
		return &answerError{errors.New("the answer has no KeyMetadata")}
	}
	m := out.KeyMetadata
	k.State, k.Managed = string(m.KeyState), m.KeyManager == types.KeyManagerTypeAws
	k.Facts.Spec, k.Facts.Usage, k.Facts.Origin, k.Facts.MultiRegion = string(m.KeySpec), string(m.KeyUsage), string(m.Origin), m.MultiRegion
	if c := m.MultiRegionConfiguration; c != nil {
		if c.PrimaryKey != nil {
			k.replica(aws.ToString(c.PrimaryKey.Arn))
		}
		for _, replica := range c.ReplicaKeys {
			k.replica(aws.ToString(replica.Arn))
		}
	}
	return nil
}

// policy reads the key policy and the tags, and makes the decision.
func (w *walk) policy(ctx context.Context, k *Key) error {
	var out *kms.GetKeyPolicyOutput
	err := w.pace.do(ctx, GetKeyPolicy, func(ctx context.Context) (err error) {
		out, err = w.Client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &k.ARN, PolicyName: aws.String("default")})
		return err
	})
	if err != nil {
		return err
	}
	text := []byte(aws.ToString(out.Policy))
	p, err := policy.Parse(text)
	if err != nil {
		return &answerError{fmt.Errorf("the key policy: %w", err)}
	}
	sum := sha256.Sum256(text)
	k.PolicySHA256 = hex.EncodeToString(sum[:])
	if err := w.tags(ctx, k); err != nil {
		if gone(err) {
			return err
		}
		if ctx.Err() == nil { // the tags are unknown, so the worst is assumed
			w.fault(ListResourceTags, k.ARN, err)
		}
	}
	k.Decision = decide.Decide(p, decide.Question{
		Account: k.Account, KeyARN: k.ARN, At: w.At, TrustedAccounts: w.Detector.TrustedAccounts, TrustedOrgs: w.Detector.TrustedOrgs,
		Key: k.Facts, RCPs: w.Detector.RCPs, Stop: w.Detector.Stop,
	})
	return nil
}

func (w *walk) tags(ctx context.Context, k *Key) error {
	tags := map[string]string{}
	err := w.pages(ctx, ListResourceTags, func(ctx context.Context, marker *string) (bool, *string, error) {
		out, err := w.Client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: &k.ARN, Marker: marker, Limit: aws.Int32(50)})
		if err != nil {
			return false, nil, err
		}
		for _, t := range out.Tags {
			tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
		}
		return out.Truncated, out.NextMarker, nil
	})
	if err == nil {
		k.Facts.Tags = tags
	}
	return err
}

func (w *walk) grants(ctx context.Context, k *Key) error {
	err := w.pages(ctx, ListGrants, func(ctx context.Context, marker *string) (bool, *string, error) {
		out, err := w.Client.ListGrants(ctx, &kms.ListGrantsInput{KeyId: &k.ARN, Marker: marker, Limit: aws.Int32(100)})
		if err != nil {
			return false, nil, err
		}
		for i := range out.Grants {
			if g, ok := outside(&out.Grants[i], k.Account, w.Detector.TrustedAccounts); ok {
				k.GrantsOut = append(k.GrantsOut, g)
			}
		}
		return out.Truncated, out.NextMarker, nil
	})
	k.GrantsRead = err == nil
	return err
}

// accountOf returns the account in an ARN, or "" if there is none.
func accountOf(arn string) string {
	named, _ := awsid.SplitARN(arn)
	return named.Account
}
