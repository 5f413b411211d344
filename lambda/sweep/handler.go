package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/function"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// A handler runs one sweep at a time.
type handler struct {
	settings settings
	sns      function.Publisher
	store    *store
	heard    *logGroup
	log      *slog.Logger
	now      func() time.Time
	function string // its name, the dimension of the metrics; "" for none
}

// A summary is the function's answer, which it also logs. It describes the run.
type summary struct {
	First     bool           `json:"first"` // there was no state
	Keys      int            `json:"keys"`
	Unread    int            `json:"unread"` // keys whose policy or grants could not be read
	Verdicts  map[string]int `json:"verdicts"`
	News      int            `json:"news"` // keys with news, reported or not
	Told      int            `json:"told"` // keys in the message
	Held      int            `json:"held"`
	Below     int            `json:"below_threshold"`
	Lost      int            `json:"lost_events"` // policies that changed without an event
	Faults    []string       `json:"faults"`
	MessageID string         `json:"message_id,omitempty"` // SNS's; "" when there was nothing to report
}

// A partialError reports a run that could not read everything. What it did read was
// reported and kept.
type partialError struct{ Faults []string }

func (e *partialError) Error() string {
	const most = 5
	text := strings.Join(e.Faults[:min(len(e.Faults), most)], "; ")
	if more := len(e.Faults) - most; more > 0 {
		text += fmt.Sprintf("; and %d more, see the log", more)
	}
	return "the sweep could not read everything: " + text
}

// A publishError reports news that was not published. The state is unchanged, so the
// next run reports it.
type publishError struct{ Err error }

func (e *publishError) Error() string { return "publish: " + e.Err.Error() }

// Unwrap returns the last error of SNS or the network.
func (e *publishError) Unwrap() error { return e.Err }

// Invoke runs one sweep, whatever the event, and returns a summary in JSON. The errors
// are *stateError, *publishError, *conflictError and *partialError; since Lambda shows
// the name of an error's type, they are not wrapped.
func (h *handler) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	s, err := h.run(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// run reads the state, sweeps, publishes the news and writes the state, in this order,
// so that what was not published is not forgotten.
func (h *handler) run(ctx context.Context) (summary, error) {
	before, tag, err := h.store.load(ctx)
	if err != nil {
		return summary{}, err
	}
	c := newComparison(&h.settings, before, h.now().UTC().Truncate(time.Second))
	swept := h.sweep(ctx, c)
	faults := h.events(ctx, c)
	for _, f := range swept.Faults {
		faults = append(faults, safe.Sanitize(f.String(), maxFault))
	}
	if swept.Interrupted {
		faults = append(faults, "time ran out before all keys were read")
	}
	s := summary{First: before.At.IsZero(), Keys: swept.Keys, Unread: swept.Unread, Verdicts: swept.Verdicts, News: len(c.items), Faults: faults}
	if s.MessageID, err = h.tell(ctx, c); err != nil {
		return summary{}, &publishError{err}
	}
	h.record(ctx, &s, c)
	if err := h.store.save(ctx, c.after, tag); err != nil {
		return summary{}, err
	}
	if len(faults) > 0 || swept.Unread > 0 {
		if len(faults) == 0 { // not reached: each unread key has a fault
			faults = []string{fmt.Sprintf("%d keys could not be read", swept.Unread)}
		}
		return summary{}, &partialError{faults}
	}
	return s, nil
}

// maxFault is the longest text of a fault in the log and in the error, in characters.
const maxFault = 400

// reserve is the part of the invocation's time that is kept for what follows the
// sweep: searching the log, publishing the message and writing the state.
const reserve = time.Minute

// sweep reads all keys and compares them.
func (h *handler) sweep(ctx context.Context, c *comparison) sweep.Summary {
	if deadline, ok := ctx.Deadline(); ok {
		left := deadline.Sub(h.now())
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-min(reserve, left/4)))
		defer cancel()
	}
	s := &h.settings
	swept := sweep.Run(ctx, sweep.Options{
		Config: s.aws(), Account: s.topic.Account, Roles: s.roles, Regions: s.regions,
		Detector: s.detector, At: c.at, Found: c.add,
	})
	c.finish(h.complete(swept))
	return swept
}

// complete returns the scopes whose list of keys was read to its end.
func (h *handler) complete(swept sweep.Summary) map[string]bool {
	all := map[string]bool{}
	if swept.Interrupted {
		return all
	}
	accounts := []string{h.settings.topic.Account}
	for _, role := range h.settings.roles {
		if a, ok := awsid.ParseARN(role); ok {
			accounts = append(accounts, a.Account)
		}
	}
	for _, account := range accounts {
		for _, region := range h.settings.regions {
			all[scope(account, region)] = !slices.ContainsFunc(swept.Faults, func(f sweep.Fault) bool {
				return f.Unswept && (f.Account == account || f.Account == "") && (len(f.Regions) == 0 || slices.Contains(f.Regions, region))
			})
		}
	}
	for name, whole := range all {
		if !whole {
			delete(all, name)
		}
	}
	return all
}

// events finds out, for each changed policy with a finding, whether its event arrived:
// it did if the detector function has logged a finding about the key since the policy
// was last read. It returns what could not be done.
func (h *handler) events(ctx context.Context, c *comparison) []string {
	var changed []*item
	var oldest time.Time
	for _, it := range c.items {
		if it.since.IsZero() {
			continue
		}
		changed = append(changed, it)
		if oldest.IsZero() || it.since.Before(oldest) {
			oldest = it.since
		}
	}
	if len(changed) == 0 {
		return nil
	}
	found, err := h.findings(ctx, oldest)
	for _, it := range changed {
		it.heard = found[it.key.ARN]
		switch {
		case err != nil:
			it.call = words.CallUnknown
		case it.heard.Before(it.since):
			it.call = words.CallMissing
		default:
			it.call = words.CallHeard
		}
	}
	if err != nil {
		return []string{"whether the events came is not known: " + safe.Sanitize(sweep.Reason(err), maxFault)}
	}
	return nil
}

// maxSearch is the longest time that the search of the detector's log may take.
const maxSearch = 30 * time.Second

// findings searches the log for at most maxSearch and half of the time left, so that
// the news is published even if the search does not finish.
func (h *handler) findings(ctx context.Context, since time.Time) (map[string]time.Time, error) {
	limit := maxSearch
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, deadline.Sub(h.now())/2)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return h.heard.findings(ctx, since)
}

// tell publishes the news, if there is any to report, and returns SNS's message id; ""
// when there is none.
func (h *handler) tell(ctx context.Context, c *comparison) (string, error) {
	news, ok := c.message()
	if !ok {
		return "", nil
	}
	o := h.settings.options
	o.Now = h.now()
	m, err := alert.ComposeSweep(news, o)
	if err != nil {
		return "", err
	}
	return function.Send(ctx, h.sns, h.settings.topic.String(), m)
}

// partitionOf returns the partition in a key's ARN; "aws" when key is not an ARN.
func partitionOf(key string) string {
	if a, ok := awsid.ParseARN(key); ok {
		return a.Partition
	}
	return "aws"
}
