package main

import (
	"cmp"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// A style colours and wraps text for a terminal. The zero style leaves it as it is.
type style struct {
	colour bool
	width  int // of the terminal, in columns; 0 does not wrap
}

// styleFor colours only on a terminal, and not where NO_COLOR is set or TERM is
// dumb. Lines are broken at the terminal's width; COLUMNS in the environment
// gives another one, also where there is no terminal.
// Source: no-color.org; POSIX, "Environment Variables", COLUMNS.
func styleFor(w io.Writer) style {
	columns, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || columns < 0 {
		columns = 0
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return style{width: columns}
	}
	s := style{colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		s.width = cmp.Or(columns, width)
	}
	return s
}

// lines breaks text at spaces, so that each line fits after an indent. A word
// that is longer than a line stays whole: it may be a name or a command to copy.
func (s style) lines(text string, indent int) []string {
	room := s.width - indent
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

// hanging is text in lines, those after the first indented.
func (s style) hanging(text string, indent int) string {
	return strings.Join(s.lines(text, indent), "\n"+strings.Repeat(" ", indent))
}

func (s style) wrap(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string { return s.wrap("1", text) }
func (s style) dim(text string) string  { return s.wrap("2", text) }

// verdict colours a verdict by how bad it is. The word says the same.
func (s style) verdict(text string) string {
	word, _, _ := strings.Cut(text, " ")
	switch word {
	case "private":
		return s.wrap("32", text)
	case "public", "error":
		return s.wrap("1;31", text)
	default:
		return s.wrap("33", text)
	}
}
