package detect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// What one process sends to the alert topic, leads included. The third limit
// is MAX_ALERTS_PER_MINUTE.
//
// SNS switches off a mailbox that would get more than 10 mails a second, which
// cannot be raised, and Lambda runs several processes when events come fast.
// Source: re:Post, sns-email-subscription-disabled.
const (
	maxPerSecond = 2
	maxPerKey    = 3 // in a minute
)

// maxHeldKeys bounds the keys, by severity, that are counted apart.
const maxHeldKeys = 1000

// slack is added to a wait, for the wall clock may be slewed meanwhile.
const slack = 20 * time.Millisecond

// A storm watches how fast alerts come. What is too fast for mailboxes goes to
// the overflow topic; the first such alert, and the first one in each later
// minute, still goes to the alert topic and leads with the count of the others.
// It counts what this process sent, in wall-clock time: Lambda stops the
// process between events, and with it the monotonic clock.
//
// It is for one event at a time, as Lambda delivers them.
type storm struct {
	perMinute int
	sent      []sending // to the alert topic in the last minute, oldest first; at most perMinute
	told      time.Time // when one of them last led with a count; zero for never
	since     time.Time // when the first alert after that went to the overflow topic
	held      map[heldKey]int
}

// A sending is one alert to the alert topic.
type sending struct {
	at  time.Time // when SNS had answered
	key string
}

// A heldKey is what alerts to the overflow topic are counted by.
type heldKey struct {
	key      string // "" for keys that are not counted apart
	severity detector.Severity
}

// A route is the way that an alert takes.
type route struct {
	overflow bool          // to the overflow topic
	limit    string        // what was exceeded; "" for an alert within the limits
	lead     *words.Storm  // what it leads with; nil for nothing
	wait     time.Duration // before it is sent, a second and slack at most
}

// newStorm watches for what the settings say; nil, which lets everything
// through, without an overflow topic.
func newStorm(s settings) *storm {
	if s.overflow == (awsid.ARN{}) {
		return nil
	}
	return &storm{perMinute: s.perMinute}
}

// route finds the way for an alert about key at now. An alert about an unknown
// key, "", is no repetition.
func (s *storm) route(now time.Time, key string) route {
	if s == nil {
		return route{}
	}
	now = s.forget(now)
	limit := s.exceeded(now, key)
	switch due := s.leadDue(now); {
	case due && (limit != "" || len(s.held) > 0) && len(s.sent) < s.perMinute:
		r := route{limit: limit, lead: s.count(), wait: s.untilFree(now)}
		if r.wait > 0 {
			r.wait += slack
		}
		return r
	case limit != "":
		return route{overflow: true, limit: limit}
	default:
		return route{}
	}
}

// forget drops what is older than a minute and returns now in wall-clock time.
// After a clock was set back, what it had sent later counts as sent now.
func (s *storm) forget(now time.Time) time.Time {
	now = now.Round(0)
	s.sent = slices.DeleteFunc(s.sent, func(a sending) bool { return !a.at.After(now.Add(-time.Minute)) })
	for i := range s.sent {
		s.sent[i].at = earlier(s.sent[i].at, now)
	}
	s.told = earlier(s.told, now)
	return now
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// exceeded names the limit that one more plain alert would exceed; "" for none.
// While a lead may become due, the last place of the minute is kept for it.
func (s *storm) exceeded(now time.Time, key string) string {
	same := 0
	for _, a := range s.sent {
		if a.key == key && key != "" {
			same++
		}
	}
	places := s.perMinute
	if s.leadDue(now) && places > 1 {
		places--
	}
	switch {
	case same >= maxPerKey:
		return fmt.Sprintf("more than %d alerts a minute about one key", maxPerKey)
	case s.untilFree(now) > 0:
		return fmt.Sprintf("more than %d alerts a second", maxPerSecond)
	case len(s.sent) >= places:
		return fmt.Sprintf("more than %d alerts a minute", s.perMinute)
	default:
		return ""
	}
}

// leadDue reports whether an alert may lead with a count: one does in a minute.
func (s *storm) leadDue(now time.Time) bool {
	return s.told.IsZero() || !s.told.After(now.Add(-time.Minute))
}

// untilFree is how long it takes until another alert is within the limit of a
// second; 0 when it is now.
func (s *storm) untilFree(now time.Time) time.Duration {
	if len(s.sent) < maxPerSecond {
		return 0
	}
	return max(0, s.sent[len(s.sent)-maxPerSecond].at.Add(time.Second).Sub(now))
}

// count is what an alert leads with.
func (s *storm) count() *words.Storm {
	lead := &words.Storm{Since: s.since}
	for k, n := range s.held {
		lead.Counts = append(lead.Counts, words.HeldCount{Key: k.key, Severity: k.severity, Count: n})
	}
	return lead
}

// attempted counts an alert about key that r took, when SNS has answered or
// will not. One to the alert topic counts even when it failed, since SNS may
// have taken it; but only a lead that went out has told anybody.
func (s *storm) attempted(now time.Time, key string, severity detector.Severity, r route, failed bool) {
	if s == nil {
		return
	}
	now = now.Round(0)
	if !r.overflow {
		s.sent = append(s.sent, sending{now, key})
	}
	switch {
	case failed:
	case r.lead != nil:
		s.told, s.since, s.held = now, time.Time{}, nil
	case r.overflow:
		s.hold(now, heldKey{key, severity})
	}
}

// hold counts one alert that went to the overflow topic.
func (s *storm) hold(now time.Time, k heldKey) {
	if s.held == nil {
		s.since, s.held = now, map[heldKey]int{}
	}
	if _, known := s.held[k]; !known && len(s.held) >= maxHeldKeys {
		k.key = ""
	}
	s.held[k]++
}

// String says in a few words what a storm made of the alert; "" for nothing.
func (r route) String() string {
	if r.lead == nil {
		return r.limit
	}
	held := 0
	for _, c := range r.lead.Counts {
		held += c.Count
	}
	return strings.TrimSuffix(fmt.Sprintf("begins with the count of %d held alerts; %s", held, r.limit), "; ")
}

// pause returns after d, or when the context is over.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// stormKey is what alerts about one key share, at most maxField characters: its
// ARN, otherwise what the record had of it, with the account and Region. It is ""
// when the record does not name a key.
func stormKey(f *detector.Finding) string {
	key := f.Key.ARN
	if key == "" && f.Key.ID != "" {
		key = f.Key.Account + " " + f.Key.Region + " " + f.Key.ID
	}
	return safe.Sanitize(key, maxField)
}
