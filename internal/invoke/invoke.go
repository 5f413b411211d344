// Package invoke implements kmsentry invoke: it sends events through the Lambda function
// on this machine, with its own Runtime API and SNS endpoint, and prints the outcome of
// each event and what its subscribers would get.
package invoke

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/fakesns"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
	"github.com/kmsentry/kmsentry/internal/show"
)

// A printer prints outcomes, and then the end.
type printer interface {
	outcome(outcome)
	end()
}

// An outcome is the outcome of one event.
type outcome struct {
	source  string
	err     error // a *runtimeapi.Failure, or why the event could not be read or sent
	answer  answer
	message *fakesns.Publication // nil when nothing was published or it cannot be read back
	took    time.Duration
}

// answer is the function's answer; its members are documented in package lambda/detect.
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

// Run sends the events of o.Inputs through the function, whose settings it takes from
// environ. It prints the outcomes to stdout and what failed to stderr, and returns the
// exit status, exit.OK or exit.Error.
func Run(o Options, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	events := readEvents(o.Inputs, stdin)
	r, err := newRunner(o, environ, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "kmsentry invoke:", show.Printable(err.Error()))
		return exit.Error
	}
	defer r.close()
	written := &checkedWriter{w: stdout}
	var p printer = newTextPrinter(written, stderr, o, show.StyleFor(stdout), len(events))
	if o.Format == "json" {
		p = &jsonPrinter{written, o.Show}
	}
	status := exit.OK
	for _, e := range events {
		out := r.send(e)
		if stopped := (*startError)(nil); errors.As(out.err, &stopped) {
			fmt.Fprintln(stderr, "kmsentry invoke:", show.Printable(stopped.Error()))
			return exit.Error
		}
		if out.err != nil {
			status = exit.Error
		}
		p.outcome(out)
	}
	p.end()
	if written.err != nil {
		fmt.Fprintln(stderr, "kmsentry invoke: standard output:", show.Printable(written.err.Error()))
		return exit.Error
	}
	return status
}

// A startError reports that the function did not start, so that no event can be handled.
type startError struct{ err error }

func (e *startError) Error() string { return "the function did not start: " + e.err.Error() }

// Unwrap returns the function's error.
func (e *startError) Unwrap() error { return e.err }

// A runner sends events through the function.
type runner struct {
	options  Options
	function *runtimeapi.Function
	sns      *fakesns.Server // nil with --endpoint
	handled  bool            // the function has answered at least once
}

func newRunner(o Options, environ []string, stderr io.Writer) (*runner, error) {
	function, err := functionOf(o.Bootstrap, o.Self)
	if err != nil {
		return nil, err
	}
	r := &runner{options: o}
	endpoint := o.Endpoint
	if endpoint == "" {
		s, err := fakesns.Start(o.Topic, nil)
		if err != nil {
			return nil, err
		}
		r.sns, endpoint = s, s.URL()
	}
	r.function = function
	r.function.Env = functionEnv(o, environ, endpoint)
	if o.Verbose {
		r.function.Log = &show.PrintableWriter{W: stderr}
	}
	if err := r.function.Start(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// functionEnv returns the environment of the function: its settings as they are in
// environ and, for the embedded endpoint, dummy credentials.
func functionEnv(o Options, environ []string, endpoint string) []string {
	settings := []string{
		"MIN_SEVERITY", "TRUSTED_ACCOUNTS", "TRUSTED_ORGS", "EXCEPTIONS_FILE", "RCP_FILE", "RUNBOOK_URL", "CHAT_CLIENT",
		"MENTION_GROUP", "HTTPS_BODY", "LOG_LEVEL", "SSL_CERT_FILE", "SSL_CERT_DIR",
	}
	env := []string{"TOPIC_ARN=" + o.Topic, "AWS_ENDPOINT_URL_SNS=" + endpoint}
	if o.Endpoint == "" {
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

// send sends one event to the function.
func (r *runner) send(e event) outcome {
	out := outcome{source: e.source, err: e.err}
	if e.err != nil {
		return out
	}
	before := r.published()
	start := time.Now()
	response, err := r.function.Invoke(context.Background(), e.body, r.options.Timeout)
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

// startFault returns a *startError when the function could not start, or err when it
// failed on an event.
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
