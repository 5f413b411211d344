package chat

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
)

// A code span has nothing between its outer backticks that Slack or Teams would
// interpret, and every entity in it is whole.
func FuzzCode(f *testing.F) {
	f.Add(alerttest.Attack, 80)
	f.Add("a&b", 5)
	f.Add("", 5)
	f.Add("<<<<<<<<<<<<<<<<", 7)
	f.Add(":&//", 80)
	f.Add("://://", 80)
	f.Add("https://a.b://www.c.d/http://e.f://g.h/", 200)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		got := code(s, max(limit%512, 5))
		inner := strings.TrimSuffix(strings.TrimPrefix(got, "`"), "`")
		if len(got) != len(inner)+2 || inner == "" || strings.ContainsAny(inner, "`<>\n\r") {
			t.Fatalf("code(%q) = %q", s, got)
		}
		rest := strings.NewReplacer("&amp;", "_", "&lt;", "_", "&gt;", "_").Replace(inner)
		if strings.Contains(rest, "&") || strings.Contains(rest, "://") {
			t.Fatalf("code(%q) = %q holds a bare & or a URL", s, got)
		}
	})
}
