package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
)

// A Record is a record of a wanted call, as JSON in CloudTrail's form.
type Record struct {
	Text   []byte // valid until emit returns
	Format string // what it was wrapped in, e.g. "log file"
	Offset int64  // where in the text of the file what wraps it begins
}

// A Fault is something that could not be read.
type Fault struct {
	Offset int64  // in bytes of the file's text, after all decompression
	Error  string // one line; it may quote the file
}

// A Report says what one file was.
type Report struct {
	Read    int64           // bytes of the file
	Text    int64           // bytes of text in it
	Records int64           // records of any call that were seen: counted by structure, or by their eventVersion where nothing wanted can be
	Format  string          // of the first document; "" for an empty file
	Other   map[string]Seen // documents that hold no records, by kind, e.g. "CloudTrail digest"
	Faults  []Fault         // at most maxFaults
	More    int             // faults beyond those
}

// maxFaults is how many faults of one file are named.
const maxFaults = 20

func (r *Report) fault(at int64, format string, args ...any) {
	if len(r.Faults) == maxFaults {
		r.More++
		return
	}
	r.Faults = append(r.Faults, Fault{at, fmt.Sprintf(format, args...)})
}

// Seen is how often something was seen, and where first.
type Seen struct {
	Offset int64 // of the first, in bytes of the file's text
	Count  int
}

func (r *Report) other(kind string, offset int64) {
	if r.Other == nil {
		r.Other = map[string]Seen{}
	}
	seen := r.Other[kind]
	if seen.Count++; seen.Count == 1 {
		seen.Offset = offset
	}
	r.Other[kind] = seen
	if r.Format == "" {
		r.Format = kind
	}
}

// A Reader reads one file after the other and reuses its memory, at most 3 MiB.
// It is not safe for concurrent use.
type Reader struct {
	Matcher Matcher // which records are wanted
	buf     []byte
	spare   spares
	limits  limits
}

// Read reads a file to its end and hands every wanted record to emit, in the
// order of the file. What is damaged costs only itself: everything that can be
// read is used, and the report names the rest.
func (r *Reader) Read(file io.Reader, emit func(Record)) Report {
	var report Report
	l, err := openLayers(file, &r.spare)
	if err != nil {
		l.Close()
		report.Read = l.counter.n
		report.fault(0, "%s", err)
		return report
	}
	defer l.Close()
	if r.limits.chunk == 0 {
		r.limits = usualLimits()
	}
	w := &window{source: l.text, matcher: r.Matcher, buf: r.buf[:0], limits: r.limits}
	s := &scanner{w: w, report: &report, emit: emit, sealed: l.sealed}
	s.run()
	if w.err != io.EOF {
		report.fault(w.end(), "%s", w.err)
	}
	report.Read, report.Text = l.counter.n, w.end()
	r.buf = w.buf
	return report
}

// A scanner walks through the text of one file: over documents one after the
// other, into the lists that hold records, from element to element.
type scanner struct {
	w           *window
	pos         int64
	report      *Report
	emit        func(Record)
	holding     bool     // a unit is being read: its bytes stay in the window
	tooLarge    bool     // the unit was too large for that
	sealed      bool     // a checksum says that the text is as it was written
	lost        bool     // structure was lost: brackets and commas between records are no surprise
	quotesTwice bool     // the text is CSV, which writes a quote as two
	leapFrom    int64    // where the next leap may be tried
	gaps        [][2]int // of the last leap
	header      []string // of the rows in the Athena API's form; nil before the first
}

// run reads documents until the text ends.
func (s *scanner) run() {
	for first := true; ; first = false {
		c, ok := s.token()
		switch {
		case !ok:
			return
		case c == '{':
			s.document()
		case c == '[':
			if s.elements("") {
				s.lost = false
			}
		case s.lost && (c == ',' || c == ']' || c == '}'):
			s.pos++
		default:
			s.line(first)
		}
		s.holding = false
	}
}

// refill reads on; false at the end of the text. A unit that fills the window
// is given up, after a look for records in it.
func (s *scanner) refill() bool {
	if !s.holding {
		s.w.keep = s.pos
	}
	if s.w.more() {
		return true
	}
	if s.w.err != errFull {
		return false
	}
	s.salvage(s.w.keep, s.w.end())
	s.holding, s.tooLarge = false, true
	s.w.keep = s.pos
	return s.w.more()
}

