package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// runSweep is kmsentry sweep.
func runSweep(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() { <-ctx.Done(); stop() }() // a second Ctrl-C ends it at once
	return sweepCommand(ctx, args, stdout, stderr)
}

// sweepCommand is runSweep until ctx ends.
func sweepCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseSweep(args, time.Now(), stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		sweepFault(stderr, err)
		return exitUsage
	}
	if o.policy {
		if _, err := stdout.Write(sweep.Policy(o.partition(), o.of(nil))); err != nil {
			sweepFault(stderr, err)
			return exitError
		}
		return exitOK
	}
	status, err := o.run(ctx, stdout, stderr)
	if err != nil {
		sweepFault(stderr, err)
		return max(status, exitError)
	}
	return status
}

func sweepFault(stderr io.Writer, err error) {
	fmt.Fprintln(stderr, "kmsentry sweep:", alert.Sanitize(err.Error(), 600))
}

// run reads the files of the command line, then AWS.
func (o *sweepOptions) run(ctx context.Context, stdout, stderr io.Writer) (int, error) {
	rcps, err := readRCPs(o.rcpFiles)
	if err != nil {
		return exitError, err
	}
	if o.baselineFile != "" {
		if o.baseline, err = readBaseline(o.baselineFile, o.at); err != nil {
			return exitError, err
		}
	}
	if o.exceptions != "" {
		var status int
		if o.accepted, status = loadExceptions(checkOptions{exceptions: o.exceptions, at: o.at, files: []string{""}}, stdout, stderr); status != exitOK {
			return status, nil
		}
	}
	options := o.of(rcps)
	if options.Config, err = loadAWS(ctx, o.profile); err != nil {
		return exitError, err
	}
	options.EC2Endpoint = os.Getenv("AWS_ENDPOINT_URL_EC2")
	if o.plan {
		return o.printPlan(ctx, options, stdout, stderr)
	}
	return o.sweep(ctx, options, stdout, stderr)
}

// loadAWS reads the configuration as the AWS CLI has it.
func loadAWS(ctx context.Context, profile string) (aws.Config, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	with := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})} // what fails is said once, by us
	if profile != "" {
		with = append(with, config.WithSharedConfigProfile(profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, with...)
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		return cfg, fmt.Errorf("--profile: expected a profile of the AWS CLI's files, found none called %q", missing.Profile)
	}
	return cfg, err
}

// sweep sweeps and prints. Outputs are opened first.
func (o *sweepOptions) sweep(ctx context.Context, options sweep.Options, stdout, stderr io.Writer) (int, error) {
	out, err := openOutput(o.output, stdout)
	if err != nil {
		return exitError, fmt.Errorf("--output: %w", err)
	}
	summary, err := openOutput(o.summary, nil)
	if err != nil {
		return exitError, errors.Join(fmt.Errorf("--summary: %w", err), out.close())
	}
	r := sweepRun{o: o, printer: newSweepPrinter(o, out, stderr)}
	ctx, r.stop = context.WithCancel(ctx)
	defer r.stop()
	options.Found = r.found
	var bar *sweepBar
	if !o.quiet {
		if bar = newSweepBar(stderr); bar != nil {
			options.Progress = bar
		}
	}
	s := sweepSummary{Summary: sweep.Run(ctx, options)}
	s.Seconds = time.Since(o.at).Seconds()
	if bar != nil {
		bar.close()
	}
	return r.end(s, out, summary, stderr)
}

// A sweepRun is a sweep under way.
type sweepRun struct {
	o        *sweepOptions
	printer  sweepPrinter
	stop     func()
	status   int
	baseline baseline
	findings int // that are not accepted
	accepted int
	err      error // of the output: there is no more to write to
}

// A sweepSummary is the library's with what the command adds.
type sweepSummary struct {
	sweep.Summary
	Findings int     `json:"findings"` // not accepted
	Accepted int     `json:"accepted"`
	Seconds  float64 `json:"seconds"`
}

// found takes a key from the sweep.
func (r *sweepRun) found(k sweep.Key) {
	if r.err != nil {
		return
	}
	e := r.o.entry(&k)
	if k.Judged() && k.Read() {
		r.baseline.add(&e.checked, r.o.at)
	}
	r.status = max(r.status, e.status(r.o.failOn))
	switch {
	case e.checked.accepted.By != "":
		r.accepted++
	case e.row.Severity != "":
		r.findings++
	}
	if r.err = r.printer.key(e); r.err != nil {
		r.stop()
	}
}

