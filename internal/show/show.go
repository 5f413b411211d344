// Package show has what the commands have in common that print: columns, cells of
// a spreadsheet, words for numbers and times, the look of a page and of a terminal,
// text that is safe there, JSON in ASCII, and the files of --output.
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

// PageStyle is the style sheet of a page.
func PageStyle() template.CSS { return template.CSS(pageStyle) } // #nosec G203 -- it is ours

// Align writes rows in columns, all of as many cells as the first. Text of
// events is made safe and cut: the last column at 120, the others at 40
// characters.
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

// Cell keeps a spreadsheet from running text as a formula.
// Source: OWASP, CSV Injection.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Count words a number of things.
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// Stamp writes a time; "no time" for the zero time.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.UTC().Format(time.RFC3339)
}

// Terminal returns the terminal that w is; nil where it is none, or one that
// cannot redraw a line.
func Terminal(w io.Writer) *os.File {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return f
}
