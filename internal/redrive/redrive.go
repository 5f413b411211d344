// Package redrive receives the events in kmsentry's two queues, judges and
// prints each, and sends it to the function again. An event is deleted from its
// queue only when the function has handled it.
package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// A Message is one message of a queue.
type Message struct {
	ID      string // SQS's message id, the same each time it is received
	Receipt string // the receipt handle, which differs each time
	Body    string
}

// A Queue is one SQS queue.
type Queue interface {
	// Receive returns some messages and hides them from other receivers for
	// a while. It returns none when it finds none.
	Receive(context.Context) ([]Message, error)
	// Delete deletes a message from the queue.
	Delete(context.Context, Message) error
	// Release makes a message visible to other receivers again at once.
	Release(context.Context, Message) error
}

// A Function is kmsentry's function.
type Function interface {
	// Invoke sends the function an event, waits for the answer and returns
	// it, a summary in JSON. An error means that the event was not handled.
	Invoke(ctx context.Context, event []byte) ([]byte, error)
}

// A Redriver redrives queues. Without a Function it only prints what is in them.
type Redriver struct {
	Function Function
	Out      io.Writer
	Pause    func(context.Context, time.Duration) // waits for the duration or until the context ends
	Interval time.Duration                        // the pause after each alert, so as not to flood mailboxes
}

// A Count counts the messages of a run.
type Count struct {
	Seen    int // distinct messages received
	Handled int // handled by the function and deleted
	Failed  int // unreadable, or the function failed: still in the queue
}

// Run processes the messages of one queue, which the output calls name. An error
// means that the queue itself failed or that the context ended; the messages not
// yet handled are then still in the queue. A message that cannot be read, or that
// the function fails on, does not affect the others.
//
// Messages that stay in the queue are released only at the end: otherwise the
// queue would deliver them again and again.
func (r Redriver) Run(ctx context.Context, name string, q Queue) (count Count, err error) {
	stay := map[string]Message{}
	defer func() {
		for _, m := range stay {
			// Also after an interruption. A message that cannot be released
			// becomes visible again when its timeout ends.
			if fault := q.Release(context.WithoutCancel(ctx), m); fault != nil {
				err = errors.Join(err, fmt.Errorf("%s: release: %w", name, fault))
			}
		}
	}()
	for idle := 0; idle < maxIdle; idle++ {
		messages, err := q.Receive(ctx)
		if err != nil {
			return count, fmt.Errorf("%s: receive: %w", name, err)
		}
		for _, m := range messages {
			_, known := stay[m.ID]
			stay[m.ID] = m // the newer receipt is the valid one
			if known {
				continue
			}
			idle = -1
			count.Seen++
			handled, err := r.one(ctx, fmt.Sprintf("%s %d", name, count.Seen), m)
			if err != nil {
				count.Failed++
				fmt.Fprintf(r.Out, "  kept: %s\n", safe.Sanitize(err.Error(), maxLine))
			}
			if handled {
				if err := q.Delete(context.WithoutCancel(ctx), m); err != nil {
					return count, fmt.Errorf("%s: deleting a handled event, which will come again: %w", name, err)
				}
				delete(stay, m.ID)
				count.Handled++
			}
			if ctx.Err() != nil {
				return count, fmt.Errorf("%s: %w", name, ctx.Err())
			}
		}
	}
	return count, nil
}

// maxIdle is the number of consecutive receives without a new message after
// which the queue is taken to have no more.
const maxIdle = 3

// maxLine is the maximum length, on the terminal, of a text from an event or
// from the function.
const maxLine = 300

// one prints a message and sends it to the function, if there is one.
func (r Redriver) one(ctx context.Context, title string, m Message) (handled bool, err error) {
	fmt.Fprintf(r.Out, "%s  message %s\n", title, safe.Sanitize(m.ID, maxLine))
	event, err := Event(m.Body)
	if err != nil {
		return false, err
	}
	r.show(event)
	if r.Function == nil {
		return false, nil
	}
	answer, err := r.Function.Invoke(ctx, event)
	if err != nil {
		return false, err
	}
	var s struct {
		EventName string `json:"event_name"`
		Outcome   string
		Reason    string
		Published bool
	}
	if err := json.Unmarshal(answer, &s); err != nil || s.Outcome == "" {
		return false, fmt.Errorf("the answer is not kmsentry's: %.200q", answer)
	}
	fmt.Fprintf(r.Out, "  handled: %s %s\n", safe.Sanitize(s.Outcome, maxLine), safe.Sanitize(s.Reason, maxLine))
	if s.Published {
		r.Pause(ctx, r.Interval)
	}
	return true, nil
}

// show judges an event locally and prints the result. It does not know the
// function's settings, such as its trusted accounts and exceptions.
func (r Redriver) show(event []byte) {
	var envelope struct {
		Detail json.RawMessage `json:"detail"`
	}
	shown := func(text string) string { return safe.Sanitize(text, maxLine) }
	if err := json.Unmarshal(event, &envelope); err != nil {
		fmt.Fprintf(r.Out, "  not judged: %s\n", shown(err.Error()))
		return
	}
	result, err := detector.Detector{}.Detect(envelope.Detail)
	if err != nil {
		fmt.Fprintf(r.Out, "  not judged: %s\n", shown(err.Error()))
		return
	}
	e := result.Event
	fmt.Fprintf(r.Out, "  %s of %s, account %s, %s, event %s\n", shown(e.Name), e.Time.UTC().Format(time.RFC3339), shown(e.Account), shown(e.Region), shown(e.ID))
	if f := result.Finding; f != nil {
		fmt.Fprintf(r.Out, "  %s, %s: %s; key %s\n", f.Verdict, f.Severity, shown(f.Title), shown(f.Key.ARN))
		return
	}
	fmt.Fprintf(r.Out, "  %s: %s\n", result.Verdict, result.Quiet)
}

// Event returns the EventBridge event in the body of a queue's message: the body
// itself if EventBridge sent the message, or its requestPayload if Lambda did.
// Source: Lambda developer guide, invocation-async-retain-records.html.
func Event(body string) ([]byte, error) {
	var record map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &record); err != nil {
		return nil, fmt.Errorf("expected a JSON object: %w", err)
	}
	switch payload, failed := record["requestPayload"]; {
	case failed && record["detail"] != nil:
		return nil, errors.New(`the message has both "requestPayload" and "detail"`)
	case failed:
		return payload, nil
	case record["detail"] != nil:
		return []byte(body), nil
	}
	return nil, errors.New(`the message has neither "requestPayload" nor "detail"`)
}
