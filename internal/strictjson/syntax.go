package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// MaxDepth is how deep arrays and objects may be nested. RFC 8259, section 9,
// lets a reader set a limit; this is the one of encoding/json, which does not
// export it.
const MaxDepth = 10_000

// A Fault is why a text is not one JSON value.
type Fault uint8

const (
	Malformed Fault = iota // a byte that no JSON text has there
	Cut                    // the text ends within its value, or has none
	Trailing               // there is more after the value
	TooDeep                // the value is nested deeper than MaxDepth
)

// A SyntaxError is a text that is not one JSON value.
type SyntaxError struct {
	Fault  Fault
	Offset int   // of the first byte at fault; the length of the text when it is cut
	Err    error // encoding/json's, a *[json.SyntaxError]
}

// Error is encoding/json's text, but of a cut text, of which it sometimes says
// that it holds a space: "unexpected end of JSON input".
func (e *SyntaxError) Error() string {
	if e.Fault == Cut {
		return "unexpected end of JSON input"
	}
	return e.Err.Error()
}

// Unwrap returns encoding/json's error.
func (e *SyntaxError) Unwrap() error { return e.Err }

// faultIn says why the text is not valid.
func faultIn(text []byte) *SyntaxError {
	var first json.RawMessage
	d := json.NewDecoder(bytes.NewReader(text))
	err := d.Decode(&first)
	if err == nil {
		return &SyntaxError{Trailing, skipSpace(text, int(d.InputOffset())), json.Unmarshal(text, &first)}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &SyntaxError{Cut, len(text), json.Unmarshal(text, &first)}
	}
	fault := &SyntaxError{Malformed, 0, err}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		fault.Offset = int(syntax.Offset) - 1 // it counts the bytes that were read
	}
	if c := text[fault.Offset]; (c == '{' || c == '[') && depth(text[:fault.Offset]) == MaxDepth {
		fault.Fault = TooDeep
	}
	return fault
}

// depth returns how many arrays and objects are open at the end of the text,
// the beginning of a valid one; 0 within a string.
func depth(text []byte) int {
	n, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			n++
		case c == '}', c == ']':
			n--
		}
	}
	if quoted {
		return 0
	}
	return n
}
