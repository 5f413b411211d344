package history

import "bytes"

// leap passes over the records from pos on that hold nothing wanted, as far as
// the text was read, to the beginning of the last of them, which is read as
// usual: so what is in them is not walked through. In a list, between is the
// comma between its elements; of documents it is the brace that ends the one
// before. Text without a checksum is walked through: damage would not be seen.
func (s *scanner) leap(between byte) bool {
	if !s.sealed || s.report.Format == "" || s.report.Other[s.report.Format].Count > 0 {
		return false
	}
	limit := s.w.nextHit(s.pos)
	if s.pos < s.leapt.stop && limit == s.leapt.limit || limit <= s.pos {
		return false // it was tried, and nothing was read since
	}
	var l leaper
	text := s.w.slice(s.pos, limit)
	if between == ',' {
		l.list(text)
	} else {
		l.starts(text, 1, len(text), between)
	}
	s.leapt.stop, s.leapt.limit = s.pos+int64(l.stop), limit
	s.report.Records += int64(l.records)
	s.pos += int64(l.last)
	return l.records > 0
}

// A leaper finds where the records after the first one of a text begin, without
// walking through them. It relies on two things that hold in valid JSON:
//
// A quote before a letter opens a string, unless it is escaped: a string's end
// is followed by white space, a comma, a colon or a bracket. So {"x is outside
// strings, whatever is before it, and no record's beginning is overlooked or
// made up because of quotes that were not counted.
//
// An object after a comma is an element of a list. When every list that was
// opened since a record began is closed, that is the list of the record.
type leaper struct {
	records int // that were passed, the first included
	last    int // where the last one begins; it was not passed
	stop    int // how far the text was searched
}

// list searches text, which begins with an element of a list, for the elements
// that follow. It stops where the list may end and where it is not plain whether
// a list begins.
func (l *leaper) list(text []byte) {
	for from := 1; ; {
		at, plain := nextList(text, from)
		if !l.starts(text, from, at, ',') || !plain || at == len(text) {
			return
		}
		var k skipper
		k.open()
		n, done := k.skip(text[at+1:])
		from = at + 1 + n
		l.stop = from
		if !done {
			return
		}
	}
}

// starts searches text between two places, outside of lists, for objects that
// come after the byte between. It returns false at the end of a document.
func (l *leaper) starts(text []byte, from, to int, between byte) bool {
	for i := from; ; i++ {
		n := bytes.IndexByte(text[i:to], '{')
		if n < 0 {
			l.stop = to
			return true
		}
		i += n
		before := text[lastBefore(text, i)]
		if before != between && before != '}' || !opensName(text[i+1:]) {
			continue
		}
		if before != between {
			l.stop = i
			return false
		}
		l.last = i
		l.records++
	}
}

// opensName reports whether text, which follows a brace, begins with a name, and
// so that the brace is outside strings.
func opensName(text []byte) bool {
	for i, c := range text {
		if !isSpace(c) {
			return c == '"' && i+1 < len(text) && isLetter(text[i+1])
		}
	}
	return false
}

// nextList returns where the next bracket from the place from on opens a list,
// the length of text when none does. plain is false where that cannot be told.
func nextList(text []byte, from int) (at int, plain bool) {
	for i := from; ; i++ {
		n := bytes.IndexByte(text[i:], '[')
		if n < 0 {
			return len(text), true
		}
		i += n
		switch before := lastBefore(text, i); text[before] {
		case ':':
			switch inString, plain := afterName(text, before); {
			case !plain:
				return i, false
			case !inString:
				return i, true
			}
		case ',', '}':
			return i, false // a list in the list of records, or text
		}
		// After anything else it is text: a list is opened after a colon, a comma
		// or another bracket, which was found before.
	}
}

// afterName looks at the colon at a place, which is within a string or after a
// member's name. plain is false where that cannot be told.
func afterName(text []byte, colon int) (inString, plain bool) {
	quote := lastBefore(text, colon)
	if text[quote] != '"' || quote == 0 {
		return true, true
	}
	slashes := 0
	for slashes < quote && text[quote-1-slashes] == '\\' {
		slashes++
	}
	if slashes%2 == 1 {
		return true, true
	}
	switch c := text[quote-1]; c {
	case '{', '[', ',', ':':
		return false, false // it may open a string that begins with a colon
	default:
		return false, !isSpace(c)
	}
}

// lastBefore returns where the last byte before the place at is that is no white
// space; 0 when there is none.
func lastBefore(text []byte, at int) int {
	for at--; at > 0 && isSpace(text[at]); at-- {
	}
	return max(at, 0)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }
