package words_test

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

func TestThreads(t *testing.T) {
	for name, c := range map[string]struct {
		f    *detector.Finding
		want string
	}{
		"by key ARN":            {alerttest.PublicFinding(), alerttest.KeyInUSWest},
		"by uid without an ARN": {alerttest.Findings()["key-unknown"], strings.Repeat("0f1e2d3c", 8)},
		"by uid with a bad ARN": {alerttest.HostileFinding(), strings.Repeat("0f1e2d3c", 8)},
		"never empty":           {&detector.Finding{}, "unknown"},
	} {
		if got := words.ThreadID(c.f); got != c.want {
			t.Errorf("%s: ThreadID = %q, want %q", name, got, c.want)
		}
	}
}
