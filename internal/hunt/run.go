package hunt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/history"
)

// Options say what to hunt for and where.
type Options struct {
	Sources     []Source
	From, To    time.Time // of events; zero: open
	LateDays    int       // files delivered that many days after To are read
	Accounts    []string  // 12 digits; empty: all
	Regions     []string  // empty: all
	Only        []string  // of OnlyWords; empty: all
	MinSeverity detector.Severity
	Exceptions  *exceptions.List
	Uses        bool
	Resume      string // file; "" none
	Workers     int
	Whole       bool // findings are kept whole, which OCSF needs and takes ten times the memory
	Detector    detector.Detector
	Now         time.Time
	Progress    Progress // nil: none
}

// Progress gets how far a hunt is. Its methods may be called concurrently.
type Progress interface {
	Found(files int, bytes int64) // more files to read
	Read(bytes int)               // bytes were read
	Done(findings int)            // a file was read, with that many findings
	Pass(name string)             // another pass begins
	Listed()                      // no more files will be found
	Close()
}

// A Result is the answer of a hunt.
type Result struct {
	Groups    []history.Group
	Findings  []*history.Event
	Timelines []history.Timeline
	Uses      []history.Use
	UsesRead  bool // the archive was read for them
	Summary   Summary
}

// A hunter is a hunt under way.
type hunter struct {
	o       Options
	mu      sync.Mutex // over all below
	archive history.Archive
	summary Summary
	covered coverage
	last    time.Time
	journal *journal
	items   []Item // read, for the second pass; kept only when there is one
	stop    func() // ends the hunt
	stopped bool   // because of a StopError
}

// Run hunts. When ctx ends it stops and returns what was found by then. An
// error means that nothing can be said.
func Run(ctx context.Context, o Options) (*Result, error) {
	h := &hunter{o: o, covered: coverage{}}
	h.summary = Summary{LateDays: o.LateDays, Faults: []Fault{}, Skipped: []Skipped{}, Other: map[string]int{}, Expired: []string{}}
	if o.Resume != "" {
		var err error
		if h.journal, err = openJournal(o.Resume, h.earlier); err != nil {
			return nil, fmt.Errorf("--resume: %s: %w", o.Resume, err)
		}
		defer h.journal.f.Close()
	}
	ctx, h.stop = context.WithCancel(ctx)
	defer h.stop()
	h.pass(ctx, h.list, func(w *worker, i Item) { h.keep(w.read(ctx, i)) })
	result := h.answer(ctx)
	if o.Progress != nil {
		o.Progress.Close()
	}
	return result, nil
}

// pass passes the items that list finds to workers.
func (h *hunter) pass(ctx context.Context, list func(context.Context, chan<- Item), do func(*worker, Item)) {
	const listed = 8192 // items, and not yet read: a listing that is ahead tells how much there is
	items := make(chan Item, listed)
	var wg sync.WaitGroup
	for range h.o.Workers {
		wg.Go(func() {
			w := &worker{h: h}
			for i := range items {
				if ctx.Err() == nil {
					do(w, i)
				}
			}
		})
	}
	list(ctx, items)
	close(items)
	if h.o.Progress != nil {
		h.o.Progress.Listed()
	}
	wg.Wait()
	h.summary.Interrupted = h.summary.Interrupted || ctx.Err() != nil
}

// list finds the items of all sources.
func (h *hunter) list(ctx context.Context, items chan<- Item) {
	for _, s := range h.o.Sources {
		err := s.List(ctx, func(i Item) error {
			if !h.admit(i) {
				return nil
			}
			select {
			case items <- i:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		for _, e := range split(err) {
			if !errors.Is(e, context.Canceled) {
				h.faultOf(e)
			}
		}
		if skipper, ok := s.(Skipper); ok {
			h.mu.Lock()
			for kind, n := range skipper.Skipped() {
				h.summary.Other[kind] += n
			}
			h.mu.Unlock()
		}
	}
}

// split takes joined errors apart.
func split(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, split(e)...)
		}
		return all
	}
	return []error{err}
}

