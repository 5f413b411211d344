package chat

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
)

// bare returns event text unchanged when it holds nothing that a chat program could
// interpret, and as a code span otherwise.
func bare(s string, limit int) string {
	s = safe.Plain(s, limit)
	if safe.IsBare(s) {
		return s
	}
	return code(s, limit)
}

// code returns event text of at most limit characters as a code span, in which no
// markup, mention or link can begin. It escapes & < > last, so that the limit never
// splits an entity.
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
