package safe

import (
	"fmt"
	"strings"
	"unicode"
)

// Document returns a JSON text for people to read. It keeps tabs, ends every line
// with "\n", and writes any other character that Sanitize would not show as JSON's \u
// escape, which does not change the value of a JSON string.
func Document(text string) string {
	if isPlainDocument(text) {
		return text
	}
	var b strings.Builder
	marks := maxMarks
	for _, r := range strings.ReplaceAll(text, "\r\n", "\n") {
		if r > unicode.MaxASCII && unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == '\n' || r == '\t' || visible(r) && marks <= maxMarks:
			b.WriteRune(r)
		case r == '\r':
			b.WriteByte('\n')
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		}
	}
	return b.String()
}

// isPlainDocument reports whether text is printable ASCII, tabs and "\n", which
// Document returns unchanged.
func isPlainDocument(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}
