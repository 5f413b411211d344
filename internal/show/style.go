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

// A Style colors and wraps text for a terminal. The zero style leaves it as it is.
type Style struct {
	color bool
	Width int // of the terminal, in columns; 0 does not wrap
}

// StyleFor colors only on a terminal, and not where NO_COLOR is set or TERM is
// dumb. Lines are broken at the terminal's width; COLUMNS in the environment
// gives another one, also where there is no terminal.
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

// lines breaks text at spaces, so that each line fits after an indent. A word
// that is longer than a line stays whole: it may be a name or a command to copy.
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

// Hanging is text in lines, those after the first indented by that many columns.
func (s Style) Hanging(text string, indent int) string {
	return strings.Join(s.lines(text, indent), "\n"+strings.Repeat(" ", indent))
}

func (s Style) wrap(code, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Green colors what is well.
func (s Style) Green(text string) string { return s.wrap("32", text) }

// Red colors what is bad.
func (s Style) Red(text string) string { return s.wrap("1;31", text) }

// Yellow colors what is neither well nor certainly bad.
func (s Style) Yellow(text string) string { return s.wrap("33", text) }

// Bold makes text stand out.
func (s Style) Bold(text string) string { return s.wrap("1", text) }

// Dim makes text recede.
func (s Style) Dim(text string) string { return s.wrap("2", text) }

// Verdict colors a verdict, or "error", by how bad it is. The word says the same;
// spaces may follow it.
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

// TextColumn is where texts begin, after a verdict or a label.
const TextColumn = 11
