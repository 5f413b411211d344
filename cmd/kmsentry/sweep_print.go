package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/sweep"
	"github.com/kmsentry/kmsentry/internal/version"
)

// A sweepPrinter shows the keys of a sweep, one after the other, and what there
// is to say at the end. Only the formats that sort keep keys, and of them only
// those with a finding.
type sweepPrinter interface {
	key(entry) error
	end(*sweepSummary, int) error
}

func newSweepPrinter(o *sweepOptions, out, stderr io.Writer) sweepPrinter {
	b := bufio.NewWriterSize(out, 64<<10)
	switch o.format {
	case "json":
		return &sweepJSON{b}
	case "csv":
		return &sweepCSV{w: csv.NewWriter(b), out: b}
	case "ocsf":
		return &sweepOCSF{b, o.at}
	case "sarif":
		return &sweepSARIF{of: newSARIF(b, stderr), out: b}
	case "html":
		return &sweepHTML{sweepFindings{out: b}, o.at}
	default:
		return &sweepTable{sweepFindings{out: b}}
	}
}

// sweepJSON prints one object for each key and line, in ASCII.
type sweepJSON struct{ out *bufio.Writer }

// A sweepObject is a key in JSON: the row, how outsiders get in by the policy,
// with witnesses as check's, and what accepts it.
type sweepObject struct {
	sweep.Row
	Grants    []jsonGrant `json:"grants"`
	Undecided []jsonOpen  `json:"undecided"`
	Accepted  string      `json:"accepted_by"`
	Why       string      `json:"accepted_reason"`
	Until     string      `json:"accepted_until"`
	Notes     []string    `json:"notes"`
}

func (e *entry) object() sweepObject {
	out := sweepObject{Row: e.row, Grants: []jsonGrant{}, Undecided: []jsonOpen{}, Notes: append([]string{}, e.checked.notes...)}
	if !e.key.Judged() {
		return out
	}
	out.Grants = jsonGrants(e.checked, e.checked.decision.Grants)
	for _, open := range e.checked.decision.Undecided {
		out.Undecided = append(out.Undecided, jsonOpen(open))
	}
	if a := e.checked.accepted; a.By != "" {
		out.Accepted, out.Why, out.Until = a.By, a.Reason, a.Expires.Format(time.DateOnly)
	}
	return out
}

func (p *sweepJSON) key(e entry) error {
	line, err := encodeASCII(e.object())
	if err != nil {
		return err
	}
	_, err = p.out.Write(append(line, '\n'))
	return err
}

func (p *sweepJSON) end(*sweepSummary, int) error { return p.out.Flush() }

// sweepCSV prints a row for each key.
type sweepCSV struct {
	w     *csv.Writer
	out   *bufio.Writer
	begun bool
}

// A sweepColumn is a column of --format csv: a member in JSON.
type sweepColumn struct {
	name string
	of   func(*entry) string
}

func sweepColumns() []sweepColumn {
	words := func(list []string) string { return strings.Join(list, " ") }
	return []sweepColumn{
		{"key", func(e *entry) string { return e.row.Key }},
		{"account", func(e *entry) string { return e.row.Account }},
		{"region", func(e *entry) string { return e.row.Region }},
		{"verdict", func(e *entry) string { return e.row.Verdict }},
		{"least", func(e *entry) string { return e.row.Least }},
		{"most", func(e *entry) string { return e.row.Most }},
		{"encrypt", func(e *entry) string { return e.class(e.row.Classes.Encrypt) }},
		{"use", func(e *entry) string { return e.class(e.row.Classes.Use) }},
		{"other", func(e *entry) string { return e.class(e.row.Classes.Other) }},
		{"manage", func(e *entry) string { return e.row.Owner.Manage.String() }},
		{"decrypt", func(e *entry) string { return e.row.Owner.Decrypt.String() }},
		{"severity", func(e *entry) string { return e.row.Severity }},
		{"title", func(e *entry) string { return e.row.Title }},
		{"kinds", func(e *entry) string { return words(e.row.Kinds) }},
		{"grants_out", func(e *entry) string { return words(e.grantees()) }},
		{"state", func(e *entry) string { return e.row.State }},
		{"usable", func(e *entry) string { return strconv.FormatBool(e.row.Usable) }},
		{"aws_managed", func(e *entry) string { return strconv.FormatBool(e.row.Managed) }},
		{"gone", func(e *entry) string { return strconv.FormatBool(e.row.Gone) }},
		{"aliases", func(e *entry) string { return words(e.row.Aliases) }},
		{"material", func(e *entry) string { return e.row.Material }},
		{"policy_sha256", func(e *entry) string { return e.row.PolicySHA256 }},
		{"unread", func(e *entry) string { return strings.Join(e.row.Unread, "; ") }},
		{"accepted_by", func(e *entry) string { return e.checked.accepted.By }},
	}
}

