package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kmsentry/kmsentry/internal/exit"
)

const sampleArchive = "../../testdata/archive"

// huntRun runs the command and returns its status and outputs.
func huntRun(args ...string) (status int, stdout, stderr string) {
	return kmsentry(`{"Records":[]}`, append([]string{"hunt"}, args...)...)
}

func TestHuntUsage(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no path", nil, "at least one path"},
		{"twice standard input", []string{"-", "-"}, "only once"},
		{"uses of standard input", []string{"--uses", "-"}, "--uses"},
		{"format", []string{"--format", "xml", "x"}, "--format"},
		{"date", []string{"--from", "yesterday", "x"}, "2026-01-31"},
		{"dates the wrong way round", []string{"--from", "2026-02-02", "--to", "2026-02-01", "x"}, "earlier time first"},
		{"account", []string{"--account", "12", "x"}, "--account: expected 12 digits"},
		{"trusted account", []string{"--trusted-account", "12", "x"}, "--trusted-account: expected 12 digits"},
		{"no bucket", []string{"x", "s3://"}, `expected s3://BUCKET/PREFIX, found "s3://"`},
		{"Region", []string{"--region", "Ireland", "x"}, "eu-west-1"},
		{"organization", []string{"--trusted-org", "acme", "x"}, "o-a1b2c3d4e5"},
		{"verdict", []string{"--only", "public,open", "x"}, `taken-over`},
		{"severity", []string{"--min-severity", "loud", "x"}, "critical"},
		{"workers", []string{"--workers", "-1", "x"}, "expected 0 or more"},
		{"unknown flag", []string{"--frobnicate", "x"}, "frobnicate"},
	}
	for _, test := range tests {
		status, stdout, stderr := huntRun(test.args...)
		if status != exit.Usage || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%s: status %d, %q, want one line with %q", test.name, status, stderr, test.want)
		}
	}
}

func TestHuntStatus(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"nothing found", []string{"-"}, exit.OK},
		{"nothing left", []string{"--only", "shared", sampleArchive}, exit.OK},
		{"not read", []string{bad}, exit.Error},
		{"no such path", []string{filepath.Join(dir, "nowhere")}, exit.Error},
		{"found", []string{sampleArchive}, exit.Found},
		{"a finding, and a file that was not read", []string{sampleArchive, bad}, exit.Found},
		{"output cannot be written", []string{"--output", filepath.Join(dir, "no", "such"), sampleArchive}, exit.Error},
		{"summary cannot be written", []string{"--summary", dir, sampleArchive}, exit.Error},
		{"exceptions cannot be read", []string{"--exceptions", bad, sampleArchive}, exit.Error},
		{"resource control policy cannot be read", []string{"--rcp", bad, sampleArchive}, exit.Error},
		{"help", []string{"-h"}, exit.OK},
	}
	for _, test := range tests {
		if status, _, stderr := huntRun(test.args...); status != test.want {
			t.Errorf("%s: status %d, want %d: %s", test.name, status, test.want, stderr)
		}
	}
}

// TestHuntRCP checks that a key that only a resource control policy closes is not
// open, but is reported.
func TestHuntRCP(t *testing.T) {
	rcp := filepath.Join(t.TempDir(), "rcp.json")
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"210987654321"}}}]}`
	if err := os.WriteFile(rcp, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stdout, stderr := huntRun("--rcp", rcp, "--only", "guarded", sampleArchive)
	if !strings.Contains(stdout, "private (guarded)") || strings.Contains(stdout, "opened ") || !strings.Contains(stderr, "keys that were open: 0") {
		t.Errorf("%s\n%s\nwant guarded findings and no key that was open", stdout, stderr)
	}
}

func TestHuntDiskFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	full.Close()
	status, _, stderr := huntRun("--quiet", "--output", "/dev/full", sampleArchive)
	if status != exit.Found && status != exit.Error || !strings.Contains(stderr, "no space left") {
		t.Errorf("status %d, %q, want a line about the disk", status, stderr)
	}
}

// TestHuntCtrlC checks that an interrupted hunt prints what it has found, even while
// it waits for input, and how to continue, and that the same command then gives the
// whole answer.
func TestHuntCtrlC(t *testing.T) {
	files, err := filepath.Glob(sampleArchive + "/AWSLogs/*/*/*/*/*/*/*.json.gz")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	_, want, _ := huntRun("--quiet", "--format", "json", "--timeline", sampleArchive)
	place := filepath.Join(t.TempDir(), "place")
	stop := func(args ...string) (status int, stdout, stderr string) {
		t.Helper()
		in, feed := io.Pipe()
		defer feed.Close()
		go func() {
			if _, err := feed.Write([]byte(`{"Records":[`)); err != nil { // returns once it has been read
				t.Error(err)
			}
			if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
				t.Error(err)
			}
		}()
		var out, errs bytes.Buffer
		status = run(append([]string{"hunt", "--workers", "1", "--format", "json", "--timeline"}, args...), in, &out, &errs)
		return status, out.String(), errs.String()
	}
	status, stdout, stderr := stop(append(files[:8:8], "-")...)
	if _, first, _ := huntRun(append([]string{"--quiet", "--format", "json"}, files[:8]...)...); status != exit.Found || first == "" || !strings.HasPrefix(stdout, first) {
		t.Errorf("status %d, %q; want what the files read by then hold", status, stdout)
	}
	if !strings.HasSuffix(stderr, "interrupted: the output above is what was found by then; with --resume FILE a hunt can be continued\n") {
		t.Errorf("%q, want how to go on", stderr)
	}
	if status, _, stderr := stop(append(files[:8:8], "--resume", place, "-")...); status != exit.Found || !strings.Contains(stderr, "run the same command to continue") {
		t.Errorf("status %d, %q, want how to go on", status, stderr)
	}
	if _, stdout, stderr := huntRun("--format", "json", "--timeline", "--resume", place, sampleArchive); stdout != want || !strings.Contains(stderr, "8 of them by the run before") {
		t.Errorf("resumed: %q\n%s\nwant %s", stderr, stdout, want)
	}
}

func TestHuntWritesSummaryAndOutput(t *testing.T) {
	dir := t.TempDir()
	summary, output := filepath.Join(dir, "s.json"), filepath.Join(dir, "o.jsonl")
	status, stdout, stderr := huntRun("--quiet", "--summary", summary, "--output", output, "--format", "json", sampleArchive)
	if status != exit.Found || stdout != "" || stderr != "" {
		t.Errorf("status %d, %q, %q; want silence", status, stdout, stderr)
	}
	text, err := os.ReadFile(summary)
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"files", "bytes", "records", "candidates", "duplicates", "faults", "days_without_files", "regions_without_files"} {
		if _, ok := s[member]; !ok {
			t.Errorf("summary without %q", member)
		}
	}
	if lines, err := os.ReadFile(output); err != nil || bytes.Count(lines, []byte("\n")) < 3 {
		t.Errorf("output %q %v", lines, err)
	}
}

func TestHuntHelpListsFlags(t *testing.T) {
	_, stdout, _ := huntRun("-h")
	for _, flag := range []string{"--from", "--to", "--account", "--region", "--format", "--only", "--min-severity", "--exceptions", "--timeline", "--uses", "--summary", "--resume", "--quiet"} {
		if !strings.Contains(stdout, "  "+flag) {
			t.Errorf("help without %s", flag)
		}
	}
}
