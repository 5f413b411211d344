package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/internal/fakesns"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
)

const invokeUsage = `Usage: kmsentry invoke [flags] EVENT...

Sends events through the Lambda function on this machine: no AWS account, no
Docker, no network. An EVENT is a file, a folder (all its *.json and
*.json.gz files) or - for standard input. It holds an EventBridge event, a bare
CloudTrail record, a log file, what aws cloudtrail lookup-events or aws sqs
receive-message prints, a failed event, or a record per line, gzipped or not.
For each event it prints the verdict, and what the mailbox, the chat channel
and the SIEM get; of several events, what one of the most severe ones sends.

The function's settings (MIN_SEVERITY, TRUSTED_ACCOUNTS, TRUSTED_ORGS,
EXCEPTIONS_FILE, RCP_FILE, RUNBOOK_URL, CHAT_CLIENT, MENTION_GROUP,
HTTPS_BODY, LOG_LEVEL) are taken from the environment.

Exit status: 0 every event was handled, 1 an event failed, 2 wrong usage.

Flags:
`

// invokeOptions are the flags of kmsentry invoke.
type invokeOptions struct {
	bootstrap string
	endpoint  string // of another SNS; "" for the embedded one
	topic     string
	format    string
	show      shown
	timeout   time.Duration
	verbose   bool
	inputs    []string
}

// shown says which messages of a finding are printed. The zero value is the
// default: the email, the chat message, and the finding in short.
type shown struct {
	chosen               bool
	email, chat, finding bool
}

// any reports whether messages are printed at all.
func (s shown) any() bool { return !s.chosen || s.email || s.chat || s.finding }

// String and Set make shown a flag.Value.
func (s *shown) String() string { return "" }

func (s *shown) Set(list string) error {
	*s = shown{chosen: true}
	for _, word := range strings.Split(list, ",") {
		switch word {
		case "email":
			s.email = true
		case "chat":
			s.chat = true
		case "finding":
			s.finding = true
		case "none":
		default:
			return errors.New("expected email, chat, finding or none, with commas between them")
		}
	}
	return nil
}

// defaultTopic is the topic when the embedded SNS endpoint is used and nobody
// named one. The account is one that AWS's documentation uses.
const defaultTopic = "arn:aws:sns:us-east-1:111122223333:kmsentry"

// parseInvoke reads the command line. Errors are printed.
func parseInvoke(args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) (invokeOptions, error) {
	o := invokeOptions{topic: defaultTopic}
	if topic, ok := lookup("TOPIC_ARN"); ok {
		o.topic = topic
	}
	flags := flag.NewFlagSet("kmsentry invoke", flag.ContinueOnError)
	flags.StringVar(&o.bootstrap, "bootstrap", "", "`path` of the Lambda binary for this machine (default bootstrap next to this command, else this command itself)")
	flags.StringVar(&o.endpoint, "endpoint", "", "publish to the SNS at `URL` (moto, LocalStack, AWS) in place of the embedded one; credentials come from the environment")
	flags.StringVar(&o.topic, "topic-arn", o.topic, "the function's TOPIC_ARN")
	flags.StringVar(&o.format, "format", "text", "`text` or json: one object per event")
	flags.Var(&o.show, "show", "messages to print in full: `list` of email, chat, finding, or none, with commas between them")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "the function's timeout")
	flags.BoolVar(&o.verbose, "v", false, "print the function's log on standard error")
	var err error
	if o.inputs, err = parseQuietly(flags, args, invokeUsage, stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "kmsentry invoke:", printable(err.Error()))
		}
		return o, err
	}
	if err := o.check(lookup); err != nil {
		fmt.Fprintln(stderr, "kmsentry invoke:", printable(err.Error()))
		return o, err
	}
	return o, nil
}

func (o *invokeOptions) check(lookup func(string) (string, bool)) error {
	switch {
	case len(o.inputs) == 0:
		return errors.New("expected at least one event; see kmsentry invoke -h")
	case o.format != "text" && o.format != "json":
		return fmt.Errorf("--format: expected text or json, found %q", o.format)
	case o.timeout < time.Second:
		return fmt.Errorf("--timeout: expected at least 1s, found %s", o.timeout)
	}
	if o.endpoint == "" {
		return nil
	}
	if u, err := url.Parse(o.endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--endpoint: expected an http or https URL, found %q", o.endpoint)
	}
	if _, ok := lookup("TOPIC_ARN"); !ok && o.topic == defaultTopic {
		return errors.New("--endpoint: expected --topic-arn or TOPIC_ARN with it: the topic at that endpoint")
	}
	return nil
}

// A printer shows outcomes.
type printer interface {
	outcome(outcome)
	end()
}

// An outcome is what became of one event.
type outcome struct {
	source  string
	err     error // a *runtimeapi.Failure, or that the input could not be read
	answer  answer
	message *fakesns.Publication // nil when nothing was published or it cannot be read back
	took    time.Duration
}

// answer is what the function said; its members are documented in package lambda.
type answer struct {
	EventID   string   `json:"event_id"`
	EventName string   `json:"event_name"`
	Key       string   `json:"key"`
	Verdict   string   `json:"verdict"`
	Severity  string   `json:"severity"`
	Attempted bool     `json:"attempted"`
	Finding   string   `json:"finding"`
	Title     string   `json:"title"`
	Outcome   string   `json:"outcome"`
	MessageID string   `json:"message_id"`
	Reason    string   `json:"reason"`
	Expired   []string `json:"expired_exceptions"`
	raw       json.RawMessage
}

