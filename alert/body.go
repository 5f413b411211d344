package alert

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/kmsentry/kmsentry/alert/words"
)

// A body is the text that the subscribers of one SNS protocol get.
type body struct{ protocol, text string }

// join returns a JSON object with the finding, as JSON text, under "default" and
// each of rest under its protocol. It escapes the texts itself: they are long and
// nearly all ASCII, for which encoding/json takes three times as long.
func join(finding any, rest []body) (string, error) {
	var out strings.Builder
	if err := words.WriteJSON(defaultBody{&out, rest}, finding); err != nil {
		return "", err
	}
	for _, b := range rest {
		out.WriteByte(',')
		quote(&out, []byte(b.protocol))
		out.WriteByte(':')
		quote(&out, []byte(b.text))
	}
	out.WriteByte('}')
	return out.String(), nil
}

// A defaultBody writes the encoded finding, which encoding/json passes to Write in
// one piece, straight into out, which saves a copy of the largest part.
type defaultBody struct {
	out  *strings.Builder
	rest []body // the bodies that follow, to size out
}

// Write begins the JSON object with the finding.
func (w defaultBody) Write(finding []byte) (int, error) {
	n := len(finding) + bytes.Count(finding, []byte(`"`)) + bytes.Count(finding, []byte(`\`)) + 64
	for _, b := range w.rest {
		n += len(b.text) + strings.Count(b.text, "\n") + strings.Count(b.text, `"`) + strings.Count(b.text, `\`) + 16
	}
	w.out.Grow(n)
	w.out.WriteString(`{"default":`)
	quote(w.out, bytes.TrimSuffix(finding, []byte("\n")))
	return len(finding), nil
}

// escaped tells which bytes a JSON string must escape. It is a table because the
// branch of a comparison would be mispredicted at every quote.
var escaped = [256]bool{
	0: true, 1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true,
	11: true, 12: true, 13: true, 14: true, 15: true, 16: true, 17: true, 18: true, 19: true, 20: true,
	21: true, 22: true, 23: true, 24: true, 25: true, 26: true, 27: true, 28: true, 29: true, 30: true, 31: true,
	'"': true, '\\': true,
}

// quote writes s, which is valid UTF-8, as a JSON string.
func quote(out *strings.Builder, s []byte) {
	out.WriteByte('"')
	from := 0 // index of the first byte not yet written
	for i := range len(s) {
		c := s[i]
		if !escaped[c] {
			continue
		}
		out.Write(s[from:i])
		from = i + 1
		switch c {
		case '"', '\\':
			out.WriteByte('\\')
			from = i
		case '\n':
			out.WriteString(`\n`)
		default:
			fmt.Fprintf(out, `\u%04x`, c)
		}
	}
	out.Write(s[from:])
	out.WriteByte('"')
}
