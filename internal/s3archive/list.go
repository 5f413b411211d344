package s3archive

import (
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/kmsentry/kmsentry/internal/hunt"
)

// A Trail is the part of a bucket below a prefix.
type Trail struct {
	o              Options
	client         *s3.Client
	bucket, prefix string
	payer          types.RequestPayer

	mu      sync.Mutex // guards skipped
	skipped map[string]int
}

var (
	accountFolder = regexp.MustCompile(`(^|/)AWSLogs/(o-[a-z0-9]+/)?([0-9]{12})/$`)
	regionFolder  = regexp.MustCompile(`/[0-9]{12}/CloudTrail/([a-z0-9-]+)/$`)
	yearFolder    = regexp.MustCompile(`/CloudTrail/[a-z0-9-]+/([0-9]{4})/$`)
	monthFolder   = regexp.MustCompile(`/CloudTrail/[a-z0-9-]+/([0-9]{4}/[0-9]{2})/$`)
)

// otherFolders returns the names of folders in an account's logs that contain no
// log files of a trail.
func otherFolders() []string {
	return []string{"CloudTrail-Digest", "CloudTrail-Insight", "Config", "elasticloadbalancing", "vpcflowlogs", "GuardDuty", "WAFLogs"}
}

// A listing is a concurrent walk through the folders of a trail.
type listing struct {
	t    *Trail
	add  func(hunt.Item) error
	wg   sync.WaitGroup
	slot chan struct{} // limits the requests in flight

	mu     sync.Mutex // guards the following fields
	errs   []error
	broken error // why the listing has stopped
	found  int
}

// List finds the folders of accounts, Regions and months, skips those that the
// options exclude, lists the others concurrently and calls add for each log file.
func (t *Trail) List(ctx context.Context, add func(hunt.Item) error) error {
	const requests = 16 // in flight; S3 allows thousands per second and prefix
	l := &listing{t: t, slot: make(chan struct{}, requests)}
	l.add = add
	l.folder(ctx, t.prefix)
	l.wg.Wait()
	if l.found == 0 && len(l.errs) == 0 && ctx.Err() == nil {
		l.errs = append(l.errs, &hunt.PathError{Path: "s3://" + t.bucket + "/" + t.prefix, Err: errors.New("expected log files, found none (with these accounts, Regions and dates)")})
	}
	return errors.Join(l.errs...)
}

// Skipped returns how many folders of each kind were skipped.
func (t *Trail) Skipped() map[string]int { return t.skipped }

func (t *Trail) skip(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skipped[kind]++
}

// folder lists the objects directly below prefix, and descends into its folders.
func (l *listing) folder(ctx context.Context, prefix string) {
	l.wg.Go(func() {
		in := &s3.ListObjectsV2Input{Bucket: &l.t.bucket, Prefix: &prefix, Delimiter: aws.String("/"), RequestPayer: l.t.payer}
		l.pages(ctx, in, "", func(p types.CommonPrefix) {
			below := aws.ToString(p.Prefix)
			switch {
			case !l.t.enters(below):
			case monthFolder.MatchString(below):
				l.month(ctx, below)
			default:
				l.folder(ctx, below)
			}
		})
	})
}

// enters reports whether a folder may contain wanted log files.
func (t *Trail) enters(folder string) bool {
	name := path.Base(folder)
	if m := accountFolder.FindStringSubmatch(folder); m != nil {
		return len(t.o.Accounts) == 0 || slices.Contains(t.o.Accounts, m[3])
	}
	if accountFolder.MatchString(path.Dir(path.Clean(folder))+"/") && slices.Contains(otherFolders(), name) {
		t.skip("folder " + name)
		return false
	}
	if m := regionFolder.FindStringSubmatch(folder); m != nil {
		return len(t.o.Regions) == 0 || slices.Contains(t.o.Regions, m[1])
	}
	if m := yearFolder.FindStringSubmatch(folder); m != nil {
		return t.overlaps(m[1], "2006", 1, 0)
	}
	if m := monthFolder.FindStringSubmatch(folder); m != nil {
		return t.overlaps(m[1], "2006/01", 0, 1)
	}
	return true
}

// overlaps reports whether a year or month contains a wanted day. text is its
// first moment in the given layout; years and months are its length.
func (t *Trail) overlaps(text, layout string, years, months int) bool {
	first, err := time.Parse(layout, text)
	if err != nil {
		return true
	}
	for day := first; day.Before(first.AddDate(years, months, 0)); day = day.AddDate(0, 0, 1) {
		if t.o.Filter.Delivered(day) {
			return true
		}
	}
	return false
}

// month lists the wanted days of a month, including all folders below them.
func (l *listing) month(ctx context.Context, prefix string) {
	l.wg.Go(func() {
		first, err := time.Parse("2006/01/", prefix[len(prefix)-len("2006/01/"):])
		if err != nil {
			return // not reached: monthFolder matched
		}
		in := &s3.ListObjectsV2Input{Bucket: &l.t.bucket, Prefix: &prefix, RequestPayer: l.t.payer}
		end := ""
		started := false
		for day := first; day.Month() == first.Month(); day = day.AddDate(0, 0, 1) {
			switch wanted := l.t.o.Filter.Delivered(day); {
			case wanted && !started:
				started = true
				in.StartAfter = aws.String(prefix + day.Format("02"))
			case !wanted && started && end == "":
				end = prefix + day.Format("02")
			}
		}
		l.pages(ctx, in, end, nil)
	})
}

// pages reads the pages of a listing up to, but not including, the key end; ""
// means all. It calls folder for each folder.
func (l *listing) pages(ctx context.Context, in *s3.ListObjectsV2Input, end string, folder func(types.CommonPrefix)) {
	pages := s3.NewListObjectsV2Paginator(l.t.client, in, func(o *s3.ListObjectsV2PaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() && l.goesOn(ctx) {
		l.slot <- struct{}{}
		page, err := pages.NextPage(ctx)
		<-l.slot
		if err != nil {
			l.fault(aws.ToString(in.Prefix), plain(err))
			return
		}
		for _, p := range page.CommonPrefixes {
			folder(p)
		}
		for _, object := range page.Contents {
			key := aws.ToString(object.Key)
			if end != "" && key >= end {
				return
			}
			if strings.HasSuffix(key, "/") && aws.ToInt64(object.Size) == 0 {
				continue // a folder marker made by the console
			}
			if !l.item(object) {
				return
			}
		}
	}
}

func (l *listing) item(object types.Object) bool {
	l.mu.Lock()
	l.found++
	l.mu.Unlock()
	if err := l.add(l.t.item(object)); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.broken = err
		return false
	}
	return true
}

func (l *listing) goesOn(ctx context.Context) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken == nil && ctx.Err() == nil
}

func (l *listing) fault(prefix string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, &hunt.PathError{Path: "s3://" + l.t.bucket + "/" + prefix, Err: err})
	var stop *hunt.StopError
	if errors.As(err, &stop) {
		l.broken = err
	}
}
