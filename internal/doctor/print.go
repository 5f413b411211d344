package doctor

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/internal/show"
)

// NewPrinter returns a function that prints reports to w: for the format "json" as one
// object per report, each on a line, in ASCII, otherwise as text in the given style.
func NewPrinter(format string, style show.Style, w io.Writer) func(Report) error {
	if format == "json" {
		return func(r Report) error {
			line, err := show.JSON(r)
			if err == nil {
				_, err = w.Write(append(line, '\n'))
			}
			return err
		}
	}
	p := textPrinter{w: w, style: style}
	return p.report
}

// A textPrinter prints for people: a line per check and, below one that is not ok, why it
// matters and what fixes it. Text from AWS is sanitized as in alerts.
type textPrinter struct {
	w       io.Writer
	style   show.Style
	printed bool // a report has been printed
}

func (p *textPrinter) report(r Report) error {
	var b bytes.Buffer
	if p.printed {
		b.WriteString("\n")
	}
	p.printed = true
	where := fmt.Sprintf("%s, account %s, %s", show.Safe(r.Stack), show.Safe(r.Account), show.Safe(r.Region))
	if r.Kind != "detector" {
		where += " (" + show.Safe(r.Kind) + ")"
	}
	fmt.Fprintf(&b, "%s\n", p.style.Bold(where))
	counts := map[Result]int{}
	for _, c := range r.Checks {
		counts[c.Result]++
		p.check(&b, c)
	}
	var parts []string
	for _, result := range []Result{Failing, Unknown, Warning, OK} {
		if n := counts[result]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, result))
		}
	}
	fmt.Fprintf(&b, "%s: %s\n", show.Count(len(r.Checks), "check"), strings.Join(parts, ", "))
	_, err := p.w.Write(b.Bytes())
	return err
}

// check prints one check.
func (p *textPrinter) check(b *bytes.Buffer, c Check) {
	text := strings.Replace(p.style.Hanging(c.ID+"  "+show.Safe(c.Found), show.TextColumn), c.ID, p.style.Bold(c.ID), 1)
	fmt.Fprintf(b, "%s %s\n", p.color(c.Result), text)
	if c.Result == OK {
		return
	}
	p.line(b, "asks", c.Asks)
	p.line(b, "why", c.Why)
	if c.Result == Unknown {
		p.line(b, "needs", strings.Join(c.Permissions, ", "))
		return
	}
	// A command is not wrapped, so that it can be copied.
	fmt.Fprintf(b, "  %s %s\n", p.style.Dim("fix     "), safe.Sanitize(c.Fix, maxCommand))
}

// maxCommand is the longest command that is printed, in characters, longer than one with
// the names of a stack can be.
const maxCommand = 4000

func (p *textPrinter) line(b *bytes.Buffer, label, text string) {
	fmt.Fprintf(b, "  %s %s\n", p.style.Dim(fmt.Sprintf("%-8s", label)), p.style.Hanging(text, show.TextColumn))
}

// color returns a result colored by how bad it is.
func (p *textPrinter) color(r Result) string {
	text := fmt.Sprintf("%-10s", r)
	switch r {
	case OK:
		return p.style.Green(text)
	case Failing:
		return p.style.Red(text)
	default:
		return p.style.Yellow(text)
	}
}
