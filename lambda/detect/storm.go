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

// The limits of what one process sends to the alert topic, leads included. The third
// limit is MAX_ALERTS_PER_MINUTE.
//
// SNS disables an email subscription that would get more than 10 mails per second, a
// limit that cannot be raised, and Lambda runs several processes when events arrive
// fast.
// Source: re:Post, sns-email-subscription-disabled.
const (
	maxPerSecond = 2
	maxPerKey    = 3 // per minute
)

// maxHeldKeys is the most pairs of key and severity that are counted separately.
const maxHeldKeys = 1000

// slack is added to a wait, since the wall clock may be slewed meanwhile.
const slack = 20 * time.Millisecond

// A storm limits the rate of alerts. Alerts beyond what mailboxes can take go to the
// overflow topic; the first such alert, and the first one in each later minute, still
// goes to the alert topic and begins with the count of the others. A storm counts what
// this process sent, in wall-clock time, because Lambda freezes the process between
// events, and with it the monotonic clock.
//
// It is not safe for concurrent use: Lambda delivers one event at a time.
type storm struct {
	perMinute int
	sent      []sending // to the alert topic in the last minute, oldest first; at most perMinute
	told      time.Time // when one of them last began with a count; zero when none did
	since     time.Time // when the first alert after that went to the overflow topic
	held      map[heldKey]int
}

// A sending is one alert to the alert topic.
type sending struct {
	at  time.Time // when SNS answered, or failed to
	key string
}

// A heldKey is the key and severity by which alerts to the overflow topic are counted.
type heldKey struct {
	key      string // "" for keys that are not counted separately
	severity detector.Severity
}

// A route says where and when an alert is sent.
type route struct {
	overflow bool          // to the overflow topic
	limit    string        // the limit that was exceeded; "" for an alert within the limits
	lead     *words.Storm  // what the alert begins with; nil for nothing
	wait     time.Duration // the wait before it is sent, at most a second and slack
}

// newStorm returns a storm with the limits in the settings. Without an overflow topic
// it returns nil, which limits nothing.
func newStorm(s settings) *storm {
	if s.overflow == (awsid.ARN{}) {
		return nil
	}
	return &storm{perMinute: s.perMinute}
}

// route returns the route of an alert about key at now. Alerts about an unknown key,
// "", do not count as being about one key.
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

// forget drops what was sent more than a minute ago and returns now in wall-clock
// time. After the clock was set back, what was sent later than now counts as sent now.
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

// exceeded returns the limit that one more alert without a lead would exceed; "" for
// none. While a lead is due, it keeps the last alert of the minute for it.
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

// leadDue reports whether an alert may begin with a count: at most one per minute does.
func (s *storm) leadDue(now time.Time) bool {
	return s.told.IsZero() || !s.told.After(now.Add(-time.Minute))
}

// untilFree returns how long to wait until another alert is within the limit per
// second; 0 when it already is.
func (s *storm) untilFree(now time.Time) time.Duration {
	if len(s.sent) < maxPerSecond {
		return 0
	}
	return max(0, s.sent[len(s.sent)-maxPerSecond].at.Add(time.Second).Sub(now))
}

// count returns what a lead reports: the alerts held since the last lead.
func (s *storm) count() *words.Storm {
	lead := &words.Storm{Since: s.since}
	for k, n := range s.held {
		lead.Counts = append(lead.Counts, words.HeldCount{Key: k.key, Severity: k.severity, Count: n})
	}
	return lead
}

// attempted records an alert about key that was sent by r, once SNS has answered or
// sending has failed. An alert to the alert topic counts even when it failed, since SNS
// may have taken it; a lead clears the count only when it did not fail.
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

// String returns in a few words how the storm affected the alert; "" when it did not.
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

// pause returns after d, or when the context is done.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// stormKey returns what alerts about one key share, at most maxField characters: the
// key's ARN or, when that is not known, account, Region and what the record calls the
// key; "" when the record does not name a key.
func stormKey(f *detector.Finding) string {
	key := f.Key.ARN
	if key == "" && f.Key.ID != "" {
		key = f.Key.Account + " " + f.Key.Region + " " + f.Key.ID
	}
	return safe.Sanitize(key, maxField)
}