func (h *hunter) faultOf(err error) {
	f := Fault{Error: err.Error()}
	var path *PathError
	if errors.As(err, &path) {
		f = Fault{File: path.Path, Error: path.Err.Error()}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var stop *StopError
	if errors.As(err, &stop) {
		if h.stopped {
			return // it was said once
		}
		h.stopped = true
		h.stop()
	}
	h.summary.fault(f)
}

// admit says whether an item has to be read.
func (h *hunter) admit(i Item) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p, ok := placeOf(i.Name); ok {
		if !(span{h.o.From, h.o.To}).holds(p.day, h.o.LateDays) {
			h.summary.OutsideDates++
			return false
		}
		h.covered.add(p)
	}
	if at := deliveredAt(i.Name); at.After(h.last) {
		h.last = at
	}
	if h.o.Uses {
		h.items = append(h.items, i)
	}
	if h.journal.has(i) {
		return false
	}
	if h.o.Progress != nil {
		h.o.Progress.Found(1, max(i.Size, 0))
	}
	return true
}

// earlier takes over what the run that is resumed found in a file.
func (h *hunter) earlier(r fileResult) error {
	h.summary.Resumed++
	for _, kept := range r.Records {
		r.judge(h.o.Detector, kept.Offset, kept.Text)
	}
	h.take(&r)
	return nil
}

// keep takes over a result and writes it down.
func (h *hunter) keep(r *fileResult) {
	h.mu.Lock()
	defer h.mu.Unlock()
	findings := r.found + h.take(r)
	if h.journal != nil && !r.partial && r.File != "-" {
		if err := h.journal.add(r); err != nil {
			h.summary.fault(Fault{File: h.o.Resume, Error: "--resume: " + err.Error()})
			h.journal = nil
		}
	}
	if h.o.Progress != nil {
		h.o.Progress.Done(findings)
	}
}

// take adds a result to the answer and returns how many findings it has.
func (h *hunter) take(r *fileResult) (findings int) {
	s := &h.summary
	s.Files++
	s.Bytes += r.Report.Read
	s.TextBytes += r.Report.Text
	s.Records += r.Report.Records
	for _, kind := range sortedKeys(r.Report.Other) {
		seen := r.Report.Other[kind]
		s.Other[kind] += seen.Count
		s.skip(Skipped{r.File, seen.Offset, kind, seen.Count})
	}
	for _, f := range r.Report.Faults {
		s.fault(Fault{r.File, f.Offset, f.Error})
	}
	s.MoreFaults += r.Report.More + r.moreBad
	for _, f := range slices.Concat(r.Faults, r.bad) {
		s.fault(f)
	}
	return h.absorb(r)
}

// absorb adds the events of a result, and returns how many are findings.
func (h *hunter) absorb(r *fileResult) (findings int) {
	h.summary.Candidates += r.candidates
	for _, e := range r.events {
		if h.add(e) {
			findings++
		}
	}
	r.candidates, r.events = 0, r.events[:0]
	return findings
}

// judge judges a record of a file.
func (r *fileResult) judge(d detector.Detector, offset int64, text []byte) {
	r.candidates++
	e, err := history.Judge(d, text)
	switch {
	case err != nil && len(r.bad) < maxFaults:
		r.bad = append(r.bad, Fault{r.File, offset, err.Error()})
	case err != nil:
		r.moreBad++
	case e != nil: // nil: a call of that name to another service
		e.File, e.Offset = r.File, offset
		r.events = append(r.events, e)
	}
}

// add adds an event that the filters let through, and says whether it is a finding.
func (h *hunter) add(e *history.Event) bool {
	if !h.wanted(e) {
		h.summary.Filtered++
		return false
	}
	if e.Time.After(h.last) {
		h.last = e.Time
	}
	if e.Finding != nil {
		held := h.o.Exceptions.Match(exceptions.Of(e.Finding), h.o.Now)
		e.Accepted = held.By
		for _, name := range held.Expired {
			if !slices.Contains(h.summary.Expired, name) {
				h.summary.Expired = append(h.summary.Expired, name)
			}
		}
	}
	if !h.o.Whole {
		e.Lighten()
	}
	h.archive.Add(e)
	return e.Finding != nil && e.Accepted == ""
}

