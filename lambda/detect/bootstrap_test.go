package detect

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/fakesns"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
)

func TestEventsPublishOnceOrNever(t *testing.T) {
	tests := []struct {
		event    string
		outcome  string
		verdict  string
		severity string
	}{
		{"create-key-public", outcomePublished, "public", "critical"},
		{"put-key-policy-public", outcomePublished, "public", "critical"},
		{"replicate-key-public", outcomePublished, "public", "critical"},
		{"put-key-policy-hostile", outcomePublished, "public", "critical"},
		{"put-key-policy-malformed", outcomePublished, "undecided", "medium"},
		{"create-key-default", outcomeQuiet, "private", ""},
		{"put-key-policy-caller-account", outcomeQuiet, "private", ""},
		{"put-key-policy-refused", outcomeBelow, "public", "low"},
		{"put-key-policy-shared", outcomeBelow, "shared", "low"},
		{"disable-key", outcomeQuiet, "private", ""},
	}
	for _, test := range tests {
		t.Run(test.event, func(t *testing.T) {
			t.Parallel()
			server := newSNSServer(t, nil)
			f, log := newFunction(t, server.URL())
			s := invoke(t, f, sample(t, test.event))
			if s.Outcome != test.outcome || s.Verdict.String() != test.verdict || s.Severity != test.severity {
				t.Errorf("summary = %s, %s, %q, want %s, %s, %q", s.Outcome, s.Verdict, s.Severity, test.outcome, test.verdict, test.severity)
			}
			want := 0
			if test.outcome == outcomePublished {
				want = 1
			}
			if got := server.Requests(); got != want {
				t.Errorf("%d requests to SNS, want %d", got, want)
			}
			all := server.Publications()
			if len(all) != want || s.Published != (want == 1) {
				t.Fatalf("%d publications, summary says published %t, want %d", len(all), s.Published, want)
			}
			if want == 1 {
				checkPublication(t, all[0], s)
			}
			f.Close() // the log is whole once the process has ended
			checkLog(t, log.String(), s)
		})
	}
}

// checkPublication checks a message against the summary.
func checkPublication(t *testing.T, p fakesns.Publication, s summary) {
	t.Helper()
	if p.ID != s.MessageID {
		t.Errorf("message id = %q, summary says %q", p.ID, s.MessageID)
	}
	var finding struct {
		ClassUID    int                  `json:"class_uid"`
		FindingInfo struct{ UID string } `json:"finding_info"`
	}
	for _, protocol := range []string{"default", "sqs", "lambda", "firehose", "http"} {
		if err := json.Unmarshal([]byte(p.For(protocol)), &finding); err != nil {
			t.Errorf("%s: %v", protocol, err)
		}
		if finding.ClassUID != 2004 || finding.FindingInfo.UID != s.Finding {
			t.Errorf("%s: class %d, uid %q, want 2004 and %q", protocol, finding.ClassUID, finding.FindingInfo.UID, s.Finding)
		}
	}
	if email := p.For("email"); strings.HasPrefix(email, "{") || !strings.Contains(email, s.EventID) {
		t.Errorf("email is not a text about event %s: %.100q", s.EventID, email)
	}
	var chat struct{ Version, Source string }
	if err := json.Unmarshal([]byte(p.For("https")), &chat); err != nil || chat.Version != "1.0" || chat.Source != "custom" {
		t.Errorf("https = %.100q, want a custom notification 1.0 (%v)", p.For("https"), err)
	}
}

