package alert

import (
	"bytes"
	"fmt"
	"iter"
	"strconv"
	"strings"

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
func Compose(f *detector.Finding, o Options) (Message, error) {
	if err := o.Check(); err != nil {
		return Message{}, err
	}
	rest, err := compose(o, func(c channel) (string, error) { return c.finding(f, o) })
	if err != nil {
		return Message{}, err
	}
	m := Message{Subject: subject(f, o), Attributes: attributes(f, o)}
	return withBody(m, Narrowing(f, o), rest)
}

// A channel is what the subscribers of one SNS protocol get. Its functions fail
// when the options are invalid; a sweep has at least one key, the worst first.
type channel struct {
	protocol string
	finding  func(*detector.Finding, Options) (string, error)
	sweep    func(Sweep, Options) (string, error)
}

// channels returns every channel but the finding itself, which is the default
// that all other protocols get.
func channels() []channel {
	return []channel{
		{"email", Email, sweepMail},
		{"https", Chat, sweepChat},
		{"sms", sms, sweepSMS},
	}
}

// compose returns what each channel says by one of its functions, but for those
// that are to get the default.
func compose(o Options, say func(channel) (string, error)) ([]body, error) {
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

// withBody returns the message with a body: the first of the findings with which it
// fits, else the last, and the rest.
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

// A body is what the subscribers of one protocol get.
type body struct{ protocol, text string }

// join returns the JSON object of the bodies: the finding as JSON in "default",
// and the rest. They are long and nearly all ASCII, which encoding/json escapes
// at a third of the speed.
func join(finding any, rest []body) (string, error) {
	var out strings.Builder
	if err := encodeTo(defaultBody{&out, rest}, finding); err != nil {
		return "", err
	}
	for _, b := range rest {
		out.WriteByte(',')
		quote(&out, []byte(b.protocol))
		out.WriteByte(':')
		quote(&out, []byte(b.text))
	}
	out.WriteByte('}')
	return out.String(), nil
}

// A defaultBody takes the encoded finding, in one piece as encoding/json writes
// it, straight into the bodies: a copy less of the largest part.
type defaultBody struct {
	out  *strings.Builder
	rest []body // what follows, for its length
}

// Write begins the object of the bodies with the finding.
func (w defaultBody) Write(finding []byte) (int, error) {
	n := len(finding) + bytes.Count(finding, []byte(`"`)) + bytes.Count(finding, []byte(`\`)) + 64
	for _, b := range w.rest {
		n += len(b.text) + strings.Count(b.text, "\n") + strings.Count(b.text, `"`) + strings.Count(b.text, `\`) + 16
	}
	w.out.Grow(n)
	w.out.WriteString(`{"default":`)
	quote(w.out, bytes.TrimSuffix(finding, []byte("\n")))
	return len(finding), nil
}

// escaped are the bytes that a JSON string cannot hold as they are: one look,
// where comparisons would be mispredicted at every quote.
var escaped = [256]bool{
	0: true, 1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true,
	11: true, 12: true, 13: true, 14: true, 15: true, 16: true, 17: true, 18: true, 19: true, 20: true,
	21: true, 22: true, 23: true, 24: true, 25: true, 26: true, 27: true, 28: true, 29: true, 30: true, 31: true,
	'"': true, '\\': true,
}

// quote writes s, which is valid UTF-8, as a JSON string.
func quote(out *strings.Builder, s []byte) {
	out.WriteByte('"')
	from := 0 // of what is not written yet
	for i := range len(s) {
		c := s[i]
		if !escaped[c] {
			continue
		}
		out.Write(s[from:i])
		from = i + 1
		switch c {
		case '"', '\\':
			out.WriteByte('\\')
			from = i
		case '\n':
			out.WriteString(`\n`)
		default:
			fmt.Fprintf(out, `\u%04x`, c)
		}
	}
	out.Write(s[from:])
	out.WriteByte('"')
}

// attributes are what subscriptions filter on. SNS discards raw SQS deliveries
// with more than ten.
// Source: SNS developer guide, sns-message-attributes.html.
func attributes(f *detector.Finding, o Options) map[string]string {
	const longest = 256 // characters of a value
	return map[string]string{
		"verdict":  f.Verdict.String(),
		"severity": f.Severity.String(),
		"account":  orUnknown(ascii(f.Event.Account, longest)),
		"region":   orUnknown(ascii(f.Event.Region, longest)),
		"event":    orUnknown(ascii(f.Event.Name, longest)),
		"key":      orUnknown(ascii(threadID(f), longest)),
		"actor":    orUnknown(ascii(f.Actor.ARN, longest)),
		"mfa":      mfaState(f.Actor),
		"in_force": strconv.FormatBool(!f.Attempted),
		"test":     strconv.FormatBool(o.Test),
	}
}
