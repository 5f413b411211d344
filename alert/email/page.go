package email

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/internal/wrap"
)

// A page is text for people being written, and the number of its lines.
type page struct {
	text  strings.Builder
	lines int
}

// line writes s, which may be several lines, and ends it.
func (p *page) line(s string) {
	p.text.WriteString(s)
	p.text.WriteByte('\n')
	p.lines += strings.Count(s, "\n") + 1
}

// texts writes each of them as line does.
func (p *page) texts(all []string) {
	for _, s := range all {
		p.line(s)
	}
}

// para writes text wrapped, the first line after first, the others after rest.
func (p *page) para(first, rest, text string) {
	p.lines += wrap.Into(&p.text, first, rest, text)
	p.text.WriteByte('\n')
}

// heading starts a section.
func (p *page) heading(s string) { p.line("\n" + s) }

// add writes all of q.
func (p *page) add(q *page) {
	p.text.WriteString(q.text.String())
	p.lines += q.lines
}
