package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	Storm      *Storm    // what a storm kept from this alert's topic: every channel leads with it; nil none
}

// Check says what is wrong with o; nil when it can be used.
func (o Options) Check() error {
	if o.Now.IsZero() {
		return fmt.Errorf("now: expected the time of the alert, found none")
	}
	if o.RunbookURL != "" {
		u, err := url.Parse(o.RunbookURL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || o.RunbookURL != Sanitize(o.RunbookURL, 512) || strings.ContainsAny(o.RunbookURL, " <>|`\"'\\") {
			return fmt.Errorf("runbook URL: expected an https URL of at most 512 plain characters, found %q", o.RunbookURL)
		}
	}
	switch o.ChatClient {
	case "", "slack":
	case "teams":
		if o.Mention != "" {
			return fmt.Errorf("mention: expected none with chat client \"teams\", found %q", o.Mention)
		}
	default:
		return fmt.Errorf("chat client: expected \"slack\" or \"teams\", found %q", o.ChatClient)
	}
	if o.Mention != "" && !isSlackGroup(o.Mention) {
		return fmt.Errorf("mention: expected a Slack user group id (S...), found %q", o.Mention)
	}
	switch o.HTTPSBody {
	case "", "chat", "finding":
		return nil
	default:
		return fmt.Errorf("https body: expected \"chat\" or \"finding\", found %q", o.HTTPSBody)
	}
}

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
	proposed := proposalFor(f)
	plan := planFor(f, proposed != "")
	chat, err := chat(f, o, plan)
	if err != nil {
		return Message{}, err
	}
	m := Message{Subject: subject(f, o), Attributes: attributes(f, o)}
	mail, short := email(f, o, plan, proposed), sms(f, o)
	rest := []body{{"email", mail}, {"https", chat}, {"sms", short}}
	if o.HTTPSBody == "finding" {
		rest = slices.Delete(rest, 1, 2)
	}
	for _, l := range narrowing {
		if m.Body, err = join(ocsf(f, o, l), rest); err != nil {
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

// encode writes v as JSON on one line, leaving <, > and & readable.
func encode(v any) (string, error) {
	var b strings.Builder
	err := encodeTo(&b, v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// encodeTo is encode with a line end, in one Write.
func encodeTo(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