// checkLog checks that the log has exactly one line about the event, in JSON that
// Lambda can filter.
func checkLog(t *testing.T, log string, s summary) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if len(lines) != 1 {
		t.Fatalf("%d log lines, want 1:\n%s", len(lines), log)
	}
	var line struct {
		Timestamp, Level, Message, Verdict, Outcome, Version string
		EventID                                              string `json:"event_id"`
		AWS                                                  *struct {
			CloudWatchMetrics []struct {
				Namespace string
				Metrics   []struct{ Name string }
			}
		} `json:"_aws"`
	}
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatalf("log line %s: %v", lines[0], err)
	}
	if _, err := time.Parse(time.RFC3339, line.Timestamp); err != nil || line.Level != "INFO" || line.Message == "" {
		t.Errorf("log line = %s, want timestamp, level INFO and message", lines[0])
	}
	if line.Version == "" {
		t.Errorf("log line = %s, want the version", lines[0])
	}
	if line.EventID != s.EventID || line.Verdict != s.Verdict.String() || line.Outcome != s.Outcome {
		t.Errorf("log line = %s, want event %s, %s, %s", lines[0], s.EventID, s.Verdict, s.Outcome)
	}
	if (line.AWS != nil) != (s.Finding != "") {
		t.Errorf("log line = %s: metrics for a finding, and only then", lines[0])
	}
}

// LOG_LEVEL keeps only events without a finding out of the log.
func TestFindingsAreLoggedAtEveryLevel(t *testing.T) {
	for _, level := range []string{"debug", "info", "warn", "error"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			f, log := newFunction(t, newSNSServer(t, nil).URL(), "LOG_LEVEL="+level)
			s := invoke(t, f, sample(t, "put-key-policy-shared"))
			if level == "warn" || level == "error" {
				invoke(t, f, sample(t, "create-key-default"))
			}
			f.Close() // the log is whole once the process has ended
			if s.Outcome != outcomeBelow {
				t.Errorf("outcome %q, want %q", s.Outcome, outcomeBelow)
			}
			checkLog(t, log.String(), s)
		})
	}
}

func TestOneProcessHandlesEventsInTurn(t *testing.T) {
	t.Parallel()
	server := newSNSServer(t, nil)
	f, _ := newFunction(t, server.URL())
	first := invoke(t, f, sample(t, "put-key-policy-public"))
	if s := invoke(t, f, sample(t, "create-key-default")); s.Outcome != outcomeQuiet {
		t.Errorf("default policy after an open one: outcome %q, want %q", s.Outcome, outcomeQuiet)
	}
	if _, err := f.Invoke(context.Background(), []byte("{}"), ample); err == nil {
		t.Error("Invoke({}): no error")
	}
	again := invoke(t, f, sample(t, "put-key-policy-public"))
	if again.Finding != first.Finding || again.Finding == "" {
		t.Errorf("finding uid = %q, then %q, want the same for the same event", first.Finding, again.Finding)
	}
}

func TestBadEventsFailByName(t *testing.T) {
	tests := []struct{ name, event, errorType, message string }{
		{"no object", `[]`, "eventError", "expected an EventBridge event"},
		{"no detail", `{"source":"aws.kms"}`, "eventError", `without "detail"`},
		{"null detail", `{"detail":null}`, "eventError", `null as "detail"`},
		{"detail is text", `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":"x"}`, "RecordError", "record"},
		{"detail is not a record", `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":{}}`, "RecordError", "record"},
		{"of another service", `{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail","detail":{}}`, "eventError", `"source" "aws.kms" once`},
		{"another kind of event", `{"source":"aws.kms","detail-type":"KMS CMK Rotation","detail":{}}`, "eventError", `"detail-type" "AWS API Call via CloudTrail" once`},
		{"a bare record", `{"eventName":"PutKeyPolicy"}`, "eventError", `without "detail"`},
	}
	server := newSNSServer(t, nil)
	f, log := newFunction(t, server.URL())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := f.Invoke(context.Background(), []byte(test.event), ample)
			failure := asFailure(t, err)
			if test.errorType != "" && failure.Type != test.errorType || !strings.Contains(failure.Message, test.message) {
				t.Errorf("Invoke = %v, want %s with %q", failure, test.errorType, test.message)
			}
		})
	}
	if n := server.Requests(); n != 0 {
		t.Errorf("%d requests to SNS, want none", n)
	}
	f.Close() // the log is whole once the process has ended
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != len(tests) {
		t.Errorf("%d log lines, want %d:\n%s", len(lines), len(tests), log)
	}
	for _, line := range lines {
		var failure runtimeapi.Failure
		if err := json.Unmarshal([]byte(line), &failure); err != nil || failure.Type == "" {
			t.Errorf("log line %q: want JSON with errorType (%v)", line, err)
		}
	}
}

