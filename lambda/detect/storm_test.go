package detect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// A stormRun is a handler with both topics and a clock that only the test advances;
// each Publish takes a millisecond.
type stormRun struct {
	h     *handler
	at    time.Time
	fault error // of the next Publish
	sent  []stormMessage
}

// A stormMessage is a message that SNS took.
type stormMessage struct {
	at       time.Time
	overflow bool
	body     map[string]string // by protocol
}

func newStormRun(t *testing.T, perMinute int) *stormRun {
	t.Helper()
	h, _, _ := testHandler(t)
	r := &stormRun{h: h, at: h.now()}
	overflow := h.settings.topic
	overflow.Resource = "overflow"
	h.settings.overflow, h.settings.perMinute = overflow, perMinute
	h.storm, h.sns = newStorm(h.settings), r
	h.now = func() time.Time { return r.at }
	h.pause = func(_ context.Context, d time.Duration) { r.at = r.at.Add(d) }
	return r
}

// Publish implements function.Publisher.
func (r *stormRun) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	r.at = r.at.Add(time.Millisecond)
	if err := r.fault; err != nil {
		r.fault = nil
		return nil, err
	}
	m := stormMessage{at: r.at, overflow: aws.ToString(in.TopicArn) == r.h.settings.overflow.String()}
	if err := json.Unmarshal([]byte(aws.ToString(in.Message)), &m.body); err != nil {
		return nil, err
	}
	r.sent = append(r.sent, m)
	return &sns.PublishOutput{MessageId: aws.String("id")}, nil
}

