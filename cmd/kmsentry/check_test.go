package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/version"
)

var update = flag.Bool("update", false, "write the golden files of kmsentry check")

// checkIn runs kmsentry check in testdata/check/in at a fixed time.
func checkIn(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	t.Chdir("testdata/check/in")
	var out, errs bytes.Buffer
	status = runCheck(append([]string{"--at", "2026-11-23T00:00:00Z"}, args...), strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// inputs returns all files in testdata/check/in.
func inputs(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("testdata/check/in")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) < 10 {
		t.Fatalf("%d inputs, want at least 10", len(names))
	}
	return names
}

func TestCheckGolden(t *testing.T) {
	files := inputs(t)
	tests := []struct {
		golden string
		args   []string
	}{
		{"all.txt", files},
		{"all.jsonl", append([]string{"--format", "json", "--account", "111122223333"}, files...)},
		{"all.sarif", append([]string{"--format", "sarif"}, files...)},
		{"explain.txt", []string{"--explain", "default.json", "open.json", "template.yaml"}},
		{"explain.jsonl", []string{"--explain", "--format", "json", "default.json"}},
		{"parameter.txt", []string{
			"--key-arn", "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
			"--parameter", "PartnerAccount=444455556666", "--parameter", "Stage=prod", "template.yaml",
		}},
		{"trusted.txt", []string{"--trusted-account", "444455556666", "shared.json"}},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			golden, err := filepath.Abs(filepath.Join("testdata/check/golden", tt.golden))
			if err != nil {
				t.Fatal(err)
			}
			_, got, _ := checkIn(t, "", tt.args...)
			text := strings.ReplaceAll(got, `"version": "`+version.String()+`"`, `"version": "VERSION"`)
			if *update {
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if text != string(want) {
				t.Errorf("check %s differs from %s at line %d; look at the difference and run with -update", strings.Join(tt.args, " "), tt.golden, firstDifference(text, string(want)))
			}
		})
	}
}

// firstDifference returns the number, from 1, of the first line in which a and b
// differ.
func firstDifference(a, b string) int {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return i + 1
		}
	}
	return min(len(x), len(y)) + 1
}

// TestCheckVerdicts fixes the verdicts that an update of the golden files must not
// change.
func TestCheckVerdicts(t *testing.T) {
	tests := []struct {
		args   string
		status int
		want   []string // source and verdict
	}{
		{"default.json answer.txt", exit.OK, []string{"default.json private", "answer.txt private"}},
		{"open.json", exit.Found, []string{"open.json public"}},
		{"org-if-exists.json context.json via-s3.json", exit.Found, []string{"org-if-exists.json public", "context.json public", "via-s3.json public"}},
		{"network.json shared.json", exit.OK, []string{"network.json network", "shared.json shared"}},
		{"--fail-on network network.json", exit.Found, []string{"network.json network"}},
		{"--fail-on network shared.json", exit.OK, []string{"shared.json shared"}},
		{"--fail-on shared --trusted-account 444455556666 shared.json", exit.OK, []string{"shared.json private"}},
		{"--fail-on shared --account 444455556666 shared.json", exit.Found, []string{"shared.json shared"}},
		{"later.json", exit.OK, []string{"later.json private"}},
		{"--at 2027-06-01T00:00:00Z later.json", exit.Found, []string{"later.json public"}},
		{"hostile-answer.json", exit.Found, []string{"hostile-answer.json public"}},
		{"malformed.json default.json", exit.Found, []string{"malformed.json undecided", "default.json private"}},
		{"--strict malformed.json default.json", exit.Error, []string{"malformed.json undecided", "default.json private"}},
		{"unread.json", exit.Found, []string{"unread.json public"}},
		{"--strict unread.json", exit.Error, []string{"unread.json undecided"}},
		{"malformed.json open.json event.json nosuch.json", exit.Found, []string{
			"malformed.json undecided", "open.json public", "event.json undecided", "nosuch.json undecided",
		}},
		{"template.yaml", exit.Found, []string{
			"template.yaml#OwnKey private", "template.yaml#PartnerKey undecided", "template.yaml#OpenKey public",
			"template.yaml#PlainKey private", "template.yaml#Replica undecided",
		}},
		{"--fail-on undecided --parameter PartnerAccount=444455556666 template.yaml", exit.Found, []string{
			"template.yaml#OwnKey private", "template.yaml#PartnerKey shared", "template.yaml#OpenKey public",
			"template.yaml#PlainKey private", "template.yaml#Replica undecided",
		}},
		{"--account 444455556666 --parameter PartnerAccount=444455556666 template.yaml", exit.Found, []string{
			"template.yaml#OwnKey private", "template.yaml#PartnerKey private", "template.yaml#OpenKey public",
			"template.yaml#PlainKey private", "template.yaml#Replica undecided",
		}},
		{"plan.json", exit.Found, []string{
			"plan.json#aws_kms_key.open public", "plan.json#aws_kms_key.plain private",
			"plan.json#aws_kms_key_policy.late undecided", "plan.json#aws_kms_replica_key.r private",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			status, out, stderr := checkIn(t, "", append([]string{"--format", "json"}, strings.Fields(tt.args)...)...)
			if status != tt.status || stderr != "" {
				t.Errorf("check %s = %d, %q, want %d", tt.args, status, stderr, tt.status)
			}
			var got []string
			for _, d := range documents(t, out) {
				got = append(got, place(d)+" "+d.Verdict.String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("verdicts = %q, want %q", got, tt.want)
			}
		})
	}
}

// place returns the file of a document and the key in it, as in a row.
func place(d check.Document) string { return strings.TrimSuffix(d.Source+"#"+d.Resource, "#") }

// documents decodes JSON output strictly, one object per line.
func documents(t *testing.T, out string) []check.Document {
	t.Helper()
	var docs []check.Document
	for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		var d check.Document
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&d); err != nil || dec.More() {
			t.Fatalf("line %.100q: %v", line, err)
		}
		docs = append(docs, d)
	}
	return docs
}