// wanted applies --from, --to, --account and --region. Account and Region are
// those of the trail or those of the key.
func (h *hunter) wanted(e *history.Event) bool {
	in := func(list []string, values ...string) bool {
		return len(list) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(list, v) })
	}
	return span{h.o.From, h.o.To}.has(e.Time) && in(h.o.Accounts, e.Account, e.Trail) && in(h.o.Regions, e.Region, e.Called)
}

// shows applies --only and --min-severity.
func (h *hunter) shows(e *history.Event) bool {
	if e.Finding.Severity < h.o.MinSeverity {
		return false
	}
	words := append(slices.Clone(e.Kinds), e.Finding.Verdict.String())
	return len(h.o.Only) == 0 || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(h.o.Only, w) })
}

// OnlyWords are the words of --only: the verdicts, and what a finding is besides
// its verdict.
func OnlyWords() []string {
	var words []string
	for _, v := range []decide.Verdict{decide.Public, decide.Undecided, decide.Network, decide.Shared, decide.Private} {
		words = append(words, v.String())
	}
	return append(words, history.Locked, history.TakenOver, history.Guarded, history.Bypassed, history.Revokes, history.Later)
}

// answer puts the answer together; with Uses it reads the archive once more.
func (h *hunter) answer(ctx context.Context) *Result {
	r := &Result{}
	shown := map[string]bool{}
	for _, e := range h.archive.Findings() {
		if h.shows(e) {
			r.Findings = append(r.Findings, e)
			shown[e.Key] = true
		}
	}
	r.Timelines = h.timelines(shown)
	r.Groups = history.Groups(r.Findings)
	if h.o.Uses && ctx.Err() == nil {
		r.UsesRead = true
	}
	if r.UsesRead && len(r.Timelines) > 0 {
		u := h.uses(ctx, r.Timelines)
		if last := u.Last(); last.After(h.last) {
			h.last = last // calls with the keys may come later than those about their policies
			r.Timelines = h.timelines(shown)
			u.Retell(r.Timelines)
		}
		r.Uses = u.Rows()
	}
	h.finish(r)
	return r
}

// end is the last instant of which the archive tells.
func (h *hunter) end() time.Time {
	if !h.o.To.IsZero() && h.o.To.Before(h.last) {
		return h.o.To
	}
	return h.last
}

// timelines returns the timelines of the keys that are shown.
func (h *hunter) timelines(shown map[string]bool) []history.Timeline {
	return slices.DeleteFunc(h.archive.Timelines(h.end()), func(t history.Timeline) bool { return !shown[t.Key] })
}

// finish completes the summary.
func (h *hunter) finish(r *Result) {
	s, end := &h.summary, h.end()
	s.Duplicates = h.archive.Duplicates
	s.Accepted = h.archive.Accepted()
	s.Findings = len(r.Findings)
	for _, e := range r.Findings {
		if e.Key == "" && !e.Finding.Attempted {
			s.WithoutKey++
		}
	}
	for _, t := range r.Timelines {
		if len(t.Intervals) > 0 {
			s.Keys++
		}
		if t.Open {
			s.StillOpen++
		}
	}
	s.Gaps, s.NoFiles = h.covered.gaps(span{h.o.From, h.o.To}, h.o.Regions)
	for at, field := range map[*time.Time]**time.Time{&h.o.From: &s.From, &h.o.To: &s.To, &end: &s.ReadTo} {
		if !at.IsZero() {
			*field = at
		}
	}
	slices.Sort(s.Expired)
	slices.SortFunc(s.Faults, compareFaults)
	slices.SortFunc(s.Skipped, func(x, y Skipped) int { return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Kind, y.Kind)) })
	r.Summary = *s
}

// A worker reads one file at a time.
type worker struct {
	h      *hunter
	reader history.Reader
}

