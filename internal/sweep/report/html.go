package report

import (
	_ "embed"
	"fmt"
	html "html/template"
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/version"
)

//go:embed page.html
var pageText string

// htmlPrinter prints one self-contained page.
type htmlPrinter struct {
	sorter
	at time.Time
}

// A card is a key on the page.
type card struct {
	Key, Verdict, Tag, Title string
	Lines                    []string
}

func (p *htmlPrinter) end(s *Summary, _ int) error {
	type fact struct{ Name, Value string }
	page := struct {
		Style               html.CSS
		Answer, At, Version string
		Interrupted         bool
		Facts               []fact
		Verdicts            []string
		Cards               []card
		Faults              []string
	}{Style: show.PageStyle(), At: show.Stamp(p.at), Version: version.String(), Interrupted: s.Interrupted}
	for _, e := range p.sorted() {
		c := card{Key: safe.Sanitize(e.row.Key, 200), Verdict: e.row.Verdict, Tag: e.row.Severity + ": " + e.verdict(), Title: safe.Sanitize(e.row.Title, 400)}
		for _, alias := range e.row.Aliases {
			c.Lines = append(c.Lines, safe.Sanitize(alias, 300))
		}
		for _, line := range e.details() {
			c.Lines = append(c.Lines, safe.Sanitize(line, 400))
		}
		page.Cards = append(page.Cards, c)
		if !slices.Contains(page.Verdicts, c.Verdict) {
			page.Verdicts = append(page.Verdicts, c.Verdict)
		}
	}
	page.Answer = s.answer(len(page.Cards))
	for _, f := range []struct {
		name string
		n    int
	}{
		{"keys", s.Keys},
		{"accounts", len(s.Accounts)},
		{"Regions swept", s.Regions},
		{"accepted", s.Accepted},
		{"of AWS, not judged", s.Managed},
		{"not usable now", s.Unusable},
		{"not read in full", s.Unread},
	} {
		page.Facts = append(page.Facts, fact{f.name, fmt.Sprint(f.n)})
	}
	for _, f := range s.Faults {
		page.Faults = append(page.Faults, safe.Sanitize(f.String(), 600))
	}
	t, err := html.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	if err := t.Execute(p.out, page); err != nil {
		return err
	}
	return p.out.Flush()
}
