package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A Change is an event in the life of a key, as a timeline shows it.
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
	Outcome  string    `json:"outcome,omitempty"`     // "unknown" when nobody can tell whether the call took effect; else absent
	File     string    `json:"file"`

	event *Event
}

// An Interval is a span in which outsiders could, or may, get at a key.
type Interval struct {
	From    time.Time  `json:"from"`
	To      *time.Time `json:"to"` // nil: still open at the end of what was read
	Seconds int64      `json:"seconds"`
	Verdict string     `json:"verdict"` // the worst in it
	Unknown bool       `json:"unknown"` // only if a call of unknown outcome took effect, or did not, was the key open so far
	Opened  Change     `json:"opened"`
	Changed []Change   `json:"changed,omitempty"`
	Closed  *Change    `json:"closed"`

	rank int // of the verdict
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
	return f.Verdict.Rank()
}

// Timelines returns the timeline of each key that was ever open, by key. end is
// the last instant of which the archive tells.
func (a *Archive) Timelines(end time.Time) []Timeline {
	var all []Timeline
	for key, events := range a.lives() {
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

// A keyState is what the events so far have made of a key. A call of unknown
// outcome adds to what may be the case; an accepted one settles it.
type keyState struct {
	policies                   map[*Event]int // that may be in force, and how far each opens the key; none: none was seen
	last                       *Event         // the last of them
	count                      [5]int         // of policies, by how far they open the key
	latest                     [5]*Event      // of those counted the one that came last
	disabled, pending, deleted perhaps
	t                          *Timeline
	current                    *Interval
}

// perhaps is a yes or no that may not be known.
type perhaps struct{ can, must bool }

func (p *perhaps) set(yes, known bool) {
	switch {
	case known:
		p.can, p.must = yes, yes
	case yes:
		p.can = true
	default:
		p.must = false
	}
}

// usable reports whether the key may be usable.
func (s *keyState) usable() bool { return !s.disabled.must && !s.pending.must && !s.deleted.must }

// worst returns the policy that opens the key furthest of those that may be in
// force, the last of equals, and how far; certain says that the key is certainly
// that open.
func (s *keyState) worst() (worst *Event, rank int, certain bool) {
	for rank = len(s.count) - 1; rank > 0 && s.count[rank] == 0; rank-- {
	}
	certain = s.count[rank] == len(s.policies) && !s.disabled.can && !s.pending.can && !s.deleted.can
	return s.latest[rank], rank, certain
}

// set puts a policy in force, or perhaps in force.
func (s *keyState) set(e *Event, rank int, known bool) {
	if known {
		s.policies, s.count, s.latest = map[*Event]int{}, [5]int{}, [5]*Event{}
	}
	if len(s.policies) == 0 && !known {
		// Before it another policy was in force, of which nothing is known.
		s.policies = map[*Event]int{nil: 0}
		s.count[0] = 1
	}
	s.rank(e, rank)
	s.last = e
}

// rank notes how far a policy opens the key.
func (s *keyState) rank(e *Event, rank int) {
	if before, ok := s.policies[e]; ok {
		s.count[before]--
	}
	s.policies[e] = rank
	s.count[rank]++
	s.latest[rank] = e
}

// timeline describes the life of one key from its events by time.
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
// opens on its own.
type step struct {
	at     time.Time
	event  *Event
	rank   int  // a policy: how far it lets outsiders in
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

// mostUnknown is how many calls of unknown outcome have a note of their own.
const mostUnknown = 20

func steps(events []*Event, t *Timeline) []step {
	var all []step
	unknown := 0
	for _, e := range events {
		f := e.Finding
		switch e.Outcome {
		case detector.Refused:
			if f != nil {
				t.Attempts++
			}
			continue // nothing changed
		case detector.OutcomeUnknown:
			if unknown++; unknown > mostUnknown {
				break
			}
			note(t, "whether "+e.Name+" at "+e.Time.Format(time.RFC3339)+" took effect is not known: the key counts as open if either would leave it open")
		}
		all = append(all, step{at: e.Time, event: e, rank: openness(f)})
		if f != nil && openness(f) == 0 && f.Decision.Future != nil {
			all = append(all, step{at: f.Decision.Future.At, event: e, rank: f.Decision.Future.Verdict.Rank(), itself: true})
		}
	}
	if unknown > mostUnknown {
		note(t, fmt.Sprintf("%d more calls of unknown outcome", unknown-mostUnknown))
	}
	slices.SortStableFunc(all, func(x, y step) int { return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.order(), y.order())) })
	for i := 1; i < len(all); i++ {
		if all[i].at.Equal(all[i-1].at) && all[i].order() >= 2 && all[i-1].order() >= 2 && all[i].order() != all[i-1].order() {
			note(t, "two policies were set at "+all[i].at.Format(time.RFC3339)+": their order is not known, so the worse counts as the later")
		}
		if all[i].at.IsZero() {
			note(t, "a record has no time and counts as the first")
		}
	}
	return all
}

// mostNotes is how many notes a timeline has.
const mostNotes = 100

func note(t *Timeline, text string) {
	switch {
	case len(t.Notes) > mostNotes || slices.Contains(t.Notes, text):
	case len(t.Notes) == mostNotes:
		t.Notes = append(t.Notes, "more notes were left out")
	default:
		t.Notes = append(t.Notes, text)
	}
}

// step advances by one event.
func (s *keyState) step(x step) {
	if x.at.After(s.t.ReadTo) {
		if x.itself {
			note(s.t, "opens on "+x.at.UTC().Format(time.RFC3339)+", after the end of what was read")
			return
		}
	}
	same := false
	known := x.event.Outcome == detector.Accepted
	switch x.event.Name {
	case DisableKey:
		s.disabled.set(true, known)
	case EnableKey:
		s.disabled.set(false, known)
	case ScheduleKeyDeletion:
		s.pending.set(true, known)
	case CancelKeyDeletion:
		// The key is disabled after that. Source: KMS API Reference, CancelKeyDeletion.
		// When nobody knows whether it was canceled it cannot be used either way.
		s.disabled.set(true, known || s.pending.must)
		s.pending.set(false, known)
	case DeleteKey:
		s.deleted.set(true, known)
	default:
		if x.itself {
			if _, ok := s.policies[x.event]; !ok {
				return // another policy is in force by now
			}
			s.rank(x.event, x.rank)
			break
		}
		same = s.last != nil && len(s.policies) == 1 && known && (s.policies[s.last] > 0) == (x.rank > 0) && samePolicy(s.last, x.event)
		s.set(x.event, x.rank, known)
	}
	s.settle(x, same)
}

func samePolicy(a, b *Event) bool {
	return a.Finding != nil && b.Finding != nil && a.Finding.Policy.SHA256 == b.Finding.Policy.SHA256 && a.Finding.Policy.SHA256 != ""
}

// settle opens, changes or closes the current interval. Where it becomes known
// or unknown whether the key is open one interval ends and the next begins.
func (s *keyState) settle(x step, same bool) {
	worst, rank, certain := s.worst()
	open := rank > 0 && s.usable()
	change := changeOf(x)
	if s.current != nil && (!open || s.current.Unknown == certain) {
		to := x.at
		s.current.To, s.current.Closed = &to, &change
		s.current.Seconds = seconds(s.current.From, to)
		s.t.Intervals = append(s.t.Intervals, *s.current)
		s.current = nil
		same = false
	}
	switch {
	case open && s.current == nil:
		s.current = &Interval{From: x.at, Opened: change, Verdict: verdictOf(worst), Unknown: !certain, rank: rank}
		if x.event != worst { // enabled again: what opens it is the policy
			s.current.Changed = append(s.current.Changed, change)
			s.current.Opened = changeOf(step{at: worst.Time, event: worst})
		}
	case open && !same:
		s.current.Changed = append(s.current.Changed, change)
		if rank > s.current.rank {
			s.current.Verdict, s.current.rank = verdictOf(worst), rank
		}
	}
}

// verdictOf is the verdict of the policy that an event set, at its worst instant.
func verdictOf(e *Event) string {
	switch f := e.Finding; {
	case f == nil:
		return decide.Private.String()
	case openness(f) == 0 && f.Decision.Future != nil:
		return f.Decision.Future.Verdict.String()
	default:
		return f.Verdict.String()
	}
}

func changeOf(x step) Change {
	e := x.event
	c := Change{At: x.at, Event: e.Name, EventID: e.ID, By: e.Actor, ByARN: e.ActorARN, Address: e.Address, Accepted: e.Accepted, Outcome: told(e.Outcome), File: e.File, event: e}
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
