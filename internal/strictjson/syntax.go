package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// MaxDepth is the maximum nesting depth of arrays and objects. RFC 8259, section
// 9, allows parsers to set a limit; this is that of encoding/json, which does not
// export it.
const MaxDepth = 10_000

// A Fault is the reason why a text is not a single JSON value.
type Fault uint8

const (
	Malformed Fault = iota // a byte that is not valid there
	Cut                    // the text ends within its value, or has no value
	Trailing               // the value is followed by something other than white space
	TooDeep                // the value is nested deeper than MaxDepth
)

// A SyntaxError reports that a text is not a single JSON value.
type SyntaxError struct {
	Fault  Fault
	Offset int   // of the first invalid byte; the length of the text if it is Cut
	Err    error // encoding/json's, a *[json.SyntaxError]
}

// Error returns the text of encoding/json's error, except for a text that is Cut,
// for which encoding/json sometimes reports an invalid space: "unexpected end of
// JSON input".
func (e *SyntaxError) Error() string {
	if e.Fault == Cut {
		return "unexpected end of JSON input"
	}
	return e.Err.Error()
}

// Unwrap returns encoding/json's error.
func (e *SyntaxError) Unwrap() error { return e.Err }

// faultIn returns the error in a text that is not valid.
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
		fault.Offset = int(syntax.Offset) - 1 // encoding/json counts the bytes read, including this one
	}
	if c := text[fault.Offset]; (c == '{' || c == '[') && depth(text[:fault.Offset]) == MaxDepth {
		fault.Fault = TooDeep
	}
	return fault
}

// depth returns the number of arrays and objects that are open at the end of text,
// which is the beginning of a valid text, or 0 if it ends within a string.
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
