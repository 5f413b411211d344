package chat

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
)

// bare returns event text as it is when it holds nothing that a chat program could
// act on, and as a code span otherwise.
func bare(s string, limit int) string {
	s = safe.Plain(s, limit)
	if safe.IsBare(s) {
		return s
	}
	return code(s, limit)
}

// code returns event text as a code span: no markup, mention or link can begin in
// it. & < > are escaped last, so that cutting never splits an entity.
// Source: Slack, "Formatting text for app surfaces" (escaping of & < >).
func code(s string, limit int) string {
	s = strings.ReplaceAll(safe.Plain(s, limit), "`", "'")
	if s == "" {
		s = "-"
	}
	if strings.ContainsAny(s, "&<>") {
		s = strings.ReplaceAll(s, "&", "&amp;")
		s = strings.ReplaceAll(strings.ReplaceAll(s, "<", "&lt;"), ">", "&gt;")
	}
	return "`" + s + "`"
}
