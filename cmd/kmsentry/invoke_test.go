package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/fakesns"
)

// sampleEvent is the path of a sample event.
func sampleEvent(name string) string { return filepath.Join("..", "..", "events", name+".json") }

// invoked runs kmsentry invoke with the real binary.
func invoked(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return kmsentry(stdin, append([]string{"invoke", "--bootstrap", bootstrap.Path(t)}, args...)...)
}

// write puts text into a file of the test's folder and returns its path.
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
		t.Error("output to something that is no terminal is coloured")
	}
}

func TestInvokeShowChooses(t *testing.T) {
	tests := []struct {
		show     string
		has, not []string
	}{
		{"email", []string{"mailbox"}, []string{"channel", "SIEM"}},
		{"chat,finding", []string{"channel", "SIEM", `"class_uid": 2004`}, []string{"mailbox"}},
		{"none", nil, []string{"mailbox", "channel", "SIEM"}},
	}
	for _, test := range tests {
		t.Run(test.show, func(t *testing.T) {
			_, stdout, _ := invoked(t, "", sampleEvent("put-key-policy-public"), "--show", test.show)
			for _, part := range test.has {
				if !strings.Contains(stdout, part) {
					t.Errorf("output has no %q:\n%s", part, stdout)
				}
			}
			for _, part := range test.not {
				if strings.Contains(stdout, "--- "+part) {
					t.Errorf("output has %q", part)
				}
			}
		})
	}
}

func TestInvokeFolderClosesWithAList(t *testing.T) {
	status, stdout, stderr := invoked(t, "", "--show", "none", filepath.Join("..", "..", "events"))
	if status != exit.OK || stderr != "" {
		t.Fatalf("invoke = %d, %q", status, stderr)
	}
	names, err := filepath.Glob(filepath.Join("..", "..", "events", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("events: %v, %v", names, err)
	}
	for _, name := range names {
		if n := strings.Count(stdout, name); n != 2 {
			t.Errorf("%s stands %d times in the output, want 2: in its line and in the list", name, n)
		}
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, " published, ") || !strings.Contains(last, " quiet") || strings.Contains(last, "failed") {
		t.Errorf("last line = %q, want the counts", last)
	}
}

// Of several events one finding's messages are shown, one of the most severe, and
// all fits on a few screens.
func TestInvokeFolderShowsOneFinding(t *testing.T) {
	status, stdout, stderr := invoked(t, "", filepath.Join("..", "..", "events"))
	if status != exit.OK || stderr != "" {
		t.Fatalf("invoke = %d, %q", status, stderr)
	}
	for _, once := range []string{"--- mailbox ---", "Subject: [CRITICAL]", "--- channel ---", "\nverdict "} {
		if n := strings.Count(stdout, once); n != 1 {
			t.Errorf("%q stands %d times in the output, want once", once, n)
		}
	}
	lines := 0
	for line := range strings.Lines(stdout) {
		lines += 1 + (len(line)-2)/100 // on a terminal of 100 columns
	}
	if lines > 195 {
		t.Errorf("%d lines, want at most 195, and 5 for make", lines)
	}
}

// Nothing of a hostile event reaches the terminal as anything but visible text.
func TestInvokeHostileEventIsHarmless(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		_, stdout, _ := invoked(t, "", "--format", format, "--show", "email,chat,finding", sampleEvent("put-key-policy-hostile"))
		if len(stdout) < 1000 {
			t.Fatalf("%s output is short: %q", format, stdout)
		}
		for _, r := range stdout {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s output has %U", format, r)
				break
			}
		}
	}
}

