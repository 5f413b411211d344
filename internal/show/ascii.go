package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON returns v as JSON in which everything except printable ASCII is escaped,
// so that no terminal or log viewer interprets any of it.
func JSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return ASCII(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))), nil
}

// ASCII escapes everything except printable ASCII and newlines in a JSON text.
// The result has the same meaning and is safe to print on a terminal.
func ASCII(text []byte) []byte {
	var out bytes.Buffer
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r == '\n' || r >= ' ' && r <= '~':
			out.WriteByte(byte(r)) // #nosec G115 -- r is ASCII here
		case r < 0x10000:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		}
	}
	return out.Bytes()
}
