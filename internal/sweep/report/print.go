package report

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/ocsf"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/sweep"
	"github.com/kmsentry/kmsentry/internal/version"
)

// A printer prints the keys of a sweep one by one, and the rest at the end. Only
// the printers of sorted formats keep keys in memory, and only those with a
// finding.
type printer interface {
	key(entry) error
	end(*Summary, int) error
}

func newPrinter(o Options, out, stderr io.Writer) printer {
	b := bufio.NewWriterSize(out, 64<<10)
	switch o.Format {
	case "json":
		return &jsonPrinter{b}
	case "csv":
		return &csvPrinter{w: csv.NewWriter(b), out: b}
	case "ocsf":
		return &ocsfPrinter{b, o.At}
	case "sarif":
		return &sarifPrinter{of: check.NewSARIF(b, stderr), out: b}
	case "html":
		return &htmlPrinter{sorter{out: b}, o.At}
	default:
		return &tablePrinter{sorter{out: b}}
	}
}

// jsonPrinter prints one object per key and line, in ASCII.
type jsonPrinter struct{ out *bufio.Writer }

// An Object is a key in JSON: the row, how the policy gives outsiders access, with
// witnesses as in check's output, and what accepts it.
type Object struct {
	sweep.Row
	Grants    []check.Grant `json:"grants"`
	Undecided []check.Open  `json:"undecided"`
	Accepted  string        `json:"accepted_by"`
	Why       string        `json:"accepted_reason"`
	Until     string        `json:"accepted_until"`
	Notes     []string      `json:"notes"`
}

func (e *entry) object() Object {
	out := Object{Row: e.row, Grants: []check.Grant{}, Undecided: []check.Open{}, Notes: append([]string{}, e.checked.Notes...)}
	if !e.key.Judged() {
		return out
	}
	out.Grants = check.Grants(e.checked, e.checked.Decision.Grants)
	for _, open := range e.checked.Decision.Undecided {
		out.Undecided = append(out.Undecided, check.Open(open))
	}
	if a := e.checked.Accepted; a.By != "" {
		out.Accepted, out.Why, out.Until = a.By, a.Reason, a.Expires.Format(time.DateOnly)
	}
	return out
}

func (p *jsonPrinter) key(e entry) error {
	line, err := show.JSON(e.object())
	if err != nil {
		return err
	}
	_, err = p.out.Write(append(line, '\n'))
	return err
}

func (p *jsonPrinter) end(*Summary, int) error { return p.out.Flush() }

// csvPrinter prints a row for each key.
type csvPrinter struct {
	w     *csv.Writer
	out   *bufio.Writer
	begun bool
}

// A column is a column of --format csv. Its name is that of the member in JSON.
type column struct {
	name string
	of   func(*entry) string
}

func columns() []column {
	joined := func(list []string) string { return strings.Join(list, " ") }
	return []column{
		{"key", func(e *entry) string { return e.row.Key }},
		{"account", func(e *entry) string { return e.row.Account }},
		{"region", func(e *entry) string { return e.row.Region }},
		{"verdict", func(e *entry) string { return e.row.Verdict }},
		{"least", func(e *entry) string { return e.row.Least }},
		{"most", func(e *entry) string { return e.row.Most }},
		{"encrypt", func(e *entry) string { return e.class(e.row.Classes.Of(kmsapi.ClassEncrypt)) }},
		{"use", func(e *entry) string { return e.class(e.row.Classes.Of(kmsapi.ClassUse)) }},
		{"other", func(e *entry) string { return e.class(e.row.Classes.Of(kmsapi.ClassOther)) }},
		{"manage", func(e *entry) string { return e.row.Owner.Manage.String() }},
		{"decrypt", func(e *entry) string { return e.row.Owner.Decrypt.String() }},
		{"severity", func(e *entry) string { return e.row.Severity }},
		{"title", func(e *entry) string { return e.row.Title }},
		{"kinds", func(e *entry) string { return joined(e.row.Kinds) }},
		{"grants_out", func(e *entry) string { return joined(e.grantees()) }},
		{"state", func(e *entry) string { return e.row.State }},
		{"usable", func(e *entry) string { return strconv.FormatBool(e.row.Usable) }},
		{"aws_managed", func(e *entry) string { return strconv.FormatBool(e.row.Managed) }},
		{"gone", func(e *entry) string { return strconv.FormatBool(e.row.Gone) }},
		{"aliases", func(e *entry) string { return joined(e.row.Aliases) }},
		{"material", func(e *entry) string { return e.row.Material }},
		{"policy_sha256", func(e *entry) string { return e.row.PolicySHA256 }},
		{"unread", func(e *entry) string { return strings.Join(e.row.Unread, "; ") }},
		{"accepted_by", func(e *entry) string { return e.checked.Accepted.By }},
	}
}

func (p *csvPrinter) key(e entry) error {
	if err := p.head(); err != nil {
		return err
	}
	var row []string
	for _, c := range columns() {
		row = append(row, show.Cell(safe.Sanitize(c.of(&e), 2000)))
	}
	return p.w.Write(row)
}

func (p *csvPrinter) head() error {
	if p.begun {
		return nil
	}
	p.begun = true
	var names []string
	for _, c := range columns() {
		names = append(names, c.name)
	}
	return p.w.Write(names)
}

func (p *csvPrinter) end(*Summary, int) error {
	if err := p.head(); err != nil {
		return err
	}
	p.w.Flush()
	return cmp.Or(p.w.Error(), p.out.Flush())
}

// ocsfPrinter prints a Detection Finding for each key that is not accepted.
type ocsfPrinter struct {
	out *bufio.Writer
	at  time.Time
}

func (p *ocsfPrinter) key(e entry) error {
	if !e.counts() {
		return nil
	}
	severity, _ := e.key.OwnSeverity()
	k := words.SweptKey{Key: e.key.Subject(), Severity: severity, State: e.key.State, Policy: e.key.Finding, Unread: e.key.Unread}
	for _, g := range e.key.GrantsOut {
		k.Grants = append(k.Grants, words.SweptGrant{ID: g.ID, Grantee: g.Grantee, Operations: g.Operations, Audience: g.Audience.String()})
	}
	state := ocsf.SweptState{UID: e.key.UID(), Title: e.row.Title, Verdict: e.checked.Decision.Verdict}
	line, err := ocsf.ComposeKey(k, state, words.Options{Now: p.at, Version: version.String()})
	if err != nil {
		return err
	}
	_, err = p.out.WriteString(line + "\n")
	return err
}

func (p *ocsfPrinter) end(*Summary, int) error { return p.out.Flush() }
