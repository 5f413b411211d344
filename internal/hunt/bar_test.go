package hunt

import (
	"bytes"
	"strings"
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

func TestNoBarWithoutTerminal(t *testing.T) {
	if p := NewBar(&bytes.Buffer{}); p != nil {
		t.Errorf("a bar on a buffer: %v", p)
	}
}