func TestInvokeJSON(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "nosuch.json")
	status, stdout, stderr := invoked(t, "", "--format=json", sampleEvent("put-key-policy-public"), missing, sampleEvent("create-key-default"))
	if status != exit.Error || stderr != "" {
		t.Errorf("invoke = %d, %q, want %d and nothing on standard error", status, stderr, exit.Error)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want 3:\n%s", len(lines), stdout)
	}
	var got [3]struct {
		Source, Error, Subject, Email string
		Summary                       struct {
			Verdict, Outcome string
			Published        bool
		}
		Chat    struct{ Version string }
		Finding struct {
			ClassUID int `json:"class_uid"`
		}
	}
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &got[i]); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
	}
	if g := got[0]; g.Summary.Verdict != "public" || !g.Summary.Published || g.Subject == "" || g.Email == "" || g.Chat.Version != "1.0" || g.Finding.ClassUID != 2004 {
		t.Errorf("line 1 = %+v, want a published finding with every message", g)
	}
	if g := got[1]; g.Source != missing || g.Error != "no such file or directory" {
		t.Errorf("line 2 = %+v, want an error", g)
	}
	if g := got[2]; g.Summary.Outcome != "quiet" || g.Subject != "" || g.Error != "" {
		t.Errorf("line 3 = %+v, want a quiet event", g)
	}
}

// A bad input is one line on standard error; the good one after it still runs.
func TestInvokeBadInputs(t *testing.T) {
	good := sampleEvent("put-key-policy-public")
	sample, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	padded := strings.Replace(string(sample), `"eventVersion":`, `"pad": "`+strings.Repeat("x", 1<<20)+`", "eventVersion":`, 1)
	other := `{"Records":[{"eventVersion":"1.08","eventSource":"kms.amazonaws.com","eventName":"Decrypt","eventID":"e"}]}`
	tests := []struct{ name, path, want string }{
		{"no such file", filepath.Join(t.TempDir(), "nosuch.json"), "no such file or directory"},
		{"empty", write(t, "empty.json", ""), "found an empty file"},
		{"blank", write(t, "blank.json", " \n"), "found an empty file"},
		{"two values", write(t, "two.json", "{}\n{}"), "found more after byte 2"},
		{"breaks off", write(t, "cut.json", string(sample[:len(sample)/2])), "breaks off"},
		{"no JSON", write(t, "text.json", "hello"), "invalid character"},
		{"no object", write(t, "list.json", "[]"), "eventError"},
		{"no event", write(t, "noevent.json", `{"eventName":"PutKeyPolicy"}`), `without "detail"`},
		{"no record", write(t, "norecord.json", `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":{}}`), "RecordError"},
		{"more than 1 MB", write(t, "big.json", padded), "expected an event of at most 1048576 bytes"},
		{"empty folder", t.TempDir(), "the folder has no *.json or *.json.gz file"},
		{"no call that the rule lets through", write(t, "decrypt.json", other), "none of the records in it (log file, 1 read) is a CreateKey, PutKeyPolicy or ReplicateKey call"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := invoked(t, "", "--show", "none", test.path, good)
			if status != exit.Error {
				t.Errorf("status = %d, want %d", status, exit.Error)
			}
			if strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.path+": ") || !strings.Contains(stderr, test.want) {
				t.Errorf("standard error = %q, want one line with %q", stderr, test.want)
			}
			if !strings.Contains(stdout, good+"  public, critical, published") {
				t.Errorf("the good event behind it did not run:\n%s", stdout)
			}
		})
	}
}

// Odd events that are fine: a line about them, status 0.
func TestInvokeOddInputs(t *testing.T) {
	sample, err := os.ReadFile(sampleEvent("put-key-policy-public"))
	if err != nil {
		t.Fatal(err)
	}
	padding := `"version": "0", "pad": "` + strings.Repeat("x", 1_000_000) + `",`
	tests := []struct{ name, stdin, want string }{
		{"another service", `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":{"eventVersion":"1.08","eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy","eventID":"e","eventTime":"2026-11-23T00:00:00Z"}}`, "quiet"},
		{"1 MB", strings.Replace(string(sample), `"version": "0",`, padding, 1), "public, critical, published"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := invoked(t, test.stdin, "--show", "none", "-")
			if status != exit.OK || stderr != "" || strings.Count(stdout, "\n") != 1 || !strings.Contains(stdout, test.want) {
				t.Errorf("invoke = %d, %q, %q, want 0 and one line with %q", status, stdout, stderr, test.want)
			}
		})
	}
}

