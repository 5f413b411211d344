package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/internal/fakesns"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
)

// A jsonPrinter prints one JSON object per event.
type jsonPrinter struct {
	w    io.Writer
	show shown
}

// jsonOutcome is the shape of a line; members without a value are left out.
type jsonOutcome struct {
	Source  string          `json:"source"`
	Error   string          `json:"error,omitempty"`
	Summary json.RawMessage `json:"summary,omitempty"` // the function's answer
	Subject string          `json:"subject,omitempty"`
	Email   string          `json:"email,omitempty"`
	Chat    json.RawMessage `json:"chat,omitempty"`
	Finding json.RawMessage `json:"finding,omitempty"`
	TookMS  float64         `json:"took_ms,omitempty"`
}

func (p *jsonPrinter) outcome(o outcome) {
	line := jsonOutcome{Source: o.source, Summary: o.answer.raw, TookMS: float64(o.took.Microseconds()) / 1000}
	if o.err != nil {
		line.Error = errorText(o.err)
	}
	if m := o.message; m != nil {
		all := !p.show.chosen
		if all || p.show.email {
			line.Subject, line.Email = m.Subject, m.For("email")
		}
		if all || p.show.chat {
			line.Chat = jsonOrText(m.For("https"))
		}
		if all || p.show.finding {
			line.Finding = jsonOrText(m.For("sqs"))
		}
	}
	text, err := json.Marshal(line)
	if err != nil {
		text, _ = json.Marshal(jsonOutcome{Source: o.source, Error: err.Error()})
	}
	fmt.Fprintf(p.w, "%s\n", asciiJSON(text))
}

func (p *jsonPrinter) end() {}

// jsonOrText returns text as it is when it is JSON, else as a JSON string.
func jsonOrText(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, _ := json.Marshal(text) // a string always marshals
	return quoted
}

// asciiJSON writes everything outside printable ASCII as \u escapes: the same
// JSON, harmless on a terminal.
func asciiJSON(text []byte) string {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r == '\n' || r >= ' ' && r <= '~':
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		}
	}
	return b.String()
}

// errorText is what an error says, without the type for what the function said
// itself.
func errorText(err error) string {
	var failure *runtimeapi.Failure
	if errors.As(err, &failure) {
		return fmt.Sprintf("the invocation failed (%s): %s", failure.Type, failure.Message)
	}
	return err.Error()
}

// A textPrinter prints for people.
type textPrinter struct {
	stdout, stderr io.Writer
	options        invokeOptions
	style          style
	several        bool
	rows           []row
	sample         *outcome // the first of the most severe findings with a message, when there are several events
}

// A row is an event in the closing list.
type row struct{ verdict, severity, outcome, source, what string }

func newTextPrinter(stdout, stderr io.Writer, o invokeOptions, s style, events int) *textPrinter {
	return &textPrinter{stdout: stdout, stderr: stderr, options: o, style: s, several: events > 1}
}

func (p *textPrinter) outcome(o outcome) {
	r := rowOf(o)
	p.rows = append(p.rows, r)
	if o.err != nil {
		fmt.Fprintf(p.stderr, "kmsentry invoke: %s: %s\n", printable(o.source), printable(r.what))
		return
	}
	if p.sampling() {
		if o.message != nil && (p.sample == nil || rank(o) > rank(*p.sample)) {
			p.sample = &o
		}
		return
	}
	p.event(o, r)
}

// sampling reports whether only one finding's messages are shown: where there
// are several events, and nobody said which messages to show.
func (p *textPrinter) sampling() bool {
	return p.several && !p.options.show.chosen && p.options.endpoint == ""
}

// rank is a finding's severity.
func rank(o outcome) detector.Severity {
	for s := detector.Critical; s > detector.Low; s-- {
		if s.String() == o.answer.Severity {
			return s
		}
	}
	return detector.Low
}

// event prints what became of an event.
func (p *textPrinter) event(o outcome, r row) {
	fmt.Fprintf(p.stdout, "%s  %s\n", p.style.bold(printable(o.source)), p.verdict(r))
	for _, name := range o.answer.Expired {
		fmt.Fprintf(p.stdout, "    the exception %s has expired and holds nothing back\n", quoted(name))
	}
	if o.message != nil {
		p.messages(*o.message)
	} else if o.answer.Outcome == "published" {
		fmt.Fprintf(p.stdout, "    message %s at %s; read it there\n", printable(o.answer.MessageID), printable(p.options.endpoint))
	}
}

// verdict is the line's end: verdict, severity, what became of it and why.
func (p *textPrinter) verdict(r row) string {
	text := p.style.verdict(r.verdict)
	if r.severity != "-" {
		text += ", " + r.severity
	}
	return text + ", " + r.outcome + ": " + printable(r.what)
}

func rowOf(o outcome) row {
	if o.err != nil {
		return row{"error", "-", "failed", o.source, errorText(o.err)}
	}
	a := o.answer
	r := row{a.Verdict, a.Severity, strings.ReplaceAll(a.Outcome, "_", " "), o.source, a.Title}
	if r.severity == "" {
		r.severity = "-"
	}
	if a.Attempted {
		r.verdict += " (refused)"
	}
	if a.Outcome == "quiet" && a.Key == "" {
		r.verdict = "-" // another call: there was no policy to judge
	}
	if a.Outcome != "published" {
		r.what = a.Reason
	}
	return r
}

