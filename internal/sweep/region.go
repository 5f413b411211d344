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

	"github.com/kmsentry/kmsentry/detector/policy"
)

// NewClient returns a client without the SDK's own retries: its three attempts
// lose keys, and they hold up a Region that cannot be reached.
func NewClient(cfg aws.Config) *kms.Client {
	return kms.NewFromConfig(cfg, func(o *kms.Options) { o.Retryer = aws.NopRetryer{} })
}

// A Region is one account's KMS in one Region. Its zero values have a meaning
// except Client and Found.
type Region struct {
	Client *kms.Client
	Name   string // "eu-west-1"
	At     time.Time
	// TrustedAccounts and TrustedOrgs count as inside.
	TrustedAccounts, TrustedOrgs []string
	RCPs                         []*policy.Policy
	Workers                      int // 0 is 16
	// Found gets each key once, one at a time, in no order.
	Found func(Key)
}

// A Report is what a sweep of a Region came to beside its keys.
type Report struct {
	Keys   int // that Found got
	Faults []Fault
}

// A Fault is a call that failed, however many keys it failed for.
type Fault struct {
	Call   Call
	Denied bool   // the permission kms:CALL is lacking
	Reason string // of the first
	Key    string // the first; "" when the call is about no key
	Count  int
}

// String says it in a line.
func (f Fault) String() string {
	text := fmt.Sprintf("%s failed", f.Call)
	if f.Denied {
		text = fmt.Sprintf("permission kms:%s is lacking", f.Call)
	}
	if f.Key != "" {
		text += fmt.Sprintf(" for %d keys, the first %s", f.Count, f.Key)
	}
	return text + ": " + f.Reason
}

// Run reads every key of the Region. An error means that the list of keys was
// not read to its end; what was read before went to Found nevertheless. Memory
// holds the aliases and one page of keys, however many keys there are.
func (r Region) Run(ctx context.Context) (Report, error) {
	return r.run(ctx, newPace())
}

func (r Region) run(ctx context.Context, p *pace) (Report, error) {
	w := &walk{Region: r, pace: p}
	aliases, err := w.aliases(ctx)
	if err != nil && !denied(err) { // no credentials, no route: the other calls would fail alike
		return w.report, fmt.Errorf("%s: ListAliases: %w", r.Name, err)
	}
	err = w.keys(ctx, aliases)
	slices.SortFunc(w.report.Faults, func(a, b Fault) int { return cmp.Compare(a.Call, b.Call) })
	if err != nil {
		return w.report, fmt.Errorf("%s: ListKeys: %w", r.Name, err)
	}
	return w.report, nil
}

// A walk is a run of Region.
type walk struct {
	Region
	pace   *pace
	mu     sync.Mutex // of report and Found
	report Report
}

// fault counts an error of a call.
func (w *walk) fault(call Call, key string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.report.Faults {
		if f := &w.report.Faults[i]; f.Call == call && f.Denied == denied(err) {
			f.Count++
			return
		}
	}
	w.report.Faults = append(w.report.Faults, Fault{call, denied(err), err.Error(), key, 1})
}

// errPages says that KMS would answer the same page for ever.
var errPages = errors.New("the answer is cut off and has no new marker")

// pages makes a call until KMS has no more. page makes it once and returns the
// next marker; read is called after each page.
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

// aliases returns the aliases by key id; nil when they are not known.
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
		w.fault(ListAliases, "", err)
		return nil, err
	}
	return all, nil
}

