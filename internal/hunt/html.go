package hunt

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/history"
	"github.com/kmsentry/kmsentry/internal/show"
)

//go:embed page.html
var pageText string

// A page is what page.html shows.
type page struct {
	Style                template.CSS
	Headline             string
	Faults, WithoutKey   int
	Interrupted          bool
	UsesRead             bool
	Unknown, Maybe       bool // some interval, some use is one whose outcome is unknown
	ReadTo, Now, Version string
	Facts                []pair
	Verdicts             []string
	Ticks                []string
	Cards                []card
	Attempts             []pair
	Groups               []history.Group
	FaultLines, GapLines []pair
}

// A pair is a name with a value.
type pair struct{ Name, Value string }

// A card is one key: a picture and what it shows in words.
type card struct {
	Key, Verdict, Alt string
	Gist              string // how long, by whom, who used it
	Still             string // "", "still open" or "perhaps still open"
	Open, Used        bool
	Spans, Marks      []stroke
	Uses              []stroke
	Lines             []pair
}

// A stroke is something on the time axis; places are percent of its length.
type stroke struct {
	Left, Width  string
	Class, Title string
}

// An axis maps time to places.
type axis struct{ from, to time.Time }

func (a axis) place(t time.Time) float64 {
	length := a.to.Sub(a.from)
	if length <= 0 {
		return 0
	}
	return min(100, max(0, 100*float64(t.Sub(a.from))/float64(length)))
}

func (a axis) stroke(from, to time.Time, class, title string) stroke {
	left := a.place(from)
	return stroke{fmt.Sprintf("%.3f", left), fmt.Sprintf("%.3f", a.place(to)-left), class, safe.Sanitize(title, 400)}
}

// ticks are the dates under the axis.
func (a axis) ticks() []string {
	const count = 5
	layout := time.DateOnly
	if a.to.Sub(a.from) < 4*count*24*time.Hour {
		layout = "01-02 15:04"
	}
	var ticks []string
	for i := range count {
		ticks = append(ticks, a.from.Add(a.to.Sub(a.from)*time.Duration(i)/(count-1)).UTC().Format(layout))
	}
	return ticks
}

// axisOf spans all timelines, from the first opening to the end of what was
// read, with a little room before.
func axisOf(r *Result) axis {
	var a axis
	for _, t := range r.Timelines {
		for _, i := range t.Intervals {
			if a.from.IsZero() || i.From.Before(a.from) {
				a.from = i.From
			}
		}
		if t.ReadTo.After(a.to) {
			a.to = t.ReadTo
		}
	}
	for _, u := range r.Uses {
		if u.First.Before(a.from) {
			a.from = u.First
		}
	}
	a.from = a.from.Add(-a.to.Sub(a.from) / 20)
	return a
}

// printHTML writes one page that needs nothing else.
func printHTML(w io.Writer, r *Result, v View) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"stamp": show.Stamp,
		"group": tellGroup,
		"rows":  func(g []history.Group) string { return show.Count(len(g), "row") },
		"keys":  func(k []pair) string { return show.Count(len(k), "key") },
		"safe":  func(s string) string { return safe.Sanitize(s, 300) },
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return t.Execute(w, newPage(r, v))
}

func newPage(r *Result, v View) page {
	s := r.Summary
	p := page{
		Style:    show.PageStyle(),
		Headline: headline(s), Faults: len(s.Faults) + s.MoreFaults, Interrupted: s.Interrupted, UsesRead: r.UsesRead, WithoutKey: s.WithoutKey,
		ReadTo: "nothing", Now: show.Stamp(v.Now), Version: v.Version, Groups: r.Groups,
		Facts: []pair{
			{"findings", fmt.Sprint(s.Findings)},
			{"keys that were open", fmt.Sprint(s.Keys)},
			{"still open", fmt.Sprint(s.StillOpen)},
			{"accepted by exceptions", fmt.Sprint(s.Accepted)},
			{"records read", fmt.Sprint(s.Records)},
			{"files, " + size(s.Bytes), fmt.Sprint(s.Files)},
		},
	}
	if s.ReadTo != nil {
		p.ReadTo = show.Stamp(*s.ReadTo)
	}
	p.Maybe = slices.ContainsFunc(r.Uses, func(u history.Use) bool { return u.Count == 0 && u.Unknown > 0 })
	a := axisOf(r)
	p.Ticks = a.ticks()
	for _, t := range r.Timelines {
		if len(t.Intervals) == 0 {
			p.Attempts = append(p.Attempts, pair{safe.Sanitize(t.Key, 200), fmt.Sprint(t.Attempts)})
			continue
		}
		c := newCard(t, usesOf(r.Uses, t.Key), a)
		c.Gist = gist(t, r)
		p.Unknown = p.Unknown || slices.ContainsFunc(t.Intervals, func(i history.Interval) bool { return i.Unknown })
		p.Cards = append(p.Cards, c)
		if !slices.Contains(p.Verdicts, c.Verdict) {
			p.Verdicts = append(p.Verdicts, c.Verdict)
		}
	}
	for _, f := range s.Faults {
		p.FaultLines = append(p.FaultLines, pair{safe.Sanitize(f.File, 300), safe.Sanitize(whereAndWhat(f), 400)})
	}
	for _, g := range s.Gaps {
		p.GapLines = append(p.GapLines, pair{g.Account + " " + g.Region, fmt.Sprintf("%s to %s (%d)", g.From, g.To, g.Days)})
	}
	for _, n := range s.NoFiles {
		p.GapLines = append(p.GapLines, pair{n, "no file at all"})
	}
	return p
}

