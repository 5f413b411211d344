package history

import (
	"cmp"
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
)

// A Change is an event in the life of a key, as a timeline tells it.
type Change struct {
	At       time.Time `json:"at"`
	Event    string    `json:"event"` // eventName
	EventID  string    `json:"event_id"`
	By       string    `json:"by"` // short name
	ByARN    string    `json:"by_arn,omitempty"`
	Address  string    `json:"address,omitempty"`
	Verdict  string    `json:"verdict,omitempty"`  // of the key policy that was set; "private" when it keeps outsiders out
	Severity string    `json:"severity,omitempty"` // "" without a finding
	Title    string    `json:"title,omitempty"`
	Accepted string    `json:"accepted_by,omitempty"` // name of the exception
	File     string    `json:"file"`

	event *Event
}

// An Interval is a span in which outsiders could, or may, get at a key.
type Interval struct {
	From    time.Time  `json:"from"`
	To      *time.Time `json:"to"` // nil: still open at the end of what was read
	Seconds int64      `json:"seconds"`
	Verdict string     `json:"verdict"` // the worst in it
	Opened  Change     `json:"opened"`
	Changed []Change   `json:"changed,omitempty"`
	Closed  *Change    `json:"closed"`
}

// A Timeline is what is known of one key.
type Timeline struct {
	Type      string     `json:"type"` // "timeline"
	Key       string     `json:"key"`
	Account   string     `json:"account"`
	Region    string     `json:"region"`
	Open      bool       `json:"open"`    // at the end of what was read
	ReadTo    time.Time  `json:"read_to"` // the end of what was read
	Intervals []Interval `json:"intervals"`
	Attempts  int        `json:"attempts"` // refused calls that would have opened it
	Notes     []string   `json:"notes,omitempty"`
}

// openness ranks how far a finding opens its key; 0 not at all.
func openness(f *detector.Finding) int {
	if f == nil || f.Attempted {
		return 0
	}
	switch f.Verdict {
	case policy.Shared:
		return 1
	case policy.Network:
		return 2
	case policy.Undecided:
		return 3
	case policy.Public:
		return 4
	default:
		return 0
	}
}

// Timelines returns the timeline of each key that was ever open, by key. end is
// the last instant of which the archive tells.
func (a *Archive) Timelines(end time.Time) []Timeline {
	keys := map[string][]*Event{}
	for _, e := range a.sorted() {
		if e.Key != "" {
			keys[e.Key] = append(keys[e.Key], e)
		}
	}
	var all []Timeline
	for key, events := range keys {
		if t := timeline(events, end); len(t.Intervals) > 0 || t.Attempts > 0 {
			t.Key = key
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(x, y Timeline) int {
		return cmp.Or(x.start().Compare(y.start()), cmp.Compare(x.Key, y.Key))
	})
	return all
}

func (t *Timeline) start() time.Time {
	if len(t.Intervals) > 0 {
		return t.Intervals[0].From
	}
	return t.ReadTo
}

// A keyState is what the events so far have made of a key.
type keyState struct {
	policy           *Event // that set the policy in force; nil: none was seen
	opens            bool   // that policy lets outsiders in
	disabled         bool
	pending, deleted bool
	t                *Timeline
	current          *Interval
}

func (s *keyState) usable() bool { return !s.disabled && !s.pending && !s.deleted }

// timeline tells the life of one key from its events by time.
func timeline(events []*Event, end time.Time) Timeline {
	t := Timeline{Type: "timeline", Intervals: []Interval{}, Account: events[0].Account, Region: events[0].Region, ReadTo: end}
	s := keyState{t: &t}
	for _, step := range steps(events, &t) {
		s.step(step)
	}
	if s.current != nil {
		t.Open = true
		s.current.Seconds = seconds(s.current.From, end)
		t.Intervals = append(t.Intervals, *s.current)
	}
	return t
}

// A step is an event, or the instant at which a policy that was set before
// opens by itself.
type step struct {
	at     time.Time
	event  *Event
	opens  bool // a policy: lets outsiders in
	itself bool // at an instant that its policy names
}

// order ranks what happens in one second, of which nobody can know the order:
// what closes comes first, so that "still open" is never missed.
func (s step) order() int {
	switch s.event.Name {
	case DisableKey, ScheduleKeyDeletion, DeleteKey:
		return 0
	case EnableKey, CancelKeyDeletion:
		return 1
	default:
		return 2 + openness(s.event.Finding)
	}
}

func steps(events []*Event, t *Timeline) []step {
	var all []step
	for _, e := range events {
		f := e.Finding
		switch {
		case f != nil && f.Attempted:
			t.Attempts++
			continue
		case e.ErrorCode != "" && f == nil:
			continue // refused: nothing changed
		}
		all = append(all, step{at: e.Time, event: e, opens: openness(f) > 0})
		if f != nil && openness(f) == 0 && f.Decision.Future != nil {
			all = append(all, step{at: f.Decision.Future.At, event: e, opens: true, itself: true})
		}
	}
	slices.SortStableFunc(all, func(x, y step) int { return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.order(), y.order())) })
	for i := 1; i < len(all); i++ {
		if all[i].at.Equal(all[i-1].at) && all[i].order() >= 2 && all[i-1].order() >= 2 && all[i].order() != all[i-1].order() {
			note(t, "two policies were set at "+all[i].at.Format(time.RFC3339)+": their order is not known, and the worse counts as the later")
		}
		if all[i].at.IsZero() {
			note(t, "a record has no time: it counts as the first")
		}
	}
	return all
}

