package hunt

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/ocsf"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/history"
	"github.com/kmsentry/kmsentry/internal/show"
)

// Formats lists the values of --format.
func Formats() []string { return []string{"table", "json", "csv", "html", "ocsf"} }

// View says what of a result is printed and how.
type View struct {
	Format   string
	Timeline bool // json: timelines too; the table and html always have them
	Version  string
	Now      time.Time
	Width    int // of the terminal; 0: not one
}

// Print writes a result.
func Print(w io.Writer, r *Result, v View) error {
	b := bufio.NewWriterSize(w, 64<<10)
	var err error
	switch v.Format {
	case "json":
		err = printJSON(b, r, v.Timeline)
	case "csv":
		err = printCSV(b, r.Groups)
	case "ocsf":
		err = printOCSF(b, r, v)
	case "html":
		err = printHTML(b, r, v)
	default:
		err = printTable(b, r, v)
	}
	if err != nil {
		return err
	}
	return b.Flush()
}

// printJSON writes one object per line: groups, then timelines, then uses.
func printJSON(w io.Writer, r *Result, timelines bool) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, g := range r.Groups {
		if err := e.Encode(g); err != nil {
			return err
		}
	}
	if timelines {
		for _, t := range r.Timelines {
			if err := e.Encode(t); err != nil {
				return err
			}
		}
	}
	for _, u := range r.Uses {
		if err := e.Encode(u); err != nil {
			return err
		}
	}
	return nil
}

// csvColumns are the columns of --format csv, which are the members in JSON.
func csvColumns() []string {
	return []string{
		"signature", "dest", "user", "user_agent", "src", "vendor_account", "vendor_region", "vendor_product", "key_policy_action", "key_policy_principal",
		"count", "firstTime", "lastTime", "key", "account", "region", "verdict", "encrypt", "use", "other", "severity", "attempted", "event_ids", "outcome", "kinds", "more_rows",
	}
}

