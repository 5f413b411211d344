package alert

import (
	"iter"
	"strconv"

	"github.com/kmsentry/kmsentry/alert/chat"
	"github.com/kmsentry/kmsentry/alert/email"
	"github.com/kmsentry/kmsentry/alert/ocsf"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// maxMessage is how large subject, body and attributes may be together, in
// bytes. SNS takes 256 KiB (SNS API reference, Publish); what stays free is
// for what the function adds.
const maxMessage = 240 << 10

// A Message is the input of one SNS Publish with MessageStructure=json.
type Message struct {
	Subject    string            // ASCII, 1 to 99 characters
	Body       string            // JSON object of strings by protocol, with "default"
	Attributes map[string]string // String attributes, at most 10, values never empty
}

// size is what SNS counts against its limit, in bytes.
func (m Message) size() int {
	n := len(m.Subject) + len(m.Body)
	for name, value := range m.Attributes {
		n += len(name) + len("String") + len(value)
	}
	return n
}

// Compose returns the SNS message for f: the OCSF finding once, as the default
// that machines get, and next to it only what differs from it: text for email, a
// chat notification for https (unless that is to be the finding too), one line
// for sms. All of it together takes at most 240 KiB, in which a key policy of 32
// KiB is whole; what is cut of a larger finding is named in it.
//
// It fails when o is invalid, and never for anything in f.
func Compose(f *detector.Finding, o words.Options) (Message, error) {
	if err := o.Check(); err != nil {
		return Message{}, err
	}
	rest, err := eachChannel(o, func(c channel) (string, error) { return c.finding(f, o) })
	if err != nil {
		return Message{}, err
	}
	m := Message{Subject: subject(f, o), Attributes: attributes(f, o)}
	return withBody(m, ocsf.Narrowing(f, o), rest)
}

// A channel is what the subscribers of one SNS protocol get. Its functions fail
// when the options are invalid; a sweep has at least one key, the worst first.
type channel struct {
	protocol string
	finding  func(*detector.Finding, words.Options) (string, error)
	sweep    func(words.Sweep, words.Options) (string, error)
}

// channels returns every channel but the finding itself, which is the default
// that all other protocols get.
func channels() []channel {
	return []channel{
		{"email", email.Compose, email.ComposeSweep},
		{"https", chat.Compose, chat.ComposeSweep},
		{"sms", sms, sweepSMS},
	}
}

// eachChannel returns what each channel says by one of its functions, but for those
// that are to get the default.
func eachChannel(o words.Options, say func(channel) (string, error)) ([]body, error) {
	var all []body
	for _, c := range channels() {
		if c.protocol == "https" && o.HTTPSBody == "finding" {
			continue
		}
		text, err := say(c)
		if err != nil {
			return nil, err
		}
		all = append(all, body{c.protocol, text})
	}
	return all, nil
}

// withBody returns the message with a body: the rest, and the first of the
// findings with which it fits, else the last.
func withBody(m Message, findings iter.Seq[any], rest []body) (Message, error) {
	for finding := range findings {
		var err error
		if m.Body, err = join(finding, rest); err != nil {
			return Message{}, err
		}
		if m.size() <= maxMessage {
			break
		}
	}
	return m, nil
}

// attributes are what subscriptions filter on. SNS discards raw SQS deliveries
// with more than ten.
// Source: SNS developer guide, sns-message-attributes.html.
func attributes(f *detector.Finding, o words.Options) map[string]string {
	const longest = 256 // characters of a value
	return map[string]string{
		"verdict":  f.Verdict.String(),
		"severity": f.Severity.String(),
		"account":  safe.OrUnknown(safe.ASCII(f.Event.Account, longest)),
		"region":   safe.OrUnknown(safe.ASCII(f.Event.Region, longest)),
		"event":    safe.OrUnknown(safe.ASCII(f.Event.Name, longest)),
		"key":      safe.OrUnknown(safe.ASCII(words.ThreadID(f), longest)),
		"actor":    safe.OrUnknown(safe.ASCII(f.Actor.ARN, longest)),
		"mfa":      words.MFAState(f.Actor),
		"in_force": strconv.FormatBool(!f.Attempted),
		"test":     strconv.FormatBool(o.Test),
	}
}