// begin begins a unit at pos.
func (s *scanner) begin() int64 {
	s.holding, s.tooLarge = true, false
	s.w.keep = s.pos
	return s.pos
}

// peek returns the byte at pos; ok is false at the end of the text.
func (s *scanner) peek() (c byte, ok bool) {
	for s.pos >= s.w.end() {
		if !s.refill() {
			return 0, false
		}
	}
	return s.w.buf[s.pos-s.w.base], true
}

// token passes white space and returns the byte after it.
func (s *scanner) token() (c byte, ok bool) {
	for {
		c, ok = s.peek()
		if !ok || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c, ok
		}
		s.pos++
	}
}

// ahead reports whether the text at pos begins with prefix.
func (s *scanner) ahead(prefix string) bool {
	for s.w.end()-s.pos < int64(len(prefix)) {
		if !s.refill() {
			return false
		}
	}
	return string(s.w.from(s.pos)[:len(prefix)]) == prefix
}

// recordStart is how CloudTrail begins every record. In valid JSON it never
// stands within a string, where its quote would be escaped.
const recordStart = `{"eventVersion":`

// document reads an object at pos that is not an element of a list.
func (s *scanner) document() {
	start := s.begin()
	if s.report.Format == record && s.leap('}') {
		start = s.begin()
	}
	if s.ahead(recordStart) {
		if s.value() && !s.oversized(start, "") {
			s.unit("", start)
		}
		return
	}
	lists := false
	ok := s.members(func(name string, c byte) (bool, bool) {
		switch {
		case c == '[' && isList(name):
			lists = true
			return true, s.elements(name)
		case c == '{' && (name == "hits" || name == "ResultSet"):
			return true, s.members(func(inner string, c byte) (bool, bool) {
				if c != '[' || inner != "hits" && inner != "Rows" {
					return false, true
				}
				lists = true
				s.header = nil
				return true, s.elements(name + "." + inner)
			})
		}
		return false, true
	})
	switch {
	case !ok || lists || s.oversized(start, " that is no list of records"):
	default:
		s.unit("", start)
	}
}

// oversized names a unit from start to pos that is too large to be looked at as
// a whole, after a look for records in it.
func (s *scanner) oversized(start int64, where string) bool {
	if !s.tooLarge && s.pos-start <= int64(s.w.limits.unit) {
		return false
	}
	if !s.tooLarge {
		s.salvage(start, s.pos)
	}
	s.holding = false
	s.report.fault(start, "a value of more than %d MiB%s", s.w.limits.unit>>20, where)
	return true
}

// isList reports whether a document's member of that name is a list of what may
// be records.
func isList(name string) bool {
	switch name {
	case "Records", "Events", "QueryResultRows", "logEvents", "events", "results", "Messages":
		return true
	default:
		return false
	}
}

// members reads the object at pos. on is asked about each member, of which c is
// the first byte of the value; it may read the value itself. members returns
// false when structure is lost.
func (s *scanner) members(on func(name string, c byte) (handled, ok bool)) bool {
	s.pos++
	for first := true; ; first = false {
		c, ok := s.token()
		if ok && c == '}' {
			s.pos++
			return true
		}
		if ok && !first {
			if c != ',' {
				return s.lose("expected a comma or }", c, ok)
			}
			s.pos++
			c, ok = s.token()
		}
		if !ok || c != '"' {
			return s.lose("expected a member's name", c, ok)
		}
		name := s.name()
		if c, ok = s.token(); !ok || c != ':' {
			return s.lose("expected a colon", c, ok)
		}
		s.pos++
		if c, ok = s.token(); !ok {
			return s.lose("expected a value", c, ok)
		}
		handled, ok := on(name, c)
		if !ok || !handled && !s.value() {
			return false
		}
	}
}

