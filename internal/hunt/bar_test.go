package hunt

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"
)

// TestBar: the bar tells bytes, files and findings, and ends although not
// everything was read.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	bar := newBar(&out, time.Now(), mpb.WithAutoRefresh(), mpb.WithRefreshRate(time.Millisecond))
	bar.Found(3, 3000)
	bar.Read(2000)
	bar.Done(1)
	bar.Close()
	if text := out.String(); text != "" && !strings.Contains(text, "/ 3.0 KB") {
		t.Errorf("bar %q", text)
	}
}

func TestNoBarWithoutTerminal(t *testing.T) {
	if p := NewBar(&bytes.Buffer{}); p != nil {
		t.Errorf("a bar on a buffer: %v", p)
	}
}
