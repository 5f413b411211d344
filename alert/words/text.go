package words

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// Instant returns a time as people read it, in UTC; "" for the zero time.
func Instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// ActionsOf returns a text that lists the granted actions, at most n of them by name.
func ActionsOf(grants []decide.Grant, n int) string {
	var names []string
	for _, g := range grants {
		if name := safe.Sanitize(g.Action, 64); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if more := len(names) - n; more > 0 {
		return strings.Join(names[:n], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// StatementName returns the name of a statement for people, counting from 1, in the
// words that the decision's reasons use.
func StatementName(ref decide.StatementRef) string {
	if ref.Index < 0 {
		return "the policy as a whole"
	}
	name := fmt.Sprintf("statement %d", ref.Index+1)
	if ref.Sid != "" {
		name += ` ("` + safe.Plain(ref.Sid, safe.MaxName) + `")`
	}
	return name
}

// Capitalized returns s, which begins with an ASCII character, with its first letter
// in upper case.
func Capitalized(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
