package detect

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/fakesns"
)

// The function waits for a slow answer and does not send the message again.
func TestSlowAnswerIsWaitedFor(t *testing.T) {
	t.Parallel()
	server := newSNSServer(t, first(fakesns.Slow))
	f, _ := newFunction(t, server.URL())
	if s := invoke(t, f, sample(t, "put-key-policy-public")); !s.Published || server.Requests() != 1 {
		t.Errorf("summary = %+v after %d requests, want published after 1", s, server.Requests())
	}
}

// A topic that does not exist is a named error, so that the event ends up in the
// queue.
func TestMissingTopicFails(t *testing.T) {
	t.Parallel()
	server := newSNSServer(t, nil)
	f, _ := newFunction(t, server.URL(), "TOPIC_ARN="+testTopic+"-other")
	_, err := f.Invoke(context.Background(), sample(t, "put-key-policy-public"), ample)
	if failure := asFailure(t, err); failure.Type != "publishError" || !strings.Contains(failure.Message, "NotFound") || server.Requests() != 1 {
		t.Errorf("Invoke = %v after %d requests, want publishError with NotFound after 1", failure, server.Requests())
	}
}

// When the process is killed after SNS took the message but before the answer, the
// event goes to a new process, which publishes the same uid.
func TestKilledBetweenPublishAndAnswer(t *testing.T) {
	t.Parallel()
	ctx, kill := context.WithCancel(context.Background())
	server := newSNSServer(t, func(n int) fakesns.Fault {
		if n == 1 {
			return fakesns.Late
		}
		return ""
	})
	f, _ := newFunction(t, server.URL())
	done := make(chan error, 1)
	go func() {
		_, err := f.Invoke(ctx, sample(t, "put-key-policy-public"), ample)
		done <- err
	}()
	for len(server.Publications()) == 0 {
		select {
		case err := <-done:
			t.Fatalf("Invoke ended before SNS took the message: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	kill()
	if err := <-done; err == nil {
		t.Fatal("Invoke of a killed process: no error")
	}
	s := invoke(t, f, sample(t, "put-key-policy-public"))
	all := server.Publications()
	if len(all) < 2 {
		t.Fatalf("%d publications, want that of the killed process and that of the next", len(all))
	}
	for _, p := range all {
		if !strings.Contains(p.For("sqs"), s.Finding) {
			t.Errorf("publication %s does not carry uid %s", p.ID, s.Finding)
		}
	}
}

// When the process is killed while SNS hangs, as Lambda does at the timeout, the event
// goes to the next process, which delivers the alert.
func TestKilledWhileSNSHangs(t *testing.T) {
	t.Parallel()
	ctx, kill := context.WithCancel(context.Background())
	asked := make(chan struct{})
	server := newSNSServer(t, func(n int) fakesns.Fault {
		if n == 1 {
			close(asked)
			return fakesns.Hang
		}
		return ""
	})
	f, _ := newFunction(t, server.URL())
	done := make(chan error, 1)
	go func() {
		_, err := f.Invoke(ctx, sample(t, "put-key-policy-public"), ample)
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("Invoke ended before it asked SNS: %v", err)
	case <-asked:
	}
	kill()
	if err := <-done; err == nil {
		t.Fatal("Invoke of a killed process: no error")
	}
	if s := invoke(t, f, sample(t, "put-key-policy-public")); !s.Published || len(server.Publications()) != 1 {
		t.Errorf("the next process: %+v with %d publications, want 1", s, len(server.Publications()))
	}
}

// However little time is left, the most expensive policy leads to an alert that never
// calls it private, or to a failed invocation, which Lambda retries and then sends to
// the queue: never to silence.
func TestCostliestPolicyUnderEveryDeadline(t *testing.T) {
	var costly string
	for _, test := range hostile(t) {
		if test.name == costliest {
			costly = test.event
		}
	}
	for _, left := range []time.Duration{ample, 2 * time.Second, 200 * time.Millisecond, 20 * time.Millisecond, -time.Second} {
		t.Run(left.String(), func(t *testing.T) {
			t.Parallel()
			server := newSNSServer(t, nil)
			f, _ := newFunction(t, server.URL())
			response, err := f.Invoke(context.Background(), []byte(costly), left)
			if err != nil {
				if failure := asFailure(t, err); left == ample || failure.Type != "publishError" {
					t.Errorf("Invoke = %v, want an alert, or publishError when time is short", failure)
				}
				return
			}
			var s summary
			if err := json.Unmarshal(response, &s); err != nil {
				t.Fatal(err)
			}
			if !s.Published || s.Verdict != decide.Public && s.Verdict != decide.Undecided || len(server.Publications()) != 1 {
				t.Errorf("%+v with %d publications, want one, public or undecided", s, len(server.Publications()))
			}
			if s.Verdict == decide.Undecided && s.Severity != "high" {
				t.Errorf("%+v, want a decision out of time to be high", s)
			}
		})
	}
}

// The same event, delivered again to one process and to another at the same time, is
// published each time with the same uid.
func TestRedeliveredToTwoProcesses(t *testing.T) {
	t.Parallel()
	server := newSNSServer(t, nil)
	event := sample(t, "put-key-policy-public")
	var group sync.WaitGroup
	for range 2 {
		f, _ := newFunction(t, server.URL())
		group.Go(func() {
			for range 2 {
				if _, err := f.Invoke(context.Background(), event, ample); err != nil {
					t.Errorf("Invoke: %v", err)
				}
			}
		})
	}
	group.Wait()
	uids := map[string]int{}
	for _, p := range server.Publications() {
		var finding struct {
			Info struct{ UID string } `json:"finding_info"`
		}
		if err := json.Unmarshal([]byte(p.For("sqs")), &finding); err != nil {
			t.Fatal(err)
		}
		uids[finding.Info.UID]++
	}
	if len(uids) != 1 || len(server.Publications()) != 4 {
		t.Errorf("%d publications with uids %v, want 4 with one", len(server.Publications()), uids)
	}
}

const costliest = "a policy that costs the decision most"

// hostile returns events that are expensive for a careless reader, each with its
// outcome.
func hostile(t testing.TB) []struct{ name, event, want string } {
	t.Helper()
	event := string(sample(t, "put-key-policy-public"))
	with := func(old, new string) string {
		if !strings.Contains(event, old) {
			t.Fatalf("the sample event does not hold %s", old)
		}
		return strings.Replace(event, old, new, 1)
	}
	member := func(value string) string { return with(`"eventSource"`, `"pad": `+value+`, "eventSource"`) }
	deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	statement := `{"Sid":"S","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:*n*r*","kms:*t*","kms:*"],"Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":["*a*b*c*","*?*?*?*d*"],"kms:ViaService":"*x*y*z*"},"StringNotLike":{"aws:userid":"*:*a*b*"}}}`
	costly := `{"Version":"2012-10-17","Statement":[` + strings.TrimSuffix(strings.Repeat(statement+",", 32_000/(len(statement)+1)), ",") + `]}`
	return []struct{ name, event, want string }{
		{"1 MB in a member that decides nothing", member(`"` + strings.Repeat("x", 1<<20) + `"`), "published"},
		{"a number of 10,000 digits", member(strings.Repeat("9", 10_000)), "published"},
		{"an exponent of 10,000 digits", member("1e" + strings.Repeat("9", 10_000)), "published"},
		{"nested 100,000 deep", member(deep), "eventError"},
		{"nested 5,000 deep", member(strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000)), "published"},
		{"invalid UTF-8", member("\"\xff\xfe\""), "published"},
		{"a 100,000-member object", member("{" + `"a0":0` + manyMembers(100_000) + "}"), "published"},
		{costliest, string(canaryEvent("arn:aws:iam::111122223333:role/r", canaryKey, costly, "")), "published"},
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, `,"a%d":0`, i)
	}
	return b.String()
}

// Each hostile event leads to an alert or to a named error, after which Lambda retries
// the event and sends it to the queue; the process survives and handles the next one.
func TestHostileEvents(t *testing.T) {
	server := newSNSServer(t, nil)
	f, _ := newFunction(t, server.URL(), "MIN_SEVERITY=low")
	for _, test := range hostile(t) {
		t.Run(test.name, func(t *testing.T) {
			before := server.Requests()
			response, err := f.Invoke(context.Background(), []byte(test.event), ample)
			if test.want != "published" {
				if failure := asFailure(t, err); failure.Type != test.want || server.Requests() != before {
					t.Errorf("Invoke = %v, want %s and no message", failure, test.want)
				}
				return
			}
			if err != nil || !bytes.Contains(response, []byte(`"published":true`)) || server.Requests() != before+1 {
				t.Errorf("Invoke = %.300s, %.300v, %d messages, want 1", response, err, server.Requests()-before)
			}
		})
	}
	if s := invoke(t, f, sample(t, "put-key-policy-public")); !s.Published {
		t.Errorf("afterward: %+v, want published", s)
	}
}

// Whatever an event holds, memory and time grow only with its length: a function of
// 128 MB can read the largest event there is.
func TestHostileEventsAreBounded(t *testing.T) {
	const fixed, perByte = 24 << 20, 12 // a decision may take 16 MB; the rest is for the alert
	for _, test := range hostile(t) {
		t.Run(test.name, func(t *testing.T) {
			h, _, _ := testHandler(t)
			event := []byte(test.event)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := h.handle(context.Background(), event)
			runtime.ReadMemStats(&after)
			if (err != nil) != (test.want != "published") {
				t.Errorf("handle: %v, want %s", err, test.want)
			}
			took := after.TotalAlloc - before.TotalAlloc
			if most := uint64(fixed + perByte*len(event)); took > most {
				t.Errorf("%d bytes for an event of %d, want at most %d", took, len(event), most)
			}
			t.Logf("%d bytes for an event of %d", took, len(event))
		})
	}
}

// TestSoak sends 20,000 events of all kinds through one process and checks that all
// messages are published and that memory does not grow. It takes minutes, so it runs
// only with KMSENTRY_SOAK=1 (make soak).
func TestSoak(t *testing.T) {
	if os.Getenv("KMSENTRY_SOAK") == "" {
		t.Skip("set KMSENTRY_SOAK=1, or run make soak")
	}
	const events = 20_000
	var messages atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "<PublishResponse><PublishResult><MessageId>%d</MessageId></PublishResult></PublishResponse>", messages.Add(1))
	}))
	defer server.Close()
	names, err := filepath.Glob(filepath.Join("..", "..", "events", "*.json"))
	if err != nil || len(names) < 10 {
		t.Fatalf("%d sample events (%v)", len(names), err)
	}
	f, _ := newFunction(t, server.URL)
	published := make([]bool, len(names)) // as of the first time that each event was sent
	want, early := 0, 0
	for n := range events {
		i := n % len(names)
		s := invoke(t, f, sample(t, strings.TrimSuffix(filepath.Base(names[i]), ".json")))
		if n < len(names) {
			published[i] = s.Published
		}
		if s.Published != published[i] {
			t.Fatalf("event %d, %s: published %t, the first time %t", n, names[i], s.Published, published[i])
		}
		if published[i] {
			want++
		}
		if n == events/5 {
			early = resident(t, f.PID())
		}
	}
	if got := int(messages.Load()); got != want || want == 0 || want == events {
		t.Errorf("%d messages for %d events, want %d", got, events, want)
	}
	late := resident(t, f.PID())
	t.Logf("%d events, %d messages; resident after %d: %d kB, at the end: %d kB", events, want, events/5, early, late)
	if late > early+early/4 {
		t.Errorf("resident memory grew from %d to %d kB", early, late)
	}
}

// resident returns the resident memory of a process in kB.
func resident(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("needs Linux: %v", err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no VmRSS in %s", text)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}