// keys lists the keys and has each read by one of the workers.
func (w *walk) keys(ctx context.Context, aliases map[string][]string) error {
	queue := make(chan string)
	var workers sync.WaitGroup
	for range cmp.Or(w.Workers, 16) {
		workers.Go(func() {
			for arn := range queue {
				k := w.read(ctx, arn, aliases)
				if ctx.Err() != nil { // cut off: half a key is none
					continue
				}
				w.mu.Lock()
				w.report.Keys++
				w.Found(k)
				w.mu.Unlock()
			}
		})
	}
	var page []types.KeyListEntry
	err := w.pages(ctx, ListKeys, func(ctx context.Context, marker *string) (bool, *string, error) {
		out, err := w.Client.ListKeys(ctx, &kms.ListKeysInput{Marker: marker, Limit: aws.Int32(1000)})
		if err != nil {
			return false, nil, err
		}
		page = out.Keys
		return out.Truncated, out.NextMarker, nil
	}, func() { // not within one request's time, which the workers may outlast
		for _, key := range page {
			select {
			case queue <- aws.ToString(key.KeyArn):
			case <-ctx.Done():
				return
			}
		}
	})
	close(queue)
	workers.Wait()
	return cmp.Or(err, ctx.Err())
}

// read finds out all about one key.
func (w *walk) read(ctx context.Context, arn string, aliases map[string][]string) Key {
	k := Key{ARN: arn, Account: accountOf(arn), Region: w.Name, Decision: policy.Unread()}
	id := arn[strings.LastIndex(arn, "/")+1:]
	if aliases != nil {
		k.Facts.Aliases = append([]string{}, aliases[id]...)
	}
	steps := []struct {
		call Call
		read func(context.Context, *Key) error
	}{{DescribeKey, w.describe}, {GetKeyPolicy, w.policy}, {ListGrants, w.grants}}
	for _, step := range steps {
		err := step.read(ctx, &k)
		switch {
		case gone(err):
			k.Gone = true
			return k
		case err != nil && ctx.Err() == nil:
			w.fault(step.call, arn, err)
			k.Unread = append(k.Unread, fmt.Sprintf("%s: %v", step.call, err))
		}
		if k.Managed {
			return k
		}
	}
	return k
}

func (w *walk) describe(ctx context.Context, k *Key) error {
	var out *kms.DescribeKeyOutput
	err := w.pace.do(ctx, DescribeKey, func(ctx context.Context) (err error) {
		out, err = w.Client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &k.ARN})
		return err
	})
	if err != nil || out.KeyMetadata == nil {
		return err
	}
	m := out.KeyMetadata
	k.State, k.Managed = string(m.KeyState), m.KeyManager == types.KeyManagerTypeAws
	k.Facts.Spec, k.Facts.Usage, k.Facts.Origin, k.Facts.MultiRegion = string(m.KeySpec), string(m.KeyUsage), string(m.Origin), m.MultiRegion
	if c := m.MultiRegionConfiguration; c != nil {
		if c.PrimaryKey != nil {
			k.Replicas = append(k.Replicas, aws.ToString(c.PrimaryKey.Arn))
		}
		for _, replica := range c.ReplicaKeys {
			k.Replicas = append(k.Replicas, aws.ToString(replica.Arn))
		}
	}
	return nil
}

// policy reads the tags and the key policy, and decides.
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
		return fmt.Errorf("the key policy: %w", err)
	}
	sum := sha256.Sum256(text)
	k.PolicySHA256 = hex.EncodeToString(sum[:])
	if err := w.tags(ctx, k); err != nil {
		if gone(err) {
			return err
		}
		w.fault(ListResourceTags, k.ARN, err) // the tags are unknown: taken at their worst
	}
	k.Decision = p.Decide(policy.Question{
		Account: k.Account, KeyARN: k.ARN, At: w.At, TrustedAccounts: w.TrustedAccounts, TrustedOrgs: w.TrustedOrgs,
		Key: k.Facts, RCPs: w.RCPs,
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
			if g, ok := outside(&out.Grants[i], k.Account, w.TrustedAccounts); ok {
				k.GrantsOut = append(k.GrantsOut, g)
			}
		}
		return out.Truncated, out.NextMarker, nil
	})
	k.GrantsRead = err == nil
	return err
}

// accountOf is the account in a key's ARN; "" when there is none.
func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}
