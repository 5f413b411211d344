package email

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/internal/wrap"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

func TestStormLead(t *testing.T) {
	const lead = `STORM: 42 alerts held since 2026-11-23 03:14:15 UTC: 1 critical, 25
high, 16 medium. None is lost: each went to the overflow topic.
- 1 critical: 111122223333 us-west-2 alias/a
- 20 high: arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
- 2 medium: key-0
- 5 high: other keys
- 14 medium: other keys

`
	unwrapped := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if got := stormLead(alerttest.Storm()); unwrapped(got) != unwrapped(lead) || !strings.HasSuffix(got, "\n\n") {
		t.Errorf("the mail leads with\n%s\nwant, wrapped in whatever way,\n%s", got, lead)
	}
	for _, line := range strings.Split(stormLead(alerttest.Storm()), "\n") {
		if wrap.Width(line) > wrap.Columns && !strings.Contains(line, "arn:") {
			t.Errorf("line %q is too wide", line)
		}
	}
	if got := stormLead(&words.Storm{}); !strings.HasPrefix(got, "STORM: 0 alerts held so far. ") {
		t.Errorf("a storm that begins leads with %q", got)
	}
	if got := stormLead(&words.Storm{Since: alerttest.At, Counts: []words.HeldCount{{Key: "k", Severity: detector.Low, Count: 1}}}); !strings.HasPrefix(got, "STORM: 1 alert held since ") {
		t.Errorf("one alert reads %q", got)
	}
	if got := stormLead(nil); got != "" {
		t.Errorf("without a storm the mail leads with %q", got)
	}
}
