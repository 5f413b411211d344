package redrive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A fakeQueue delivers its messages in turn, two at a time, until they are
// deleted, even while they are in flight: SQS delivers at least once.
type fakeQueue struct {
	messages []Message
	next     int
	deleted  []string
	released []string
	fail     error // of Delete
}

func (q *fakeQueue) Receive(context.Context) ([]Message, error) {
	var out []Message
	for range min(2, len(q.messages)) {
		m := q.messages[q.next%len(q.messages)]
		q.next++
		m.Receipt = fmt.Sprint(m.ID, " receipt ", q.next)
		out = append(out, m)
	}
	return out, nil
}

func (q *fakeQueue) Delete(_ context.Context, m Message) error {
	if q.fail != nil {
		return q.fail
	}
	q.deleted = append(q.deleted, m.ID)
	q.messages = slices.DeleteFunc(q.messages, func(other Message) bool { return other.ID == m.ID })
	return nil
}

func (q *fakeQueue) Release(ctx context.Context, m Message) error {
	q.released = append(q.released, m.ID)
	return ctx.Err()
}

// A fakeFunction answers depending on the event, and counts the calls.
type fakeFunction struct{ calls map[string]int }

func (f *fakeFunction) Invoke(_ context.Context, event []byte) ([]byte, error) {
	f.calls[string(event)]++
	switch {
	case strings.Contains(string(event), "refuse"):
		return nil, errors.New("the function failed")
	case strings.Contains(string(event), "odd"):
		return []byte("null"), nil
	case strings.Contains(string(event), "alert"):
		return []byte(`{"outcome":"published","published":true}`), nil
	}
	return []byte(`{"outcome":"quiet","reason":"\u202enothing"}`), nil
}

func TestRun(t *testing.T) {
	q := &fakeQueue{messages: []Message{
		{ID: "a", Body: `{"requestPayload":{"detail":"alert 1"},"version":"1.0"}`},
		{ID: "b", Body: `{"detail":"refuse"}`},
		{ID: "c", Body: `no JSON`},
		{ID: "d", Body: `{"detail":"alert 2"}`},
		{ID: "e", Body: `{"detail":"odd"}`},
		{ID: "f", Body: `{"detail":"quiet"}`},
		{ID: "g", Body: `{"Records":[]}`},
	}}
	f := &fakeFunction{map[string]int{}}
	var out strings.Builder
	var pauses []time.Duration
	r := Redriver{Function: f, Out: &out, Interval: 3 * time.Second, Pause: func(_ context.Context, d time.Duration) { pauses = append(pauses, d) }}
	count, err := r.Run(context.Background(), "queue", q)
	if want := (Count{Seen: 7, Handled: 3, Failed: 4}); err != nil || count != want {
		t.Errorf("Run = %+v, %v, want %+v", count, err, want)
	}
	if slices.Sort(q.deleted); !slices.Equal(q.deleted, []string{"a", "d", "f"}) {
		t.Errorf("deleted %q, want what the function handled: a, d, f", q.deleted)
	}
	if slices.Sort(q.released); !slices.Equal(q.released, []string{"b", "c", "e", "g"}) {
		t.Errorf("released %q, want what stays: b, c, e, g", q.released)
	}
	if !slices.Equal(pauses, []time.Duration{3 * time.Second, 3 * time.Second}) {
		t.Errorf("pauses %v, want one after each alert", pauses)
	}
	for event, n := range maps.All(f.calls) {
		if n != 1 {
			t.Errorf("%s was sent %d times, want once", event, n)
		}
	}
	if f.calls[`{"detail":"alert 1"}`] != 1 || strings.Contains(out.String(), "\u202e") {
		t.Errorf("calls %v, output:\n%s", f.calls, &out)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	q := &fakeQueue{messages: []Message{{ID: "a", Body: `{"detail":{}}`}, {ID: "b", Body: `{"detail":{}}`}, {ID: "c", Body: `x`}}}
	var out strings.Builder
	count, err := Redriver{Out: &out}.Run(context.Background(), "queue", q)
	if want := (Count{Seen: 3, Failed: 1}); err != nil || count != want || len(q.deleted) != 0 || len(q.released) != 3 {
		t.Errorf("Run = %+v, %v, deleted %q, released %q; want %+v and all three released", count, err, q.deleted, q.released, want)
	}
}

// TestDeleteFails checks that an event that was handled but cannot be deleted,
// and so will be delivered again, is reported.
func TestDeleteFails(t *testing.T) {
	q := &fakeQueue{messages: []Message{{ID: "a", Body: `{"detail":1}`}}, fail: errors.New("denied")}
	r := Redriver{Function: &fakeFunction{map[string]int{}}, Out: &strings.Builder{}, Pause: func(context.Context, time.Duration) {}}
	count, err := r.Run(context.Background(), "queue", q)
	if err == nil || !strings.Contains(err.Error(), "will come again") || count.Handled != 0 || len(q.released) != 1 {
		t.Errorf("Run = %+v, %v, released %q", count, err, q.released)
	}
}

// TestInterrupted checks that an interrupted run deletes what was handled and
// releases the rest.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	q := &fakeQueue{messages: []Message{{ID: "a", Body: `{"detail":"alert"}`}, {ID: "b", Body: `{"detail":"alert"}`}}}
	r := Redriver{Function: &fakeFunction{map[string]int{}}, Out: &strings.Builder{}, Pause: func(context.Context, time.Duration) { cancel() }}
	count, err := r.Run(ctx, "queue", q)
	if !errors.Is(err, context.Canceled) || count.Handled != 1 || !slices.Equal(q.deleted, []string{"a"}) {
		t.Errorf("Run = %+v, %v, deleted %q; want the first handled and deleted, then canceled", count, err, q.deleted)
	}
}

func TestLambdaInvoke(t *testing.T) {
	tests := []struct {
		name, failure string
		status        int
		want          string
	}{
		{"handled", "", 200, ""},
		{"failed", "Unhandled", 200, "the function failed (Unhandled)"},
		{"throttled", "", 429, "lambda: 429"},
		{"queued, not handled", "", 202, "lambda: 202"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/2015-03-31/functions/kmsentry/invocations" || r.Header.Get("X-Amz-Invocation-Type") != "RequestResponse" ||
					!strings.Contains(r.Header.Get("Authorization"), "/us-east-1/lambda/aws4_request") {
					t.Errorf("request %s, headers %v", r.URL, r.Header)
				}
				if test.failure != "" {
					w.Header().Set("X-Amz-Function-Error", test.failure)
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, `{"outcome":"quiet"}`)
			}))
			defer server.Close()
			l := Lambda{
				Name: "kmsentry", Region: "us-east-1", Endpoint: server.URL, HTTP: server.Client(), Now: func() time.Time { return time.Unix(0, 0) },
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
				}),
			}
			_, err := l.Invoke(context.Background(), []byte("{}"))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("Invoke: %v, want %q", err, test.want)
			}
		})
	}
}
