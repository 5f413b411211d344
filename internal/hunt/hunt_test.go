package hunt

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/history"
	"github.com/kmsentry/kmsentry/internal/trailgen"
)

func june(day int) time.Time { return time.Date(2026, 6, day, 0, 0, 0, 0, time.UTC) }

// trail writes a small archive.
func trail(t testing.TB, seed uint64) (dir string, truth trailgen.Truth) {
	t.Helper()
	dir = t.TempDir()
	truth, err := trailgen.Write(dir, trailgen.Options{Seed: seed, Bytes: 600_000, Files: 24, Keys: 10, Start: june(1), Days: 12, Uses: true})
	if err != nil {
		t.Fatal(err)
	}
	return dir, truth
}

func options(sources ...Source) Options {
	return Options{Sources: sources, Workers: 3, LateDays: 2, Now: june(30)}
}

func mustRun(t testing.TB, o Options) *Result {
	t.Helper()
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFindsWhatWasPlanted: exactly the openings of the archive come out, with
// their ends and uses.
func TestFindsWhatWasPlanted(t *testing.T) {
	for seed := range uint64(3) {
		dir, truth := trail(t, seed)
		o := options(Local{dir})
		o.Uses = true
		r := mustRun(t, o)
		var got, want []string
		for _, timeline := range r.Timelines {
			for i, span := range timeline.Intervals {
				uses := 0
				for _, u := range r.Uses {
					if u.Key == timeline.Key && u.Interval != nil && *u.Interval == i {
						uses += u.Count
					}
				}
				got = append(got, fmt.Sprint(timeline.Key, span.Opened.EventID, span.From, span.To, uses))
			}
		}
		for _, o := range truth.Openings {
			want = append(want, fmt.Sprint(o.Key, o.EventID, o.From, o.To, o.Uses))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: openings\n%s\nwant\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if s := r.Summary; s.Records != int64(truth.Records) || s.Files != len(truth.Files) || s.TextBytes != truth.Bytes || s.Failed() {
			t.Errorf("seed %d: summary %+v, want %d records in %d files, %d bytes", seed, s, truth.Records, len(truth.Files), truth.Bytes)
		}
	}
}

// answer is what is told of a result, without what depends on the run.
func answer(t testing.TB, r *Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := Print(&b, r, View{Format: "json", Timeline: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFilters(t *testing.T) {
	dir, truth := trail(t, 7)
	all := mustRun(t, options(Local{dir}))
	first := truth.Openings[0]
	tests := []struct {
		name   string
		change func(*Options)
		keep   func(key string, at time.Time) bool
	}{
		{"from", func(o *Options) { o.From = first.From }, func(_ string, at time.Time) bool { return !at.Before(first.From) }},
		{"to", func(o *Options) { o.To = first.From }, func(_ string, at time.Time) bool { return !at.After(first.From) }},
		{"region", func(o *Options) { o.Regions = []string{"us-east-1"} }, func(key string, _ time.Time) bool { return strings.Contains(key, "us-east-1") }},
		{"account", func(o *Options) { o.Accounts = []string{"210987654321"} }, func(string, time.Time) bool { return true }},
		{"another account", func(o *Options) { o.Accounts = []string{"000000000001"} }, func(string, time.Time) bool { return false }},
	}
	for _, test := range tests {
		o := options(Local{dir})
		test.change(&o)
		var got, want []string
		for _, e := range mustRun(t, o).Findings {
			got = append(got, e.ID)
		}
		for _, e := range all.Findings {
			if test.keep(e.Key, e.Time) {
				want = append(want, e.ID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d findings, want %d", test.name, len(got), len(want))
		}
	}
	o := options(Local{dir})
	o.MinSeverity = detector.Medium
	if r := mustRun(t, o); len(r.Findings) != len(truth.Openings) {
		t.Errorf("min severity: %d findings, want %d", len(r.Findings), len(truth.Openings))
	}
	o = options(Local{dir})
	o.Only = []string{"shared"}
	if r := mustRun(t, o); len(r.Findings) != 0 || len(r.Timelines) != 0 {
		t.Errorf("only shared: %d findings, want none", len(r.Findings))
	}
}

func TestOutsideDatesAreNotRead(t *testing.T) {
	dir, _ := trail(t, 7)
	o := options(Local{dir})
	o.From, o.To = june(5), june(6).Add(-time.Second)
	s := mustRun(t, o).Summary
	if s.OutsideDates != 18 || s.Files != 6 {
		t.Errorf("%d files read and %d not, want 6 (three days) and 18", s.Files, s.OutsideDates)
	}
}

func TestExceptions(t *testing.T) {
	dir, truth := trail(t, 7)
	text := "exceptions:\n"
	for i, o := range truth.Openings[:3] {
		text += fmt.Sprintf("  - name: known-%d\n    match: {key: [%q], verdict: [public], class: [encrypt, use, other]}\n    reason: drill\n    owner: team\n    expires: 2026-12-01\n", i, o.Key)
	}
	list, err := exceptions.Load([]byte(text), june(30))
	if err != nil {
		t.Fatal(err)
	}
	o := options(Local{dir})
	o.Exceptions, o.MinSeverity = list, detector.Medium
	r := mustRun(t, o)
	if r.Summary.Accepted != 3 || len(r.Findings) != len(truth.Openings)-3 || len(r.Timelines) != len(truth.Openings)-3 {
		t.Errorf("%d accepted, %d findings, %d timelines; want 3 and %d", r.Summary.Accepted, len(r.Findings), len(r.Timelines), len(truth.Openings)-3)
	}
}

// TestResume: a hunt that is interrupted again and again ends with the answer
// of one that is not.
func TestResume(t *testing.T) {
	dir, truth := trail(t, 3)
	want := answer(t, mustRun(t, options(Local{dir})))
	o := options()
	o.Resume = filepath.Join(t.TempDir(), "place")
	o.Workers = 2
	runs := 0
	for done := false; !done; runs++ {
		if runs > 30 {
			t.Fatal("a resumed hunt does not come to an end")
		}
		ctx, cancel := context.WithCancel(context.Background())
		o.Sources = []Source{&stopping{Local{dir}, 7, cancel}}
		r, err := Run(ctx, o)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		done = !r.Summary.Interrupted
		if done {
			if got := answer(t, r); got != want {
				t.Errorf("resumed:\n%s\nwant\n%s", got, want)
			}
			if r.Summary.Files != len(truth.Files) || r.Summary.Resumed == 0 || r.Summary.Records != int64(truth.Records) {
				t.Errorf("summary %+v", r.Summary)
			}
		}
		f, err := os.OpenFile(o.Resume, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, `{"file":"cut off`+strings.Repeat("x", 100_000)); err != nil { // as a run that is killed leaves it
			t.Fatal(err)
		}
		f.Close()
	}
	if runs < 3 {
		t.Errorf("%d runs, want several", runs)
	}
}

// stopping is a source that interrupts the hunt while some file is opened.
type stopping struct {
	Local
	after  int64
	cancel func()
}

func (s *stopping) List(ctx context.Context, add func(Item) error) error {
	var n atomic.Int64
	return s.Local.List(ctx, func(i Item) error {
		open := i.Open
		i.Open = func(ctx context.Context) (io.ReadCloser, error) {
			if n.Add(1) == s.after {
				s.cancel()
			}
			return open(ctx)
		}
		return add(i)
	})
}

func TestResumeRefusesOtherFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(name, []byte("dear diary"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options(Local{t.TempDir()})
	o.Resume = name
	if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("error %v, want one about --resume", err)
	}
	if text, _ := os.ReadFile(name); string(text) != "dear diary" {
		t.Errorf("the file now reads %q", text)
	}
}

// TestBadInput: each gets a line that names it, and hides nothing else.
func TestBadInput(t *testing.T) {
	dir, truth := trail(t, 5)
	empty := t.TempDir()
	locked := filepath.Join(dir, "locked.json")
	if err := os.WriteFile(locked, []byte("{}"), 0); err != nil {
		t.Fatal(err)
	}
	fails := func(name string, err error) Source {
		return listed{Item{Name: name, Size: 1, Open: func(context.Context) (io.ReadCloser, error) { return nil, err }}}
	}
	linked := t.TempDir()
	if err := os.Symlink(empty, filepath.Join(linked, "link")); err != nil {
		t.Fatal(err)
	}
	growing := filepath.Join(t.TempDir(), "grows.json")
	if err := os.WriteFile(growing, []byte(`{"Records":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		source Source
		want   string
	}{
		{"no such path", Local{filepath.Join(dir, "nowhere")}, "no such file"},
		{"empty folder", Local{empty}, "empty folder"},
		{"no input", Stdin{strings.NewReader("")}, "-: expected CloudTrail records, found no input"},
		{"a link to a folder", Local{linked}, "link: a link to a folder, which is not followed"},
		{"a named link to a folder", Local{filepath.Join(linked, "link")}, "empty folder"},
		{"not to be opened", fails("x", errors.New("permission denied")), "permission denied"},
		{"changed while read", &touching{growing}, "changed while it was read"},
		{"a fault of ours", listed{Item{Name: "bad", Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(panicking{}), nil
		}}}, "bad: kmsentry failed here, please report it: slice bounds"},
		{"medium fails", listed{Item{Name: "bad", Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(`{"Records":[`), failing{})), nil
		}}}, "input/output error"},
	}
	for _, test := range tests {
		r := mustRun(t, options(Local{dir}, test.source))
		var lines []string
		for _, f := range r.Summary.Faults {
			lines = append(lines, f.File+": "+f.Error)
		}
		if all := strings.Join(lines, "\n"); !strings.Contains(all, test.want) || !r.Summary.Failed() {
			t.Errorf("%s: faults %q, want %q", test.name, all, test.want)
		}
		if len(r.Timelines) < len(truth.Openings) {
			t.Errorf("%s: %d timelines, want those of the good files", test.name, len(r.Timelines))
		}
	}
}

// TestLinkToFolder: an archive that is named by a link is read.
func TestLinkToFolder(t *testing.T) {
	dir, truth := trail(t, 6)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	r := mustRun(t, options(Local{link}))
	if got, want := opened(r), planted(truth); got != want || r.Summary.Failed() {
		t.Errorf("openings\n%s\nwant\n%s\nsummary %+v", got, want, r.Summary)
	}
}

type listed struct{ Item }

func (l listed) List(_ context.Context, add func(Item) error) error { return add(l.Item) }

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("slice bounds") }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

// touching is a file that grows while it is read.
type touching struct{ name string }

func (s *touching) List(ctx context.Context, add func(Item) error) error {
	return Local{s.name}.List(ctx, func(i Item) error {
		open := i.Open
		i.Open = func(ctx context.Context) (io.ReadCloser, error) {
			defer os.WriteFile(s.name, []byte(`{"Records":[]}   `), 0o600)
			return open(ctx)
		}
		return add(i)
	})
}

func TestPrint(t *testing.T) {
	dir, _ := trail(t, 1)
	o := options(Local{dir})
	o.Uses, o.Whole = true, true
	r := mustRun(t, o)
	for i := range r.Groups {
		r.Groups[i].User = "=cmd|' /C calc'!A0"
	}
	out := map[string]string{}
	for _, format := range Formats() {
		var b bytes.Buffer
		if err := Print(&b, r, View{Format: format, Timeline: true, Now: june(30)}); err != nil {
			t.Fatal(err)
		}
		out[format] = b.String()
	}
	kinds := map[string]int{}
	for line := range strings.Lines(out["json"]) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		kind, _ := m["type"].(string)
		if kinds[kind]++; kind == "" {
			want := strings.Fields("signature dest user user_agent src vendor_account vendor_region vendor_product key_policy_action key_policy_principal count firstTime lastTime key account region verdict classes severity attempted event_ids")
			slices.Sort(want)
			if got := sortedKeys(m); !slices.Equal(got, want) {
				t.Fatalf("members %q, want %q", got, want)
			}
		}
	}
	if kinds[""] != len(r.Groups) || kinds["timeline"] != len(r.Timelines) || kinds["use"] != len(r.Uses) || len(r.Uses) == 0 {
		t.Errorf("lines %v, want %d groups, %d timelines, %d uses", kinds, len(r.Groups), len(r.Timelines), len(r.Uses))
	}
	if strings.Contains(out["csv"], ",=cmd") || !strings.Contains(out["csv"], ",'=cmd") {
		t.Errorf("csv lets a formula through:\n%s", out["csv"])
	}
	if n := strings.Count(out["ocsf"], "\n"); n != len(r.Findings) {
		t.Errorf("%d lines of OCSF, want %d", n, len(r.Findings))
	}
	for _, want := range []string{"opened ", "closed ", "used ", "still open"} {
		if !strings.Contains(out["table"], want) {
			t.Errorf("table without %q:\n%s", want, out["table"])
		}
	}
}

func TestGaps(t *testing.T) {
	c := coverage{}
	for _, day := range []int{1, 2, 5} {
		c.add(place{"111111111111", "eu-west-1", june(day)})
	}
	c.add(place{"222222222222", "us-east-1", june(1)})
	gaps, none := c.gaps(span{to: june(6)}, nil)
	got := fmt.Sprint(gaps, none)
	want := "[{111111111111 eu-west-1 2026-06-03 2026-06-04 2} {111111111111 eu-west-1 2026-06-06 2026-06-06 1} {222222222222 us-east-1 2026-06-02 2026-06-06 5}] [111111111111/us-east-1 222222222222/eu-west-1]"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestDuplicatesAcrossFiles: a second trail delivers every event again.
func TestDuplicatesAcrossFiles(t *testing.T) {
	dir, _ := trail(t, 2)
	one, two := mustRun(t, options(Local{dir})), mustRun(t, options(Local{dir}, Local{dir}))
	if answer(t, one) != answer(t, two) || two.Summary.Duplicates == 0 {
		t.Errorf("the same archive twice gives another answer, or no duplicates: %d", two.Summary.Duplicates)
	}
}

// TestHugeValues: spaces, a string, brackets without end: named, and no more than
// the window is held.
func TestHugeValues(t *testing.T) {
	size := 64 // MiB, many times the window
	if testing.Short() {
		size = 8
	}
	for _, filler := range []string{" ", "x", "[", `\"`} {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		head := `{"Records":[{"eventVersion":"1","x":"`
		if filler == " " {
			head = `{"Records":[`
		}
		io.WriteString(w, head)
		for range size {
			io.WriteString(w, strings.Repeat(filler, 1<<20/len(filler)))
		}
		w.Close()
		source := listed{Item{Name: "bomb", Size: int64(z.Len()), Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(z.Bytes())), nil }}}
		o := options(source)
		o.Workers = 1
		r := mustRun(t, o)
		if r.Summary.TextBytes < int64(size)<<20 || !r.Summary.Failed() {
			t.Errorf("%q: %d bytes of text, faults %v", filler, r.Summary.TextBytes, r.Summary.Faults)
		}
	}
}

func TestSummaryTellsAlikeFaultsOnce(t *testing.T) {
	s := &Summary{Files: 2}
	for i := range 30 {
		s.fault(Fault{"a", int64(i), history.NotRecognized + ": \"x\""})
	}
	s.fault(Fault{"a", 40, "truncated"})
	s.fault(Fault{"b", 0, history.NotRecognized + ": \"y\""})
	var b bytes.Buffer
	PrintSummary(&b, s)
	_, got, _ := strings.Cut(b.String(), "not read: ")
	want := "a: not recognized: \"x\", and 29 more such places\nnot read: a: byte 40: truncated\nnot read: b: not recognized: \"y\"\n"
	if got != want {
		t.Errorf("faults\n%s\nwant\n%s", got, want)
	}
}
