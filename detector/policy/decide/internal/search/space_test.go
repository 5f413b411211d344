package search

import (
	"testing"
	"time"
)

// TestAt: at another instant the same policy has other requests, and a request
// that may choose its time has those of a span.
func TestAt(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2025, time.March, d, 12, 0, 0, 0, time.UTC) }
	c := spaceOf(t, aboutKey(), allow(`"DateGreaterThan":{"aws:CurrentTime":"2025-03-02T00:00:00Z"}`), deny(`"DateGreaterThan":{"aws:CurrentTime":"2025-03-05T00:00:00Z"}`))
	for _, row := range []struct {
		name  string
		at    time.Time
		until time.Time // zero: the request is made at that instant
		want  bool
	}{
		{"before it is open", day(1), time.Time{}, false},
		{"while it is open", day(3), time.Time{}, true},
		{"when it is shut again", day(6), time.Time{}, false},
		{"until it is open", day(1), day(3), true},
		{"until it has been open", day(1), day(20), true},
		{"until shortly before", day(1), day(1).Add(time.Hour), false},
		{"once it is shut", day(6), day(20), false},
	} {
		then := c.At(row.at, 0)
		if !row.until.IsZero() {
			then = c.At(row.at, row.until.Unix())
		}
		s := then.NewSearch(kindOf(t, then, "role"), Reach{}, true)
		m, _ := s.Find()
		if (m != nil) != row.want || s.Incomplete {
			t.Errorf("%s: found %v, incomplete %v, want %v", row.name, m != nil, s.Incomplete, row.want)
		}
		if m == nil {
			continue
		}
		request := s.Request(m, s.Ask)
		at, err := time.Parse(time.RFC3339, request.Context["aws:CurrentTime"][0])
		if err != nil || at.Before(day(1).Add(12*time.Hour)) || at.After(day(4).Add(12*time.Hour)) {
			t.Errorf("%s: a request at %v (%v)", row.name, at, err)
		}
	}
	if c.Now != now() {
		t.Errorf("the instant of the space itself is now %v", c.Now)
	}
}
