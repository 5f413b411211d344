package sweep

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// Options says what to sweep. Config and Found are required.
type Options struct {
	Config  aws.Config // the caller's credentials; its Region is used for the first calls
	Account string     // the caller's account; if "", STS is asked
	Roles   []string   // ARNs of roles in other accounts, to be assumed by the caller
	Regions []string   // empty for all that are enabled for each account
	Keys    []string   // ARNs of keys; empty for all in the Regions
	// Detector has the trusted accounts and organizations, and the resource
	// control policies.
	Detector detector.Detector
	Org      string    // the owners' organization id; "" if unknown
	At       time.Time // the current time
	Workers  int       // keys read at the same time in each Region; 0 means 16
	// EC2Endpoint is the endpoint for DescribeRegions; if "", it is that of
	// Config or else AWS's own.
	EC2Endpoint string
	// Found is called once with each key, one at a time: with single-Region
	// keys as they are read, in no particular order, and at the end with the
	// multi-Region keys, whose replicas are then known.
	Found    func(Key)
	Progress Progress // may be nil
}

// asksRegions reports whether AWS is asked which Regions are enabled.
func (o *Options) asksRegions() bool { return len(o.Regions) == 0 && len(o.Keys) == 0 }

// Progress is told about the progress of a sweep. Its methods may be called
// concurrently.
type Progress interface {
	Regions(n int) // n more Regions are to be swept
	Listed(n int)  // n more keys are to be read
	Done(k *Key)   // a key was read
	Swept()        // a Region is done
}

// A Summary says what was swept and what was not.
type Summary struct {
	Accounts    []string       `json:"accounts"` // that were swept at least in part; sorted
	Regions     int            `json:"regions"`  // of all accounts, completely swept
	Keys        int            `json:"keys"`     // that were seen, including all of the following
	Managed     int            `json:"aws_managed"`
	Gone        int            `json:"gone"`     // deleted during the sweep
	Unusable    int            `json:"unusable"` // disabled, pending deletion or without material
	Unread      int            `json:"unread"`   // whose policy or grants could not be read
	Verdicts    map[string]int `json:"verdicts"` // of the keys that were judged
	Faults      []Fault        `json:"faults"`
	Interrupted bool           `json:"interrupted"`
}

// Failed reports whether anything could not be read.
func (s *Summary) Failed() bool { return len(s.Faults) > 0 || s.Unread > 0 || s.Interrupted }

// Partial reports whether there may be keys that were not seen.
func (s *Summary) Partial() bool {
	return s.Interrupted || slices.ContainsFunc(s.Faults, func(f Fault) bool { return f.Unswept })
}

// A sweeper is a running sweep.
type sweeper struct {
	o    Options
	pace func() *pace

	mu      sync.Mutex // guards the following fields and the calls of Found and Done
	summary Summary
	multi   []Key // multi-Region keys, kept until their replicas are known
}

// regionsAtOnce is the maximum number of Regions, of all accounts, that are swept
// at the same time.
const regionsAtOnce = 32

// Run sweeps the keys of the accounts and Regions. What cannot be read is recorded
// as a fault in the summary and does not stop the rest. When ctx ends, Run stops;
// the keys read by then have been passed to Found.
func Run(ctx context.Context, o Options) Summary { return run(ctx, o, newPace) }

func run(ctx context.Context, o Options, pace func() *pace) Summary {
	s := &sweeper{o: o, pace: pace}
	s.summary = Summary{Accounts: []string{}, Verdicts: map[string]int{}, Faults: []Fault{}}
	s.each(ctx, func(ctx context.Context, a *account, region string) {
		report, err := Region{
			Client: NewClient(a.in(region)), Name: region, At: o.At, Detector: o.Detector, Org: o.Org, Keys: a.keys[region], Workers: o.Workers,
			Found: s.found, Listed: s.listed,
		}.run(ctx, s.pace())
		s.swept(a, region, report, err)
	})
	join(s.multi)
	for i := range s.multi {
		s.hand(s.multi[i])
	}
	s.summary.Interrupted = ctx.Err() != nil
	slices.Sort(s.summary.Accounts)
	slices.SortFunc(s.summary.Faults, compareFaults)
	return s.summary
}

// each calls do for every Region of every account, concurrently.
func (s *sweeper) each(ctx context.Context, do func(context.Context, *account, string)) {
	slot := make(chan struct{}, regionsAtOnce)
	var all sync.WaitGroup
	for _, a := range s.accounts(ctx) {
		all.Go(func() {
			regions, err := a.regions(ctx, s)
			if err != nil {
				f := faultOf(err.Call, err.Err)
				f.Unswept = true
				s.fault(ctx, a, "", f)
				return
			}
			if s.o.Progress != nil {
				s.o.Progress.Regions(len(regions))
			}
			for _, region := range regions {
				all.Go(func() {
					slot <- struct{}{}
					defer func() { <-slot }()
					if ctx.Err() == nil {
						do(ctx, a, region)
					}
				})
			}
		})
	}
	all.Wait()
}

