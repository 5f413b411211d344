// Package show contains what the commands share for their output: columns,
// spreadsheet cells, texts for numbers and times, styles for pages and terminals,
// safe text, JSON in ASCII, and the files of --output.
package show

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/kmsentry/kmsentry/alert/safe"
)

//go:embed page.css
var pageStyle string

// PageStyle returns the style sheet of the HTML pages.
func PageStyle() template.CSS { return template.CSS(pageStyle) } // #nosec G203 -- it is ours

// Align writes rows in aligned columns. All rows must have as many cells as the
// first. It sanitizes the cells in place and cuts them: those of the last column
// to 120 characters, the others to 40.
func Align(b *strings.Builder, rows [][]string) {
	const widest = 40
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i := range row {
			limit := widest
			if i == len(row)-1 {
				limit = 120 // the key
			}
			row[i] = safe.Sanitize(row[i], limit)
			widths[i] = max(widths[i], len([]rune(row[i])))
		}
	}
	for _, row := range rows {
		for i, c := range row {
			if i == len(row)-1 {
				b.WriteString(c)
				break
			}
			b.WriteString(c + strings.Repeat(" ", widths[i]-len([]rune(c))+2))
		}
		b.WriteByte('\n')
	}
}

// Cell returns s as a cell that a spreadsheet does not interpret as a formula.
// Source: OWASP, CSV Injection.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Count returns the number n followed by the noun one, in the plural if needed.
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// Stamp returns a time in UTC and RFC 3339 format, or "no time" for the zero
// time.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.UTC().Format(time.RFC3339)
}

// Terminal returns w if it is a terminal, or nil if it is not or if the terminal
// cannot redraw a line.
func Terminal(w io.Writer) *os.File {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return f
}