// An odd envelope does not suppress an alert: only the record counts.
func TestOddEnvelopeStillAlerts(t *testing.T) {
	t.Parallel()
	server := newSNSServer(t, nil)
	f, _ := newFunction(t, server.URL())
	event := strings.Replace(string(sample(t, "put-key-policy-public")), `"time": "2021-01-11T11:04:39Z"`, `"time": "yesterday"`, 1)
	if !strings.Contains(event, "yesterday") {
		t.Fatal("the sample event's time has changed")
	}
	if s := invoke(t, f, []byte(event)); !s.Published {
		t.Errorf("summary = %+v, want published", s)
	}
}

func asFailure(t *testing.T, err error) *runtimeapi.Failure {
	t.Helper()
	var failure *runtimeapi.Failure
	if !errors.As(err, &failure) {
		t.Fatalf("Invoke = %v, want a failure of the function", err)
	}
	return failure
}

// first returns a function that gives the first requests the faults, in order, and
// later ones none.
func first(faults ...fakesns.Fault) func(int) fakesns.Fault {
	return func(n int) fakesns.Fault {
		if n <= len(faults) {
			return faults[n-1]
		}
		return ""
	}
}

func TestPassingFaultsAreRetried(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults []fakesns.Fault
	}{
		{"throttled twice", []fakesns.Fault{fakesns.Throttle, fakesns.Throttle}},
		{"KMS throttled", []fakesns.Fault{fakesns.KMSBusy}},
		{"429 without a body that SNS would send", []fakesns.Fault{fakesns.Limited}},
		{"200 without a message id", []fakesns.Fault{fakesns.Empty}},
		{"200 with wrong XML", []fakesns.Fault{fakesns.Garbled}},
		{"500", []fakesns.Fault{fakesns.Broken}},
		{"503 without a body that SNS would send", []fakesns.Fault{fakesns.Busy}},
		{"connection reset", []fakesns.Fault{fakesns.Reset}},
		{"one request hangs", []fakesns.Fault{fakesns.Hang}},
		{"one of each", []fakesns.Fault{fakesns.Reset, fakesns.Throttle, fakesns.Broken, fakesns.Busy}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newSNSServer(t, first(test.faults...))
			f, _ := newFunction(t, server.URL())
			response, err := f.Invoke(context.Background(), sample(t, "put-key-policy-public"), ample)
			if err != nil {
				t.Fatalf("Invoke = %v, %v", string(response), err)
			}
			if got, want := server.Requests(), len(test.faults)+1; got != want {
				t.Errorf("%d requests, want %d", got, want)
			}
			if n := len(server.Publications()); n != 1 {
				t.Errorf("%d publications, want 1", n)
			}
		})
	}
}

// A lost answer leads to a second message with the same uid.
func TestLostAnswerRepeatsTheSameFinding(t *testing.T) {
	t.Parallel()
	for _, fault := range []fakesns.Fault{fakesns.Lost, fakesns.Cut, fakesns.Late} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			server := newSNSServer(t, first(fault))
			f, _ := newFunction(t, server.URL())
			s := invoke(t, f, sample(t, "put-key-policy-public"))
			all := server.Publications()
			if len(all) != 2 {
				t.Fatalf("%d publications, want 2", len(all))
			}
			for _, p := range all {
				if !strings.Contains(p.For("sqs"), s.Finding) {
					t.Errorf("publication %s does not carry uid %s", p.ID, s.Finding)
				}
			}
		})
	}
}

