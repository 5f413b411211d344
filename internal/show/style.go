package show

import (
	"cmp"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// A Style colors and wraps text for a terminal. The zero Style leaves text as it
// is.
type Style struct {
	color bool
	Width int // of the terminal, in columns; 0 means not to wrap
}

// StyleFor returns the style for w. It colors text only if w is a terminal,
// NO_COLOR is not set and TERM is not dumb. It breaks lines at the terminal's
// width, or at the environment variable COLUMNS, which also applies if w is not a
// terminal.
// Source: no-color.org; POSIX, "Environment Variables", COLUMNS.
func StyleFor(w io.Writer) Style {
	columns, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || columns < 0 {
		columns = 0
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return Style{Width: columns}
	}
	s := Style{color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		s.Width = cmp.Or(columns, width)
	}
	return s
}

// lines breaks text at spaces so that each line fits after the indent. A word
// that is longer than a line is not broken: it may be a name or a command to
// copy.
func (s Style) lines(text string, indent int) []string {
	room := s.Width - indent
	if room < 20 {
		return []string{text}
	}
	var lines []string
	for utf8.RuneCountInString(text) > room {
		at, n, last := -1, 0, -1
		for i, r := range text {
			if n++; r == ' ' {
				if last = i; n > room {
					break
				}
				at = i
			}
		}
		if at <= 0 {
			at = last // the first word is longer than a line
		}
		if at <= 0 {
			break
		}
		lines = append(lines, text[:at])
		text = strings.TrimLeft(text[at:], " ")
	}
	return append(lines, text)
}

// Hanging returns text broken into lines, with those after the first indented by
// the given number of columns.
func (s Style) Hanging(text string, indent int) string {
	return strings.Join(s.lines(text, indent), "\n"+strings.Repeat(" ", indent))
}

func (s Style) wrap(code, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Green colors text that reports something good.
func (s Style) Green(text string) string { return s.wrap("32", text) }

// Red colors text that reports something bad.
func (s Style) Red(text string) string { return s.wrap("1;31", text) }

// Yellow colors text that reports something in between or uncertain.
func (s Style) Yellow(text string) string { return s.wrap("33", text) }

// Bold makes text stand out.
func (s Style) Bold(text string) string { return s.wrap("1", text) }

// Dim makes text recede.
func (s Style) Dim(text string) string { return s.wrap("2", text) }

// Verdict colors a verdict, or "error", by how bad it is. Spaces may follow the
// word.
func (s Style) Verdict(text string) string {
	word, _, _ := strings.Cut(text, " ")
	switch word {
	case "private":
		return s.Green(text)
	case "public", "error":
		return s.Red(text)
	default:
		return s.Yellow(text)
	}
}

// TextColumn is the column at which texts begin, after a verdict or a label.
const TextColumn = 11