// fault adds a fault of an account and, if region is not "", of a Region. It
// ignores a failure that is due to an interruption.
func (s *sweeper) fault(ctx context.Context, a *account, region string, f Fault) {
	if ctx.Err() != nil && f.Denied == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Account = a.id
	if region != "" {
		f.Regions = []string{region}
	}
	s.summary.Faults = merge(s.summary.Faults, f)
}

// swept adds the result of a Region to the summary.
func (s *sweeper) swept(a *account, region string, r Report, err error) {
	if s.o.Progress != nil {
		s.o.Progress.Swept()
	}
	for _, f := range r.Faults {
		s.fault(context.Background(), a, region, f)
	}
	var failed *CallError
	switch {
	case errors.As(err, &failed) && !errors.Is(err, context.Canceled):
		f := faultOf(failed.Call, failed.Err)
		f.Unswept = true
		s.fault(context.Background(), a, region, f)
	case err == nil:
		s.mu.Lock()
		s.summary.Regions++
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil || r.Keys > 0 {
		s.saw(a.id)
	}
}

// saw adds an account to those that were swept. The caller must hold s.mu.
func (s *sweeper) saw(account string) {
	if account != "" && !slices.Contains(s.summary.Accounts, account) {
		s.summary.Accounts = append(s.summary.Accounts, account)
	}
}

func (s *sweeper) listed(n int) {
	if s.o.Progress != nil {
		s.o.Progress.Listed(n)
	}
}

// found handles a key read in a Region.
func (s *sweeper) found(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.o.Keys) > 0 && k.Gone { // a key asked for by ARN must exist
		k.Unread = append(k.Unread, "the key does not exist")
		f := Fault{Account: k.Account, Regions: []string{k.Region}, Call: DescribeKey, Reason: "the key does not exist", Keys: 1, Key: k.ARN}
		s.summary.Faults = merge(s.summary.Faults, f)
	}
	s.saw(k.Account)
	s.count(&k)
	if s.o.Progress != nil {
		s.o.Progress.Done(&k)
	}
	if multi := k.Facts.MultiRegion; len(k.Replicas) > 0 || multi != nil && *multi || strings.HasPrefix(k.ID(), "mrk-") {
		s.multi = append(s.multi, k)
		return
	}
	s.o.Found(k)
}

// hand passes a multi-Region key to Found.
func (s *sweeper) hand(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Found(k)
}

func (s *sweeper) count(k *Key) {
	c := &s.summary
	c.Keys++
	switch {
	case k.Managed:
		c.Managed++
		return
	case k.Gone:
		c.Gone++
		return
	}
	if !k.Usable() {
		c.Unusable++
	}
	if !k.Read() {
		c.Unread++
	}
	c.Verdicts[k.Bounds().Verdict.String()]++
}

// A Plan says how many keys a sweep has to read in one Region.
type Plan struct {
	Account, Region string
	Keys            int
	Time            time.Duration // the minimum time of the calls
}

// Plans counts the keys without reading them. [Whole] returns the time of the whole
// sweep.
func Plans(ctx context.Context, o Options) ([]Plan, Summary) {
	s := &sweeper{o: o}
	s.summary = Summary{Accounts: []string{}, Verdicts: map[string]int{}, Faults: []Fault{}}
	var plans []Plan
	s.each(ctx, func(ctx context.Context, a *account, region string) {
		n, err := len(a.keys[region]), error(nil)
		if n == 0 {
			n, err = Region{Client: NewClient(a.in(region)), Name: region}.Count(ctx)
		}
		s.swept(a, region, Report{Keys: n}, err)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.summary.Keys += n
		if err == nil {
			plans = append(plans, Plan{a.id, region, n, Time(n)})
		}
	})
	slices.SortFunc(plans, func(a, b Plan) int { return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region)) })
	slices.Sort(s.summary.Accounts)
	slices.SortFunc(s.summary.Faults, compareFaults)
	s.summary.Interrupted = ctx.Err() != nil
	return plans, s.summary
}

// Whole returns the minimum time of the sweep of all plans, in which regionsAtOnce
// Regions are swept at the same time.
func Whole(plans []Plan) time.Duration {
	var sum, longest time.Duration
	for _, p := range plans {
		sum, longest = sum+p.Time, max(longest, p.Time)
	}
	return max(longest, sum/regionsAtOnce)
}

// Verdicts returns the verdicts in the order in which they are reported.
func Verdicts() []decide.Verdict {
	return []decide.Verdict{decide.Public, decide.Undecided, decide.Network, decide.Shared, decide.Private}
}
