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

// maxMessage is the most that subject, body and attributes may take together, in
// bytes. SNS takes 256 KiB (SNS API reference, Publish); the rest is for what the
// Lambda function adds.
const maxMessage = 240 << 10

// A Message is the input of one SNS Publish with MessageStructure=json.
type Message struct {
	Subject    string            // ASCII, 1 to 99 characters
	Body       string            // a JSON object of strings by protocol, including "default"
	Attributes map[string]string // String attributes, at most 10, values never empty
}

// size returns the bytes that SNS counts against its limit.
func (m Message) size() int {
	n := len(m.Subject) + len(m.Body)
	for name, value := range m.Attributes {
		n += len(name) + len("String") + len(value)
	}
	return n
}

// Compose returns the SNS message for f: the OCSF finding as the default, which
// machines get, text for email, a chat notification for https (unless o asks for the
// finding there too), and one line for sms. The message takes at most 240 KiB. A key
// policy of 32 KiB is always whole in it; a larger finding is cut, and names what
// was cut.
//
// Compose returns an error when o is invalid, but never because of f.
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

// A channel writes what the subscribers of one SNS protocol get. Its functions return
// an error when the options are invalid; a sweep must have at least one key, sorted
// with the worst first.
type channel struct {
	protocol string
	finding  func(*detector.Finding, words.Options) (string, error)
	sweep    func(words.Sweep, words.Options) (string, error)
}

// channels returns every channel except the OCSF finding, which is the default for
// all other protocols.
func channels() []channel {
	return []channel{
		{"email", email.Compose, email.ComposeSweep},
		{"https", chat.Compose, chat.ComposeSweep},
		{"sms", sms, sweepSMS},
	}
}

// eachChannel returns the body of each channel, for which it calls say, except for
// the channels that get the default.
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

// withBody returns m with a body of rest and the first of findings with which the
// message fits, or the last one if none does.
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

// attributes returns the message attributes, on which subscriptions can filter. SNS
// discards raw deliveries to SQS with more than ten.
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
