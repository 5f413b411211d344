package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/exit"
)

// A fakeBar writes the calls of its methods to what would be the terminal.
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

// TestCheckProgress checks that a check that takes long shows its progress and writes
// nothing else meanwhile, and that its answers are those of a quick one.
func TestCheckProgress(t *testing.T) {
	dir := policies(t, 12)
	check := func(slow func() bool, open func(io.Writer) Bar) string {
		t.Helper()
		o := Options{Files: []string{dir}, At: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), FailOn: DefaultFailOn(), Format: "text"}
		o.Slow, o.Progress = slow, open
		var terminal bytes.Buffer // both streams, as on a terminal
		if status := Run(o, nil, &terminal, &terminal); status != exit.Found {
			t.Errorf("exit status %d", status)
		}
		return terminal.String()
	}
	never, noTerminal := func() bool { return false }, func(io.Writer) Bar { return nil }
	quick := check(never, noTerminal)
	if got := check(func() bool { return true }, noTerminal); got != quick {
		t.Errorf("without a terminal it prints something else:\n%s", got)
	}
	asked := 0
	var shows *fakeBar
	got := check(func() bool { asked++; return asked > 5 }, func(w io.Writer) Bar {
		if shows != nil {
			t.Error("two bars")
		}
		shows = &fakeBar{w: w}
		return shows
	})
	before, rest, shown := strings.Cut(got, "<1/12, ")
	progress, after, cleared := strings.Cut(rest, "<cleared>\n")
	if !shown || !cleared || before+after != quick {
		t.Errorf("the answers are cut or mixed with the bar:\n%s", got)
	}
	if strings.Contains(progress, "anyone can") || !strings.HasSuffix(progress, "<12/12, 4>\n") {
		t.Errorf("the bar shows\n%s", progress)
	}
	if shows.read != shows.bytes || shows.bytes == 0 {
		t.Errorf("%d of %d bytes read", shows.read, shows.bytes)
	}
	if check(never, func(io.Writer) Bar { t.Error("a bar for a quick check"); return nil }) != quick {
		t.Error("a quick check prints something else")
	}
}

// TestCheckProgressFails checks that it is an error when what was held back cannot be
// written.
func TestCheckProgressFails(t *testing.T) {
	o := Options{Files: []string{policies(t, 4)}, At: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), FailOn: DefaultFailOn(), Format: "text"}
	o.Slow, o.Progress = func() bool { return true }, func(io.Writer) Bar { return &fakeBar{w: io.Discard} }
	var errs bytes.Buffer
	if status := Run(o, nil, fullDisk{}, &errs); status != exit.Error || !strings.Contains(errs.String(), "no space left") {
		t.Errorf("onto a full disk: %d, %q, want 1 and the reason", status, errs.String())
	}
}

// policies writes n key policies to a new folder, every third of them open, and returns
// its path.
func policies(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		text := `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}]}`
		if i%3 == 0 {
			text = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}`
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.json", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fullDisk fails every Write.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
