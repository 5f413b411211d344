package detect

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// An eventError reports an event that is not an EventBridge event, or is not of the
// kind that the rule forwards.
type eventError struct{ Err error }

func (e *eventError) Error() string { return "event: expected an EventBridge event, " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *eventError) Unwrap() error { return e.Err }

// The kind of event that the function takes. Only AWS can put events on a bus whose
// source begins with "aws.".
// Source: EventBridge user guide, eb-events.html.
const (
	eventSource = "aws.kms"
	eventType   = "AWS API Call via CloudTrail"
)

// detail returns the CloudTrail record in an EventBridge event of KMS. Of the rest of
// the event it checks only source and detail-type, which must be those that the rule
// forwards: an event with any others did not come through the rule and cannot be
// trusted. Errors are *eventError.
//
// "detail" must be there exactly once, and in no other letter case: otherwise another
// reader could take a different record, and an alert could be lost.
func detail(event []byte) (json.RawMessage, error) {
	whole, err := strictjson.Parse(event)
	if err != nil {
		return nil, &eventError{fmt.Errorf("a JSON object: %w", err)}
	}
	if whole.Kind() != strictjson.Object {
		return nil, &eventError{fmt.Errorf("a JSON object, found %s", whole.Kind())}
	}
	var found []string // "detail" in any letter case
	var record strictjson.Value
	kind := map[string][]strictjson.Value{}
	var other string // a member that says what the event may be instead
	for name, value := range whole.AllMembers() {
		switch {
		case strings.EqualFold(name, "detail"):
			found, record = append(found, name), value
		case name == "source" || name == "detail-type":
			kind[name] = append(kind[name], value)
		case name == "eventSource" || name == "Records" || name == "Statement":
			other = name
		}
	}
	switch {
	case len(found) == 0:
		return nil, &eventError{fmt.Errorf(`found JSON without "detail"%s`, hints[other])}
	case len(found) > 1:
		return nil, &eventError{fmt.Errorf(`with "detail" once, found %q`, found)}
	case found[0] != "detail":
		return nil, &eventError{fmt.Errorf(`with member "detail", found %q`, found[0])}
	case record.Kind() == strictjson.Null:
		return nil, &eventError{errors.New(`found null as "detail"`)}
	}
	for _, want := range []struct{ name, value string }{{"source", eventSource}, {"detail-type", eventType}} {
		if got := kind[want.name]; len(got) != 1 || got[0].Kind() != strictjson.String || got[0].Text() != want.value {
			return nil, &eventError{fmt.Errorf("with %q %q once, found %.100q", want.name, want.value, written(got))}
		}
	}
	return record.Raw(), nil
}

// written returns the values as they are written in the event.
func written(values []strictjson.Value) (texts []string) {
	for _, v := range values {
		texts = append(texts, string(v.Raw()))
	}
	return texts
}

// hints says what an event without "detail" may be, by a member that it has.
var hints = map[string]string{
	"eventSource": ` (this is a CloudTrail record; an event carries it in "detail")`,
	"Records":     ` (this is a list of records; an event carries one, in "detail")`,
	"Statement":   " (this is a policy; kmsentry check judges it)",
}
