package alert

import (
	"encoding/json"
	"fmt"
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
}

// Check says what is wrong with o; nil when it can be used.
func (o Options) Check() error {
	if o.Now.IsZero() {
		return fmt.Errorf("now: want the time of the alert, got none")
	}
	if o.RunbookURL != "" {
		u, err := url.Parse(o.RunbookURL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || o.RunbookURL != Sanitize(o.RunbookURL, 512) || strings.ContainsAny(o.RunbookURL, " <>|`\"'\\") {
			return fmt.Errorf("runbook URL: want an https URL of at most 512 plain characters, got %q", o.RunbookURL)
		}
	}
	switch o.ChatClient {
	case "", "slack":
	case "teams":
		if o.Mention != "" {
			return fmt.Errorf("mention: want none with chat client \"teams\", got %q", o.Mention)
		}
	default:
		return fmt.Errorf("chat client: want \"slack\" or \"teams\", got %q", o.ChatClient)
	}
	if o.Mention != "" && !isSlackGroup(o.Mention) {
		return fmt.Errorf("mention: want a Slack user group id (S...), got %q", o.Mention)
	}
	switch o.HTTPSBody {
	case "", "chat", "finding":
		return nil
	default:
		return fmt.Errorf("https body: want \"chat\" or \"finding\", got %q", o.HTTPSBody)
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
// that machines get, and beside it only what differs from it: text for email, a
// chat notification for https (unless that is to be the finding too), one line
// for sms. All of it together takes at most 240 KiB, in which a key policy of 32
// KiB is whole; what is cut of a larger finding is named in it.
//
// It fails when o is invalid, and never for anything that stands in f.
func Compose(f *detector.Finding, o Options) (Message, error) {
	if err := o.Check(); err != nil {
		return Message{}, err
	}
	proposed := proposalLines(f)
	plan := planFor(f, proposed != nil)
	chat, err := chat(f, o, plan)
	if err != nil {
		return Message{}, err
	}
	m := Message{Subject: subject(f, o), Attributes: attributes(f, o)}
	mail, short := email(f, o, plan, proposed), sms(f, o)
	for _, l := range narrowing {
		finding, err := ocsf(f, o, l)
		if err != nil {
			return Message{}, err
		}
		bodies := []body{{"default", finding}, {"email", mail}, {"https", chat}, {"sms", short}}
		if o.HTTPSBody == "finding" {
			bodies = slices.Delete(bodies, 2, 3)
		}
		if m.Body = join(bodies); m.size() <= maxMessage {
			break
		}
	}
	return m, nil
}

// A body is what the subscribers of one protocol get.
type body struct{ protocol, text string }

// join returns the JSON object of the bodies. They are long and nearly all
// ASCII, which encoding/json escapes at a third of the speed.
func join(bodies []body) string {
	n := len("{}")
	for _, b := range bodies {
		n += len(b.protocol) + len(b.text) + strings.Count(b.text, `"`) + strings.Count(b.text, "\\") + strings.Count(b.text, "\n") + len(`,"":""`)
	}
	var out strings.Builder
	out.Grow(n)
	for i, b := range bodies {
		out.WriteByte("{,"[min(i, 1)])
		quote(&out, b.protocol)
		out.WriteByte(':')
		quote(&out, b.text)
	}
	out.WriteByte('}')
	return out.String()
}

// quote writes s, which is valid UTF-8, as a JSON string.
func quote(out *strings.Builder, s string) {
	out.WriteByte('"')
	from := 0 // of what is not written yet
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		out.WriteString(s[from:i])
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
	out.WriteString(s[from:])
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
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
