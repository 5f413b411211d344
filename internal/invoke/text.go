package invoke

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/internal/fakesns"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
	"github.com/kmsentry/kmsentry/internal/show"
)

// errorText returns the text of an error; for a failed invocation, the type and the
// message that the function reported.
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
	options        Options
	style          show.Style
	several        bool
	rows           []row
	sample         *outcome // the first of the most severe findings with a message, if sampling
}

// A row is an event in the list at the end.
type row struct{ verdict, severity, outcome, source, what string }

func newTextPrinter(stdout, stderr io.Writer, o Options, s show.Style, events int) *textPrinter {
	return &textPrinter{stdout: stdout, stderr: stderr, options: o, style: s, several: events > 1}
}

func (p *textPrinter) outcome(o outcome) {
	r := rowOf(o)
	p.rows = append(p.rows, r)
	if o.err != nil {
		fmt.Fprintf(p.stderr, "kmsentry invoke: %s: %s\n", show.Printable(o.source), show.Printable(r.what))
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

// sampling reports whether the messages of only one finding are shown: there are several
// events, no messages were chosen, and the endpoint is the embedded one.
func (p *textPrinter) sampling() bool {
	return p.several && !p.options.Show.chosen && p.options.Endpoint == ""
}

// rank returns the severity of a finding.
func rank(o outcome) detector.Severity {
	for s := detector.Critical; s > detector.Low; s-- {
		if s.String() == o.answer.Severity {
			return s
		}
	}
	return detector.Low
}

// event prints the outcome of an event and its messages.
func (p *textPrinter) event(o outcome, r row) {
	fmt.Fprintf(p.stdout, "%s  %s\n", p.style.Bold(show.Printable(o.source)), p.verdict(r))
	for _, name := range o.answer.Expired {
		fmt.Fprintf(p.stdout, "    the exception %s has expired and no longer applies\n", show.Quoted(name))
	}
	if o.message != nil {
		p.messages(*o.message)
	} else if o.answer.Outcome == "published" {
		fmt.Fprintf(p.stdout, "    message %s at %s; read it there\n", show.Printable(o.answer.MessageID), show.Printable(p.options.Endpoint))
	}
}

// verdict returns the end of an event's line: verdict, severity, outcome and reason.
func (p *textPrinter) verdict(r row) string {
	text := p.style.Verdict(r.verdict)
	if r.severity != "-" {
		text += ", " + r.severity
	}
	return text + ", " + r.outcome + ": " + show.Printable(r.what)
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
		r.verdict = "-" // another call, without a policy to judge
	}
	if a.Outcome != "published" {
		r.what = a.Reason
	}
	return r
}

// messages prints what the subscribers of a finding get.
func (p *textPrinter) messages(m fakesns.Publication) {
	show := p.options.Show
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

// part prints a message, indented, under a heading.
func (p *textPrinter) part(name, text string) {
	fmt.Fprintf(p.stdout, "\n  %s\n", p.style.Dim("--- "+name+" ---"))
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintf(p.stdout, "%s\n", strings.TrimRight("    "+show.Printable(line), " "))
	}
}

// end prints the sample and a list of all events, if there were several.
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
		fmt.Fprintf(p.stdout, "%s%s  %-8s  %-15s  %s\n", p.style.Verdict(r.verdict), pad, r.severity, r.outcome, show.Printable(r.source))
	}
	fmt.Fprintf(p.stdout, "\n%s\n", p.counts())
	if p.sample != nil {
		fmt.Fprintf(p.stdout, "\nAbove are the mail and the chat message of one of them. A single event shows all its messages,\nand --show email,chat,finding shows those of every event.\n")
	}
}

// counts returns the number of events by outcome, in one line.
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

// A checkedWriter keeps the first error of w and then writes nothing more. The printers
// ignore the error: what was published stays published even if it cannot be printed.
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
