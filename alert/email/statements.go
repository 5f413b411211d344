package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
)

// The most of the policy's text that the mail shows.
const (
	maxStatements = 3       // offending statements
	maxStatement  = 2 << 10 // bytes of one statement
	maxLine       = 1024    // runes of one line of a statement
)

// statements writes the offending statements as written, or the whole policy when
// it could not be read.
func (m *mail) statements() {
	if m.f.Problem != "" && m.f.Policy.Text != "" {
		m.heading("THE POLICY AS THE RECORD HAS IT")
		m.quote(m.f.Policy.Text)
	}
	for i, s := range m.f.Statements {
		if i == maxStatements {
			m.line("")
			m.para("  ", "  ", fmt.Sprintf("The JSON copy of this alert has %d more offending statements.", len(m.f.Statements)-i))
			return
		}
		m.heading(fmt.Sprintf("STATEMENT %d OF %d, AS WRITTEN", s.Index+1, s.Count))
		m.quote(s.Text)
	}
}

// quote writes a JSON text with a bar before each line. A text longer than
// maxStatement is cut and followed by the hash of the whole.
func (m *mail) quote(text string) {
	left := maxStatement
	for line := range strings.SplitSeq(safe.Document(pretty(text)), "\n") {
		line = strings.ReplaceAll(line, "\t", "  ")
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		indent = indent[:min(len(indent), 20)]
		line = safe.Linkless(strings.TrimLeft(line, " "))
		if left -= len(line); left < 0 {
			sum := sha256.Sum256([]byte(text))
			m.line("  | " + safe.CutMark)
			m.para("  ", "  ", "Cut here. SHA-256 of the whole:")
			m.line("  " + hex.EncodeToString(sum[:]))
			return
		}
		m.para("  | "+indent, "  |   "+indent, safe.Cut(line, maxLine))
	}
}

// maxNesting is the deepest nesting of a text that is indented. The number of
// spaces grows with the square of the depth, and no key policy that AWS accepts is
// nested more than a few levels.
const maxNesting = 32

// pretty indents a JSON text. It returns text unchanged when that is not JSON or is
// nested deeper than maxNesting.
func pretty(text string) string {
	var b bytes.Buffer
	if nesting(text) > maxNesting || json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

// nesting returns an upper bound on the nesting depth of a JSON text.
func nesting(text string) int {
	depth, most := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{', '[':
			depth++
			most = max(most, depth)
		case '}', ']':
			depth--
		}
	}
	return most
}
