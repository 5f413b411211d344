package s3archive

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/hunt"
	"github.com/kmsentry/kmsentry/internal/trailgen"
)

// A fakeS3 serves the part of the S3 API that is used here.
// Source: S3 API Reference, ListObjectsV2, GetObject, HeadBucket, Error Responses.
type fakeS3 struct {
	objects map[string][]byte
	region  string // of the bucket
	pageOf  int    // keys per page

	mu       sync.Mutex
	lists    []string       // prefixes that were listed
	gets     map[string]int // by key
	breaks   int            // the number of bodies still to cut off
	slowDown int            // the number of 503 responses still to send
	expire   int            // the number of GETs until the credentials expire; 0 for never
	denied   string         // the key to which access is denied
}

func (f *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	w.Header().Set("X-Amz-Bucket-Region", f.region)
	query := r.URL.Query()
	switch {
	case bucket != "trail-logs":
		w.Header().Del("X-Amz-Bucket-Region")
		refuse(w, 404, "NoSuchBucket", "The specified bucket does not exist")
	case !strings.Contains(r.Header.Get("Authorization"), "/"+f.region+"/s3/"):
		refuse(w, 301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.")
	case r.Method == http.MethodHead:
	case f.slowDown > 0:
		f.slowDown--
		refuse(w, 503, "SlowDown", "Please reduce your request rate.")
	case query.Get("list-type") == "2":
		f.list(w, query)
	default:
		f.get(w, r, key)
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

func etag(content []byte) string { return fmt.Sprintf("%q", strconv.Itoa(len(content))) }

func (f *fakeS3) list(w http.ResponseWriter, q url.Values) {
	type object struct {
		Key, ETag, StorageClass string
		Size                    int
		LastModified            string
	}
	type common struct{ Prefix string }
	var page struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string
		KeyCount              int
		Contents              []object
		CommonPrefixes        []common
	}
	prefix, after := q.Get("prefix"), max(q.Get("start-after"), q.Get("continuation-token"))
	if q.Get("continuation-token") == "" {
		f.lists = append(f.lists, prefix)
	}
	last := ""
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		name, folder := key, false
		if i := strings.Index(key[len(prefix):], q.Get("delimiter")); q.Get("delimiter") != "" && i >= 0 {
			name, folder = key[:len(prefix)+i+1], true
		}
		if name == last || folder && strings.HasPrefix(after, name) {
			continue
		}
		if len(page.Contents)+len(page.CommonPrefixes) == f.pageOf {
			page.IsTruncated, page.NextContinuationToken = true, last
			break
		}
		last = name
		if folder {
			page.CommonPrefixes = append(page.CommonPrefixes, common{name})
			continue
		}
		page.Contents = append(page.Contents, object{Key: key, ETag: etag(f.objects[key]), Size: len(f.objects[key]), StorageClass: "STANDARD", LastModified: "2026-06-01T00:00:00.000Z"})
	}
	page.KeyCount = len(page.Contents) + len(page.CommonPrefixes)
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(page)
}

func (f *fakeS3) get(w http.ResponseWriter, r *http.Request, key string) {
	content, ok := f.objects[key]
	f.gets[key]++
	total := 0
	for _, n := range f.gets {
		total += n
	}
	switch {
	case f.expire > 0 && total > f.expire:
		refuse(w, 400, "ExpiredToken", "The provided token has expired.")
		return
	case key == f.denied:
		refuse(w, 403, "AccessDenied", "User is not authorized to perform: kms:Decrypt on the resource")
		return
	case !ok:
		refuse(w, 404, "NoSuchKey", "The specified key does not exist.")
		return
	case r.Header.Get("If-Match") != etag(content):
		refuse(w, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		return
	}
	from := 0
	if s := r.Header.Get("Range"); s != "" {
		from, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(s, "bytes="), "-"))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
	}
	rest := content[from:]
	w.Header().Set("Content-Length", strconv.Itoa(len(rest)))
	w.Header().Set("ETag", etag(content))
	if from > 0 {
		w.WriteHeader(206)
	}
	if f.breaks > 0 && len(rest) > 10 {
		f.breaks--
		rest = rest[:len(rest)/2] // the connection breaks: fewer bytes than promised
	}
	_, _ = w.Write(rest)
}

