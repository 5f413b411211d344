package report

import (
	"bufio"
	"cmp"
	"slices"

	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/show"
)

// sarifPrinter prints a result for each finding, including accepted ones.
type sarifPrinter struct {
	of   *check.SARIF
	out  *bufio.Writer
	list []entry
}

func (p *sarifPrinter) key(e entry) error {
	if e.row.Severity != "" {
		p.list = append(p.list, e)
	}
	return nil
}

func (p *sarifPrinter) end(s *Summary, status int) error {
	slices.SortFunc(p.list, func(a, b entry) int { return cmp.Compare(a.row.Key, b.row.Key) })
	for _, e := range p.list {
		p.of.Swept(e.checked, append([]string{e.row.Title}, e.details()...)...)
	}
	for _, f := range s.Faults {
		p.of.Fault(show.Safe(f.String()))
	}
	if err := p.of.WriteLog(status); err != nil {
		return err
	}
	return p.out.Flush()
}
