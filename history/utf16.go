package history

import (
	"bufio"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// A utf16Reader turns UTF-16 with a byte order mark, which Windows PowerShell
// writes for ">", into UTF-8.
type utf16Reader struct {
	source *bufio.Reader
	big    bool
	marked bool   // the byte order mark was passed
	rest   []byte // UTF-8 that did not fit
}

func (r *utf16Reader) Read(p []byte) (int, error) {
	if !r.marked {
		r.marked = true
		if _, err := r.source.Discard(2); err != nil {
			return 0, err
		}
	}
	var err error
	for len(r.rest) < len(p) && err == nil {
		var c rune
		if c, err = r.unit(); err != nil {
			break
		}
		if utf16.IsSurrogate(c) {
			c = r.pair(c)
		}
		r.rest = utf8.AppendRune(r.rest, c)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[:copy(r.rest, r.rest[n:])]
	if n > 0 {
		return n, nil
	}
	return 0, err
}

// unit reads one code unit.
func (r *utf16Reader) unit() (rune, error) {
	b, err := r.source.Peek(2)
	if len(b) < 2 {
		if len(b) == 1 && err == io.EOF {
			_, _ = r.source.Discard(1)
			return 0, errors.New("UTF-16: the text ends within a character")
		}
		return 0, err
	}
	c := rune(b[0]) | rune(b[1])<<8
	if r.big {
		c = rune(b[1]) | rune(b[0])<<8
	}
	_, err = r.source.Discard(2)
	return c, err
}

// pair reads the second half of a surrogate pair, and leaves it where it is
// none.
func (r *utf16Reader) pair(high rune) rune {
	b, _ := r.source.Peek(2)
	if len(b) < 2 {
		return utf8.RuneError
	}
	low := rune(b[0]) | rune(b[1])<<8
	if r.big {
		low = rune(b[1]) | rune(b[0])<<8
	}
	c := utf16.DecodeRune(high, low)
	if c != utf8.RuneError {
		_, _ = r.source.Discard(2)
	}
	return c
}
