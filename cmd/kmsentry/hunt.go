package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/hunt"
	"github.com/kmsentry/kmsentry/internal/s3archive"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/version"
)

const huntUsage = `Usage: kmsentry hunt [flags] PATH... | s3://BUCKET/PREFIX | -

Reads CloudTrail archives and says which keys were ever open to outsiders: from
when to when, who opened them, and with --uses who used them meanwhile. A PATH is
a file or folder of log files, or of other tools' exports of them as JSON or CSV,
compressed or not; - is standard input.

Exit status: 0 nothing found, 1 something could not be read, 2 wrong usage,
3 found (even if something could not be read).

Flags:
`

// huntOptions holds the flags of kmsentry hunt.
type huntOptions struct {
	hunt.Options
	view            hunt.View
	paths           []string
	trustedAccounts list
	trustedOrgs     list
	accounts        list
	regions         list
	rcpFiles        list
	exceptions      string
	summary         string
	output          string
	quiet           bool
	requestPayer    bool
}

// runHunt runs kmsentry hunt and returns the exit status.
func runHunt(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseHunt(args, time.Now(), stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exit.OK
	}
	if err != nil {
		fmt.Fprintln(stderr, "kmsentry hunt:", safe.Sanitize(err.Error(), 400))
		return exit.Usage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go func() { <-ctx.Done(); stop() }() // so that a second Ctrl-C ends the process
	if o.exceptions != "" {
		accepted, status := check.LoadExceptions(o.exceptions, o.Now, false, stdout, stderr)
		if status != exit.OK {
			return status
		}
		o.Exceptions = accepted
	}
	if o.Detector.RCPs, err = check.ReadRCPs(o.rcpFiles); err != nil {
		fmt.Fprintln(stderr, "kmsentry hunt:", err)
		return exit.Error
	}
	status, err := huntAll(ctx, o, stdin, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "kmsentry hunt:", safe.Sanitize(err.Error(), 400))
		return max(status, exit.Error)
	}
	return status
}

// huntAll hunts and prints the result. It opens the outputs first, so that a hunt of
// hours does not fail at the end because a file cannot be written.
func huntAll(ctx context.Context, o huntOptions, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	out, err := show.OpenOutput(o.output, stdout)
	if err != nil {
		return exit.Error, fmt.Errorf("--output: %w", err)
	}
	summary, err := show.OpenOutput(o.summary, nil)
	if err != nil {
		return exit.Error, errors.Join(fmt.Errorf("--summary: %w", err), out.Close())
	}
	for _, path := range o.paths {
		source, err := huntSource(ctx, path, stdin, o)
		if err != nil {
			return exit.Error, errors.Join(err, out.Close(), summary.Close())
		}
		o.Sources = append(o.Sources, source)
	}
	start := time.Now()
	if !o.quiet {
		o.Progress = hunt.NewBar(stderr)
	}
	r, err := hunt.Run(ctx, o.Options)
	if err != nil {
		return exit.Error, errors.Join(err, out.Close(), summary.Close())
	}
	r.Summary.Seconds = time.Since(start).Seconds()
	status := huntStatus(r)
	err = errors.Join(show.Named("output", hunt.Print(out, r, o.view)), show.Named("output", out.Close()))
	if summary.Given() {
		err = errors.Join(err, show.Named("--summary", r.Summary.Write(summary)), show.Named("--summary", summary.Close()))
	}
	if !o.quiet || r.Summary.Failed() {
		hunt.PrintSummary(stderr, &r.Summary)
	}
	if r.Summary.Interrupted {
		goOn(stderr, o)
	}
	return status, err
}

// goOn prints how to continue an interrupted hunt.
func goOn(stderr io.Writer, o huntOptions) {
	if o.Resume != "" {
		fmt.Fprintf(stderr, "interrupted: run the same command to continue (--resume %s)\n", show.Quoted(o.Resume))
		return
	}
	fmt.Fprintln(stderr, "interrupted: the output above is what was found by then; with --resume FILE a hunt can be continued")
}

func huntStatus(r *hunt.Result) int {
	switch {
	case len(r.Groups) > 0:
		return exit.Found
	case r.Summary.Failed():
		return exit.Error
	default:
		return exit.OK
	}
}

// huntSource returns the source for a path of the command line.
func huntSource(ctx context.Context, path string, stdin io.Reader, o huntOptions) (hunt.Source, error) {
	switch {
	case path == "-":
		return hunt.Stdin{R: stdin}, nil
	case strings.HasPrefix(path, "s3://"):
		return s3Source(ctx, path, o)
	default:
		return hunt.Local{Path: path}, nil
	}
}

// parseHunt parses the command line. It writes the help to stdout.
func parseHunt(args []string, now time.Time, stdout io.Writer) (huntOptions, error) {
	o := huntOptions{}
	o.Now = now.UTC()
	flags := flag.NewFlagSet("kmsentry hunt", flag.ContinueOnError)
	o.define(flags)
	var err error
	if o.paths, err = parseQuietly(flags, args, huntUsage, stdout); err != nil {
		return o, err
	}
	return o, o.check()
}