// class is the verdict of a class; "" for a key that is not judged.
func (e *entry) class(b decide.Bounds) string {
	if !e.key.Judged() {
		return ""
	}
	return b.Verdict.String()
}

// grantees are those to whom grants go.
func (e *entry) grantees() []string {
	var all []string
	for _, g := range e.key.GrantsOut {
		all = append(all, g.Grantee)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (p *sweepCSV) key(e entry) error {
	if err := p.head(); err != nil {
		return err
	}
	var row []string
	for _, c := range sweepColumns() {
		row = append(row, show.Cell(alert.Sanitize(c.of(&e), 2000)))
	}
	return p.w.Write(row)
}

func (p *sweepCSV) head() error {
	if p.begun {
		return nil
	}
	p.begun = true
	var names []string
	for _, c := range sweepColumns() {
		names = append(names, c.name)
	}
	return p.w.Write(names)
}

func (p *sweepCSV) end(*sweepSummary, int) error {
	if err := p.head(); err != nil {
		return err
	}
	p.w.Flush()
	return cmp.Or(p.w.Error(), p.out.Flush())
}

// sweepOCSF prints a Detection Finding for each key that is not accepted.
type sweepOCSF struct {
	out *bufio.Writer
	at  time.Time
}

func (p *sweepOCSF) key(e entry) error {
	if !e.counts() {
		return nil
	}
	severity, _ := e.key.OwnSeverity()
	k := alert.SweptKey{Key: e.key.Subject(), Severity: severity, State: e.key.State, Policy: e.key.Finding, Unread: e.key.Unread}
	for _, g := range e.key.GrantsOut {
		k.Grants = append(k.Grants, alert.SweptGrant{ID: g.ID, Grantee: g.Grantee, Operations: g.Operations, Audience: g.Audience.String()})
	}
	state := alert.SweptState{UID: e.key.UID(), Title: e.row.Title, Verdict: e.checked.decision.Verdict}
	line, err := alert.OCSFOfKey(k, state, alert.Options{Now: p.at, Version: version.String()})
	if err != nil {
		return err
	}
	_, err = p.out.Write(append(line, '\n'))
	return err
}

func (p *sweepOCSF) end(*sweepSummary, int) error { return p.out.Flush() }

// counts reports whether the key is a finding that nothing accepts.
func (e *entry) counts() bool { return e.row.Severity != "" && e.checked.accepted.By == "" }

// sweepSARIF prints a result for each finding, those that are accepted too.
type sweepSARIF struct {
	of   *sarifPrinter
	out  *bufio.Writer
	list []entry
}

func (p *sweepSARIF) key(e entry) error {
	if e.row.Severity != "" {
		p.list = append(p.list, e)
	}
	return nil
}

func (p *sweepSARIF) end(s *sweepSummary, status int) error {
	slices.SortFunc(p.list, func(a, b entry) int { return cmp.Compare(a.row.Key, b.row.Key) })
	for _, e := range p.list {
		c := e.checked
		rule := ruleID(c.decision.Verdict)
		switch {
		case c.locked():
			rule = lockedRule
		case c.decision.Verdict == decide.Private && guardLine(c.decision) != "":
			rule = guardedRule
		}
		p.of.add(c, rule, p.of.sentences(c, append([]string{e.row.Title}, e.details()...)...), nil)
	}
	for _, f := range s.Faults {
		p.of.notifications = append(p.of.notifications, sarifNotification{Level: "error", Message: sarifMessage{safe(f.String())}, Locations: []sarifLocation{}})
	}
	if err := p.of.end(status, tally{}); err != nil {
		return err
	}
	return p.out.Flush()
}

// details say in sentences how outsiders get at the key, and what else there is
// to know.
func (e *entry) details() []string {
	var all []string
	c := e.checked
	for _, g := range groupGrants(c.decision.Grants) {
		all = append(all, summary(g), "proof: "+inWords(g.grants[0].Witness))
	}
	for _, open := range c.decision.Undecided {
		all = append(all, openLine(open))
	}
	if c.locked() || e.key.Finding != nil && c.decision.Verdict == decide.Private {
		all = append(all, ownerLines(c)...)
	}
	if text := guardLine(c.decision); text != "" {
		all = append(all, text)
	}
	if f := c.decision.Future; f != nil {
		all = append(all, fmt.Sprintf("%s from %s on", f.Verdict, show.Stamp(f.At)))
	}
	for _, g := range e.key.GrantsOut {
		all = append(all, sweptGrant(g))
	}
	if !e.key.Usable() && e.key.Judged() {
		all = append(all, "not usable now ("+e.key.State+"): one step less severe than an enabled key, low at least")
	}
	for _, r := range e.key.Replicas {
		text := "replica " + r.ARN + ": " + r.Verdict.Verdict.String()
		if !r.Read {
			text = "replica " + r.ARN + ": not read"
		}
		all = append(all, text)
	}
	for _, text := range e.key.Unread {
		all = append(all, "not read: "+text)
	}
	return append(all, c.notes...)
}

// grantLine words a grant to an outsider.
func sweptGrant(g sweep.Grant) string {
	text := "grant " + g.ID + " to " + g.Grantee
	switch {
	case g.Audience == decide.Undecided:
		text += " (AWS does not say of which account)"
	case g.Account != "" && !strings.Contains(g.Grantee, g.Account):
		text += " for account " + g.Account
	}
	text += ": " + strings.Join(g.Operations, ", ")
	if g.SourceARN != "" {
		text += "; for " + g.SourceARN
	}
	for _, limit := range []struct {
		name string
		of   map[string]string
	}{{"is", g.ContextEquals}, {"has", g.ContextSubset}} {
		if len(limit.of) > 0 {
			pairs, err := json.Marshal(limit.of)
			if err == nil {
				text += "; where the encryption context " + limit.name + " " + string(pairs)
			}
		}
	}
	return text
}

// sweepFindings keeps the findings, to be sorted.
type sweepFindings struct {
	out  *bufio.Writer
	list []entry
}

func (p *sweepFindings) key(e entry) error {
	if e.counts() {
		p.list = append(p.list, e)
	}
	return nil
}

// sorted returns the findings, the worst first. Of the replicas of one key it
// returns the worst, whose details name the others.
func (p *sweepFindings) sorted() []entry {
	rank := func(e entry) detector.Severity {
		s, _ := e.key.OwnSeverity()
		return s
	}
	slices.SortFunc(p.list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a.row.Key, b.row.Key))
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(p.list, func(e entry) bool {
		id := e.key.Account + "/" + e.key.ID()
		if len(e.key.Replicas) == 0 || !seen[id] {
			seen[id] = true
			return false
		}
		return true
	})
}

// answer is the whole in a line.
func (s *sweepSummary) answer(findings int) string {
	switch {
	case findings > 0 && s.Failed():
		return show.Count(findings, "key") + " open to outsiders, or not known to be closed, in what could be read; not everything could"
	case findings > 0:
		return show.Count(findings, "key") + " open to outsiders, or not known to be closed"
	case s.Keys == 0 && s.Failed():
		return "No key was read: nothing can be said"
	case s.Failed():
		return "No key open to outsiders was found in what could be read; not everything could"
	case s.Keys == 0:
		return "No key was found: nothing can be said"
	default:
		return "No key is open to outsiders"
	}
}

// sweepTable prints the findings as a table, then what there is to each.
type sweepTable struct{ sweepFindings }

func (p *sweepTable) end(s *sweepSummary, _ int) error {
	list := p.sorted()
	var b strings.Builder
	if len(list) == 0 {
		b.WriteString(s.answer(0) + ".\n")
	} else {
		rows := [][]string{{"SEVERITY", "VERDICT", "ENCRYPT", "USE", "GRANTS OUT", "STATE", "ALIAS", "KEY"}}
		for _, e := range list {
			rows = append(rows, []string{
				e.row.Severity, e.verdict(), e.class(e.row.Classes.Encrypt), e.class(e.row.Classes.Use), strconv.Itoa(len(e.row.GrantsOut)),
				cmp.Or(e.row.State, "unknown"), strings.Join(e.row.Aliases, " "), e.row.Key,
			})
		}
		show.Align(&b, rows)
	}
	for _, e := range list {
		fmt.Fprintf(&b, "\n%s\n  %s\n", alert.Sanitize(e.row.Key, 200), alert.Sanitize(e.row.Title, 400))
		for _, line := range e.details() {
			fmt.Fprintf(&b, "    %s\n", alert.Sanitize(line, 400))
		}
	}
	if _, err := p.out.WriteString(b.String()); err != nil {
		return err
	}
	return p.out.Flush()
}

// verdict is the verdict with what it does not say.
func (e *entry) verdict() string {
	if len(e.row.Kinds) == 0 {
		return e.row.Verdict
	}
	return e.row.Verdict + " (" + strings.Join(e.row.Kinds, ", ") + ")"
}