// headline is the answer in a line.
func headline(s Summary) string {
	were := "1 key was open"
	if s.Keys > 1 {
		were = fmt.Sprintf("%d keys were open", s.Keys)
	}
	switch {
	case s.Keys == 0 && s.Records == 0:
		return "No record was found, so nothing can be said about any key"
	case s.Keys == 0 && s.Failed():
		return "No key was open in what could be read"
	case s.Keys == 0:
		return "No key was open"
	case s.StillOpen == 0:
		return were + ", none is still open"
	default:
		return fmt.Sprintf("%s, %d still open", were, s.StillOpen)
	}
}

// gist is the answer for one key: for how long, opened by whom, used by whom.
func gist(t history.Timeline, r *Result) string {
	sure, perhaps, by := int64(0), int64(0), []string{}
	for _, i := range t.Intervals {
		if i.Unknown {
			perhaps += i.Seconds
		} else {
			sure += i.Seconds
		}
		if !slices.Contains(by, i.Opened.By) {
			by = append(by, i.Opened.By)
		}
	}
	var parts []string
	if sure > 0 || perhaps == 0 {
		parts = append(parts, "open for "+howLong(sure))
	}
	if perhaps > 0 {
		parts = append(parts, "perhaps open for "+howLong(perhaps))
	}
	parts = append(parts, stillOpen(t), "opened by "+list(by))
	text := strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
	text = strings.ToUpper(text[:1]) + text[1:]
	if r.UsesRead {
		text += "; " + usedBy(usesOf(r.Uses, t.Key))
	}
	return safe.Sanitize(text, 300)
}

// stillOpen says whether a key is open at the end; "" when it is not.
func stillOpen(t history.Timeline) string {
	switch {
	case !t.Open:
		return ""
	case t.Intervals[len(t.Intervals)-1].Unknown:
		return "perhaps still open"
	default:
		return "still open"
	}
}

// usedBy says which outsiders used a key.
func usedBy(uses []history.Use) string {
	var all history.Use
	who := []string{}
	for _, u := range uses {
		if u.Count+u.Unknown == 0 {
			continue
		}
		all.Count, all.Unknown, all.Interval = all.Count+u.Count, all.Unknown+u.Unknown, new(int)
		if name := cmp.Or(u.Principal[strings.LastIndexByte(u.Principal, ':')+1:], u.Principal) + " of " + cmp.Or(u.Account, "an unknown account"); !slices.Contains(who, name) {
			who = append(who, name)
		}
	}
	if len(who) == 0 {
		return "no use by outsiders in the archive"
	}
	return usedWord(all) + " by " + list(who) + " (" + tellCount(all) + ")"
}

// list names the first few.
func list(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// newCard draws one key.
func newCard(t history.Timeline, uses []history.Use, a axis) card {
	c := card{Key: safe.Sanitize(t.Key, 200), Open: t.Open, Still: stillOpen(t), Verdict: worstVerdict(t)}
	line := func(name, value string) { c.Lines = append(c.Lines, pair{name, safe.Sanitize(value, 400)}) }
	for i, span := range t.Intervals {
		to, class, until := t.ReadTo, span.Verdict, "still open at "+show.Stamp(t.ReadTo)
		if span.To != nil {
			to, until = *span.To, "until "+show.Stamp(*span.To)
		} else {
			class += " open"
		}
		if span.Unknown {
			class += " perhaps"
		}
		what := fmt.Sprintf("%s from %s %s (%s)", tellVerdict(span), show.Stamp(span.From), until, howLong(span.Seconds))
		c.Alt += what + ". "
		c.Spans = append(c.Spans, a.stroke(span.From, to, class, what))
		line("open", what)
		line("opened", tellChange(span.Opened))
		for _, change := range span.Changed {
			line("changed", tellChange(change))
			c.Marks = append(c.Marks, a.stroke(change.At, change.At, "", tellChange(change)))
		}
		if span.Closed != nil {
			line("closed", tellChange(*span.Closed))
		}
		for _, u := range uses {
			if u.Interval != nil && *u.Interval == i {
				line(usedWord(u), tellUse(u))
				c.use(a, u)
			}
		}
	}
	for _, u := range uses {
		if u.Interval == nil {
			line(usedWord(u), tellUse(u))
			c.use(a, u)
		}
	}
	if t.Attempts > 0 {
		line("refused attempts", fmt.Sprint(t.Attempts))
	}
	for _, n := range t.Notes {
		line("note", n)
	}
	return c
}

// use draws the calls of an outsider. Such that were all refused are no use.
func (c *card) use(a axis, u history.Use) {
	class := ""
	switch {
	case u.Count > 0:
		c.Used = true
	case u.Unknown > 0:
		c.Used, class = true, "perhaps"
	default:
		class = "refused"
	}
	c.Uses = append(c.Uses, a.stroke(u.First, u.Last, class, tellUse(u)))
}

// worstVerdict is the worst verdict of a timeline's intervals.
func worstVerdict(t history.Timeline) string {
	for _, v := range []string{"public", "undecided", "network"} {
		for _, i := range t.Intervals {
			if i.Verdict == v {
				return v
			}
		}
	}
	return "shared"
}
