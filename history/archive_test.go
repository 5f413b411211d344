package history

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestQuietEventsComeBack: an event without a finding is the same after it was
// held in little memory, whatever its id and time.
func TestQuietEventsComeBack(t *testing.T) {
	e := mustJudge(t, testRecord(7, DisableKey, 3, "", "DependencyTimeoutException"))
	e.File, e.Offset = "a/b.json", 99
	for name, change := range map[string]func(*Event){
		"usual":          func(*Event) {},
		"no time":        func(e *Event) { e.Time = time.Time{} },
		"part of second": func(e *Event) { e.Time = e.Time.Add(123456789) },
		"far future":     func(e *Event) { e.Time = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) },
		"capitals":       func(e *Event) { e.ID = strings.ToUpper("abcdef01-0000-4000-8000-000000000001") },
		"no UUID":        func(e *Event) { e.ID = "shared/999988887777" },
		"zeros":          func(e *Event) { e.ID = "00000000-0000-0000-0000-000000000000" },
	} {
		want := *e
		change(&want)
		copied := want
		var a Archive
		a.Add(&copied)
		a.Add(mustJudge(t, testRecord(1, PutKeyPolicy, 1, openAll, ""))) // without a finding of its key no event comes back
		var got *Event
		for _, x := range a.lives()[testKey] {
			if x.Name == DisableKey {
				got = x
			}
		}
		if got == nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestIntervalOf: a call belongs to the interval that holds its instant.
func TestIntervalOf(t *testing.T) {
	at := func(minute int) *time.Time {
		x := time.Date(2026, 2, 1, 0, minute, 0, 0, time.UTC)
		return &x
	}
	spans := Timeline{Intervals: []Interval{{From: *at(2), To: at(4)}, {From: *at(4), To: at(4)}, {From: *at(4), To: at(6)}, {From: *at(8)}}}
	for minute, want := range map[int]int{1: -1, 2: 0, 3: 0, 4: 2, 5: 2, 6: -1, 7: -1, 8: 3, 50: 3} {
		if got := spans.interval(*at(minute)); got != want {
			t.Errorf("minute %d: %d, want %d", minute, got, want)
		}
	}
}

// TestPlaceOfCopies: of copies that say the same the first place is told, in
// whatever order they were read.
func TestPlaceOfCopies(t *testing.T) {
	for _, text := range [][]byte{testRecord(2, DisableKey, 3, "", ""), testRecord(2, PutKeyPolicy, 3, openOne, "")} {
		for _, files := range []string{"ab", "ba"} {
			var a Archive
			a.Add(mustJudge(t, testRecord(1, PutKeyPolicy, 1, openAll, "")))
			for _, file := range files {
				e := mustJudge(t, text)
				e.File = string(file)
				a.Add(e)
			}
			if got := a.lives()[testKey][1].File; got != "a" || a.Duplicates != 1 {
				t.Errorf("file %q, %d duplicates; want a and 1", got, a.Duplicates)
			}
		}
	}
}

// TestQuietEventsAreSmall: a year of an organization has millions of events that
// open nothing.
func TestQuietEventsAreSmall(t *testing.T) {
	const events, most = 100_000, 160 // bytes an event
	e := mustJudge(t, testRecord(7, PutKeyPolicy, 3, keptIn, ""))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var a Archive
	for i := range events {
		x := *e
		x.ID = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		x.File, x.Key = fmt.Sprint("file ", i/1000), strings.Replace(testKey, "abcdef", fmt.Sprintf("%06d", i%1000), 1)
		a.Add(&x)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > events*most {
		t.Errorf("%d bytes an event, want at most %d", used/events, most)
	}
	runtime.KeepAlive(&a)
}
