package show

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/kmsentry/kmsentry/alert/safe"
)

// Quoted returns untrusted text in quotes, as one visible line of at most 200
// characters.
func Quoted(s string) string { return fmt.Sprintf("%q", safe.Sanitize(s, 200)) }

// Printable replaces every rune that is not printable, and so could move the
// cursor or reorder the line, by U+FFFD. It is the last check before a terminal,
// in case a text was not sanitized where it was made.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// A PrintableWriter applies Printable to each line and writes the result to W.
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

// Safe returns text from a file or from AWS as one visible line of at most 600
// characters.
func Safe(s string) string { return safe.Sanitize(s, 600) }