func note(t *Timeline, text string) {
	if !slices.Contains(t.Notes, text) {
		t.Notes = append(t.Notes, text)
	}
}

// step goes on by one event.
func (s *keyState) step(x step) {
	if x.at.After(s.t.ReadTo) {
		if x.itself {
			note(s.t, "opens by itself on "+x.at.UTC().Format(time.RFC3339)+", after the end of what was read")
			return
		}
	}
	same := false
	switch x.event.Name {
	case DisableKey:
		s.disabled = true
	case EnableKey:
		s.disabled = false
	case ScheduleKeyDeletion:
		s.pending = true
	case CancelKeyDeletion:
		// The key is disabled after that. Source: KMS API Reference, CancelKeyDeletion.
		s.pending, s.disabled = false, true
	case DeleteKey:
		s.deleted = true
	default:
		if x.itself && s.policy != x.event {
			return // another policy is in force by now
		}
		same = s.policy != nil && s.opens == x.opens && samePolicy(s.policy, x.event)
		s.policy, s.opens = x.event, x.opens
	}
	s.settle(x, same)
}

func samePolicy(a, b *Event) bool {
	return a.Finding != nil && b.Finding != nil && a.Finding.Policy.SHA256 == b.Finding.Policy.SHA256 && a.Finding.Policy.SHA256 != ""
}

// settle opens, changes or closes the current interval.
func (s *keyState) settle(x step, same bool) {
	open := s.opens && s.usable()
	change := changeOf(x)
	switch {
	case open && s.current == nil:
		s.current = &Interval{From: x.at, Opened: change, Verdict: verdictOf(s.policy)}
		if x.event != s.policy { // enabled again: what opens it is the policy
			s.current.Changed = append(s.current.Changed, change)
			s.current.Opened = changeOf(step{at: s.policy.Time, event: s.policy, opens: true})
		}
	case open && !same:
		s.current.Changed = append(s.current.Changed, change)
		if openness(s.policy.Finding) > s.worst() {
			s.current.Verdict = verdictOf(s.policy)
		}
	case !open && s.current != nil:
		to := x.at
		s.current.To, s.current.Closed = &to, &change
		s.current.Seconds = seconds(s.current.From, to)
		s.t.Intervals = append(s.t.Intervals, *s.current)
		s.current = nil
	}
}

// worst is the openness of the worst policy in the current interval.
func (s *keyState) worst() int {
	worst := openness(s.current.Opened.event.Finding)
	for _, c := range s.current.Changed[:len(s.current.Changed)-1] {
		worst = max(worst, openness(c.event.Finding))
	}
	return worst
}

// verdictOf is the verdict of the policy that an event set, at its worst instant.
func verdictOf(e *Event) string {
	switch f := e.Finding; {
	case f == nil:
		return policy.Private.String()
	case openness(f) == 0 && f.Decision.Future != nil:
		return f.Decision.Future.Verdict.String()
	default:
		return f.Verdict.String()
	}
}

func changeOf(x step) Change {
	e := x.event
	c := Change{At: x.at, Event: e.Name, EventID: e.ID, By: e.Actor, ByARN: e.ActorARN, Address: e.Address, Accepted: e.Accepted, File: e.File, event: e}
	switch e.Name {
	case CreateKey, PutKeyPolicy, ReplicateKey:
		c.Verdict = verdictOf(e)
	}
	if e.Finding != nil {
		c.Severity, c.Title = e.Finding.Severity.String(), e.Finding.Title
	}
	return c
}

func seconds(from, to time.Time) int64 {
	if to.Before(from) {
		return 0
	}
	return int64(to.Sub(from) / time.Second)
}
