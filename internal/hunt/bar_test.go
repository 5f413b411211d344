package hunt

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"
)

// A lines writer passes on what is written to it.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// TestBar: the bar tells bytes, files and findings, and ends although not
// everything was read.
func TestBar(t *testing.T) {
	out := make(lines, 1000)
	bar := newBar(out, mpb.WithAutoRefresh(), mpb.WithRefreshRate(time.Millisecond))
	bar.Found(3, 3000)
	bar.Read(2000)
	bar.Done(1)
	for text := range out {
		if strings.Contains(text, "2.0 KB / 3.0 KB") && strings.Contains(text, "1/3") {
			break
		}
	}
	bar.Close()
}

// A screen keeps the lines that a terminal would show. It knows line ends, the
// cursor up, and erasing what is below.
type screen struct {
	mu    sync.Mutex
	lines []string
	shown bool // something was on it
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := string(p)
	for text != "" {
		var up int
		if n, err := fmt.Sscanf(text, "\x1b[%dA\x1b[J", &up); n == 1 && err == nil {
			s.lines = s.lines[:len(s.lines)-up]
			_, text, _ = strings.Cut(text, "\x1b[J")
			continue
		}
		line, rest, _ := strings.Cut(text, "\n")
		s.lines, text = append(s.lines, line), rest
		s.shown = s.shown || strings.Contains(line, "1.0 KB / 3.0 KB")
	}
	return len(p), nil
}

// TestBarIsCleared: nothing is left of the bar on the terminal.
func TestBarIsCleared(t *testing.T) {
	s := &screen{}
	bar := newBar(s, mpb.ForceTTY(), mpb.WithAutoRefresh(), mpb.WithRefreshRate(time.Millisecond))
	bar.Found(3, 3000)
	bar.Read(1000)
	for shown := false; !shown; {
		s.mu.Lock()
		shown = s.shown
		s.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	bar.Close()
	if left := strings.TrimSpace(strings.Join(s.lines, "")); left != "" {
		t.Errorf("left on the terminal: %q", left)
	}
}

func TestNoBarWithoutTerminal(t *testing.T) {
	if p := NewBar(&bytes.Buffer{}); p != nil {
		t.Errorf("a bar on a buffer: %v", p)
	}
}
