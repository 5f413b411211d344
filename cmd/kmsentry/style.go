package main

import (
	"io"
	"os"
	"strings"
)

// A style colours text for a terminal. The zero style leaves it plain.
type style struct{ colour bool }

// styleFor colours only on a terminal, and not where NO_COLOR is set or TERM is
// dumb. Source: no-color.org.
func styleFor(w io.Writer) style {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return style{}
	}
	info, err := f.Stat()
	return style{colour: err == nil && info.Mode()&os.ModeCharDevice != 0}
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
