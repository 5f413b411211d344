package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// instant is how a time is written for people; "" for the zero time.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// actionsOf lists the granted actions, at most n of them by name.
func actionsOf(grants []decide.Grant, n int) string {
	var names []string
	for _, g := range grants {
		if name := Sanitize(g.Action, 64); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if more := len(names) - n; more > 0 {
		return strings.Join(names[:n], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// statementName names a statement for people, counting from 1 as they do, in
// the words of the decision's own reasons.
func statementName(ref decide.StatementRef) string {
	if ref.Index < 0 {
		return "the policy as a whole"
	}
	name := fmt.Sprintf("statement %d", ref.Index+1)
	if ref.Sid != "" {
		name += ` ("` + plain(ref.Sid, maxName) + `")`
	}
	return name
}

// sentence starts s with a capital letter.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
