package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/hunt"
)

// A fakeBar writes what it is told, where the terminal would show it.
type fakeBar struct {
	w                  io.Writer
	files, done, found int
	bytes, read        int64
}

func (b *fakeBar) Found(files int, bytes int64) { b.files, b.bytes = b.files+files, b.bytes+bytes }
func (b *fakeBar) Read(bytes int)               { b.read += int64(bytes) }
func (b *fakeBar) Pass(string)                  {}
func (b *fakeBar) Listed()                      {}
func (b *fakeBar) Close()                       { fmt.Fprint(b.w, "<cleared>\n") }

func (b *fakeBar) Done(findings int) {
	b.done, b.found = b.done+1, b.found+findings
	fmt.Fprintf(b.w, "<%d/%d, %d>\n", b.done, b.files, b.found)
}

// TestCheckProgress: a check that takes long shows how far it is, and writes
// nothing else while it does; the answers are those of a quick one.
func TestCheckProgress(t *testing.T) {
	dir := folder(t, many(12))
	check := func(slow func() bool, bar func(io.Writer) hunt.Progress) string {
		t.Helper()
		o, err := parseCheck([]string{"--at", "2026-11-23T00:00:00Z", dir}, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		o.slow, o.progress = slow, bar
		var terminal bytes.Buffer // both streams, as a person sees them
		if status := checkFiles(o, nil, &terminal, &terminal); status != exitFound {
			t.Errorf("exit status %d", status)
		}
		return terminal.String()
	}
	never, noTerminal := func() bool { return false }, func(io.Writer) hunt.Progress { return nil }
	quick := check(never, noTerminal)
	if got := check(func() bool { return true }, noTerminal); got != quick {
		t.Errorf("without a terminal it prints something else:\n%s", got)
	}
	asked := 0
	var bar *fakeBar
	got := check(func() bool { asked++; return asked > 5 }, func(w io.Writer) hunt.Progress {
		if bar != nil {
			t.Error("two bars")
		}
		bar = &fakeBar{w: w}
		return bar
	})
	before, rest, shown := strings.Cut(got, "<1/12, ")
	progress, after, cleared := strings.Cut(rest, "<cleared>\n")
	if !shown || !cleared || before+after != quick {
		t.Errorf("the answers are cut or mixed with the bar:\n%s", got)
	}
	if strings.Contains(progress, "anyone can") || !strings.HasSuffix(progress, "<12/12, 4>\n") {
		t.Errorf("the bar shows\n%s", progress)
	}
	if bar.read != bar.bytes || bar.bytes == 0 {
		t.Errorf("%d of %d bytes read", bar.read, bar.bytes)
	}
	if check(never, func(io.Writer) hunt.Progress { t.Error("a bar for a quick check"); return nil }) != quick {
		t.Error("a quick check prints something else")
	}
}

// TestCheckProgressFails: what was held back and cannot be written is an error.
func TestCheckProgressFails(t *testing.T) {
	o, err := parseCheck([]string{folder(t, many(4))}, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.slow, o.progress = func() bool { return true }, func(io.Writer) hunt.Progress { return &fakeBar{w: io.Discard} }
	var errs bytes.Buffer
	if status := checkFiles(o, nil, failingWriter{}, &errs); status != exitError || !strings.Contains(errs.String(), "no space left") {
		t.Errorf("onto a full disk: %d, %q, want 1 and the reason", status, errs.String())
	}
}
