package detect

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A decision that exceeds its part of the time gives an undecided finding of severity
// high, which is published; one that does not is unaffected.
func TestDecideBy(t *testing.T) {
	event := fmt.Appendf(nil, opening, "2026-11-20T08:59:00Z", "1234abcd-12ab-34cd-56ef-1234567890ab")
	for _, row := range []struct {
		name  string
		left  time.Duration // until the deadline
		tick  time.Duration // by which the clock advances each time it is read
		want  decide.Verdict
		level string
	}{
		{"in time", time.Minute, time.Millisecond, decide.Public, "critical"},
		{"late", time.Second, time.Second, decide.Undecided, "high"},
	} {
		h, sent, _ := testHandler(t)
		clock := h.now()
		h.now = func() time.Time { clock = clock.Add(row.tick); return clock }
		s, err := h.handle(late{context.Background(), clock.Add(row.left)}, event)
		if err != nil || s.Verdict != row.want || s.Severity != row.level || !s.Published || sent.n != 1 {
			t.Errorf("%s: %+v, %v, want %v, %s, published", row.name, s, err, row.want, row.level)
		}
	}
	if decideBy(context.Background(), time.Now) != nil {
		t.Error("without a deadline decideBy gives up all the same")
	}
}

// late is a context with a deadline that never cancels it.
type late struct {
	context.Context
	at time.Time
}

func (c late) Deadline() (time.Time, bool) { return c.at, true }
