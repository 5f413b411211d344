package chat

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
)

func TestChatStormLead(t *testing.T) {
	want := []string{
		"Storm: 42 alerts held since 2026-11-23 03:14:15 UTC: 1 critical, 25 high, 16 medium. None is lost: each went to the overflow topic.",
		"- 1 critical: `111122223333 us-west-2 alias/a`",
		"- 20 high: `" + alerttest.KeyInUSWest + "`",
		"- 2 medium: `key-0`",
		"- 5 high: other keys",
		"- 14 medium: other keys",
	}
	if got := stormLead(alerttest.Storm()); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("chat leads with\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := stormLead(nil); got != nil {
		t.Errorf("without a storm chat leads with %q", got)
	}
}