func (o *huntOptions) define(flags *flag.FlagSet) {
	flags.Func("from", "earliest `time` of events: a date such as 2026-01-31, or RFC 3339", func(s string) (err error) {
		o.From, err = parseInstant(s, false)
		return err
	})
	flags.Func("to", "latest `time` of events; a date includes the whole day", func(s string) (err error) {
		o.To, err = parseInstant(s, true)
		return err
	})
	flags.IntVar(&o.LateDays, "late-days", 2, "`days` after --to whose files are read too, since files are delivered after the event")
	flags.Var(&o.accounts, "account", "`ID` of the trail's or the key's account; repeat, or separate with commas")
	flags.Var(&o.regions, "region", "`Region` of the call or the key; repeat, or separate with commas")
	flags.StringVar(&o.view.Format, "format", "table", "`table`, json (lines), csv, html or ocsf (lines)")
	known := hunt.OnlyWords()
	flags.Func("only", "`verdicts` to show, or other properties of findings, separated by commas: "+strings.Join(known, ", "), func(s string) error {
		for _, word := range strings.Split(s, ",") {
			if word = strings.TrimSpace(word); !slices.Contains(known, word) {
				return fmt.Errorf("expected some of %s, found %q", strings.Join(known, ", "), word)
			}
			o.Only = append(o.Only, word)
		}
		return nil
	})
	flags.Func("min-severity", "the mildest `severity` to show: critical, high, medium or low (default low)", func(s string) error {
		for severity := detector.Low; severity <= detector.Critical; severity++ {
			if severity.String() == s {
				o.MinSeverity = severity
				return nil
			}
		}
		return errors.New("expected critical, high, medium or low")
	})
	flags.StringVar(&o.exceptions, "exceptions", "", "`file` of accepted findings, which are counted but not shown")
	flags.Var(&o.trustedAccounts, "trusted-account", "account `ID` that counts as inside; repeat, or separate with commas")
	flags.Var(&o.trustedOrgs, "trusted-org", "organization `ID` that counts as inside; repeat, or separate with commas")
	flags.Var(&o.rcpFiles, "rcp", "`file` of a resource control policy that applies to the keys' accounts; repeat, or separate with commas")
	flags.BoolVar(&o.view.Timeline, "timeline", false, "with json: print each key's timeline too; table and html always have it")
	flags.BoolVar(&o.Uses, "uses", false, "read the archive a second time for calls by outsiders with the keys that were open")
	flags.StringVar(&o.output, "output", "", "`file` to write to instead of standard output")
	flags.StringVar(&o.summary, "summary", "", "`file` for a JSON summary of what was read and what was not")
	flags.StringVar(&o.Resume, "resume", "", "`file` to save progress in; if it exists, the hunt continues from it")
	flags.IntVar(&o.Workers, "workers", 0, "`files` to read at the same time (default one for each core, 32 with s3://)")
	flags.BoolVar(&o.requestPayer, "request-payer", false, "with s3://: pay for the requests, for requester-pays buckets")
	flags.BoolVar(&o.quiet, "quiet", false, "no progress, and no summary unless something could not be read")
}

// parseInstant parses a date or a time. A date gives the start of the day, in UTC, or
// its last nanosecond when end is set.
func parseInstant(s string, end bool) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		if end {
			t = t.Add(24*time.Hour - time.Nanosecond)
		}
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, errors.New("expected a date such as 2026-01-31 or a time such as 2026-01-31T08:00:00Z")
	}
	return t.UTC(), nil
}

// check returns an error about the first invalid option or combination, and completes
// the options.
func (o *huntOptions) check() error {
	if len(o.paths) == 0 {
		return errors.New("expected at least one path; see kmsentry hunt -h")
	}
	for _, path := range o.paths {
		if strings.HasPrefix(path, "s3://") {
			if _, _, err := s3archive.Split(path); err != nil {
				return err
			}
		}
	}
	if i := slices.Index(o.paths, "-"); i >= 0 && slices.Contains(o.paths[i+1:], "-") {
		return errors.New("expected - only once: standard input can be read once")
	}
	if o.Uses && slices.Contains(o.paths, "-") {
		return errors.New("--uses reads the archive twice, and standard input can be read once: save it to a file first")
	}
	if !slices.Contains(hunt.Formats(), o.view.Format) {
		return fmt.Errorf("--format: expected %s, found %q", strings.Join(hunt.Formats(), ", "), o.view.Format)
	}
	if !o.From.IsZero() && !o.To.IsZero() && o.To.Before(o.From) {
		return fmt.Errorf("--from, --to: expected the earlier time first, found %s to %s", o.From.Format(time.RFC3339), o.To.Format(time.RFC3339))
	}
	if o.LateDays < 0 || o.Workers < 0 {
		return errors.New("--late-days, --workers: expected 0 or more")
	}
	if err := cmp.Or(
		shaped("--account", awsid.IsAccount, twelveDigits, o.accounts...),
		checkTrust(o.trustedAccounts, o.trustedOrgs, ""),
		shaped("--region", regionShape.MatchString, someRegion, o.regions...),
	); err != nil {
		return err
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
		if slices.ContainsFunc(o.paths, func(p string) bool { return strings.HasPrefix(p, "s3://") }) {
			o.Workers = 32
		}
	}
	o.Accounts, o.Regions = o.accounts, o.regions
	o.Detector = detector.Detector{TrustedAccounts: o.trustedAccounts, TrustedOrgs: o.trustedOrgs}
	o.Whole = o.view.Format == "ocsf"
	o.view.Version, o.view.Now = version.String(), o.Now
	return nil
}

// s3Source opens s3://BUCKET/PREFIX.
func s3Source(ctx context.Context, url string, o huntOptions) (hunt.Source, error) {
	return s3archive.Open(ctx, s3archive.Options{
		URL: url, Accounts: o.accounts, Regions: o.regions, Workers: o.Workers, RequestPayer: o.requestPayer,
		Filter: hunt.Filter{From: o.From, To: o.To, LateDays: o.LateDays},
	})
}
