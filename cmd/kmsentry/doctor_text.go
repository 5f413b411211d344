package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/internal/doctor"
	"github.com/kmsentry/kmsentry/internal/show"
)

// newDoctorPrinter prints reports in the format that the flags say.
func newDoctorPrinter(o doctorOptions, w io.Writer) func(doctor.Report) error {
	if o.format == "json" {
		return func(r doctor.Report) error {
			line, err := encodeASCII(r)
			if err == nil {
				_, err = w.Write(append(line, '\n'))
			}
			return err
		}
	}
	p := doctorText{w: w, style: styleFor(w)}
	return p.report
}

// doctorText prints for people: a line for each check, and below what is not ok why it
// matters and what mends it. What comes from AWS goes through the alerts' sanitizer.
type doctorText struct {
	w       io.Writer
	style   style
	printed bool // a report before
}

func (p *doctorText) report(r doctor.Report) error {
	var b bytes.Buffer
	if p.printed {
		b.WriteString("\n")
	}
	p.printed = true
	where := fmt.Sprintf("%s, account %s, %s", safe(r.Stack), safe(r.Account), safe(r.Region))
	if r.Kind != "detector" {
		where += " (" + safe(r.Kind) + ")"
	}
	fmt.Fprintf(&b, "%s\n", p.style.bold(where))
	counts := map[doctor.Result]int{}
	for _, c := range r.Checks {
		counts[c.Result]++
		p.check(&b, c)
	}
	var parts []string
	for _, result := range []doctor.Result{doctor.Failing, doctor.Unknown, doctor.Warning, doctor.OK} {
		if n := counts[result]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, result))
		}
	}
	fmt.Fprintf(&b, "%s: %s\n", show.Count(len(r.Checks), "check"), strings.Join(parts, ", "))
	_, err := p.w.Write(b.Bytes())
	return err
}

// check prints one check.
func (p *doctorText) check(b *bytes.Buffer, c doctor.Check) {
	text := strings.Replace(p.style.hanging(c.ID+"  "+safe(c.Found), textColumn), c.ID, p.style.bold(c.ID), 1)
	fmt.Fprintf(b, "%s %s\n", p.colour(c.Result), text)
	if c.Result == doctor.OK {
		return
	}
	p.line(b, "asks", c.Asks)
	p.line(b, "why", c.Why)
	if c.Result == doctor.Unknown {
		p.line(b, "needs", strings.Join(c.Permissions, ", "))
		return
	}
	// Not wrapped: it is there to be copied.
	fmt.Fprintf(b, "  %s %s\n", p.style.dim("mend    "), alert.Sanitize(c.Mend, maxCommand))
}

// maxCommand is how much of a command is printed: more than one with the names of
// a stack can take.
const maxCommand = 4000

func (p *doctorText) line(b *bytes.Buffer, label, text string) {
	fmt.Fprintf(b, "  %s %s\n", p.style.dim(fmt.Sprintf("%-8s", label)), p.style.hanging(text, textColumn))
}

// colour colours a result by how bad it is. The word says the same.
func (p *doctorText) colour(r doctor.Result) string {
	text := fmt.Sprintf("%-10s", r)
	switch r {
	case doctor.OK:
		return p.style.wrap("32", text)
	case doctor.Failing:
		return p.style.wrap("1;31", text)
	default:
		return p.style.wrap("33", text)
	}
}
