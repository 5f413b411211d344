package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/kmsentry/kmsentry/internal/invoke"
	"github.com/kmsentry/kmsentry/internal/show"
)

const invokeUsage = `Usage: kmsentry invoke [flags] EVENT...

Sends events through the Lambda function on this machine, without an AWS account,
Docker or network. An EVENT is a file, a folder (all its *.json and *.json.gz
files) or - for standard input. It can contain an EventBridge event, a bare
CloudTrail record, a log file, the output of aws cloudtrail lookup-events or aws
sqs receive-message, a failed event, or one record per line, gzipped or not. For
each event it prints the verdict, and what the mailbox, the chat channel and the
SIEM get; for several events, the messages of one of the most severe.

The function's settings (MIN_SEVERITY, TRUSTED_ACCOUNTS, TRUSTED_ORGS,
EXCEPTIONS_FILE, RCP_FILE, RUNBOOK_URL, CHAT_CLIENT, MENTION_GROUP,
HTTPS_BODY, LOG_LEVEL) are taken from the environment.

Exit status: 0 every event was handled, 1 an event failed, 2 wrong usage.

Flags:
`

// parseInvoke parses the command line. It prints errors to stderr.
func parseInvoke(args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) (invoke.Options, error) {
	o := invoke.Options{Topic: invoke.DefaultTopic, Self: []string{asFunction}}
	if topic, ok := lookup("TOPIC_ARN"); ok {
		o.Topic = topic
	}
	flags := flag.NewFlagSet("kmsentry invoke", flag.ContinueOnError)
	flags.StringVar(&o.Bootstrap, "bootstrap", "", "`path` of the Lambda binary for this machine (default bootstrap next to this command, otherwise this command itself)")
	flags.StringVar(&o.Endpoint, "endpoint", "", "publish to the SNS at `URL` (moto, LocalStack, AWS) instead of the embedded one; credentials come from the environment")
	flags.StringVar(&o.Topic, "topic-arn", o.Topic, "`ARN` of the SNS topic: the function's TOPIC_ARN")
	flags.StringVar(&o.Format, "format", "text", "`text` or json: one object per event")
	flags.Var(&o.Show, "show", "`messages` to print in full: email, chat, finding, or none; separate with commas")
	flags.DurationVar(&o.Timeout, "timeout", 30*time.Second, "the function's timeout")
	flags.BoolVar(&o.Verbose, "v", false, "print the function's log on standard error")
	var err error
	if o.Inputs, err = parseQuietly(flags, args, invokeUsage, stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "kmsentry invoke:", show.Printable(err.Error()))
		}
		return o, err
	}
	if err := checkInvoke(&o, lookup); err != nil {
		fmt.Fprintln(stderr, "kmsentry invoke:", show.Printable(err.Error()))
		return o, err
	}
	return o, nil
}

func checkInvoke(o *invoke.Options, lookup func(string) (string, bool)) error {
	switch {
	case len(o.Inputs) == 0:
		return errors.New("expected at least one event; see kmsentry invoke -h")
	case o.Format != "text" && o.Format != "json":
		return fmt.Errorf("--format: expected text or json, found %q", o.Format)
	case o.Timeout < time.Second:
		return fmt.Errorf("--timeout: expected at least 1s, found %s", o.Timeout)
	}
	if o.Endpoint == "" {
		return nil
	}
	if u, err := url.Parse(o.Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--endpoint: expected an http or https URL, found %q", o.Endpoint)
	}
	if _, ok := lookup("TOPIC_ARN"); !ok && o.Topic == invoke.DefaultTopic {
		return errors.New("--endpoint needs --topic-arn or TOPIC_ARN: the topic at that endpoint")
	}
	return nil
}

// runInvoke runs kmsentry invoke and returns the exit status.
func runInvoke(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseInvoke(args, os.LookupEnv, stdout, stderr)
	if err != nil {
		return usageStatus(err)
	}
	return invoke.Run(o, os.Environ(), stdin, stdout, stderr)
}