// A lasting fault fails the invocation. That it does so before the deadline is tested
// in internal/function/publish_test.go, with simulated time; here a busy machine may
// delay it.
func TestLastingFaultsFail(t *testing.T) {
	t.Parallel()
	always := func(f fakesns.Fault) func(int) fakesns.Fault { return func(int) fakesns.Fault { return f } }
	tests := []struct {
		name    string
		fault   fakesns.Fault
		message string
	}{
		{"hangs", fakesns.Hang, "deadline exceeded"},
		{"throttles", fakesns.Throttle, "Throttling"},
		{"broken", fakesns.Broken, "InternalFailure"},
		{"resets", fakesns.Reset, "publish"},
		{"answers success without a message id", fakesns.Empty, "expected a message id in the answer, found none"},
	}
	const timeout = 3 * time.Second
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newSNSServer(t, always(test.fault))
			f, _ := newFunction(t, server.URL())
			_, err := f.Invoke(context.Background(), sample(t, "put-key-policy-public"), timeout)
			failure := asFailure(t, err)
			if failure.Type != "publishError" || !strings.Contains(failure.Message, "gave up after ") || !strings.Contains(failure.Message, test.message) {
				t.Errorf("Invoke = %v, want publishError that gave up, with %q", failure, test.message)
			}
			if server.Requests() == 0 {
				t.Error("no request to SNS")
			}
			if n := len(server.Publications()); n != 0 {
				t.Errorf("%d publications, want none", n)
			}
		})
	}
	t.Run("down", func(t *testing.T) {
		t.Parallel()
		server := newSNSServer(t, nil)
		url := server.URL()
		server.Close()
		f, _ := newFunction(t, url)
		_, err := f.Invoke(context.Background(), sample(t, "put-key-policy-public"), timeout)
		if failure := asFailure(t, err); failure.Type != "publishError" || !strings.Contains(failure.Message, "connection refused") {
			t.Errorf("Invoke = %v, want publishError with connection refused", failure)
		}
	})
}

// The deadline is that of the invocation: once it has passed, nothing is retried.
func TestDeadlineOfTheInvocationCounts(t *testing.T) {
	t.Parallel()
	server := newSNSServer(t, func(int) fakesns.Fault { return fakesns.Throttle })
	f, _ := newFunction(t, server.URL())
	_, err := f.Invoke(context.Background(), sample(t, "put-key-policy-public"), -time.Second)
	if failure := asFailure(t, err); failure.Type != "publishError" || !strings.Contains(failure.Message, "gave up after 1 attempts") {
		t.Errorf("Invoke after its deadline = %v, want publishError after 1 attempt", failure)
	}
	if n := len(server.Publications()); n != 0 {
		t.Errorf("%d publications, want none", n)
	}
}

