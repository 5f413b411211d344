// Package report is what kmsentry sweep says of the keys that a sweep finds: what is
// accepted of them, the exit status, and the answers as a table, JSON, CSV, HTML,
// OCSF or SARIF. Package sweep finds the keys; the scheduled sweep does so, too, and
// needs no report.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// A Report is of a sweep that is under way. New makes one.
type Report struct {
	o        Options
	printer  printer
	out      show.Output
	stderr   io.Writer
	stop     func() // ends the sweep
	status   int
	baseline check.Baseline
	findings int // that are not accepted
	accepted int
	err      error // of the output: there is no more to write to
}

// New reports on a sweep: its keys on out, the rest on stderr. stop is called, to end
// the sweep, when there is no more to write to.
func New(o Options, out show.Output, stderr io.Writer, stop func()) *Report {
	return &Report{o: o, printer: newPrinter(o, out, stderr), out: out, stderr: stderr, stop: stop}
}

// Found takes a key from the sweep; sweep.Options.Found calls it.
func (r *Report) Found(k sweep.Key) {
	if r.err != nil {
		return
	}
	e := r.o.entry(&k)
	if k.Judged() && k.Read() {
		r.baseline.Add(&e.checked, r.o.At)
	}
	r.status = max(r.status, e.status(r.o.FailOn))
	switch {
	case e.checked.Accepted.By != "":
		r.accepted++
	case e.row.Severity != "":
		r.findings++
	}
	if r.err = r.printer.key(e); r.err != nil {
		r.stop()
	}
}

// End prints what there is to print at the end of a sweep that took so long, the
// summary as JSON too if there is an output for it, closes both outputs and writes the
// baseline that was asked for. It returns the exit status: Found when a key that
// nothing accepts is as bad as Options.FailOn, Error when something was not read.
// The errors are of writing.
func (r *Report) End(of sweep.Summary, took time.Duration, summary show.Output) (int, error) {
	s := Summary{Summary: of, Findings: r.findings, Accepted: r.accepted, Seconds: took.Seconds()}
	if s.Failed() {
		r.status = max(r.status, exit.Error)
	}
	err := r.err
	if err == nil {
		err = r.printer.end(&s, r.status)
	}
	err = errors.Join(show.Named("output", err), show.Named("output", r.out.Close()))
	if summary.Given() {
		e := json.NewEncoder(summary)
		e.SetIndent("", "  ")
		err = errors.Join(err, show.Named("--summary", e.Encode(s)), show.Named("--summary", summary.Close()))
	}
	if name := r.o.WriteBaseline; name != "" && err == nil {
		if s.Partial() {
			err = fmt.Errorf("--write-baseline %s: not written, since not every key was read", name)
		} else if err = r.baseline.Write(name, r.o.At); err == nil {
			fmt.Fprintf(r.stderr, "kmsentry sweep: wrote %s to %s\n", show.Count(len(r.baseline.Accepted), "key"), safe.Sanitize(name, 400))
		}
	}
	if !r.o.Quiet || s.Failed() {
		printSummary(r.stderr, &s)
	}
	return r.status, err
}
