package email

import (
	"strconv"
	"strings"

	"github.com/kmsentry/kmsentry/alert/internal/wrap"
	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// maxProposal is the longest repaired policy that the mail shows, in bytes.
const maxProposal = 4 << 10

// stepLines returns each step of the plan as lines of the mail, without the final
// "\n".
func stepLines(p playbook.Plan) []string {
	all := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		var b strings.Builder
		b.Grow(320)
		wrap.Into(&b, strconv.Itoa(i+1)+". ", "   ", s.Text)
		if s.Command != nil {
			b.WriteByte('\n')
			writeCommand(&b, "  ", s.Command)
		}
		all[i] = b.String()
	}
	return all
}

// lineCount returns the number of lines in texts.
func lineCount(texts []string) int {
	n := 0
	for _, text := range texts {
		n += 1 + strings.Count(text, "\n")
	}
	return n
}

// then writes the steps from index done on, which are not among the first lines.
func (m *mail) then(done int) {
	if done < m.plan.LastResort {
		m.heading("THEN")
		m.texts(m.steps[done:m.plan.LastResort])
	}
	if m.plan.LastResort < len(m.steps) {
		m.heading("LAST RESORT")
		m.texts(m.steps[m.plan.LastResort:])
	}
}

// proposal writes the repaired policy, ready to be saved to a file.
func (m *mail) proposal() {
	if m.proposed == "" || m.f.Attempted {
		return
	}
	m.heading("PROPOSED POLICY (fixed.json)")
	m.line("  " + strings.ReplaceAll(m.proposed, "\n", "\n  "))
}

// proposalFor returns the repaired policy for the mail; "" when there is none, or
// when a mail would not preserve it: it is too long, or a mail program would break
// its lines.
func proposalFor(f *detector.Finding) string {
	if f.Repaired == "" || len(f.Repaired) > maxProposal {
		return ""
	}
	text := trimLines(strings.ReplaceAll(safe.Linkless(safe.Document(f.Repaired)), "\t", "  "))
	for line := range strings.SplitSeq(text, "\n") {
		if wrap.Width(line)+2 > wrap.Columns && !strings.Contains(line, `"arn:`) {
			return ""
		}
	}
	return text
}

// trimLines removes the spaces at the ends of lines.
func trimLines(s string) string {
	if !strings.Contains(s, " \n") && !strings.HasSuffix(s, " ") {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// writeCommand writes a command with each line indented. It continues the command on
// a new line wherever the next piece would exceed wrap.Columns.
func writeCommand(b *strings.Builder, indent string, c playbook.Command) {
	used := 0
	for i, piece := range c {
		switch n := wrap.Width(piece); {
		case i == 0:
			b.WriteString(indent)
			used = len(indent) + n
		case used+1+n+len(" \\") <= wrap.Columns || i == len(c)-1 && used+1+n <= wrap.Columns:
			b.WriteByte(' ')
			used += 1 + n
		default:
			b.WriteString(" \\\n  ")
			b.WriteString(indent)
			used = len(indent) + 2 + n
		}
		b.WriteString(piece)
	}
}