// serve serves a bucket with a trail's files and points the SDK at it.
func serve(t *testing.T) (*fakeS3, trailgen.Truth, string) {
	t.Helper()
	dir := t.TempDir()
	truth, err := trailgen.Write(dir, trailgen.Options{Seed: 4, Bytes: 300_000, Files: 40, Keys: 6, Start: time.Date(2026, 5, 20, 0, 0, 0, 0, time.UTC), Days: 20})
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeS3{objects: map[string][]byte{}, gets: map[string]int{}, region: "eu-central-1", pageOf: 7}
	for _, name := range truth.Files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		f.objects["org/"+filepath.ToSlash(name)] = text
	}
	f.objects["org/AWSLogs/210987654321/CloudTrail-Digest/eu-west-1/2026/05/20/d.json.gz"] = []byte("digest")
	f.objects["org/AWSLogs/210987654321/CloudTrail/"] = nil
	f.objects["org/AWSLogs/o-a1b2c3d4e5/333333333333/CloudTrail/eu-west-1/2026/05/21/x_CloudTrail_eu-west-1_20260521T0000Z_a.json"] = []byte(`{"Records":[]}`)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": server.URL, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
		"AWS_CONFIG_FILE": filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"), "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	return f, truth, dir
}

func huntIn(t *testing.T, url string, o hunt.Options) *hunt.Result {
	t.Helper()
	trail, err := Open(context.Background(), Options{
		URL: url, Accounts: o.Accounts, Regions: o.Regions, Workers: 4, Filter: hunt.Filter{From: o.From, To: o.To, LateDays: o.LateDays},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Sources, o.Workers, o.Now = []hunt.Source{trail}, 4, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	r, err := hunt.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answer returns the result as text, without the names of files, which differ
// from those of a local folder.
func answer(t *testing.T, r *hunt.Result) string {
	t.Helper()
	for i := range r.Timelines {
		for k := range r.Timelines[i].Intervals {
			span := &r.Timelines[i].Intervals[k]
			span.Opened.File = ""
			if span.Closed != nil {
				span.Closed.File = ""
			}
			for c := range span.Changed {
				span.Changed[c].File = ""
			}
		}
	}
	var b bytes.Buffer
	if err := hunt.Print(&b, r, hunt.View{Format: "json", Timeline: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAsTheFolder checks that a bucket in another Region, listed in pages, with
// throttling and broken connections, gives the same result as a local folder with
// the same files.
func TestAsTheFolder(t *testing.T) {
	f, truth, dir := serve(t)
	want := answer(t, huntFolder(t, dir))
	f.slowDown, f.breaks = 3, 12
	if testing.Short() {
		f.slowDown, f.breaks = 1, 3 // the client waits longer each time
	}
	r := huntIn(t, "s3://trail-logs/org/", hunt.Options{LateDays: 2})
	if got := answer(t, r); got != want {
		t.Errorf("answer\n%s\nwant\n%s", got, want)
	}
	if s := r.Summary; s.Files != len(truth.Files)+1 || s.Failed() || s.Other["folder CloudTrail-Digest"] != 1 {
		t.Errorf("summary %+v, want %d files", s, len(truth.Files)+1)
	}
	if f.breaks != 0 || f.slowDown != 0 {
		t.Errorf("%d breaks and %d slow-downs were not met", f.breaks, f.slowDown)
	}
}

func huntFolder(t *testing.T, dir string) *hunt.Result {
	t.Helper()
	r, err := hunt.Run(context.Background(), hunt.Options{Sources: []hunt.Source{hunt.Local{Path: dir}}, Workers: 2, LateDays: 2, Now: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPlan checks that only the folders of the wanted accounts, Regions and days
// are listed and read.
func TestPlan(t *testing.T) {
	f, _, _ := serve(t)
	day := func(d int) time.Time { return time.Date(2026, 5, d, 0, 0, 0, 0, time.UTC) }
	r := huntIn(t, "s3://trail-logs/org/", hunt.Options{
		Accounts: []string{"210987654321"}, Regions: []string{"eu-west-1"}, From: day(24), To: day(25), LateDays: 1,
	})
	if r.Summary.OutsideDates != 0 {
		t.Errorf("%d files outside the dates were listed", r.Summary.OutsideDates)
	}
	if len(f.gets) == 0 {
		t.Fatal("nothing was read")
	}
	for key := range f.gets {
		if !strings.Contains(key, "/210987654321/CloudTrail/eu-west-1/2026/05/2") || key[len("org/AWSLogs/210987654321/CloudTrail/eu-west-1/2026/05/")+1] < '4' {
			t.Errorf("read %s", key)
		}
	}
	for _, prefix := range f.lists {
		if strings.Contains(prefix, "us-east-1") || strings.Contains(prefix, "333333333333") || strings.Contains(prefix, "/2026/06") || strings.Contains(prefix, "Digest") {
			t.Errorf("listed %s", prefix)
		}
	}
}

// TestExpiredAndResumed checks that expired credentials stop the hunt with one
// line, that what was found is kept, and that the next hunt reads only the rest.
func TestExpiredAndResumed(t *testing.T) {
	f, truth, dir := serve(t)
	want := answer(t, huntFolder(t, dir))
	place := filepath.Join(t.TempDir(), "place")
	f.expire = 15
	r := huntIn(t, "s3://trail-logs/org/", hunt.Options{LateDays: 2, Resume: place})
	if len(r.Summary.Faults) != 1 || !strings.Contains(r.Summary.Faults[0].Error, "no longer valid") || !r.Summary.Interrupted {
		t.Fatalf("faults %v, interrupted %t; want one line", r.Summary.Faults, r.Summary.Interrupted)
	}
	f.mu.Lock() // requests that the hunt gave up may still be in flight
	f.expire = 0
	before := len(f.gets)
	clear(f.gets)
	f.mu.Unlock()
	r = huntIn(t, "s3://trail-logs/org/", hunt.Options{LateDays: 2, Resume: place})
	if got := answer(t, r); got != want {
		t.Errorf("answer\n%s\nwant\n%s", got, want)
	}
	if len(f.gets) > len(truth.Files)+1-10 || before < 15 {
		t.Errorf("%d files read again of %d", len(f.gets), len(truth.Files))
	}
}

// TestNoCredentials checks that missing credentials are reported in one line,
// without a list of what the SDK tried.
func TestNoCredentials(t *testing.T) {
	serve(t)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
	} {
		t.Setenv(name, value)
	}
	_, err := Open(context.Background(), Options{URL: "s3://trail-logs/org/", Workers: 1})
	if err == nil || !strings.Contains(err.Error(), "no credentials found") || strings.Contains(err.Error(), "operation error") {
		t.Errorf("error %v, want one line about credentials", err)
	}
}

func TestBadBuckets(t *testing.T) {
	f, _, _ := serve(t)
	for _, test := range []struct{ url, want string }{
		{"s3://nobody-has-this/x", "the bucket does not exist"},
		{"s3://", "expected s3://BUCKET"},
		{"s3://Not_A_Bucket/x", "expected s3://BUCKET"},
	} {
		if _, err := Open(context.Background(), Options{URL: test.url, Workers: 1}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.url, err, test.want)
		}
	}
	r := huntIn(t, "s3://trail-logs/nothing/here/", hunt.Options{})
	if len(r.Summary.Faults) != 1 || !strings.Contains(r.Summary.Faults[0].Error, "found none") {
		t.Errorf("faults %v", r.Summary.Faults)
	}
	for key := range f.objects {
		if strings.HasSuffix(key, ".json.gz") && !strings.Contains(key, "Digest") {
			f.denied = key
		}
	}
	r = huntIn(t, "s3://trail-logs/org/AWSLogs/", hunt.Options{})
	if len(r.Summary.Faults) != 1 || !strings.Contains(r.Summary.Faults[0].Error, "kms:Decrypt") || !strings.HasSuffix(r.Summary.Faults[0].File, f.denied) {
		t.Errorf("faults %v, want one about %s", r.Summary.Faults, f.denied)
	}
}
