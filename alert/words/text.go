package words

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// Instant is how a time is written for people; "" for the zero time.
func Instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// ActionsOf lists the granted actions, at most n of them by name.
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

// StatementName names a statement for people, counting from 1 as they do, in
// the words of the decision's own reasons.
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

// Capitalized starts s with a capital letter.
func Capitalized(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
