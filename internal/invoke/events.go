package invoke

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/history"
	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// maxEvent is the largest event that EventBridge and an asynchronous invocation of Lambda
// accept, 1 MB.
// Source: AWS Compute Blog, January 2026, "serverless services now support payloads up to 1 MB".
const maxEvent = 1 << 20

// An event is one event to send: its bytes, or why there are none.
type event struct {
	source string
	body   []byte
	err    error
}

// maxEvents is the most events that one input may hold, since all are kept in memory.
const maxEvents = 1000

// readEvents reads the events of every input, in order. A folder gives those of its files.
func readEvents(inputs []string, stdin io.Reader) []event {
	var events []event
	for _, input := range inputs {
		if info, err := os.Stat(input); err == nil && info.IsDir() {
			events = append(events, readFolder(input)...)
			continue
		}
		events = append(events, readSource(input, stdin)...)
	}
	return events
}

func readFolder(folder string) []event {
	var names []string
	for _, pattern := range []string{"*.json", "*.json.gz"} {
		found, err := filepath.Glob(filepath.Join(globEscape(folder), pattern))
		if err != nil {
			return []event{{source: folder, err: err}}
		}
		names = append(names, found...)
	}
	if len(names) == 0 {
		return []event{{source: folder, err: errors.New("expected *.json or *.json.gz files in the folder, found none")}}
	}
	slices.Sort(names)
	var events []event
	for _, name := range names {
		events = append(events, readSource(name, nil)...)
	}
	return events
}

// globEscape escapes the characters in path that have a meaning in a pattern of Glob.
func globEscape(path string) string {
	var b bytes.Buffer
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// readSource reads the events of one file, or of standard input for "-".
func readSource(source string, stdin io.Reader) []event {
	if source == "-" {
		return eventsIn("standard input", stdin)
	}
	f, err := os.Open(source)
	if err != nil {
		if fault := (*fs.PathError)(nil); errors.As(err, &fault) {
			err = fault.Err // the path is printed anyway
		}
		return []event{{source: source, err: err}}
	}
	defer f.Close()
	return eventsIn(source, f)
}

// eventsIn reads events. An EventBridge event goes to the function unchanged. From any
// other form of records (a bare record, a log file, the output of lookup-events, a message
// of SQS or SNS, gzip) each record that the rule matches is sent as EventBridge would send
// it. Any other JSON value is left to the function, which says what is wrong with it.
func eventsIn(source string, r io.Reader) []event {
	head, err := io.ReadAll(io.LimitReader(r, maxEvent+1))
	if err != nil {
		return []event{{source: source, err: err}}
	}
	if len(head) <= maxEvent && isEnvelope(head) {
		return []event{{source: source, body: head}}
	}
	events, report := recordsIn(source, io.MultiReader(bytes.NewReader(head), r))
	switch {
	case len(events) == 0 && report.Format != "" && report.Records > 0:
		err = fmt.Errorf("none of the records in it (%s, %d read) is a CreateKey, PutKeyPolicy or ReplicateKey call of KMS, so the rule matches none", report.Format, report.Records)
	case len(events) == 0 && len(head) > maxEvent:
		err = fmt.Errorf("expected records, or one event of at most %d bytes, the limit of EventBridge and Lambda", maxEvent)
	case len(events) == 0:
		return []event{{source: source, body: head, err: oneValue(head)}}
	case len(events) > maxEvents:
		events = events[:maxEvents]
		err = fmt.Errorf("more than %d events; use kmsentry hunt for archives", maxEvents)
	}
	for _, f := range report.Faults {
		events = append(events, event{source: source, err: fmt.Errorf("byte %d: %s", f.Offset, f.Error)})
	}
	if err != nil {
		events = append(events, event{source: source, err: err})
	}
	return events
}

// isEnvelope reports whether body has the members of an EventBridge event.
func isEnvelope(body []byte) bool {
	var m map[string]json.RawMessage
	return json.Unmarshal(body, &m) == nil && m["detail"] != nil && m["detail-type"] != nil
}

// recordsIn reads the records that the rule matches, each as an event. If there are
// several, the source of each ends in "#" and its number.
func recordsIn(source string, r io.Reader) ([]event, history.Report) {
	var events []event
	reader := history.Reader{Matcher: history.Calls{}}
	report := reader.Read(r, func(record history.Record) {
		if len(events) > maxEvents {
			return
		}
		e := event{source: fmt.Sprintf("%s#%d", source, len(events)+1)}
		if e.body, e.err = envelope(record.Text); e.body != nil || e.err != nil {
			events = append(events, e)
		}
	})
	if len(events) == 1 {
		events[0].source = source
	}
	return events, report
}

// envelope returns a record as EventBridge sends it; nil for one that the rule in
// template.yaml does not match.
// Source: EventBridge User Guide, "AWS service events delivered via AWS CloudTrail".
func envelope(record []byte) ([]byte, error) {
	var r struct{ EventSource, EventName, EventID, EventTime, AWSRegion, RecipientAccountID string }
	if err := json.Unmarshal(record, &r); err != nil {
		return nil, fmt.Errorf("a record that cannot be read: %w", err)
	}
	if r.EventSource != "kms.amazonaws.com" || !slices.Contains(detector.PolicyCalls(), r.EventName) {
		return nil, nil
	}
	body, err := json.Marshal(struct {
		Version    string          `json:"version"`
		ID         string          `json:"id"`
		DetailType string          `json:"detail-type"`
		Source     string          `json:"source"`
		Account    string          `json:"account"`
		Time       string          `json:"time"`
		Region     string          `json:"region"`
		Resources  []string        `json:"resources"`
		Detail     json.RawMessage `json:"detail"`
	}{"0", r.EventID, "AWS API Call via CloudTrail", "aws.kms", r.RecipientAccountID, r.EventTime, r.AWSRegion, []string{}, record})
	if err == nil && len(body) > maxEvent {
		return nil, fmt.Errorf("expected an event of at most %d bytes, the limit of EventBridge and Lambda, found a record of %d", maxEvent, len(record))
	}
	return body, err
}

// oneValue returns an error unless body is exactly one JSON value: Lambda refuses anything
// else before the function sees it.
func oneValue(body []byte) error {
	_, err := strictjson.Parse(body)
	var syntax *strictjson.SyntaxError
	switch {
	case err == nil:
		return nil
	case len(bytes.TrimSpace(body)) == 0:
		return errors.New("expected one JSON object, found an empty file")
	case errors.As(err, &syntax) && syntax.Fault == strictjson.Cut:
		return errors.New("expected one JSON object, found a truncated one")
	case errors.As(err, &syntax) && syntax.Fault == strictjson.Trailing:
		one := bytes.TrimRight(body[:syntax.Offset], " \t\r\n")
		return fmt.Errorf("expected one JSON object, found more after byte %d", len(one))
	default:
		return fmt.Errorf("expected one JSON object: %w", err)
	}
}
