package alert

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector"
)

func TestThreads(t *testing.T) {
	for name, c := range map[string]struct {
		f    *detector.Finding
		want string
	}{
		"by key ARN":            {publicFinding(), keyInUSWest},
		"by uid without an ARN": {findings()["key-unknown"], strings.Repeat("0f1e2d3c", 8)},
		"by uid with a bad ARN": {hostileFinding(), strings.Repeat("0f1e2d3c", 8)},
		"never empty":           {&detector.Finding{}, "unknown"},
	} {
		if got := threadID(c.f); got != c.want {
			t.Errorf("%s: threadID = %q, want %q", name, got, c.want)
		}
	}
}
