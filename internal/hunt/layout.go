package hunt

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"time"
)

// A place is what the path of a trail's log file says.
type place struct {
	account, region string
	day             time.Time // of delivery, which is not before the events'
}

// trailPath is the layout of a trail, with an organization's id before the
// account or without. Source: CloudTrail User Guide, finding log files.
var trailPath = regexp.MustCompile(`(?:^|/)(\d{12})/CloudTrail/([a-z0-9-]+)/(\d{4}/\d\d/\d\d)/[^/]*$`)

// placeOf reads a path; ok is false when it is not of that layout.
func placeOf(name string) (p place, ok bool) {
	m := trailPath.FindStringSubmatch(name)
	if m == nil {
		return place{}, false
	}
	day, err := time.Parse("2006/01/02", m[3])
	return place{m[1], m[2], day}, err == nil
}

// delivered is the time in the name of a log file, e.g. 20261120T0815Z.
var delivered = regexp.MustCompile(`_(\d{8}T\d{4}Z)[_.]`)

// deliveredAt returns when a log file was delivered by its name, otherwise by its
// folder; the zero time when neither says.
func deliveredAt(name string) time.Time {
	if m := delivered.FindStringSubmatch(name); m != nil {
		if t, err := time.Parse("20060102T1504Z", m[1]); err == nil {
			return t
		}
	}
	if p, ok := placeOf(name); ok {
		return p.day
	}
	return time.Time{}
}

// A span of dates; a zero end is open.
type span struct{ from, to time.Time }

const oneDay = 24 * time.Hour

// holds reports whether a file delivered on day may hold events of the span,
// when files come at most late days after their events.
func (s span) holds(day time.Time, late int) bool {
	if !s.from.IsZero() && day.Before(s.from.Truncate(oneDay)) {
		return false
	}
	return s.to.IsZero() || !day.After(s.to.Truncate(oneDay).Add(time.Duration(late)*oneDay))
}

// has reports whether an event is in the span. One without a time may.
func (s span) has(at time.Time) bool {
	if at.IsZero() {
		return true
	}
	return !at.Before(s.from) && (s.to.IsZero() || !at.After(s.to))
}

// A Filter says which days of delivery may hold events of a span.
type Filter struct {
	From, To time.Time // zero: open
	LateDays int
}

// Delivered reports whether a file delivered on day may hold wanted events.
func (f Filter) Delivered(day time.Time) bool { return span{f.From, f.To}.holds(day, f.LateDays) }

// A Gap is a stretch of days for which a trail has no file.
type Gap struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	From    string `json:"from"` // first day without a file
	To      string `json:"to"`   // last
	Days    int    `json:"days"`
}

// A coverage knows the days for which there are files, by account and Region.
type coverage map[[2]string]map[time.Time]bool

func (c coverage) add(p place) {
	k := [2]string{p.account, p.region}
	if c[k] == nil {
		c[k] = map[time.Time]bool{}
	}
	c[k][p.day] = true
}

// gaps returns the days without a file, and for accounts that have files the
// Regions without any, among the Regions that others have or that were asked for.
func (c coverage) gaps(s span, regions []string) (gaps []Gap, none []string) {
	first, last := s.from.Truncate(oneDay), s.to.Truncate(oneDay)
	accounts, known := map[string]bool{}, map[string]bool{}
	for _, r := range regions {
		known[r] = true
	}
	for k, days := range c {
		accounts[k[0]], known[k[1]] = true, true
		for day := range days {
			if s.from.IsZero() && (first.IsZero() || day.Before(first)) {
				first = day
			}
			if s.to.IsZero() && day.After(last) {
				last = day
			}
		}
	}
	for account := range accounts {
		for region := range known {
			if c[[2]string{account, region}] == nil {
				none = append(none, account+"/"+region)
			}
		}
	}
	for k, days := range c {
		gaps = append(gaps, missing(k, days, first, last)...)
	}
	slices.Sort(none)
	slices.SortFunc(gaps, func(x, y Gap) int {
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.Region, y.Region), cmp.Compare(x.From, y.From))
	})
	return gaps, none
}

func missing(k [2]string, days map[time.Time]bool, first, last time.Time) (gaps []Gap) {
	have := slices.SortedFunc(maps.Keys(days), time.Time.Compare)
	next := first
	for _, day := range append(have, last.Add(oneDay)) {
		if n := int(day.Sub(next) / oneDay); n > 0 {
			gaps = append(gaps, Gap{k[0], k[1], next.Format(time.DateOnly), day.Add(-oneDay).Format(time.DateOnly), n})
		}
		next = day.Add(oneDay)
	}
	return gaps
}
