package report

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/show"
)

// sorter collects the findings, to sort them at the end.
type sorter struct {
	out  *bufio.Writer
	list []entry
}

func (p *sorter) key(e entry) error {
	if e.counts() {
		p.list = append(p.list, e)
	}
	return nil
}

// sorted returns the findings, the worst first. Of the replicas of a key it
// returns only the worst, whose details list the others.
func (p *sorter) sorted() []entry {
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

// tablePrinter prints the findings as a table, followed by the details of each.
type tablePrinter struct{ sorter }

func (p *tablePrinter) end(s *Summary, _ int) error {
	list := p.sorted()
	var b strings.Builder
	if len(list) == 0 {
		b.WriteString(s.answer(0) + ".\n")
	} else {
		rows := [][]string{{"SEVERITY", "VERDICT", "ENCRYPT", "USE", "GRANTS OUT", "STATE", "ALIAS", "KEY"}}
		for _, e := range list {
			rows = append(rows, []string{
				e.row.Severity, e.verdict(), e.class(e.row.Classes.Of(kmsapi.ClassEncrypt)), e.class(e.row.Classes.Of(kmsapi.ClassUse)), strconv.Itoa(len(e.row.GrantsOut)),
				cmp.Or(e.row.State, "unknown"), strings.Join(e.row.Aliases, " "), e.row.Key,
			})
		}
		show.Align(&b, rows)
	}
	for _, e := range list {
		fmt.Fprintf(&b, "\n%s\n  %s\n", safe.Sanitize(e.row.Key, 200), safe.Sanitize(e.row.Title, 400))
		for _, line := range e.details() {
			fmt.Fprintf(&b, "    %s\n", safe.Sanitize(line, 400))
		}
	}
	if _, err := p.out.WriteString(b.String()); err != nil {
		return err
	}
	return p.out.Flush()
}
