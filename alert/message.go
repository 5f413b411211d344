package alert

import (
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// Options say how findings are put into words.
type Options struct {
	Now        time.Time // when the alert is composed: the finding's creation time
	Version    string    // of kmsentry, e.g. "v1.0.0"; "" reads as "devel"
	RunbookURL string    // https URL shown in every alert; "" none
	ChatClient string    // "slack" (default when empty) or "teams"
	Mention    string    // Slack user group id to mention (S...), validated; "" none
	HTTPSBody  string    // "chat" (default when empty) or "finding": what https subscribers get
	Test       bool      // a canary: marked [TEST] in the subject
	Expired    []string  // names of expired exceptions that would have held this finding back
}

// A Message is the input of one SNS Publish with MessageStructure=json.
type Message struct {
	Subject    string            // ASCII, 1 to 99 characters
	Body       string            // JSON object of strings by protocol, with "default"
	Attributes map[string]string // String attributes, at most 10, values never empty
}

// Compose returns the SNS message for f. It fails when o is invalid, and never
// for anything that stands in f.
func Compose(f *detector.Finding, o Options) (Message, error) {
	return Message{}, nil
}

// Email returns the text that a person reads in the mail.
func Email(f *detector.Finding, o Options) string { return "" }

// Chat returns the Amazon Q Developer custom notification (schema 1.0) as JSON.
func Chat(f *detector.Finding, o Options) ([]byte, error) { return nil, nil }

// OCSF returns the finding as an OCSF 1.6 Detection Finding (class 2004), JSON.
func OCSF(f *detector.Finding, o Options) ([]byte, error) { return nil, nil }
