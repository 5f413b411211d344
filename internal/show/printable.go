package show

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/kmsentry/kmsentry/alert/safe"
)

// Quoted is text from outside between quotes, as one visible line of at most 200
// characters.
func Quoted(s string) string { return fmt.Sprintf("%q", safe.Sanitize(s, 200)) }

// Printable is the last gate before a terminal: whatever is not visible text,
// and so could move the cursor or reorder the line, becomes U+FFFD. The texts
// were made safe where they were made; this holds if one was not.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// A PrintableWriter writes to W what Printable makes of each line.
type PrintableWriter struct{ W io.Writer }

// Write implements io.Writer.
func (p *PrintableWriter) Write(b []byte) (int, error) {
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		lines[i] = Printable(line)
	}
	if _, err := io.WriteString(p.W, strings.Join(lines, "\n")); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Safe is text from a file or from AWS as one visible line of at most 600
// characters.
func Safe(s string) string { return safe.Sanitize(s, 600) }