// end prints what there is to print at the end, and returns the exit status.
func (r *sweepRun) end(s sweepSummary, out, summary output, stderr io.Writer) (int, error) {
	s.Findings, s.Accepted = r.findings, r.accepted
	if s.Failed() {
		r.status = max(r.status, exitError)
	}
	err := r.err
	if err == nil {
		err = r.printer.end(&s, r.status)
	}
	err = errors.Join(outputNamed("output", err), outputNamed("output", out.close()))
	if summary.w != nil {
		e := json.NewEncoder(summary)
		e.SetIndent("", "  ")
		err = errors.Join(err, outputNamed("--summary", e.Encode(s)), outputNamed("--summary", summary.close()))
	}
	if name := r.o.writeBaseline; name != "" && err == nil {
		if s.Partial() {
			err = fmt.Errorf("--write-baseline %s: not written, since not every key was seen", name)
		} else if err = r.baseline.write(name, r.o.at); err == nil {
			fmt.Fprintf(stderr, "kmsentry sweep: wrote %s to %s\n", show.Count(len(r.baseline.Accepted), "key"), alert.Sanitize(name, 400))
		}
	}
	if !r.o.quiet || s.Failed() {
		printSweepSummary(stderr, &s)
	}
	return r.status, err
}

// printSweepSummary writes in a few lines what was swept, what was not, and
// each fault.
func printSweepSummary(w io.Writer, s *sweepSummary) {
	var verdicts []string
	for _, v := range sweep.Verdicts() {
		if n := s.Verdicts[v.String()]; n > 0 {
			verdicts = append(verdicts, fmt.Sprintf("%d %s", n, v))
		}
	}
	line := fmt.Sprintf("%s in %s and %s", show.Count(s.Keys, "key"), show.Count(len(s.Accounts), "account"), show.Count(s.Regions, "Region"))
	if s.Partial() {
		line += " swept to the end"
	}
	if len(verdicts) > 0 {
		line += ": " + strings.Join(verdicts, ", ")
	}
	for _, more := range []struct {
		n    int
		text string
	}{
		{s.Managed, "of AWS, not judged"}, {s.Unusable, "not usable now"}, {s.Gone, "deleted meanwhile"}, {s.Unread, "not read in full"}, {s.Accepted, "accepted"},
	} {
		if more.n > 0 {
			line += fmt.Sprintf("; %d %s", more.n, more.text)
		}
	}
	fmt.Fprintln(w, line)
	const most = 50
	for i, f := range s.Faults {
		if i == most {
			fmt.Fprintf(w, "kmsentry sweep: %d more faults; see --summary\n", len(s.Faults)-most)
			break
		}
		fmt.Fprintln(w, "kmsentry sweep:", alert.Sanitize(f.String(), 600))
	}
	if s.Interrupted {
		fmt.Fprintln(w, "kmsentry sweep: interrupted: what is above is all that was read by then")
	}
}

// printPlan prints what there is to sweep and how long it takes.
func (o *sweepOptions) printPlan(ctx context.Context, options sweep.Options, stdout, stderr io.Writer) (int, error) {
	plans, summary := sweep.Plans(ctx, options)
	rows := [][]string{{"ACCOUNT", "REGION", "KEYS", "TIME"}}
	for _, p := range plans {
		rows = append(rows, []string{orQuestion(p.Account), p.Region, fmt.Sprint(p.Keys), p.Time.Round(time.Second).String()})
	}
	var b strings.Builder
	show.Align(&b, rows)
	fmt.Fprintf(&b, "%s. A sweep takes at least %s, as KMS's quotas have it, of which it uses two fifths; grants beyond 100 of a key take longer.\n",
		show.Count(summary.Keys, "key"), sweep.Whole(plans).Round(time.Second))
	_, err := io.WriteString(stdout, b.String())
	for _, f := range summary.Faults {
		sweepFault(stderr, errors.New(f.String()))
	}
	if summary.Failed() {
		return exitError, err
	}
	return exitOK, err
}

func orQuestion(s string) string {
	if s == "" {
		return "?"
	}
	return s
}

// An entry is a key with what the command says of it.
type entry struct {
	key     *sweep.Key
	row     sweep.Row
	checked checked
}

// entry judges what is accepted of a key.
func (o *sweepOptions) entry(k *sweep.Key) entry {
	e := entry{key: k, row: k.Row(), checked: checked{
		file: k.ARN, keyARN: k.ARN, account: k.Account, sha256: k.PolicySHA256, decision: k.Joint(),
	}}
	for _, g := range k.GrantsOut {
		if g.Decides() {
			e.checked.grants = append(e.checked.grants, g.ID)
		}
	}
	slices.Sort(e.checked.grants)
	o.accept(&e)
	return e
}

// status is the exit status that the key leads to. Of one that was not read in
// full only what is sure counts as found.
func (e *entry) status(f failOn) int {
	switch {
	case !e.key.Judged():
		return exitOK
	case e.key.Read():
		return f.status(e.checked)
	}
	sure := e.checked
	sure.decision.Verdict, sure.decision.Most = sure.decision.Least, sure.decision.Least
	return max(exitError, f.status(sure))
}
