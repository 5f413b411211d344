package email

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/internal/wrap"
)

// A page is a text under construction and the number of its lines.
type page struct {
	text  strings.Builder
	lines int
}

// line writes s, which may have several lines, and a final "\n".
func (p *page) line(s string) {
	p.text.WriteString(s)
	p.text.WriteByte('\n')
	p.lines += strings.Count(s, "\n") + 1
}

// texts calls line for each of all.
func (p *page) texts(all []string) {
	for _, s := range all {
		p.line(s)
	}
}

// para writes text wrapped. The first line begins with first, the others with rest.
func (p *page) para(first, rest, text string) {
	p.lines += wrap.Into(&p.text, first, rest, text)
	p.text.WriteByte('\n')
}

// heading writes a blank line and a heading.
func (p *page) heading(s string) { p.line("\n" + s) }

// add appends q.
func (p *page) add(q *page) {
	p.text.WriteString(q.text.String())
	p.lines += q.lines
}