// runInvoke is kmsentry invoke.
func runInvoke(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseInvoke(args, os.LookupEnv, stdout, stderr)
	if err != nil {
		return usageStatus(err)
	}
	events := readEvents(o.inputs, stdin)
	r, err := newRunner(o, os.Environ(), stderr)
	if err != nil {
		fmt.Fprintln(stderr, "kmsentry invoke:", printable(err.Error()))
		return exitError
	}
	defer r.close()
	written := &checkedWriter{w: stdout}
	var p printer = newTextPrinter(written, stderr, o, styleFor(stdout), len(events))
	if o.format == "json" {
		p = &jsonPrinter{written, o.show}
	}
	status := exitOK
	for _, e := range events {
		out := r.send(e)
		if stopped := (*startError)(nil); errors.As(out.err, &stopped) {
			fmt.Fprintln(stderr, "kmsentry invoke:", printable(stopped.Error()))
			return exitError
		}
		if out.err != nil {
			status = exitError
		}
		p.outcome(out)
	}
	p.end()
	if written.err != nil {
		fmt.Fprintln(stderr, "kmsentry invoke: standard output:", printable(written.err.Error()))
		return exitError
	}
	return status
}

// A startError is a function that does not start: no event can be handled.
type startError struct{ err error }

func (e *startError) Error() string { return "the function did not start: " + e.err.Error() }

// Unwrap returns what it said.
func (e *startError) Unwrap() error { return e.err }

// A runner sends events through the function.
type runner struct {
	options  invokeOptions
	function *runtimeapi.Function
	sns      *fakesns.Server // nil with --endpoint
	handled  bool            // the function has answered at least once
}

func newRunner(o invokeOptions, environ []string, stderr io.Writer) (*runner, error) {
	function, err := functionOf(o.bootstrap)
	if err != nil {
		return nil, err
	}
	r := &runner{options: o}
	endpoint := o.endpoint
	if endpoint == "" {
		s, err := fakesns.Start(o.topic, nil)
		if err != nil {
			return nil, err
		}
		r.sns, endpoint = s, s.URL()
	}
	r.function = function
	r.function.Env = functionEnv(o, environ, endpoint)
	if o.verbose {
		r.function.Log = &printableWriter{stderr}
	}
	if err := r.function.Start(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// functionOf returns the function whose binary is at path; of "" the binary next
// to this command, where make puts it, or, where there is none, this command.
func functionOf(path string) (*runtimeapi.Function, error) {
	if path != "" {
		return &runtimeapi.Function{Bootstrap: path}, checkBootstrap(path)
	}
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return nil, fmt.Errorf("expected the place of this command: %w; give --bootstrap", err)
	}
	if near := filepath.Join(filepath.Dir(self), "bootstrap"); checkBootstrap(near) == nil {
		return &runtimeapi.Function{Bootstrap: near}, nil
	}
	return &runtimeapi.Function{Bootstrap: self, Args: []string{asFunction}}, nil
}

// checkBootstrap says how to build the binary when it is not there.
func checkBootstrap(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && path == "bin/bootstrap":
		return errors.New("bin/bootstrap is not there: build it with make bin/bootstrap, in the folder of the Makefile")
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("--bootstrap %q is not there", path)
	case err != nil:
		return err
	case info.IsDir() || info.Mode()&0o111 == 0:
		return fmt.Errorf("--bootstrap %q is no program", path)
	}
	return nil
}

// functionEnv is the function's environment: its settings as they are in
// ours, and with the embedded endpoint credentials that are worth nothing.
func functionEnv(o invokeOptions, environ []string, endpoint string) []string {
	settings := []string{
		"MIN_SEVERITY", "TRUSTED_ACCOUNTS", "TRUSTED_ORGS", "EXCEPTIONS_FILE", "RCP_FILE", "RUNBOOK_URL", "CHAT_CLIENT",
		"MENTION_GROUP", "HTTPS_BODY", "LOG_LEVEL", "SSL_CERT_FILE", "SSL_CERT_DIR",
	}
	env := []string{"TOPIC_ARN=" + o.topic, "AWS_ENDPOINT_URL_SNS=" + endpoint}
	if o.endpoint == "" {
		env = append(env, "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	} else {
		settings = append(settings, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
	}
	for _, pair := range environ {
		if name, _, _ := strings.Cut(pair, "="); slices.Contains(settings, name) {
			env = append(env, pair)
		}
	}
	return env
}

// send hands one event to the function.
func (r *runner) send(e event) outcome {
	out := outcome{source: e.source, err: e.err}
	if e.err != nil {
		return out
	}
	before := r.published()
	start := time.Now()
	response, err := r.function.Invoke(context.Background(), e.body, r.options.timeout)
	out.took = time.Since(start)
	if err != nil {
		out.err = r.startFault(err)
		return out
	}
	r.handled = true
	if err := json.Unmarshal(response, &out.answer); err != nil {
		out.err = fmt.Errorf("the function answered %.200q: %w", response, err)
		return out
	}
	out.answer.raw = bytes.TrimSpace(response)
	if r.sns != nil {
		if all := r.sns.Publications(); len(all) > before {
			out.message = &all[len(all)-1]
		}
	}
	return out
}

// startFault tells a function that cannot start from one that failed an event.
func (r *runner) startFault(err error) error {
	var failure *runtimeapi.Failure
	if !errors.As(err, &failure) {
		return &startError{err}
	}
	if !r.handled && failure.Init {
		return &startError{errors.New(failure.Message)}
	}
	return err
}

func (r *runner) published() int {
	if r.sns == nil {
		return 0
	}
	return len(r.sns.Publications())
}

func (r *runner) close() {
	if r.function != nil {
		r.function.Close()
	}
	if r.sns != nil {
		r.sns.Close()
	}
}