func printCSV(w io.Writer, groups []history.Group) error {
	c := csv.NewWriter(w)
	if err := c.Write(csvColumns()); err != nil {
		return err
	}
	for _, g := range groups {
		row := []string{
			g.Signature, g.Dest, g.User, g.UserAgent, g.Src, g.VendorAccount, g.VendorRegion, g.VendorProduct, g.KeyPolicyAction, g.KeyPolicyPrincipal,
			strconv.Itoa(g.Count), show.Stamp(g.FirstTime), show.Stamp(g.LastTime), g.Key, g.Account, g.Region, g.Verdict,
			g.Classes.Of(kmsapi.ClassEncrypt).Verdict.String(), g.Classes.Of(kmsapi.ClassUse).Verdict.String(), g.Classes.Of(kmsapi.ClassOther).Verdict.String(),
			g.Severity, strconv.FormatBool(g.Attempted), strings.Join(g.EventIDs, " "), g.Outcome, strings.Join(g.Kinds, " "), strconv.Itoa(g.MoreRows),
		}
		for i := range row {
			row[i] = show.Cell(row[i])
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// printOCSF writes a Detection Finding per line, one for each finding.
func printOCSF(w io.Writer, r *Result, v View) error {
	for _, e := range r.Findings {
		if e.Light {
			return errors.New("ocsf: expected the result of a hunt that keeps findings whole")
		}
		text, err := ocsf.Compose(e.Finding, words.Options{Now: v.Now, Version: v.Version})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, text+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// printTable writes groups as a table, then the timeline of each key.
func printTable(w io.Writer, r *Result, v View) error {
	rows := [][]string{{"SEVERITY", "VERDICT", "COUNT", "FIRST", "LAST", "USER", "SOURCE", "CALL", "ACTION", "PRINCIPAL", "KEY"}}
	for _, g := range r.Groups {
		rows = append(rows, []string{
			g.Severity, tellGroup(g), strconv.Itoa(g.Count), show.Stamp(g.FirstTime), show.Stamp(g.LastTime), g.User, g.Src, g.Signature, g.KeyPolicyAction, g.KeyPolicyPrincipal, cmp.Or(g.Key, "not known"),
		})
	}
	var b strings.Builder
	switch {
	case len(r.Groups) > 0:
		show.Align(&b, rows)
		tellMore(&b, r)
	case r.Summary.Failed():
		b.WriteString("No key policy that opens a key to outsiders was found in what could be read; some files could not be read.\n")
	case r.Summary.Records == 0:
		b.WriteString("No CloudTrail record was found, so nothing can be said about any key.\n")
	default:
		b.WriteString("No key policy that opens a key to outsiders was found.\n")
	}
	for _, t := range r.Timelines {
		tellTimeline(&b, t, r)
	}
	if r.Summary.Keys > 0 && !r.UsesRead {
		b.WriteString("\nUse by outsiders was not looked for: see --uses.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tellGroup words the verdict of a row.
func tellGroup(g history.Group) string {
	more := slices.Clone(g.Kinds)
	if slices.Contains(more, history.TakenOver) { // which says that it is locked
		more = slices.DeleteFunc(more, func(k string) bool { return k == history.Locked })
	}
	switch {
	case g.Attempted:
		more = append(more, "refused")
	case g.Outcome != "":
		more = append(more, "outcome "+g.Outcome)
	}
	if len(more) == 0 {
		return g.Verdict
	}
	return g.Verdict + " (" + strings.Join(more, ", ") + ")"
}

// tellMore says that there are more rows than the table has.
func tellMore(b *strings.Builder, r *Result) {
	more := 0
	for _, e := range r.Findings {
		more += e.Finding.Splunk.MoreRows
	}
	if more > 0 {
		fmt.Fprintf(b, "%s more of the same policies: at most 100 are shown per policy\n", show.Count(more, "row"))
	}
}

// tellTimeline describes the life of one key in sentences.
func tellTimeline(b *strings.Builder, t history.Timeline, r *Result) {
	uses := usesOf(r.Uses, t.Key)
	fmt.Fprintf(b, "\n%s\n", safe.Sanitize(t.Key, 200))
	for i, span := range t.Intervals {
		until := "still open at " + show.Stamp(t.ReadTo) + ", the last record that was read"
		if span.To != nil {
			until = "until " + show.Stamp(*span.To)
		}
		fmt.Fprintf(b, "  %s from %s %s (%s)\n", tellVerdict(span), show.Stamp(span.From), until, howLong(span.Seconds))
		fmt.Fprintf(b, "    opened   %s\n", tellChange(span.Opened))
		for _, c := range span.Changed {
			fmt.Fprintf(b, "    changed  %s\n", tellChange(c))
		}
		if span.Closed != nil {
			fmt.Fprintf(b, "    closed   %s\n", tellChange(*span.Closed))
		}
		for _, u := range uses {
			if u.Interval != nil && *u.Interval == i {
				fmt.Fprintf(b, "    %-8s %s\n", usedWord(u), tellUse(u))
			}
		}
	}
	for _, u := range uses {
		if u.Interval == nil {
			fmt.Fprintf(b, "  %s: %s\n", usedWord(u), tellUse(u))
		}
	}
	if r.UsesRead && len(t.Intervals) > 0 && len(uses) == 0 {
		b.WriteString("  no use by outsiders in the archive\n")
	}
	if t.Attempts > 0 {
		fmt.Fprintf(b, "  refused attempts to open it: %d\n", t.Attempts)
	}
	for _, n := range t.Notes {
		fmt.Fprintf(b, "  note: %s\n", safe.Sanitize(n, 300))
	}
}

// tellVerdict words how far a key was open in an interval.
func tellVerdict(span history.Interval) string {
	if span.Unknown {
		return "perhaps " + span.Verdict + " (a call's outcome is unknown)"
	}
	return span.Verdict
}

func tellChange(c history.Change) string {
	text := show.Stamp(c.At) + "  " + c.Event
	switch {
	case c.Outcome == "" && c.Verdict != "":
		text += " (" + c.Verdict + ")"
	case c.Outcome != "":
		text += " (" + strings.TrimPrefix(c.Verdict+", outcome "+c.Outcome, ", ") + ")"
	}
	text += " by " + cmp.Or(c.ByARN, c.By)
	if c.Address != "" {
		text += " from " + c.Address
	}
	if c.Title != "" {
		text += ": " + c.Title
	}
	return safe.Sanitize(text, 400)
}

func tellUse(u history.Use) string {
	text := fmt.Sprintf("%s by %s of account %s, ", tellCount(u), u.Principal, cmp.Or(u.Account, "unknown"))
	if u.First.Equal(u.Last) {
		text += show.Stamp(u.First)
	} else {
		text += show.Stamp(u.First) + " to " + show.Stamp(u.Last)
	}
	var calls []string
	for _, name := range sortedKeys(u.Calls) {
		calls = append(calls, fmt.Sprintf("%s %d", name, u.Calls[name]))
	}
	if len(calls) > 0 {
		text += ": " + strings.Join(calls, ", ")
	}
	return safe.Sanitize(text, 400)
}

// usesOf returns the uses of a key, of all uses by key.
func usesOf(uses []history.Use, key string) []history.Use {
	by := func(u history.Use, key string) int { return strings.Compare(u.Key, key) }
	from, _ := slices.BinarySearchFunc(uses, key, by)
	to, _ := slices.BinarySearchFunc(uses[from:], key+"\x00", by)
	return uses[from : from+to]
}

// tellCount words how many calls there were, by what came of them.
func tellCount(u history.Use) string {
	var parts []string
	for _, part := range []struct {
		n     int
		one   string
		after string
	}{{u.Count, "call", ""}, {u.Unknown, "call", " of unknown outcome"}, {u.Refused, "refused call", ""}} {
		if part.n > 0 {
			parts = append(parts, show.Count(part.n, part.one)+part.after)
		}
	}
	return strings.Join(parts, ", ")
}

// usedWord says whether an outsider used the key, or only tried.
func usedWord(u history.Use) string {
	word := "used"
	switch {
	case u.Count == 0 && u.Unknown > 0:
		word = "perhaps used"
	case u.Count == 0:
		word = "tried"
	}
	if u.Interval == nil {
		word += " while not open"
	}
	return word
}

// howLong words a duration in its two largest units.
func howLong(seconds int64) string {
	d, h, m, s := seconds/86400, seconds/3600%24, seconds/60%60, seconds%60
	switch {
	case d > 0:
		return fmt.Sprintf("%dd %dh", d, h)
	case h > 0:
		return fmt.Sprintf("%dh %dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm %ds", m, s)
	default:
		return fmt.Sprintf("%ds", s)
	}
}

// PrintSummary writes in a few lines what was read, what was not, and each fault.
func PrintSummary(w io.Writer, s *Summary) {
	copies := "no copies"
	switch {
	case s.Duplicates == 1:
		copies = "1 copy"
	case s.Duplicates > 1:
		copies = fmt.Sprintf("%d copies", s.Duplicates)
	}
	files := show.Count(s.Files, "file")
	if s.Resumed > 0 {
		files += fmt.Sprintf(" (%d of them by the run before)", s.Resumed)
	}
	fmt.Fprintf(w, "%s, %s (%s of text), %s, %d of them about the policy or the state of a key; %s\n",
		files, size(s.Bytes), size(s.TextBytes), show.Count(int(s.Records), "record"), s.Candidates, copies)
	fmt.Fprintf(w, "findings: %d; keys that were open: %d, still open: %d; accepted by exceptions: %d\n", s.Findings, s.Keys, s.StillOpen, s.Accepted)
	if s.WithoutKey > 0 {
		fmt.Fprintf(w, "without a timeline, since the record does not name the key: %s\n", show.Count(s.WithoutKey, "finding"))
	}
	if s.Filtered > 0 {
		fmt.Fprintf(w, "excluded by --from, --to, --account or --region: %s\n", show.Count(s.Filtered, "record"))
	}
	if s.OutsideDates > 0 {
		fmt.Fprintf(w, "not read, since they were delivered outside the dates: %s (%s after --to were read, since events come late)\n", show.Count(s.OutsideDates, "file"), show.Count(s.LateDays, "day"))
	}
	for _, kind := range sortedKeys(s.Other) {
		fmt.Fprintf(w, "no records: %s: %d\n", kind, s.Other[kind])
	}
	const most = 20
	for i, g := range s.Gaps {
		if i == most {
			fmt.Fprintf(w, "days without a file: %d more stretches; see --summary\n", len(s.Gaps)-most)
			break
		}
		fmt.Fprintf(w, "days without a file: %s %s from %s to %s (%d)\n", g.Account, g.Region, g.From, g.To, g.Days)
	}
	for i, r := range s.NoFiles {
		if i == most {
			fmt.Fprintf(w, "no file at all: %d more accounts and Regions; see --summary\n", len(s.NoFiles)-most)
			break
		}
		fmt.Fprintf(w, "no file at all: %s\n", r)
	}
	for _, name := range s.Expired {
		fmt.Fprintf(w, "expired exception: %s\n", safe.Sanitize(name, 200))
	}
	told := 0
	for i := 0; i < len(s.Faults); told++ {
		if told == most {
			fmt.Fprintf(w, "not read: %d more; see --summary\n", len(s.Faults)-i+s.MoreFaults)
			break
		}
		f, n := s.Faults[i], alike(s.Faults[i:])
		text := safe.Sanitize(whereAndWhat(f), 400)
		if n > 1 {
			text += ", and " + show.Count(n-1, "more such place")
		}
		fmt.Fprintf(w, "not read: %s: %s\n", safe.Sanitize(f.File, 300), text)
		i += n
	}
}

// alike returns how many of the first faults are one file's places that were not
// recognized: a file of something else has many, and one line is enough.
func alike(faults []Fault) int {
	n := 1
	for strings.HasPrefix(faults[0].Error, history.NotRecognized) && n < len(faults) && faults[n].File == faults[0].File &&
		strings.HasPrefix(faults[n].Error, history.NotRecognized) {
		n++
	}
	return n
}

func whereAndWhat(f Fault) string {
	if f.Offset == 0 {
		return f.Error
	}
	return fmt.Sprintf("byte %d: %s", f.Offset, f.Error)
}

// size words a number of bytes.
func size(n int64) string {
	const step = 1000
	units := []string{"B", "kB", "MB", "GB", "TB"}
	value, i := float64(n), 0
	for value >= step && i < len(units)-1 {
		value, i = value/step, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, units[i])
}
