package history

import (
	"cmp"
	"encoding/hex"
	"math"
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// An Archive collects what was found, in any order: the answer is the same.
// The zero Archive is empty. It is not safe for concurrent use.
type Archive struct {
	events     map[string]*Event  // findings, and what has an unusual id or time
	quiet      map[[16]byte]quiet // the others, which are nearly all in a large archive
	abouts     intern[about]      // what these are about
	files      intern[string]     // where they were
	Duplicates int                // copies of events that were there already
}

// A quiet is an event without a finding, in little memory. Its id is a UUID.
type quiet struct {
	at, offset  int64 // at in nanoseconds of Unix time; noTime when there is none
	about, file int32
}

const noTime = math.MinInt64

// An about is what many events have in common.
type about struct {
	name, key, account, region, trail, called, actor, arn, address string
	outcome                                                        detector.Outcome
}

func (e *Event) about() about {
	return about{e.Name, e.Key, e.Account, e.Region, e.Trail, e.Called, e.Actor, e.ActorARN, e.Address, e.Outcome}
}

// text is an about in one line, to compare.
func (a about) text() string {
	const end = "\x00"
	return a.name + end + a.outcome.String() + end + a.key + end + a.account + end + a.region + end + a.trail + end + a.called + end + a.actor + end + a.arn + end + a.address
}

// An intern gives each value a number.
type intern[T comparable] struct {
	numbers map[T]int32
	values  []T
}

func (n *intern[T]) number(v T) int32 {
	i, ok := n.numbers[v]
	if !ok {
		if n.numbers == nil {
			n.numbers = map[T]int32{}
		}
		i = int32(len(n.values))
		n.numbers[v], n.values = i, append(n.values, v)
	}
	return i
}

// uuid reads an id as CloudTrail writes it; ok is false when it is written
// otherwise.
func uuid(id string) (u [16]byte, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return u, false
	}
	if _, err := hex.Decode(u[:], []byte(id[:8]+id[9:13]+id[14:18]+id[19:23]+id[24:])); err != nil {
		return u, false
	}
	return u, uuidText(u) == id // capitals are another id
}

func uuidText(u [16]byte) string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Add adds an event. Copies of one event count once.
func (a *Archive) Add(e *Event) {
	if a.events == nil {
		a.events, a.quiet = map[string]*Event{}, map[[16]byte]quiet{}
	}
	u, isUUID := uuid(e.ID)
	there := a.events[e.ID]
	if q, ok := a.quiet[u]; ok && isUUID {
		there = a.event(u, q)
	}
	if there != nil {
		a.Duplicates++
		if !e.outranks(there) {
			return
		}
		delete(a.events, e.ID)
		if isUUID {
			delete(a.quiet, u)
		}
	}
	if !isUUID || e.Finding != nil || !e.Time.IsZero() && (e.Time.Year() < 1900 || e.Time.Year() > 2200) {
		a.events[e.ID] = e
		return
	}
	a.quiet[u] = a.compact(e)
}

// compact keeps of an event without a finding what event gives back.
func (a *Archive) compact(e *Event) quiet {
	q := quiet{at: noTime, offset: e.Offset, about: a.abouts.number(e.about()), file: a.files.number(e.File)}
	if !e.Time.IsZero() {
		q.at = e.Time.UnixNano()
	}
	return q
}

func (a *Archive) event(u [16]byte, q quiet) *Event {
	b := a.abouts.values[q.about]
	e := &Event{
		ID: uuidText(u), Name: b.name, Key: b.key, Account: b.account, Region: b.region, Trail: b.trail, Called: b.called, Actor: b.actor, ActorARN: b.arn, Address: b.address,
		Outcome: b.outcome, File: a.files.values[q.file], Offset: q.offset,
	}
	if q.at != noTime {
		e.Time = time.Unix(0, q.at).UTC()
	}
	return e
}

// Merge adds what another archive holds.
func (a *Archive) Merge(b *Archive) {
	for _, e := range b.events {
		a.Add(e)
	}
	for u, q := range b.quiet {
		a.Add(b.event(u, q))
	}
	a.Duplicates += b.Duplicates
}

// Findings returns the events that are findings and not accepted, in the order
// of their time.
func (a *Archive) Findings() []*Event {
	var found []*Event
	for _, e := range a.events {
		if e.Finding != nil && e.Accepted == "" {
			found = append(found, e)
		}
	}
	byTime(found)
	return found
}

// Accepted returns how many findings exceptions accept.
func (a *Archive) Accepted() int {
	n := 0
	for _, e := range a.events {
		if e.Accepted != "" {
			n++
		}
	}
	return n
}

// lives returns the events of each key of which there is a finding, by key, in
// the order of their time.
func (a *Archive) lives() map[string][]*Event {
	keys := map[string][]*Event{}
	for _, e := range a.events {
		if e.Finding != nil && e.Key != "" {
			keys[e.Key] = append(keys[e.Key], e)
		}
	}
	also := func(e *Event) {
		if _, ok := keys[e.Key]; ok {
			keys[e.Key] = append(keys[e.Key], e)
		}
	}
	for _, e := range a.events {
		if e.Finding == nil {
			also(e)
		}
	}
	for u, q := range a.quiet {
		if _, ok := keys[a.abouts.values[q.about].key]; ok {
			also(a.event(u, q))
		}
	}
	for _, events := range keys {
		byTime(events)
	}
	return keys
}

func byTime(events []*Event) {
	slices.SortFunc(events, func(x, y *Event) int { return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.ID, y.ID)) })
}
