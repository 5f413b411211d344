package invoke

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/kmsentry/kmsentry/internal/bootstraptest"
	"github.com/kmsentry/kmsentry/internal/exit"
)

// bootstrap is the function.
var bootstrap = bootstraptest.Binary{Function: bootstraptest.Detector}

func TestMain(m *testing.M) { os.Exit(bootstrap.Main(m)) }

// sampleEvent returns the path of a sample event.
func sampleEvent(name string) string { return filepath.Join("..", "..", "events", name+".json") }

// invoked sends inputs through the real function, without settings.
func invoked(t *testing.T, stdin string, o Options, inputs ...string) (status int, stdout, stderr string) {
	t.Helper()
	o.Inputs, o.Bootstrap, o.Topic, o.Timeout = inputs, bootstrap.Path(t), DefaultTopic, 30*time.Second
	var out, errs bytes.Buffer
	status = Run(o, nil, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// showing returns the value of --show for a list.
func showing(t *testing.T, list string) Shown {
	t.Helper()
	var s Shown
	if err := s.Set(list); err != nil {
		t.Fatal(err)
	}
	return s
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

func TestShowChooses(t *testing.T) {
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
			_, stdout, _ := invoked(t, "", Options{Show: showing(t, test.show)}, sampleEvent("put-key-policy-public"))
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

func TestFolderClosesWithAList(t *testing.T) {
	status, stdout, stderr := invoked(t, "", Options{Show: showing(t, "none")}, filepath.Join("..", "..", "events"))
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

// For several events the messages of one finding, one of the most severe, are shown, and
// everything fits on a few screens.
func TestFolderShowsOneFinding(t *testing.T) {
	status, stdout, stderr := invoked(t, "", Options{}, filepath.Join("..", "..", "events"))
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

// A hostile event reaches the terminal only as visible text.
func TestHostileEventIsHarmless(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		_, stdout, _ := invoked(t, "", Options{Format: format, Show: showing(t, "email,chat,finding")}, sampleEvent("put-key-policy-hostile"))
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

func TestJSON(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "nosuch.json")
	status, stdout, stderr := invoked(t, "", Options{Format: "json"}, sampleEvent("put-key-policy-public"), missing, sampleEvent("create-key-default"))
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

// An invalid input gives one line on standard error, and the valid one after it is still
// sent.
func TestBadInputs(t *testing.T) {
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
		{"truncated", write(t, "cut.json", string(sample[:len(sample)/2])), "found a truncated one"},
		{"no JSON", write(t, "text.json", "hello"), "invalid character"},
		{"no object", write(t, "list.json", "[]"), "eventError"},
		{"no event", write(t, "noevent.json", `{"eventName":"PutKeyPolicy"}`), `without "detail"`},
		{"no record", write(t, "norecord.json", `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":{}}`), "RecordError"},
		{"more than 1 MB", write(t, "big.json", padded), "expected an event of at most 1048576 bytes"},
		{"empty folder", t.TempDir(), "expected *.json or *.json.gz files in the folder, found none"},
		{"a call that the rule does not match", write(t, "decrypt.json", other), "none of the records in it (log file, 1 read) is a CreateKey, PutKeyPolicy or ReplicateKey call"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := invoked(t, "", Options{Show: showing(t, "none")}, test.path, good)
			if status != exit.Error {
				t.Errorf("status = %d, want %d", status, exit.Error)
			}
			if strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.path+": ") || !strings.Contains(stderr, test.want) {
				t.Errorf("standard error = %q, want one line with %q", stderr, test.want)
			}
			if !strings.Contains(stdout, good+"  public, critical, published") {
				t.Errorf("the good event after it did not run:\n%s", stdout)
			}
		})
	}
}

// Odd events that are valid give a line each, and the status is 0.
func TestOddInputs(t *testing.T) {
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
			status, stdout, stderr := invoked(t, test.stdin, Options{Show: showing(t, "none")}, "-")
			if status != exit.OK || stderr != "" || strings.Count(stdout, "\n") != 1 || !strings.Contains(stdout, test.want) {
				t.Errorf("invoke = %d, %q, %q, want 0 and one line with %q", status, stdout, stderr, test.want)
			}
		})
	}
}

// sampleRecord returns a sample event with a public policy, and the record in it.
func sampleRecord(t *testing.T) (event, record []byte) {
	t.Helper()
	event, err := os.ReadFile(sampleEvent("put-key-policy-public"))
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ Detail json.RawMessage }
	if err := json.Unmarshal(event, &e); err != nil {
		t.Fatal(err)
	}
	return event, e.Detail
}

// Records come in many forms, and each reaches the function as EventBridge would send it.
func TestTakesRecordsInAnyForm(t *testing.T) {
	sample, record := sampleRecord(t)
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
	fmt.Fprintf(z, `{"Records":[%s,%s,%s]}`, record, decrypt, record)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		want       int
	}{
		{"a bare record", string(record), 1},
		{"a log file", `{"Records":[` + string(record) + `,` + decrypt + `]}`, 1},
		{"a log file, compressed", zipped.String(), 2},
		{"lookup-events", `{"Events":[{"EventId":"e","CloudTrailEvent":` + text(record) + `}]}`, 1},
		{"a failed event of Lambda's", `{"version":"1.0","requestContext":{"condition":"RetriesExhausted"},"requestPayload":` + string(sample) + `,"responsePayload":{"errorType":"publishError"}}`, 1},
		{"receive-message", `{"Messages":[{"MessageId":"m","Body":` + text(sample) + `}]}`, 1},
		{"receive-message of failed events", `{"Messages":[{"Body":` + text([]byte(`{"requestPayload":`+string(sample)+`}`)) + `},{"Body":` + text(sample) + `}]}`, 2},
		{"a notification", `{"Type":"Notification","TopicArn":"arn:aws:sns:us-west-2:111111111111:t","Message":` + text(sample) + `}`, 1},
		{"a record per line", compact(t, record) + "\n" + decrypt + "\n" + compact(t, record) + "\n", 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := invoked(t, test.text, Options{Format: "json", Show: showing(t, "none")}, "-")
			if n := strings.Count(stdout, `"published":true`); status != exit.OK || stderr != "" || n != test.want || strings.Count(stdout, "\n") != test.want {
				t.Errorf("invoke = %d, %q, %q; want %d events published", status, stdout, stderr, test.want)
			}
			if numbered := strings.Contains(stdout, `"source":"standard input#1"`); numbered != (test.want > 1) {
				t.Errorf("the source is numbered: %t\n%s", numbered, stdout)
			}
		})
	}
}

// A damaged record does not affect the others.
func TestNamesWhatItCannotRead(t *testing.T) {
	_, record := sampleRecord(t)
	status, stdout, stderr := invoked(t, compact(t, record)+"\nnothing\n"+compact(t, record)+"\n", Options{Show: showing(t, "none")}, "-")
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
