package words

import (
	"encoding/json"
	"io"
	"strings"
)

// JSON returns v as JSON on one line, without escaping <, > and &.
func JSON(v any) (string, error) {
	var b strings.Builder
	err := WriteJSON(&b, v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// WriteJSON writes what JSON returns, and "\n", in one call of Write.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