func TestRefusedForGoodIsNotTriedAgain(t *testing.T) {
	tests := []struct {
		name    string
		fault   fakesns.Fault
		message string
	}{
		{"not authorized", fakesns.Denied, "AuthorizationError"},
		{"the credentials have expired", fakesns.Expired, "ExpiredToken"},
		{"the clock is wrong", fakesns.Skewed, "SignatureDoesNotMatch"},
		{"redirected, as SNS never does", fakesns.Moved, "StatusCode: 307"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newSNSServer(t, func(int) fakesns.Fault { return test.fault })
			f, _ := newFunction(t, server.URL())
			_, err := f.Invoke(context.Background(), sample(t, "put-key-policy-public"), ample)
			failure := asFailure(t, err)
			if failure.Type != "publishError" || !strings.Contains(failure.Message, test.message) || strings.Contains(failure.Message, "gave up") {
				t.Errorf("Invoke = %v, want publishError with %s at once", failure, test.message)
			}
			if n := server.Requests(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestWrongSettingFailsTheStart(t *testing.T) {
	tests := []struct{ name, env, message string }{
		{"no topic", "TOPIC_ARN=", "setting TOPIC_ARN: not set"},
		{"topic is not an ARN", "TOPIC_ARN=kmsentry", `setting TOPIC_ARN: expected the ARN of a standard SNS topic, found "kmsentry"`},
		{"severity", "MIN_SEVERITY=High", `setting MIN_SEVERITY: expected critical, high, medium or low, found "High"`},
		{"overflow topic", "OVERFLOW_TOPIC_ARN=" + testTopic, "setting OVERFLOW_TOPIC_ARN: expected a topic other than TOPIC_ARN"},
		{"alerts a minute", "MAX_ALERTS_PER_MINUTE=twenty", `setting MAX_ALERTS_PER_MINUTE: expected a whole number from 1 to 1000, found "twenty"`},
		{"exceptions file not there", "EXCEPTIONS_FILE=/nosuch.yaml", "setting EXCEPTIONS_FILE: open /nosuch.yaml"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, log := newFunction(t, "http://127.0.0.1:1", test.env)
			_, err := f.Invoke(context.Background(), sample(t, "create-key-default"), ample)
			failure := asFailure(t, err)
			if failure.Type != "settingError" || !failure.Init || !strings.HasPrefix(failure.Message, test.message) {
				t.Errorf("Invoke = %v (init %t), want settingError %q", failure, failure.Init, test.message)
			}
			f.Close() // the log is whole once the process has ended
			if n := strings.Count(log.String(), "\n"); n != 1 {
				t.Errorf("%d log lines, want 1:\n%s", n, log)
			}
		})
	}
}

func TestThresholdAndHTTPSBodyComeFromTheSettings(t *testing.T) {
	t.Parallel()
	server := newSNSServer(t, nil)
	f, _ := newFunction(t, server.URL(), "MIN_SEVERITY=low", "HTTPS_BODY=finding")
	if s := invoke(t, f, sample(t, "put-key-policy-refused")); s.Outcome != outcomePublished || !s.Attempted {
		t.Errorf("refused call with MIN_SEVERITY=low: %s, attempted %t, want published and attempted", s.Outcome, s.Attempted)
	}
	all := server.Publications()
	if len(all) != 1 || all[0].For("https") != all[0].For("sqs") {
		t.Error("with HTTPS_BODY=finding the https body is not the finding")
	}
}

// Messages are published over TLS, as to AWS, with the system's roots, which
// SSL_CERT_FILE names.
func TestPublishesOverTLS(t *testing.T) {
	t.Parallel()
	server := newSNSServer(t, nil)
	secure := httptest.NewUnstartedServer(server)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are expected here
	secure.StartTLS()
	t.Cleanup(secure.Close)
	roots := filepath.Join(t.TempDir(), "roots.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(roots, text, 0o644); err != nil {
		t.Fatal(err)
	}
	f, _ := newFunction(t, secure.URL, "SSL_CERT_FILE="+roots)
	if s := invoke(t, f, sample(t, "put-key-policy-public")); !s.Published {
		t.Errorf("summary = %+v, want published", s)
	}
	stranger, _ := newFunction(t, secure.URL) // the system's roots do not include that certificate
	_, err := stranger.Invoke(context.Background(), sample(t, "put-key-policy-public"), 3*time.Second)
	if failure := asFailure(t, err); failure.Type != "publishError" || !strings.Contains(failure.Message, "certificate") {
		t.Errorf("Invoke with an unknown certificate = %v, want publishError", failure)
	}
	if n := len(server.Publications()); n != 1 {
		t.Errorf("%d publications, want 1", n)
	}
}

func BenchmarkColdStart(b *testing.B) {
	event := sample(b, "create-key-default")
	for b.Loop() {
		f, _ := newFunction(b, "http://127.0.0.1:1")
		if _, err := f.Invoke(context.Background(), event, ample); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

func BenchmarkPublish(b *testing.B) {
	server := newSNSServer(b, nil)
	f, _ := newFunction(b, server.URL())
	event := sample(b, "put-key-policy-public")
	invoke(b, f, event)
	for b.Loop() {
		if _, err := f.Invoke(context.Background(), event, ample); err != nil {
			b.Fatal(err)
		}
	}
}
