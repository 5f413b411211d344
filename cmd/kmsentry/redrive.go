package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/kmsentry/kmsentry/internal/awsconfig"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/redrive"
	"github.com/kmsentry/kmsentry/internal/show"
)

const redriveUsage = `Usage: kmsentry redrive [--send --function NAME] QUEUE_URL...

Reads the events in kmsentry's queues (outputs FailedEventsUrl and
UndeliveredEventsUrl), judges and shows each. Without --send nothing changes.
With --send each is sent to the function again, at a pace that mailboxes can
take, and deleted from its queue once the function has handled it. Events on
which the function fails stay.

It judges without the function's settings; the function's own answer is shown
with --send. Credentials and Region come from the environment or the profile.

It needs sqs:ReceiveMessage, sqs:ChangeMessageVisibility, and with --send
sqs:DeleteMessage and lambda:InvokeFunction.

Exit status: 0 every event was shown or handled, 1 something failed, 2 wrong usage.

Flags:
`

// redriveOptions holds the flags of kmsentry redrive.
type redriveOptions struct {
	send      bool
	function  string
	perMinute int
	queues    []string
}

func parseRedrive(args []string, stdout, stderr io.Writer) (redriveOptions, error) {
	var o redriveOptions
	flags := flag.NewFlagSet("kmsentry redrive", flag.ContinueOnError)
	flags.BoolVar(&o.send, "send", false, "send the events to the function and delete those that it has handled")
	flags.StringVar(&o.function, "function", "", "the function's `name` or ARN (output FunctionName)")
	flags.IntVar(&o.perMinute, "per-minute", 20, "`number` of alerts per minute, 1 to 120")
	var err error
	if o.queues, err = parseQuietly(flags, args, redriveUsage, stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "kmsentry redrive:", show.Printable(err.Error()))
		}
		return o, err
	}
	if err := o.check(); err != nil {
		fmt.Fprintln(stderr, "kmsentry redrive:", show.Printable(err.Error()))
		return o, err
	}
	return o, nil
}

func (o redriveOptions) check() error {
	switch {
	case len(o.queues) == 0:
		return errors.New("expected the URL of a queue; see kmsentry redrive -h")
	case o.send && o.function == "":
		return errors.New("--send needs --function")
	case o.perMinute < 1 || o.perMinute > 120:
		return fmt.Errorf("--per-minute: expected 1 to 120, found %d", o.perMinute)
	}
	for _, q := range o.queues {
		if u, err := url.Parse(q); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("expected the URL of a queue, found %q", q)
		}
	}
	return nil
}

func runRedrive(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	o, err := parseRedrive(args, stdout, stderr)
	if err != nil {
		return usageStatus(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := awsconfig.Load(ctx, "")
	if err == nil && cfg.Region == "" {
		err = errors.New("expected a Region in AWS_REGION or in the profile")
	}
	if err != nil {
		fmt.Fprintln(stderr, "kmsentry redrive:", show.Printable(err.Error()))
		return exit.Error
	}
	r := redrive.Redriver{Out: stdout, Interval: time.Minute / time.Duration(o.perMinute), Pause: pauseFor}
	if o.send {
		r.Function = redrive.Lambda{
			Name: o.function, Region: cfg.Region, Endpoint: os.Getenv("AWS_ENDPOINT_URL_LAMBDA"), Credentials: cfg.Credentials,
			HTTP: &http.Client{Timeout: time.Minute}, Now: time.Now,
		}
	}
	status := exit.OK
	client := sqs.NewFromConfig(cfg)
	for _, q := range o.queues {
		count, err := r.Run(ctx, q[strings.LastIndex(q, "/")+1:], redrive.SQS{Client: client, URL: q})
		fmt.Fprintf(stdout, "%d events in %s: %d handled, %d failed, %d left\n", count.Seen, show.Printable(q), count.Handled, count.Failed, count.Seen-count.Handled)
		if err != nil {
			fmt.Fprintln(stderr, "kmsentry redrive:", show.Printable(err.Error()))
		}
		if err != nil || count.Failed > 0 {
			status = exit.Error
		}
	}
	return status
}

// pauseFor returns after d, or when the context is done.
func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