// People have records in many forms: each reaches the function as EventBridge
// would send it.
func TestInvokeTakesRecordsInAnyForm(t *testing.T) {
	sample, err := os.ReadFile(sampleEvent("put-key-policy-public"))
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ Detail json.RawMessage }
	if err := json.Unmarshal(sample, &e); err != nil {
		t.Fatal(err)
	}
	text := func(s []byte) string {
		quoted, err := json.Marshal(string(s))
		if err != nil {
			t.Fatal(err)
		}
		return string(quoted)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	decrypt := `{"eventVersion":"1.08","eventSource":"kms.amazonaws.com","eventName":"Decrypt","eventID":"e"}`
	fmt.Fprintf(z, `{"Records":[%s,%s,%s]}`, e.Detail, decrypt, e.Detail)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		want       int
	}{
		{"a bare record", string(e.Detail), 1},
		{"a log file", `{"Records":[` + string(e.Detail) + `,` + decrypt + `]}`, 1},
		{"a log file, compressed", zipped.String(), 2},
		{"lookup-events", `{"Events":[{"EventId":"e","CloudTrailEvent":` + text(e.Detail) + `}]}`, 1},
		{"a failed event of Lambda's", `{"version":"1.0","requestContext":{"condition":"RetriesExhausted"},"requestPayload":` + string(sample) + `,"responsePayload":{"errorType":"publishError"}}`, 1},
		{"receive-message", `{"Messages":[{"MessageId":"m","Body":` + text(sample) + `}]}`, 1},
		{"receive-message of failed events", `{"Messages":[{"Body":` + text([]byte(`{"requestPayload":`+string(sample)+`}`)) + `},{"Body":` + text(sample) + `}]}`, 2},
		{"a notification", `{"Type":"Notification","TopicArn":"arn:aws:sns:us-west-2:111111111111:t","Message":` + text(sample) + `}`, 1},
		{"a record per line", compact(t, e.Detail) + "\n" + decrypt + "\n" + compact(t, e.Detail) + "\n", 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := invoked(t, test.text, "--show", "none", "--format", "json", "-")
			if n := strings.Count(stdout, `"published":true`); status != exit.OK || stderr != "" || n != test.want || strings.Count(stdout, "\n") != test.want {
				t.Errorf("invoke = %d, %q, %q; want %d events published", status, stdout, stderr, test.want)
			}
			if numbered := strings.Contains(stdout, `"source":"standard input#1"`); numbered != (test.want > 1) {
				t.Errorf("the source is numbered: %t\n%s", numbered, stdout)
			}
		})
	}
}

// A damaged record costs itself only.
func TestInvokeNamesWhatItCannotRead(t *testing.T) {
	sample, err := os.ReadFile(sampleEvent("put-key-policy-public"))
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ Detail json.RawMessage }
	if err := json.Unmarshal(sample, &e); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := invoked(t, compact(t, e.Detail)+"\nnothing\n"+compact(t, e.Detail)+"\n", "--show", "none", "-")
	if status != exit.Error || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "standard input: byte ") || strings.Count(stdout, "public, critical, published") != 2 {
		t.Errorf("invoke = %d, %q, %q; want two published and one line about the rest", status, stdout, stderr)
	}
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestInvokeWrongUsage(t *testing.T) {
	t.Setenv("TOPIC_ARN", "") // restored afterwards
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
		{"endpoint without topic", []string{"--endpoint", "http://127.0.0.1:1", "x"}, "expected --topic-arn or TOPIC_ARN"},
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

// A function that cannot start is one line, however many events wait.
func TestInvokeFunctionThatDoesNotStart(t *testing.T) {
	tests := []struct{ name, setting, value, want string }{
		{"no topic", "TOPIC_ARN", "", "setting TOPIC_ARN: not set"},
		{"topic is no ARN", "TOPIC_ARN", "kmsentry", `setting TOPIC_ARN: expected the ARN of a standard SNS topic, found "kmsentry"`},
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
		{"not there", "/nosuch", `--bootstrap "/nosuch" is not there`},
		{"no program", text, "is no program"},
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

// The command alone is the function too, from any folder; a function next to it
// comes first.
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
	// The embedded endpoint of another run stands for another SNS.
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

// startSNS starts an SNS endpoint of its own.
func startSNS(t *testing.T) *fakesns.Server {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "") // what the machine has does not count
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	s, err := fakesns.Start(otherTopic, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
