package detect

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/function"
)

// A handler handles one EventBridge event at a time.
type handler struct {
	settings settings
	sns      function.Publisher
	log      *slog.Logger
	now      func() time.Time
	function string                               // its name, the dimension of the metrics; "" for none
	storm    *storm                               // nil without an overflow topic
	pause    func(context.Context, time.Duration) // waits, at most until the context is done; used with storm
}

// The outcomes of an event.
const (
	outcomeQuiet     = "quiet"           // nothing to report
	outcomePublished = "published"       // one message went to the alert topic
	outcomeOverflow  = "overflow"        // one message went to the overflow topic, in a storm
	outcomeHeld      = "held"            // an exception holds the finding back
	outcomeBelow     = "below_threshold" // the finding is less severe than MIN_SEVERITY
	outcomeCanary    = "canary"          // the stack's own call, which shows that calls arrive
)

// A summary is the function's answer. It says what was done with the event.
type summary struct {
	EventID   string         `json:"event_id"` // CloudTrail's
	EventName string         `json:"event_name"`
	Account   string         `json:"account,omitempty"`
	Region    string         `json:"region,omitempty"`
	Key       string         `json:"key,omitempty"` // its ARN, or what the record had of it
	Verdict   decide.Verdict `json:"verdict"`
	Severity  string         `json:"severity,omitempty"` // "" without a finding
	Attempted bool           `json:"attempted,omitempty"`
	Finding   string         `json:"finding,omitempty"` // its uid; "" without a finding
	Title     string         `json:"title,omitempty"`
	Outcome   string         `json:"outcome"`
	Published bool           `json:"published"`
	MessageID string         `json:"message_id,omitempty"`         // SNS's
	Storm     string         `json:"storm,omitempty"`              // the limit that was exceeded, or what the alert begins with
	HeldBy    string         `json:"held_by,omitempty"`            // name of the exception that holds the finding back
	Expired   []string       `json:"expired_exceptions,omitempty"` // names of those that would have held it back
	Reason    string         `json:"reason,omitempty"`             // why nothing was published
}

// message returns the outcome in a few words.
func (s summary) message() string {
	switch s.Outcome {
	case outcomePublished:
		return "alert published"
	case outcomeOverflow:
		return "alert published to the overflow topic"
	case outcomeHeld:
		return "finding held back by an exception"
	case outcomeBelow:
		return "finding below the severity threshold"
	case outcomeCanary:
		return "canary received"
	default:
		return "nothing to report"
	}
}

// Invoke handles one event and returns a summary in JSON. Every error means that the
// event must be retried or looked at. The errors are *eventError,
// *detector.RecordError, *composeError and *publishError; since Lambda shows the name
// of an error's type, they are not wrapped.
func (h *handler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	s, err := h.handle(ctx, event)
	if err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

func (h *handler) handle(ctx context.Context, event []byte) (summary, error) {
	record, err := detail(event)
	if err != nil {
		return summary{}, err
	}
	d := h.settings.detector
	d.Now = h.now()
	d.Stop = decideBy(ctx, h.now)
	result, err := d.Detect(record)
	if err != nil {
		return summary{}, err
	}
	s := summarize(result)
	if h.settings.canary.made(record, result) {
		s.Outcome = outcomeCanary
		h.record(ctx, s, delay(result.Event, h.now()))
		return s, nil
	}
	if result.Finding == nil {
		h.record(ctx, s, 0)
		return s, nil
	}
	return h.report(ctx, s, result.Finding)
}

// report publishes a finding unless it is held back or not severe enough.
func (h *handler) report(ctx context.Context, s summary, f *detector.Finding) (summary, error) {
	now := h.now()
	held := h.settings.exceptions.Match(exceptions.Of(f), now)
	s.Expired = held.Expired
	switch {
	case held.By != "":
		s.Outcome, s.HeldBy = outcomeHeld, held.By
		s.Reason = fmt.Sprintf("exception %q of %s: %s", held.By, safe.Sanitize(held.Owner, maxField), safe.Sanitize(held.Reason, maxField))
	case f.Severity < h.settings.minSeverity:
		s.Outcome = outcomeBelow
		s.Reason = fmt.Sprintf("severity %s is below MIN_SEVERITY %s", f.Severity, h.settings.minSeverity)
	default:
		if err := h.publish(ctx, &s, f, held.Expired); err != nil {
			return summary{}, err
		}
	}
	h.record(ctx, s, delay(f.Event, h.now()))
	return s, nil
}

// A publishError reports an alert that was not published. Lambda retries the event.
type publishError struct {
	EventID string
	Err     error
}

func (e *publishError) Error() string { return fmt.Sprintf("event %q: publish: %v", e.EventID, e.Err) }

// Unwrap returns the last error of SNS or the network.
func (e *publishError) Unwrap() error { return e.Err }

// publish sends the message about a finding to the alert topic or, in a storm, to the
// overflow topic, and records the outcome in s.
func (h *handler) publish(ctx context.Context, s *summary, f *detector.Finding, expired []string) error {
	key := stormKey(f)
	r := h.storm.route(h.now(), key)
	if r.wait > 0 {
		h.pause(ctx, r.wait)
	}
	o := h.settings.options
	o.Now, o.Expired, o.Storm = h.now(), expired, r.lead
	m, err := alert.Compose(f, o)
	if err != nil {
		return &composeError{f.Event.ID, err}
	}
	topic := h.settings.topic
	s.Outcome, s.Published, s.Storm = outcomePublished, true, r.String()
	if r.overflow {
		topic, s.Outcome = h.settings.overflow, outcomeOverflow
	}
	s.MessageID, err = function.Send(ctx, h.sns, topic.String(), m)
	h.storm.attempted(h.now(), key, f.Severity, r, err != nil)
	if err != nil {
		return &publishError{f.Event.ID, err}
	}
	return nil
}

// A composeError reports a finding for which no message could be composed.
type composeError struct {
	EventID string
	Err     error
}

func (e *composeError) Error() string { return fmt.Sprintf("event %q: message: %v", e.EventID, e.Err) }

// Unwrap returns e.Err.
func (e *composeError) Unwrap() error { return e.Err }

// maxField is the longest event text in the answer and in the log, in characters; the
// ARN of a key has 81.
const maxField = 256

func summarize(r detector.Result) summary {
	key := r.Key.ARN
	if key == "" {
		key = r.Key.ID
	}
	shown := func(text string) string { return safe.Sanitize(text, maxField) }
	s := summary{
		EventID: shown(r.Event.ID), EventName: shown(r.Event.Name), Account: shown(r.Event.Account), Region: shown(r.Event.Region),
		Key: shown(key), Verdict: r.Verdict, Outcome: outcomeQuiet, Reason: r.Quiet,
	}
	if f := r.Finding; f != nil {
		s.Severity, s.Attempted, s.Finding, s.Title = f.Severity.String(), f.Attempted, f.UID, f.Title
	}
	return s
}

// delay returns the time from the call to now; 0 when the record has no time.
func delay(e detector.Event, now time.Time) time.Duration {
	if e.Time.IsZero() {
		return 0
	}
	return now.Sub(e.Time)
}