// open sends an event that opens the n-th key, d after the last one.
func (r *stormRun) open(t *testing.T, d time.Duration, n int) summary {
	t.Helper()
	r.at = r.at.Add(d)
	s, err := r.h.handle(context.Background(), openingOf(n))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openingOf returns an event that opens the n-th key.
func openingOf(n int) []byte {
	return fmt.Appendf(nil, opening, "2026-11-20T08:59:00Z", fmt.Sprintf("1234abcd-12ab-34cd-56ef-%012d", n))
}

// held returns the count of held alerts in a message, and whether it has a lead.
func (m stormMessage) held(t *testing.T) (count int, leads bool) {
	t.Helper()
	return heldIn(t, m.body["default"])
}

// heldIn returns the count of held alerts in a finding, and whether it has a lead.
func heldIn(t *testing.T, finding string) (count int, leads bool) {
	t.Helper()
	var f struct {
		Evidences []struct {
			Data struct {
				Held *struct {
					Count int `json:"count"`
				} `json:"held_alerts"`
			} `json:"data"`
		} `json:"evidences"`
	}
	if err := json.Unmarshal([]byte(finding), &f); err != nil || len(f.Evidences) != 1 {
		t.Fatalf("finding %.200s: %v", finding, err)
	}
	if f.Evidences[0].Data.Held == nil {
		return 0, false
	}
	return f.Evidences[0].Data.Held.Count, true
}

// ways returns one letter per alert: "a" for the alert topic, "A" for the alert topic
// with a lead, "o" for the overflow topic.
func ways(t *testing.T, sent []stormMessage) string {
	t.Helper()
	var b strings.Builder
	for _, m := range sent {
		_, leads := m.held(t)
		switch {
		case m.overflow && !leads:
			b.WriteByte('o')
		case m.overflow:
			t.Error("a message to the overflow topic leads with a count")
		case leads:
			b.WriteByte('A')
		default:
			b.WriteByte('a')
		}
	}
	return b.String()
}

func TestStormWays(t *testing.T) {
	t.Parallel()
	const second = time.Second
	same := func(int) int { return 0 }
	each := func(n int) int { return n }
	tests := []struct {
		name      string
		perMinute int
		gap       time.Duration
		key       func(n int) int
		want      string
	}{
		{"two a second are no storm", 100, 500 * time.Millisecond, each, "aaaaaaaaaa"},
		{"the third in a second waits and leads, later ones overflow", 100, 0, each, "aaAaoooo"},
		{"three a minute about one key are no storm", 100, 20 * second, same, "aaaaaaaa"},
		{"the fourth about one key leads, later ones overflow", 100, 5 * second, same, "aaaA" + "ooooooooo" + "aaAoo"},
		{"two keys in turn", 100, 5 * second, func(n int) int { return n % 2 }, "aaaaaaA" + "oooooo" + "aaaaaA"},
		{"the last place of the minute leads", 4, 2 * second, each, "aaaA" + strings.Repeat("o", 26) + "aaaA"},
		{"one a minute", 1, 20 * second, each, "aooAooAooA"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newStormRun(t, test.perMinute)
			for n := range len(test.want) {
				r.open(t, test.gap, test.key(n))
			}
			if got := ways(t, r.sent); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// Nine hundred openings, ten milliseconds apart, of one key or of as many keys.
func TestStormOfNineHundred(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		key   func(n int) int
		alert int // messages to the alert topic: the first minute is not over after 9.9 seconds
	}{
		{"different keys", func(n int) int { return n }, 20},
		{"one key", func(int) int { return 0 }, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newStormRun(t, 20)
			outcomes := map[string]int{}
			for n := range 900 {
				s := r.open(t, 10*time.Millisecond, test.key(n))
				outcomes[s.Outcome]++
				if !s.Published || s.MessageID == "" || (s.Outcome == outcomeOverflow) != strings.HasPrefix(s.Storm, "more than ") {
					t.Fatalf("opening %d: %+v", n, s)
				}
			}
			if len(r.sent) != 900 || outcomes[outcomePublished] != test.alert || outcomes[outcomeOverflow] != 900-test.alert {
				t.Errorf("%d messages, outcomes %v, want 900 and %d to the alert topic", len(r.sent), outcomes, test.alert)
			}
			checkRates(t, r.alertTimes(), 20)
			r.open(t, time.Minute, 1000) // in a later minute
			last := r.sent[len(r.sent)-1]
			if n, leads := last.held(t); last.overflow || !leads || n != 900-test.alert {
				t.Errorf("the first alert of a later minute leads %t with %d, want %d", leads, n, 900-test.alert)
			}
			want := fmt.Sprintf("STORM: %d alerts held since 2026-11-20 09:00:0", 900-test.alert)
			if mail := last.body["email"]; !strings.HasPrefix(mail, want) {
				t.Errorf("the mail begins %.120q, want %q", mail, want)
			}
			if s := r.open(t, time.Hour, 1001); s.Storm != "" {
				t.Errorf("an hour later: storm %q, want none", s.Storm)
			}
		})
	}
}

// alertTimes returns when SNS took the messages to the alert topic.
func (r *stormRun) alertTimes() []time.Time {
	var times []time.Time
	for _, m := range r.sent {
		if !m.overflow {
			times = append(times, m.at)
		}
	}
	return times
}

// checkRates checks the times at which SNS took alerts against the limits. A slow
// machine only spreads them out.
func checkRates(t *testing.T, times []time.Time, perMinute int) {
	t.Helper()
	for _, limit := range []struct {
		count int
		in    time.Duration
	}{{maxPerSecond, time.Second}, {perMinute, time.Minute}} {
		for i := limit.count; i < len(times); i++ {
			if gap := times[i].Sub(times[i-limit.count]); gap < limit.in {
				t.Errorf("alerts %d to %d come within %s, want at most %d in %s", i-limit.count+1, i+1, gap, limit.count, limit.in)
			}
		}
	}
}

// A refused alert fails the event, and the next alert has the lead that it had.
func TestStormFailuresLoseNothing(t *testing.T) {
	t.Parallel()
	r := newStormRun(t, 20)
	refused := errors.New("refused")
	fail := func(n int) {
		t.Helper()
		r.fault = refused
		var failed *publishError
		if _, err := r.h.handle(context.Background(), openingOf(n)); !errors.As(err, &failed) || !errors.Is(err, refused) {
			t.Fatalf("handle = %v, want a publishError of %v", err, refused)
		}
	}
	r.open(t, 0, 1)
	r.open(t, 0, 2)
	fail(3) // the lead
	r.open(t, 2*time.Second, 4)
	r.open(t, 0, 5)
	r.open(t, 0, 6) // has the lead instead
	r.open(t, 0, 7) // after the lead waited
	fail(8)         // to the overflow topic: not counted as held
	r.open(t, 0, 8)
	r.open(t, 0, 9)
	fail(10)
	r.open(t, time.Minute, 10)
	if got, want := ways(t, r.sent), "aaaaAaooA"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n, _ := r.sent[len(r.sent)-1].held(t); n != 2 {
		t.Errorf("%d alerts held, want 2", n)
	}
}

// SNS may have taken an alert that failed, so it counts toward the limits as well.
func TestStormCountsFailures(t *testing.T) {
	t.Parallel()
	r := newStormRun(t, 20)
	for n := range 2 {
		r.fault = errors.New("refused")
		if _, err := r.h.handle(context.Background(), openingOf(n)); err == nil {
			t.Fatal("handle: no error")
		}
	}
	if s := r.open(t, 0, 3); !strings.HasPrefix(s.Storm, "begins with the count of 0 held alerts") {
		t.Errorf("the third alert in a second: %+v, want a lead", s)
	}
}

// The lead counts by key and severity.
func TestStormLeadCounts(t *testing.T) {
	t.Parallel()
	r := newStormRun(t, 20)
	for n := range 3 {
		r.open(t, 0, n)
	}
	for n := range 12 {
		r.open(t, 0, n%3)
	}
	r.open(t, time.Minute, 99)
	mail := r.sent[len(r.sent)-1].body["email"]
	for n, count := range []int{3, 4, 4} { // one of the four about key 0 went to the alert topic
		if want := fmt.Sprintf("- %d critical:\n  arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-%012d\n", count, n); !strings.Contains(mail, want) {
			t.Errorf("the mail does not hold %q:\n%.600s", want, mail)
		}
	}
}

// Without an overflow topic, everything goes to the alert topic.
func TestNoStormWithoutOverflowTopic(t *testing.T) {
	h, sent, _ := testHandler(t)
	for n := range 100 {
		if s, err := h.handle(context.Background(), openingOf(n%2)); err != nil || s.Outcome != outcomePublished || s.Storm != "" {
			t.Fatalf("handle = %+v, %v", s, err)
		}
	}
	if sent.n != 100 {
		t.Errorf("%d messages, want 100", sent.n)
	}
}

// However many keys there are, the memory is bounded and every alert is counted.
func TestStormMemoryIsBounded(t *testing.T) {
	s := &storm{perMinute: 20}
	now := testNow
	const all = 50_000
	for n := range all {
		key, severity := strings.Repeat("k", maxField-6)+fmt.Sprintf("%06d", n), detector.Low+detector.Severity(n%4)
		s.attempted(now, key, severity, s.route(now, key), false)
	}
	if len(s.held) > maxHeldKeys+4 || len(s.sent) > 20 {
		t.Errorf("%d keys and %d sendings remembered", len(s.held), len(s.sent))
	}
	total := len(s.sent)
	for _, n := range s.held {
		total += n
	}
	if total != all {
		t.Errorf("%d alerts counted, want %d", total, all)
	}
}

// After the clock is set back, alerts are held for a minute, not until it has caught
// up.
func TestStormSurvivesAClockSetBack(t *testing.T) {
	s := &storm{perMinute: 20}
	now := testNow
	for range 10 {
		s.attempted(now, "k", detector.High, s.route(now, "k"), false)
	}
	back := now.Add(-24 * time.Hour)
	if r := s.route(back, "k"); !r.overflow {
		t.Errorf("right after the clock was set back: %+v, want overflow", r)
	}
	if r := s.route(back.Add(time.Minute), "k"); r.overflow || r.lead == nil || r.wait > 0 {
		t.Errorf("a minute later: %+v, want a lead at once", r)
	}
}

// Waits are measured by the wall clock, which may be slewed while a lead waits.
func TestStormWaitsByTheWallClock(t *testing.T) {
	t.Parallel()
	r := newStormRun(t, 20)
	r.h.pause = func(_ context.Context, d time.Duration) { r.at = r.at.Add(d - 10*time.Millisecond) }
	for n := range 20 {
		r.open(t, 0, n)
	}
	if got := len(r.alertTimes()); got < 3 {
		t.Errorf("%d messages to the alert topic, want a lead among them", got)
	}
	checkRates(t, r.alertTimes(), 20)
	s := &storm{perMinute: 20}
	s.attempted(time.Now(), "k", detector.High, route{}, false)
	s.attempted(time.Now(), "k", detector.High, route{lead: &words.Storm{}}, false)
	if strings.Contains(s.sent[0].at.String()+s.told.String(), " m=") {
		t.Error("the monotonic clock, which Lambda stops, is remembered")
	}
}

// Keys that their records do not name do not count as one key.
func TestUnknownKeysAreNoRepetition(t *testing.T) {
	if key := stormKey(&detector.Finding{}); key != "" {
		t.Errorf("stormKey = %q, want none", key)
	}
	a := stormKey(&detector.Finding{Key: detector.Key{ID: "alias/x", Account: "111122223333", Region: "us-east-1"}})
	b := stormKey(&detector.Finding{Key: detector.Key{ID: "alias/x", Account: "444455556666", Region: "us-east-1"}})
	if a == b || a == "" {
		t.Errorf("stormKey = %q and %q, want two keys", a, b)
	}
	s := &storm{perMinute: 20}
	for n := range 10 {
		now := testNow.Add(time.Duration(n) * time.Second)
		if r := s.route(now, ""); r.overflow || r.lead != nil {
			t.Fatalf("alert %d about an unknown key: %+v", n, r)
		}
		s.attempted(now, "", detector.High, route{}, false)
	}
	if long := stormKey(&detector.Finding{Key: detector.Key{ID: strings.Repeat("x", 1<<20)}}); len(long) > maxField {
		t.Errorf("stormKey has %d bytes, want at most %d", len(long), maxField)
	}
}

func TestRouteInWords(t *testing.T) {
	tests := []struct {
		r    route
		want string
	}{
		{route{}, ""},
		{route{overflow: true, limit: "more than 2 alerts a second"}, "more than 2 alerts a second"},
		{route{lead: &words.Storm{}, limit: "more than 2 alerts a second"}, "begins with the count of 0 held alerts; more than 2 alerts a second"},
		{route{lead: &words.Storm{Counts: []words.HeldCount{{Count: 3}, {Count: 4}}}}, "begins with the count of 7 held alerts"},
	}
	for _, test := range tests {
		if got := test.r.String(); got != test.want {
			t.Errorf("String = %q, want %q", got, test.want)
		}
	}
}
