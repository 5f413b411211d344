// Package report produces the output of kmsentry sweep. It applies exceptions and
// the baseline, determines the exit status, and prints the keys as a table, JSON,
// CSV, HTML, OCSF or SARIF. Package sweep finds the keys; the scheduled sweep uses
// it without a report.
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

// A Report is the report on a running sweep. Use New to create one.
type Report struct {
	o        Options
	printer  printer
	out      show.Output
	stderr   io.Writer
	stop     func() // ends the sweep
	status   int
	baseline check.Baseline
	findings int // not accepted
	accepted int
	err      error // of writing the output, which then ends
}

// New returns a report that writes the keys to out and the rest to stderr. It
// calls stop, to end the sweep, when writing to out fails.
func New(o Options, out show.Output, stderr io.Writer, stop func()) *Report {
	return &Report{o: o, printer: newPrinter(o, out, stderr), out: out, stderr: stderr, stop: stop}
}

// Found adds a key to the report. It is meant for sweep.Options.Found.
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

// End prints the rest of the report at the end of the sweep, which took the given
// time. It also writes the summary as JSON if that output is given, closes both
// outputs, and writes the baseline if Options.WriteBaseline is set. It returns the
// exit status: exit.Found if a key that is not accepted is as bad as
// Options.FailOn, exit.Error if something was not read. An error means that
// writing failed.
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
