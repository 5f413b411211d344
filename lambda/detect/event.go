package detect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// An eventError is an event that is not EventBridge's, or is not of the kind
// that the rule forwards.
type eventError struct{ Err error }

func (e *eventError) Error() string { return "event: expected an EventBridge event, " + e.Err.Error() }

// Unwrap returns the fault itself.
func (e *eventError) Unwrap() error { return e.Err }

// The kind of event that the function takes: AWS alone may put events on a bus
// whose source begins with "aws.".
// Source: EventBridge user guide, eb-events.html.
const (
	eventSource = "aws.kms"
	eventType   = "AWS API Call via CloudTrail"
)

// detail takes the CloudTrail record out of an EventBridge event of KMS. Of the
// envelope only its source and detail-type matter, which have to be those that
// the rule forwards: whatever else reaches the function came another way, and
// nobody vouches for it. Errors are *eventError.
//
// "detail" has to be there once, and in no other letter case:
// encoding/json would take the last of them, and a record that is passed over
// is an alert that nobody gets.
func detail(event []byte) (json.RawMessage, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(event, &whole); err != nil {
		return nil, &eventError{fmt.Errorf("a JSON object: %w", err)}
	}
	d := json.NewDecoder(bytes.NewReader(event))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, &eventError{fmt.Errorf("a JSON object, found %s", kindOf(open))}
	}
	var found []string // "detail" in any letter case
	kind := map[string][]string{}
	var other string // what tells the near misses apart
	var record json.RawMessage
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, &eventError{err} // not reached: the event is valid JSON
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, &eventError{err} // not reached either
		}
		switch text := fmt.Sprint(name); {
		case strings.EqualFold(text, "detail"):
			found, record = append(found, text), value
		case text == "source" || text == "detail-type":
			kind[text] = append(kind[text], string(value))
		case text == "eventSource" || text == "Records" || text == "Statement":
			other = text
		}
	}
	switch {
	case len(found) == 0:
		return nil, &eventError{fmt.Errorf(`found JSON without "detail"%s`, hints[other])}
	case len(found) > 1:
		return nil, &eventError{fmt.Errorf(`with "detail" once, found %q`, found)}
	case found[0] != "detail":
		return nil, &eventError{fmt.Errorf(`with member "detail", found %q`, found[0])}
	case string(record) == "null":
		return nil, &eventError{errors.New(`found null as "detail"`)}
	}
	for _, want := range []struct{ name, value string }{{"source", eventSource}, {"detail-type", eventType}} {
		if got := kind[want.name]; len(got) != 1 || !isText(got[0], want.value) {
			return nil, &eventError{fmt.Errorf("with %q %q once, found %.100q", want.name, want.value, got)}
		}
	}
	return record, nil
}

// isText reports whether the JSON value is the string want.
func isText(value, want string) bool {
	var text string
	return json.Unmarshal([]byte(value), &text) == nil && text == want && value != "null"
}

// hints say what an event without "detail" may be, by a member that it has.
var hints = map[string]string{
	"eventSource": ` (this is a CloudTrail record; an event carries it in "detail")`,
	"Records":     ` (this is a list of records; an event carries one, in "detail")`,
	"Statement":   " (this is a policy; kmsentry check judges it)",
}

// kindOf names the kind of JSON value that begins with the token.
func kindOf(first json.Token) string {
	switch first.(type) {
	case json.Delim:
		return "an array"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case nil:
		return "null"
	default:
		return "a number"
	}
}
