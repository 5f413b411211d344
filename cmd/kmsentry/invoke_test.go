package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/fakesns"
)

// sampleEvent returns the path of a sample event.
func sampleEvent(name string) string { return filepath.Join("..", "..", "events", name+".json") }

// invoked runs kmsentry invoke with the real binary.
func invoked(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return kmsentry(stdin, append([]string{"invoke", "--bootstrap", bootstrap.Path(t)}, args...)...)
}

// write writes text to a file in the test's temporary folder and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInvokeShowsWhatEachSubscriberGets(t *testing.T) {
	status, stdout, stderr := invoked(t, "", sampleEvent("put-key-policy-public"))
	if status != exit.OK || stderr != "" {
		t.Fatalf("invoke = %d, %q", status, stderr)
	}
	first, _, _ := strings.Cut(stdout, "\n")
	if want := sampleEvent("put-key-policy-public") + "  public, critical, published: "; !strings.HasPrefix(first, want) {
		t.Errorf("first line = %q, want %q...", first, want)
	}
	for _, want := range []string{"--- mailbox ---", "Subject: [CRITICAL]", "--- channel ---", "--- SIEM ---", "(class 2004)", "arn:aws:kms:us-west-2:111111111111:key/"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("output has no %q:\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "\x1b") {
		t.Error("output is colored although it is not to a terminal")
	}
}

func TestInvokeWrongUsage(t *testing.T) {
	t.Setenv("TOPIC_ARN", "") // restored afterward
	os.Unsetenv("TOPIC_ARN")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no event", nil, "expected at least one event"},
		{"unknown flag", []string{"--nosuch", "x"}, "unknown flag --nosuch"},
		{"format", []string{"--format", "xml", "x"}, `expected text or json, found "xml"`},
		{"show", []string{"--show", "sms", "x"}, "expected email, chat, finding or none"},
		{"timeout", []string{"--timeout", "1ms", "x"}, "expected at least 1s"},
		{"endpoint", []string{"--endpoint", "localhost", "x"}, "expected an http or https URL"},
		{"endpoint without topic", []string{"--endpoint", "http://127.0.0.1:1", "x"}, "--endpoint needs --topic-arn or TOPIC_ARN"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := invoked(t, "", test.args...)
			if status != exit.Usage || stdout != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("invoke %q = %d, %q, %q, want %d and %q", test.args, status, stdout, stderr, exit.Usage, test.want)
			}
		})
	}
	if status, _, _ := invoked(t, "", "-h"); status != exit.OK {
		t.Errorf("invoke -h = %d, want %d", status, exit.OK)
	}
}

// A function that cannot start gives one line, however many events there are.
func TestInvokeFunctionThatDoesNotStart(t *testing.T) {
	tests := []struct{ name, setting, value, want string }{
		{"no topic", "TOPIC_ARN", "", "setting TOPIC_ARN: not set"},
		{"topic is not an ARN", "TOPIC_ARN", "kmsentry", `setting TOPIC_ARN: expected the ARN of a standard SNS topic, found "kmsentry"`},
		{"severity", "MIN_SEVERITY", "loud", "setting MIN_SEVERITY"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(test.setting, test.value)
			status, stdout, stderr := invoked(t, "", sampleEvent("put-key-policy-public"), sampleEvent("create-key-default"))
			if status != exit.Error || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.want) {
				t.Errorf("invoke = %d, %q, %q, want %d and one line with %q", status, stdout, stderr, exit.Error, test.want)
			}
		})
	}
}

func TestInvokeOntoAFullDisk(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			var stderr bytes.Buffer
			args := []string{"invoke", "--bootstrap", bootstrap.Path(t), "--format", format, sampleEvent("put-key-policy-public"), sampleEvent("create-key-default")}
			status := run(args, strings.NewReader(""), failingWriter{}, &stderr)
			if want := "kmsentry invoke: standard output: no space left on device\n"; status != exit.Error || stderr.String() != want {
				t.Errorf("invoke = %d, %q, want %d, %q", status, stderr.String(), exit.Error, want)
			}
		})
	}
}

