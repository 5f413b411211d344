package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// The formats that are named in reports where more than one place names them.
const (
	logFile = "log file"
	record  = "record"
	damaged = "damaged text"
)

// unit looks at a document or an element that ends at pos.
func (s *scanner) unit(kind string, start int64) {
	text := s.w.slice(start, s.pos)
	s.holding = false
	wanted := s.w.hit(start, s.pos)
	holes := !s.sealed && bytes.IndexByte(text, 0) >= 0 // what disks and copies leave of lost blocks
	if !wanted && !holes && s.plain(kind, text) {
		return
	}
	if !json.Valid(text) {
		s.report.fault(start, "not valid JSON: %s", syntax(text))
		if wanted {
			s.salvage(start, s.pos)
		}
		return
	}
	u := unwrapper{s: s, offset: start}
	u.element(kind, text)
	if u.err != nil {
		s.report.fault(start, "%s", u.err)
	}
	s.report.Records += u.records
	if s.report.Format == "" {
		s.report.Format = u.format
	}
}

// plain counts a unit without wanted records where it need not be looked into.
func (s *scanner) plain(kind string, text []byte) bool {
	switch {
	case bytes.HasPrefix(text, []byte(recordStart)) && (s.report.Format != "" || kind == ""):
		if s.report.Format == "" {
			s.report.Format = record
		}
	case s.report.Format == "" || s.report.Other[s.report.Format].Count > 0 || kind == "ResultSet.Rows" && s.header == nil:
		return false
	}
	s.report.Records++
	return true
}

// syntax says why text is not JSON.
func syntax(text []byte) string {
	var value json.RawMessage
	err := json.Unmarshal(text, &value)
	var e *json.SyntaxError
	if errors.As(err, &e) {
		return fmt.Sprintf("%s (byte %d of the value)", e, e.Offset)
	}
	return fmt.Sprint(err)
}

// salvage looks for records in text whose structure is broken: around each hit,
// for the smallest object that is valid JSON and holds a wanted record.
func (s *scanner) salvage(from, to int64) {
	if from >= to {
		return
	}
	text := s.w.slice(from, to)
	if s.quotesTwice {
		text = bytes.ReplaceAll(text, []byte(`""`), []byte(`"`))
	}
	hits := s.w.matcher.find(text, 0, nil)
	slices.Sort(hits)
	const patience = 64 // times the text's length, in bytes that are looked at again
	work := patience * (len(text) + 1)
	after := 0 // the end of the last record found
	for _, hit := range hits {
		if hit < after {
			continue
		}
		end, cost := s.around(text[after:], hit-after, from+int64(after), work)
		if work -= cost; work <= 0 {
			s.report.fault(from+int64(hit), "too damaged: not everything up to byte %d was read", to)
			return
		}
		after += end
	}
}

// around finds the record around a hit and passes it on. It returns where it
// ends, 0 when there is none, and how many bytes it looked at.
func (s *scanner) around(text []byte, hit int, offset int64, work int) (end, cost int) {
	for start := hit; cost < work; {
		start = bytes.LastIndexByte(text[:start], '{')
		if start < 0 {
			return 0, cost
		}
		if next := bytes.TrimLeft(text[start+1:], " \t\r\n"); len(next) == 0 || next[0] != '"' {
			cost++
			continue
		}
		var k skipper
		k.open()
		n, done := k.skip(text[start+1:])
		cost += n
		end = start + 1 + n
		if !done || end <= hit || !json.Valid(text[start:end]) {
			continue
		}
		u := unwrapper{s: s, offset: offset + int64(start), format: damaged}
		u.element("", text[start:end])
		if u.wanted > 0 {
			return end, cost
		}
	}
	return 0, cost
}

// exportLine is how a line of a CloudWatch Logs export begins.
var exportLine = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\S+\s+\{`)

// NotRecognized begins a fault about text that is nothing this package reads.
const NotRecognized = "not recognized"

// line reads text that is no JSON at the beginning of a document: a line of a
// log export, the head of a CSV, or something else, which is a fault. first
// says that nothing was read before.
func (s *scanner) line(first bool) {
	start := s.begin()
	if !s.toLineEnd() {
		s.report.fault(start, NotRecognized+": a line of more than %d MiB", s.w.limits.unit>>20)
		return
	}
	line := s.w.slice(start, s.pos)
	if head := exportLine.Find(line); head != nil {
		s.pos = start + int64(len(head)) - 1
		if s.report.Format == "" {
			s.report.Format = "CloudWatch Logs export"
		}
		return
	}
	if first {
		if columns := csvHeader(line); columns != nil {
			s.csv(columns)
			return
		}
	}
	s.report.fault(start, NotRecognized+": %q", excerpt(line))
	s.salvage(start, s.pos)
}

// toLineEnd passes the rest of the line; false when it was too long to keep.
func (s *scanner) toLineEnd() bool {
	for {
		if i := bytes.IndexByte(s.w.from(s.pos), '\n'); i >= 0 {
			s.pos += int64(i) + 1
			return !s.tooLarge
		}
		s.pos = s.w.end()
		if !s.refill() {
			return !s.tooLarge
		}
	}
}

// excerpt is the beginning of a line.
func excerpt(line []byte) string {
	const most = 40
	line = bytes.TrimRight(line, "\r\n")
	if len(line) > most {
		return string(bytes.ToValidUTF8(line[:most], nil)) + "..."
	}
	return string(line)
}
