package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/internal/awsconfig"
	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/sweep"
	"github.com/kmsentry/kmsentry/internal/sweep/report"
)

// runSweep runs kmsentry sweep and returns the exit status.
func runSweep(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() { <-ctx.Done(); stop() }() // so that a second Ctrl-C ends the process
	return sweepCommand(ctx, args, stdout, stderr)
}

// sweepCommand is like runSweep, but stops the sweep when ctx is done.
func sweepCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseSweep(args, time.Now(), stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exit.OK
	}
	if err != nil {
		sweepFault(stderr, err)
		return exit.Usage
	}
	if o.policy {
		if _, err := stdout.Write(sweep.Policy(o.partition(), o.of(nil))); err != nil {
			sweepFault(stderr, err)
			return exit.Error
		}
		return exit.OK
	}
	status, err := o.run(ctx, stdout, stderr)
	if err != nil {
		sweepFault(stderr, err)
		return max(status, exit.Error)
	}
	return status
}

func sweepFault(stderr io.Writer, err error) {
	fmt.Fprintln(stderr, "kmsentry sweep:", safe.Sanitize(err.Error(), 600))
}

// run reads the files that the options name, then plans or sweeps.
func (o *sweepOptions) run(ctx context.Context, stdout, stderr io.Writer) (int, error) {
	rcps, err := check.ReadRCPs(o.rcpFiles)
	if err != nil {
		return exit.Error, err
	}
	if o.baselineFile != "" {
		if o.Baseline, err = check.ReadBaseline(o.baselineFile, o.At); err != nil {
			return exit.Error, err
		}
	}
	if o.exceptions != "" {
		var status int
		if o.Accepted, status = check.LoadExceptions(o.exceptions, o.At, false, stdout, stderr); status != exit.OK {
			return status, nil
		}
	}
	options := o.of(rcps)
	if options.Config, err = awsconfig.Load(ctx, o.profile); err != nil {
		return exit.Error, err
	}
	options.EC2Endpoint = os.Getenv("AWS_ENDPOINT_URL_EC2")
	if o.plan {
		plans, summary := sweep.Plans(ctx, options)
		status := exit.OK
		if summary.Failed() {
			status = exit.Error
		}
		return status, report.PrintPlan(plans, summary, stdout, stderr)
	}
	return o.sweep(ctx, options, stdout, stderr)
}

// sweep sweeps and prints the result. It opens the outputs first.
func (o *sweepOptions) sweep(ctx context.Context, options sweep.Options, stdout, stderr io.Writer) (int, error) {
	out, err := show.OpenOutput(o.output, stdout)
	if err != nil {
		return exit.Error, fmt.Errorf("--output: %w", err)
	}
	summary, err := show.OpenOutput(o.summary, nil)
	if err != nil {
		return exit.Error, errors.Join(fmt.Errorf("--summary: %w", err), out.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := report.New(o.Options, out, stderr, stop)
	options.Found = r.Found
	var bar *report.Bar
	if !o.Quiet {
		if bar = report.NewBar(stderr); bar != nil {
			options.Progress = bar
		}
	}
	s := sweep.Run(ctx, options)
	took := time.Since(o.At)
	if bar != nil {
		bar.Close()
	}
	return r.End(s, took, summary)
}