// read reads a file for records that set policies.
func (w *worker) read(ctx context.Context, i Item) *fileResult {
	r := &fileResult{File: i.Name, Size: i.Size, Tag: i.Tag}
	w.reader.Matcher = history.Calls{}
	w.open(ctx, i, r, func(rec history.Record) {
		if w.h.o.Resume != "" {
			r.Records = append(r.Records, keptRecord{rec.Offset, slices.Clone(rec.Text)})
		}
		r.judge(w.h.o.Detector, rec.Offset, rec.Text)
		const many = 256 // of a file, which may hold millions
		if len(r.events) >= many {
			w.flush(r)
		}
	})
	return r
}

// flush passes on what was found in a file so far.
func (w *worker) flush(r *fileResult) {
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	r.found += w.h.absorb(r)
}

// open reads a file and puts what goes wrong into r.
func (w *worker) open(ctx context.Context, i Item, r *fileResult, emit func(history.Record)) {
	f, err := i.Open(ctx)
	if err != nil {
		r.partial = true
		if ctx.Err() == nil {
			w.h.faultOf(&PathError{i.Name, err})
		}
		return
	}
	defer f.Close()
	defer func() { // a fault of ours in one file must not hide what the others hold
		if fault := recover(); fault != nil {
			r.partial = true
			r.Faults = append(r.Faults, Fault{File: i.Name, Error: fmt.Sprintf("kmsentry failed here, please report it: %v", fault)})
			w.reader = history.Reader{Matcher: w.reader.Matcher}
		}
	}()
	if file, ok := f.(*os.File); ok { // others end with their context
		defer context.AfterFunc(ctx, func() { file.Close() })() // ends a read of a pipe that waits
	}
	source := &watched{ctx: ctx, r: f, progress: w.h.o.Progress}
	r.Report = w.reader.Read(source, emit)
	var stop *StopError
	if errors.As(source.err, &stop) {
		w.h.faultOf(&PathError{i.Name, source.err})
	}
	if ctx.Err() != nil {
		r.partial = true
		r.Report.Faults = nil // what was cut off here is not damaged
		return
	}
	if source.err != nil {
		r.partial = true // an error of the medium: the next run tries again
	}
	if i.Changed != nil {
		if err := i.Changed(); err != nil {
			r.partial = true
			r.Faults = append(r.Faults, Fault{File: i.Name, Error: err.Error()})
		}
	}
}

// A watched reader ends with its context, reports how much was read, and keeps
// the error.
type watched struct {
	ctx      context.Context
	r        io.Reader
	progress Progress
	err      error
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.r.Read(p)
	if w.progress != nil {
		w.progress.Read(n)
	}
	if err != nil && err != io.EOF {
		w.err, err = err, reason(err)
	}
	return n, err
}

// uses reads the archive once more for calls with the keys of the timelines.
func (h *hunter) uses(ctx context.Context, timelines []history.Timeline) *history.Uses {
	u := history.NewUses(timelines, h.o.Detector.TrustedAccounts...)
	matcher := u.Matcher()
	if h.o.Progress != nil {
		h.o.Progress.Pass("uses")
	}
	list := func(ctx context.Context, items chan<- Item) {
		for _, i := range h.items {
			if i.Name == "-" {
				continue // read once only; the command line says so
			}
			if h.o.Progress != nil {
				h.o.Progress.Found(1, max(i.Size, 0))
			}
			select {
			case items <- i:
			case <-ctx.Done():
				return
			}
		}
	}
	h.pass(ctx, list, func(w *worker, i Item) {
		w.reader.Matcher = matcher
		r := &fileResult{File: i.Name}
		var found []history.UseRecord
		w.open(ctx, i, r, func(rec history.Record) {
			if use, ok := u.ReadUse(rec.Text); ok && (span{h.o.From, h.o.To}).has(use.At) {
				found = append(found, use)
			}
		})
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, use := range found {
			u.Add(use)
		}
		for _, f := range r.Faults { // what is damaged was named by the first pass
			h.summary.fault(f)
		}
		if h.o.Progress != nil {
			h.o.Progress.Done(0)
		}
	})
	return u
}