// TestCheckWitnesses checks every witness in the JSON output with the evaluator, from
// the output alone, as a reader of it would.
func TestCheckWitnesses(t *testing.T) {
	_, out, _ := checkIn(t, "", append([]string{"--format", "json", "--account", "111122223333"}, "open.json", "org-if-exists.json", "context.json", "network.json", "shared.json", "via-s3.json")...)
	checkedOnes := 0
	for _, d := range documents(t, out) {
		text, err := os.ReadFile(d.Source)
		if err != nil {
			t.Fatal(err)
		}
		p, err := policy.Parse(bytes.TrimSpace(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range append(d.Grants, d.Others...) {
			w := g.Witness
			var at time.Time // zero, which means any time, when the witness has none
			if w.Time != "" {
				if at, err = time.Parse(time.RFC3339, w.Time); err != nil {
					t.Fatal(err)
				}
			}
			r := evaluate.Request{
				Principal: w.Principal, Session: w.Session, UniqueID: w.UniqueID, Parent: w.Parent, Service: w.Service,
				Action: w.Action, Resource: w.Resource, Time: at, Context: w.Context,
			}
			if got := evaluate.Allows(p, r); got != evaluate.Yes {
				t.Errorf("%s: the policy says %s to the witness of %s", d.Source, got, g.Action)
			}
			if _, ok := awsid.ParseKeyARN(w.Resource); !ok {
				t.Errorf("%s: the witness of %s names the key %q, want an ARN", d.Source, g.Action, w.Resource)
			}
			checkedOnes++
		}
	}
	if checkedOnes < 10 {
		t.Errorf("%d witnesses, want at least 10", checkedOnes)
	}
}

func TestCheckStdin(t *testing.T) {
	status, out, _ := checkIn(t, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`, "default.json", "-", "default.json")
	if lines := strings.Split(out, "\n"); status != exit.Found || !strings.HasPrefix(out, "private") || !strings.Contains(out, "\npublic     -  anyone can kms:Encrypt") || len(lines) < 4 {
		t.Errorf("check default.json - default.json = %d, %s", status, out)
	}
}

func TestCheckBadInput(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct{ path, want string }{
		{filepath.Join(dir, "nosuch.json"), "no such file or directory"},
		{write("empty", nil), "found an empty file"},
		{write("binary", []byte("PK\x03\x04\x00\x00")), "found binary data"},
		{write("utf16", []byte("\xff\xfe{\x00}\x00")), "UTF-16"},
		{write("big-text", bytes.Repeat([]byte("text "), 2_000_000)), "expected a template of at most"},
		{write("big-policy", []byte(`{"Statement":[],"Id":"`+strings.Repeat("x", 10_000_000)+`"}`)), "expected at most 32768 bytes"},
		{write("hostile\x1b[2J\u202e", []byte("\"\x1b")), "expected JSON"},
	}
	good := write("good", []byte(`{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}}`))
	for _, format := range []string{"text", "json", "sarif"} {
		for _, tt := range tests {
			var out, errs bytes.Buffer
			status := runCheck([]string{"--format", format, tt.path, good}, nil, &out, &errs)
			all := out.String() + errs.String()
			if status != exit.Error || !strings.Contains(all, tt.want) {
				t.Errorf("check --format %s %q = %d, %.300s, want 1 and %q", format, tt.path, status, all, tt.want)
			}
			if strings.ContainsAny(all, "\x1b\u202e") {
				t.Errorf("check --format %s %q passes control characters on: %.300q", format, tt.path, all)
			}
			if format == "text" && (strings.Count(out.String(), "\n") != 4 || !strings.Contains(out.String(), "\nprivate ")) {
				t.Errorf("check %q = %q, want a line, the good file with its note, and the sum", tt.path, out.String())
			}
		}
	}
}

// failingWriter fails every Write, like a full disk.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestCheckOutputFails(t *testing.T) {
	t.Chdir("testdata/check/in")
	for _, format := range []string{"text", "json", "sarif"} {
		var stderr bytes.Buffer
		if status := runCheck([]string{"--format", format, "open.json"}, nil, failingWriter{}, &stderr); status != exit.Error || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("check --format %s onto a full disk = %d, %q, want 1 and the reason", format, status, stderr.String())
		}
	}
}