// messages prints what the subscribers of a finding get.
func (p *textPrinter) messages(m fakesns.Publication) {
	show := p.options.show
	if show.email || !show.chosen {
		p.part("mailbox", "Subject: "+m.Subject+"\n\n"+m.For("email"))
	}
	if show.chat || !show.chosen {
		p.part("channel", chatText(m.For("https")))
	}
	switch {
	case show.finding:
		p.part("SIEM", indented(m.For("sqs")))
	case !show.chosen && !p.several:
		p.part("SIEM", findingDigest(m.For("sqs")))
	}
	if show.any() {
		fmt.Fprintln(p.stdout)
	}
}

// part prints a message under its name, indented.
func (p *textPrinter) part(name, text string) {
	fmt.Fprintf(p.stdout, "\n  %s\n", p.style.dim("--- "+name+" ---"))
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintf(p.stdout, "%s\n", strings.TrimRight("    "+printable(line), " "))
	}
}

// end closes with a list of all events when there were several.
func (p *textPrinter) end() {
	if !p.several {
		return
	}
	if p.sample != nil {
		p.event(*p.sample, rowOf(*p.sample))
	}
	verdicts := len("verdict")
	for _, r := range p.rows {
		verdicts = max(verdicts, len(r.verdict))
	}
	if p.sample == nil {
		fmt.Fprintln(p.stdout)
	}
	fmt.Fprintf(p.stdout, "%-*s  %-8s  %-15s  %s\n", verdicts, "verdict", "severity", "outcome", "event")
	for _, r := range p.rows {
		pad := strings.Repeat(" ", verdicts-len(r.verdict))
		fmt.Fprintf(p.stdout, "%s%s  %-8s  %-15s  %s\n", p.style.verdict(r.verdict), pad, r.severity, r.outcome, printable(r.source))
	}
	fmt.Fprintf(p.stdout, "\n%s\n", p.counts())
	if p.sample != nil {
		fmt.Fprintf(p.stdout, "\nAbove are the mail and the chat message of one of them. One event alone shows all of its own,\nand --show email,chat,finding those of every event.\n")
	}
}

// counts sums the rows up in a line.
func (p *textPrinter) counts() string {
	count := map[string]int{}
	for _, r := range p.rows {
		count[r.outcome]++
	}
	parts := []string{fmt.Sprintf("%d events", len(p.rows))}
	for _, name := range []string{"published", "held", "below threshold", "quiet", "failed"} {
		if count[name] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[name], name))
		}
	}
	return strings.Join(parts, ", ")
}

// chatText shows a chat notification as the channel would: title, text, next
// steps and keywords. What is no notification is shown as it is.
func chatText(body string) string {
	var n struct {
		Content struct {
			Title, Description  string
			NextSteps, Keywords []string
		}
	}
	if err := json.Unmarshal([]byte(body), &n); err != nil || n.Content.Description == "" {
		return indented(body)
	}
	lines := []string{n.Content.Title, "", n.Content.Description}
	if len(n.Content.NextSteps) > 0 {
		lines = append(lines, "", "Next steps")
		for _, step := range n.Content.NextSteps {
			lines = append(lines, "  - "+step)
		}
	}
	if len(n.Content.Keywords) > 0 {
		lines = append(lines, "", "Keywords: "+strings.Join(n.Content.Keywords, ", "))
	}
	return slackText(strings.Join(lines, "\n"))
}

// slackText shows Slack's markup as Slack does: links as their text with the
// address after it, and its three entities as what they stand for.
// Source: Slack API, "Formatting text for app surfaces".
func slackText(text string) string {
	text = slackLink.ReplaceAllString(text, "$2: $1")
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}

var slackLink = regexp.MustCompile(`<(https://[^|<> ]+)\|([^<>\n]+)>`)

func indented(body string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(body), "", "  "); err != nil {
		return body
	}
	return asciiJSON(b.Bytes())
}

// findingDigest names what is in an OCSF finding, in a few lines.
func findingDigest(body string) string {
	var f struct {
		ClassName   string `json:"class_name"`
		ClassUID    int    `json:"class_uid"`
		Severity    string
		Metadata    struct{ Version string }
		FindingInfo struct{ UID, Title string } `json:"finding_info"`
		Observables []struct{ Name, Value string }
	}
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		return body
	}
	lines := []string{
		fmt.Sprintf("OCSF %s %s (class %d), severity %s, %d bytes of JSON; whole with --show finding", f.Metadata.Version, f.ClassName, f.ClassUID, f.Severity, len(body)),
		"uid " + f.FindingInfo.UID,
	}
	for _, o := range f.Observables {
		lines = append(lines, fmt.Sprintf("%s = %s", o.Name, o.Value))
	}
	return strings.Join(lines, "\n")
}

// printable is the last gate before a terminal: whatever is not visible text,
// and so could move the cursor or reorder the line, becomes U+FFFD. The texts
// were made safe where they were made; this holds if one was not.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// A checkedWriter keeps the first error of w. The printers leave it there: what
// was published stays published when nobody could read of it.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	var n int
	n, c.err = c.w.Write(b)
	return n, c.err
}

// A printableWriter lets visible text and line ends through.
type printableWriter struct{ w io.Writer }

func (p *printableWriter) Write(b []byte) (int, error) {
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	if _, err := io.WriteString(p.w, strings.Join(lines, "\n")); err != nil {
		return 0, err
	}
	return len(b), nil
}
