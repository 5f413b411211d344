package history

import (
	"bytes"
	"encoding/csv"
	"strings"
)

// A table is the head of a CSV or TSV file.
type table struct {
	columns []string // in lower case
	comma   rune
}

// csvHeader reads the head of a CSV file that holds records; nil when line is
// none. Source: the columns of CloudTrail Lake, Athena, Splunk and CloudWatch
// Logs Insights exports.
func csvHeader(line []byte) *table {
	t := &table{comma: ','}
	if bytes.IndexByte(line, ',') < 0 && bytes.IndexByte(line, '\t') >= 0 {
		t.comma = '\t'
	}
	fields, err := t.row(line)
	if err != nil {
		return nil
	}
	known := false
	for _, f := range fields {
		f = strings.ToLower(strings.TrimSpace(f))
		t.columns = append(t.columns, f)
		known = known || wholeRecord(f) || f == "requestparameters"
	}
	if !known {
		return nil
	}
	return t
}

func (t *table) row(line []byte) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(line))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = t.comma, true, -1
	return r.Read()
}

// csv reads the rows after a head. A row ends at a line end that is in no
// quotes.
func (s *scanner) csv(t *table) {
	s.report.Format = "CSV"
	s.quotesTwice = true
	for {
		if _, ok := s.token(); !ok {
			return
		}
		start := s.begin()
		for quotes := 0; ; {
			from := s.pos
			if !s.toLineEnd() {
				break
			}
			quotes += bytes.Count(s.w.slice(from, s.pos), []byte{'"'})
			if quotes%2 == 0 || s.pos == s.w.end() && !s.refill() {
				break
			}
		}
		switch {
		case s.tooLarge:
			s.report.fault(start, "a row of more than %d MiB", s.w.limits.unit>>20)
		case !s.w.hit(start, s.pos):
			s.report.Records++
		default:
			s.row(t, start)
		}
		s.holding = false
	}
}

// row reads a row that may hold a wanted record.
func (s *scanner) row(t *table, start int64) {
	text := s.w.slice(start, s.pos)
	fields, err := t.row(text)
	if err != nil {
		s.report.fault(start, "CSV: %s", err)
		s.salvage(start, s.pos)
		return
	}
	cells := map[string]string{}
	for i, f := range fields {
		if i < len(t.columns) {
			cells[t.columns[i]] = f
		}
	}
	u := unwrapper{s: s, offset: start, format: "CSV"}
	u.row(cells)
	if u.err != nil {
		s.report.fault(start, "%s", u.err)
		s.salvage(start, s.pos) // a quote that is missing joins rows
	}
	s.report.Records += u.records
}
