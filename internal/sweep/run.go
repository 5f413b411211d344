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

// Options say what to sweep. Config and Found are required.
type Options struct {
	Config  aws.Config // the caller's credentials; its Region is the first that is asked
	Account string     // the caller's account; "" asks STS
	Roles   []string   // ARNs of roles in further accounts, which the caller may assume
	Regions []string   // empty: all that are enabled for each account
	Keys    []string   // ARNs of keys; empty: all of the Regions
	// Detector says who counts as inside, and has the resource control policies.
	Detector detector.Detector
	Org      string    // the owners' organization id; "" unknown
	At       time.Time // now
	Workers  int       // keys that are read at the same time in each Region; 0 is 16
	// EC2Endpoint is where to ask for Regions; "" the Config's, or AWS's own.
	EC2Endpoint string
	// Found gets each key once, one at a time: keys of one Region as they are
	// read, in no order, and at the end the multi-Region keys, joined.
	Found    func(Key)
	Progress Progress // nil: none
}

// asksRegions reports whether AWS is asked which Regions are enabled.
func (o *Options) asksRegions() bool { return len(o.Regions) == 0 && len(o.Keys) == 0 }

// Progress gets how far a sweep is. Its methods may be called concurrently.
type Progress interface {
	Regions(n int) // that many more Regions are swept
	Listed(n int)  // that many more keys are there to read
	Done(k *Key)   // a key was read
	Swept()        // a Region is done
}

// A Summary says what was swept and what was not.
type Summary struct {
	Accounts    []string       `json:"accounts"` // that were swept, in part at least; sorted
	Regions     int            `json:"regions"`  // of all accounts, swept to their end
	Keys        int            `json:"keys"`     // that were seen, all of the following among them
	Managed     int            `json:"aws_managed"`
	Gone        int            `json:"gone"`     // deleted meanwhile
	Unusable    int            `json:"unusable"` // disabled, to be deleted, without material
	Unread      int            `json:"unread"`   // of which the policy or the grants could not be read
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

// A sweeper is a sweep under way.
type sweeper struct {
	o    Options
	pace func() *pace

	mu      sync.Mutex // over what follows, Found and Done
	summary Summary
	multi   []Key // multi-Region keys, kept to be joined
}

// regionsAtOnce is how many Regions of all accounts are swept at the same time.
const regionsAtOnce = 32

// Run sweeps all keys of the accounts and Regions. What cannot be read is a
// fault of the summary and never stops the rest. When ctx ends it stops; what
// was read by then went to Found.
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

// each calls do for every Region of every account, many at the same time.
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

// fault adds a fault of an account, and of a Region if there is one. What fails
// because the sweep is interrupted is none.
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

// swept adds what a Region came to.
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

// saw adds an account to those that were swept.
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

// found takes a key from a Region.
func (s *sweeper) found(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.o.Keys) > 0 && k.Gone { // a key that was named is to be there
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

// hand passes on a key that was kept.
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

// A Plan is how much a sweep of one Region has to read.
type Plan struct {
	Account, Region string
	Keys            int
	Time            time.Duration // that the calls take at least
}

// Plans lists the keys and reads nothing of them. The time of the whole is
// Whole's.
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

// Whole is how long the sweep of all plans takes at least: Regions are swept at
// the same time, regionsAtOnce of them.
func Whole(plans []Plan) time.Duration {
	var sum, longest time.Duration
	for _, p := range plans {
		sum, longest = sum+p.Time, max(longest, p.Time)
	}
	return max(longest, sum/regionsAtOnce)
}

// Verdicts lists the verdicts in the order in which they are reported.
func Verdicts() []decide.Verdict {
	return []decide.Verdict{decide.Public, decide.Undecided, decide.Network, decide.Shared, decide.Private}
}
