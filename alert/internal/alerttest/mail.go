package alerttest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/wrap"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// lineStarts matches the lines that the mail may have.
var lineStarts = regexp.MustCompile(`^(|Who: .*|MFA: .*|From: .*|Key: .*|Material: .*|When: .*|Note: .*| .*|(\[TEST\] )?(LOW|MEDIUM|HIGH|CRITICAL)( \([a-z]+\))?:( .*)?|[0-9]+\. .*|` +
	`Event \(the console .*|https://.*|kmsentry v.*|Finding [0-9a-f]{64}|Finding unknown|` +
	`WHY(, CONTINUED)?|DO NOW(, SIGNED IN TO ACCOUNT [0-9]{12})?|THEN|LAST RESORT|PROPOSED POLICY.*|STATEMENT [0-9]+ OF [0-9]+, AS WRITTEN|THE POLICY AS THE RECORD HAS IT|PROOF.*|LINKS|DETAILS|FALSE ALARM\?)$`)

// head lists the labels of the first lines, in order.
var head = []string{"Who: ", "MFA: ", "From: ", "Key: ", "When: "}

// IsMailLine reports whether the mail may have this line. Only kmsentry's own text
// may begin at the left margin.
func IsMailLine(line string) bool { return lineStarts.MatchString(line) }

// CheckFirstLines checks that the first 40 lines of the mail about f have what it
// promises: what, who, from where, which key, when, why, the first two commands and
// the link.
func CheckFirstLines(t *testing.T, text string, f *detector.Finding) {
	t.Helper()
	failed := false
	fail := func(format string, args ...any) {
		t.Helper()
		failed = true
		t.Errorf(format, args...)
	}
	lines := strings.Split(text, "\n")
	top := lines[:min(40, len(lines))]
	at := 0
	for _, start := range head {
		for at++; at < len(top) && !strings.HasPrefix(top[at], start); at++ {
			if !strings.HasPrefix(top[at], "  ") && !strings.HasPrefix(top[at], "Material: ") {
				fail("line %d = %q, expected %q", at+1, top[at], start)
			}
		}
		if at >= len(top) {
			t.Fatalf("no line begins with %q", start)
		}
	}
	for i, line := range top[:at+1] {
		if wrap.Width(line) > 72 {
			fail("line %d has %d columns: %q", i+1, wrap.Width(line), line)
		}
	}
	for _, heading := range []string{"WHY", "DO NOW"} {
		at := slices.IndexFunc(top, func(line string) bool { return strings.HasPrefix(line, heading) })
		if at < 0 || at+2 >= len(top) || strings.TrimSpace(top[at+1]) == "" {
			fail("no %q with text among the first lines", heading)
		}
	}
	if got, want := countCommands(top), min(2, countCommands(lines)); got < want {
		fail("%d commands in the first 40 lines, expected %d", got, want)
	}
	if link := words.EventLink(f); link != "" && !slices.Contains(top, link) {
		fail("the link to the event is not in the first 40 lines")
	}
	if failed {
		t.Logf("the first lines:\n%s", strings.Join(top, "\n"))
	}
}

// countCommands returns the number of commands that begin and end within lines.
func countCommands(lines []string) int {
	n := 0
	for i, line := range lines {
		if !strings.HasPrefix(line, "  aws ") && !strings.HasPrefix(line, "  kmsentry ") && !strings.HasPrefix(line, "  for k in ") {
			continue
		}
		for i < len(lines) && strings.HasSuffix(lines[i], "\\") {
			i++
		}
		if i < len(lines) {
			n++
		}
	}
	return n
}
