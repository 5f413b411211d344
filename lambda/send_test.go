package main

import (
	"context"
	"testing"
	"time"
)

func TestSendUntilLeavesAMargin(t *testing.T) {
	now := time.Now()
	tests := []struct{ left, want time.Duration }{
		{30 * time.Second, 29 * time.Second},
		{5 * time.Second, 4 * time.Second},
		{time.Second, 800 * time.Millisecond},
		{0, 0},
	}
	for _, test := range tests {
		ctx, cancel := context.WithDeadline(context.Background(), now.Add(test.left))
		if got := sendUntil(ctx, now).Sub(now); got != test.want {
			t.Errorf("sendUntil with %s left = %s, want %s", test.left, got, test.want)
		}
		cancel()
	}
	if got := sendUntil(context.Background(), now).Sub(now); got != noDeadline {
		t.Errorf("sendUntil without a deadline = %s, want %s", got, noDeadline)
	}
}

func TestPausesGrowAndStayBounded(t *testing.T) {
	for n := 1; n <= 100; n++ {
		most := maxPause
		if n < 6 {
			most = firstPause << (n - 1)
		}
		if got := pauseAfter(n); got < most/2 || got > most {
			t.Errorf("pauseAfter(%d) = %s, want %s to %s", n, got, most/2, most)
		}
	}
}