func TestInvokeBootstrap(t *testing.T) {
	text := write(t, "bootstrap", "no program")
	program := write(t, "exits", "#!/bin/sh\nexit 7\n")
	content := write(t, "succeeds", "#!/bin/sh\nexit 0\n")
	for _, path := range []string{program, content} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ name, path, want string }{
		{"not built", "bin/bootstrap", "make bin/bootstrap"},
		{"not there", "/nosuch", `--bootstrap "/nosuch" does not exist`},
		{"no program", text, "is not a program"},
		{"ends at once", program, "the process ended before it answered: exit status 7"},
		{"ends at once, content", content, "the process ended before it answered: exit status 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, _, stderr := kmsentry("", "invoke", "--bootstrap", test.path, sampleEvent("create-key-default"))
			if status != exit.Error || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.want) {
				t.Errorf("invoke = %d, %q, want %d and one line with %q", status, stderr, exit.Error, test.want)
			}
		})
	}
}

// Without a bootstrap the command itself runs as the function, from any folder; a
// bootstrap next to it takes precedence.
func TestInvokeFindsItsFunction(t *testing.T) {
	dir := t.TempDir()
	command := filepath.Join(dir, "kmsentry")
	if out, err := exec.Command("go", "build", "-o", command, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	event, err := os.ReadFile(sampleEvent("put-key-policy-public"))
	if err != nil {
		t.Fatal(err)
	}
	run := func() (string, error) {
		cmd := exec.Command(command, "invoke", "--show", "none", "-")
		cmd.Dir, cmd.Stdin = t.TempDir(), bytes.NewReader(event)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err != nil || !strings.Contains(out, "public, critical, published") {
		t.Errorf("alone: %v, %q", err, out)
	}
	function := exec.Command(command, "function")
	if out, err := function.CombinedOutput(); function.ProcessState.ExitCode() != exit.Usage || !strings.Contains(string(out), `unknown command "function"`) {
		t.Errorf("function, for which no Lambda asks: %v, %q", err, out)
	}
	near := filepath.Join(dir, "bootstrap")
	if err := os.WriteFile(near, []byte("#!/bin/sh\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := run(); err == nil || !strings.Contains(out, "the process ended before it answered: exit status 7") {
		t.Errorf("with another function next to it: %v, %q", err, out)
	}
	if err := os.Remove(near); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bootstrap.Path(t), near); err != nil {
		t.Fatal(err)
	}
	if out, err := run(); err != nil || !strings.Contains(out, "public, critical, published") {
		t.Errorf("with the function next to it: %v, %q", err, out)
	}
}

func TestInvokeOtherEndpoint(t *testing.T) {
	// The embedded endpoint of another run serves as the other SNS.
	s := startSNS(t)
	status, stdout, stderr := invoked(t, "", "--endpoint", s.URL(), "--topic-arn", otherTopic, sampleEvent("put-key-policy-public"))
	if status != exit.Error || !strings.Contains(stderr, "AWS_ACCESS_KEY_ID") {
		t.Errorf("without credentials: invoke = %d, %q, %q, want the missing setting named", status, stdout, stderr)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	status, stdout, stderr = invoked(t, "", "--endpoint", s.URL(), "--topic-arn", otherTopic, sampleEvent("put-key-policy-public"))
	if status != exit.OK || stderr != "" {
		t.Fatalf("invoke = %d, %q, %q", status, stdout, stderr)
	}
	all := s.Publications()
	if len(all) != 1 || !strings.Contains(stdout, "message "+all[0].ID+" at "+s.URL()) {
		t.Errorf("%d messages at the endpoint; output:\n%s", len(all), stdout)
	}
}

const otherTopic = "arn:aws:sns:eu-west-1:444455556666:alerts"

// startSNS starts a separate SNS endpoint.
func startSNS(t *testing.T) *fakesns.Server {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "") // the machine's own credentials must not matter
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	s, err := fakesns.Start(otherTopic, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