// elements reads the list at pos, each element a unit of that kind.
func (s *scanner) elements(kind string) bool {
	s.pos++
	for first := true; ; first = false {
		s.holding = false
		c, ok := s.token()
		if ok && c == ']' {
			s.pos++
			return true
		}
		if ok && !first {
			if c != ',' {
				return s.lose("expected a comma or ]", c, ok)
			}
			s.pos++
			c, ok = s.token()
		}
		if !ok {
			return s.lose("expected an element", c, ok)
		}
		start := s.begin()
		if c == '{' && (kind == "Records" || kind == "" && s.report.Format == record) && s.leap(',') {
			start = s.begin()
		}
		if !s.value() {
			return false
		}
		if !s.oversized(start, " in a list of records") {
			s.unit(kind, start)
		}
	}
}

// value passes the value at pos; false when the text ends within it.
func (s *scanner) value() bool {
	c, ok := s.peek()
	switch {
	case !ok:
		return s.lose("expected a value", c, ok)
	case c == '"':
		return s.text()
	case c != '{' && c != '[':
		return s.literal()
	}
	var k skipper
	k.open()
	s.pos++
	for {
		n, done := k.skip(s.w.from(s.pos))
		s.pos += int64(n)
		if done {
			return true
		}
		if !s.refill() {
			return s.lose("expected the end of a value", 0, false)
		}
	}
}

// literal passes a number, true, false or null.
func (s *scanner) literal() bool {
	start := s.pos
	for {
		c, ok := s.peek()
		if !ok || bytes.IndexByte([]byte(",]} \t\r\n:\"{["), c) >= 0 {
			if s.pos == start {
				return s.lose("expected a value", c, ok)
			}
			return true
		}
		s.pos++
	}
}

// text passes the string at pos.
func (s *scanner) text() bool {
	for s.pos++; ; s.pos++ {
		c, ok := s.peek()
		switch {
		case !ok:
			return s.lose("expected the end of a string", c, ok)
		case c == '"':
			s.pos++
			return true
		case c == '\\':
			s.pos++
			if _, ok := s.peek(); !ok {
				return s.lose("expected the end of a string", c, ok)
			}
		}
	}
}

// name reads the string at pos; "" when it is too long to be of use. The end of
// the text shows at the next token.
func (s *scanner) name() string {
	const long = 256
	start := s.pos
	for s.pos++; ; s.pos++ {
		c, ok := s.peek()
		if !ok {
			return ""
		}
		if c == '"' {
			break
		}
		if c == '\\' {
			s.pos++
		}
	}
	s.pos++
	var name string
	if start < s.w.base || s.pos-start > long || json.Unmarshal(s.w.slice(start, s.pos), &name) != nil {
		return ""
	}
	return name
}

// lose names a place where the structure breaks, looks for records in what was
// being read, and continues at the next place where a record or a line begins. It
// returns false.
func (s *scanner) lose(want string, c byte, ok bool) bool {
	switch {
	case !ok && s.w.err == io.EOF:
		s.report.fault(s.pos, "the text is truncated: %s", want)
	case ok:
		s.report.fault(s.pos, "not valid JSON: %s, found %q", want, c)
	}
	s.lost = true
	if ok {
		s.resync()
		return false
	}
	if s.holding {
		s.salvage(s.w.keep, s.w.end())
	}
	s.holding = false
	s.pos = s.w.end()
	return false
}

// resync passes on to the next place where a record or a line may begin, and
// looks for records in all that it passes and in the unit that was being read.
func (s *scanner) resync() {
	from := s.pos
	if !s.holding {
		s.begin()
	}
	for s.holding {
		text := s.w.from(from)
		at := bytes.Index(text, []byte(recordStart))
		if line := newDocument.FindIndex(text); line != nil && (at < 0 || line[0] < at) {
			at = line[0]
		}
		if at >= 0 {
			s.salvage(s.w.keep, from+int64(at))
			s.pos = from + int64(at)
			s.holding = false
			return
		}
		from = max(from, s.w.end()-int64(len(recordStart)))
		s.pos = s.w.end()
		if !s.refill() {
			s.salvage(s.w.keep, s.w.end())
			s.holding = false
			return
		}
		if !s.holding { // the window was full; its records were looked for
			s.pos = s.w.end() - int64(len(recordStart))
			s.pos = max(s.pos, s.w.base)
			from = s.pos
			s.begin()
		}
	}
}

// newDocument is where a document of its own may begin.
var newDocument = regexp.MustCompile(`[\r\n][{\[]`)
