package alert

import (
	"encoding/json"
	"io"
	"strings"
)

// encode writes v as JSON on one line, leaving <, > and & readable.
func encode(v any) (string, error) {
	var b strings.Builder
	err := encodeTo(&b, v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// encodeTo is encode with a line end, in one Write.
func encodeTo(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
