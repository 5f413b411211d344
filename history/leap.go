package history

import "bytes"

// leap passes over the records from pos on that hold nothing wanted, as far as
// the text was read, to the beginning of the last of them, which is read as
// usual: so what is in them is not walked through. In a list, between is the
// comma between its elements; of documents it is the brace that ends the one
// before. Text without a checksum is walked through: damage would not be seen.
func (s *scanner) leap(between byte) bool {
	if !s.sealed || s.pos < s.leapFrom || s.report.Format == "" || s.report.Other[s.report.Format].Count > 0 {
		return false
	}
	limit := s.w.nextHit(s.pos)
	if limit <= s.pos {
		return false
	}
	text := s.w.slice(s.pos, limit)
	l := leaper{text: text, gaps: s.gaps[:0]}
	if between == ',' {
		l.list()
	} else {
		l.gap(0, len(text))
	}
	s.gaps = l.gaps
	last := l.last(between)
	if last < l.searched/2 {
		s.leapFrom = s.pos + int64(l.searched) // so that little is searched twice
	}
	s.report.Records += countVersions(text[:last])
	s.pos += int64(last)
	return last > 0
}

// A leaper finds the last record that begins in a text, which begins with one,
// without walking through them. It relies on two things that hold in valid JSON:
//
// A quote before a letter opens a string, unless it is escaped: a string's end
// is followed by white space, a comma, a colon or a bracket. So the brace in
// {"x is outside strings, whatever was before it.
//
// An object after a comma is an element of a list. When every list that began
// after the record's beginning has ended, that is the list of the record.
type leaper struct {
	text     []byte
	gaps     [][2]int // where no list is open that began in the text
	searched int      // how far the text was searched
}

// maxGaps bounds memory.
const maxGaps = 4096

// gap notes a gap between two places.
func (l *leaper) gap(from, to int) {
	l.gaps = append(l.gaps, [2]int{from, to})
	l.searched = to
}

// list searches the text for lists. It stops where it cannot be told whether one
// begins, and where another list of records may.
func (l *leaper) list() {
	for from := 0; len(l.gaps) < maxGaps; {
		at, sure := nextList(l.text, from)
		l.gap(from, at)
		if !sure || at == len(l.text) {
			return
		}
		colon := lastBefore(l.text, at)
		if bytes.HasSuffix(l.text[:lastBefore(l.text, colon)+1], []byte(`"Records"`)) {
			return
		}
		end, done := listEnd(l.text, at)
		l.searched = end
		if !done {
			return
		}
		from = end
	}
}

// last returns where the last object that comes after the byte between begins in
// a gap; 0 when there is none.
func (l *leaper) last(between byte) int {
	for i := len(l.gaps) - 1; i >= 0; i-- {
		from, to := l.gaps[i][0], l.gaps[i][1]
		for {
			n := bytes.LastIndexByte(l.text[from:to], '{')
			if n < 0 {
				break
			}
			to = from + n
			if opensName(l.text[to+1:]) && l.text[lastBefore(l.text, to)] == between {
				return to
			}
		}
	}
	return 0
}

// countVersions counts records by the member that each has once.
func countVersions(text []byte) (n int64) {
	name := []byte(`"eventVersion"`)
	const before = len(`"event`)
	for i := before; i < len(text); i++ {
		at := bytes.IndexByte(text[i:], 'V') // rare
		if at < 0 {
			break
		}
		i += at
		if start := i - before; bytes.HasPrefix(text[start:], name) && (start == 0 || text[start-1] != '\\') {
			n++
		}
	}
	return n
}

// opensName reports whether text, which follows a brace, begins with a name, so
// that the brace is outside strings.
func opensName(text []byte) bool {
	for i, c := range text {
		if !isSpace(c) {
			return c == '"' && i+1 < len(text) && isLetter(text[i+1])
		}
	}
	return false
}

// nextList returns where the next bracket from the place from on begins a list,
// outside of lists: the length of text when none does. sure is false where that
// cannot be told.
func nextList(text []byte, from int) (at int, sure bool) {
	for i := from; ; i++ {
		n := bytes.IndexByte(text[i:], '[')
		if n < 0 {
			return len(text), true
		}
		i += n
		switch before := lastBefore(text, i); text[before] {
		case ':':
			switch named, sure := endsName(text, before); {
			case !sure:
				return i, false
			case named:
				return i, true
			}
		case ',', '}':
			return i, false // a list in the list of records, a document, or text
		}
		// After anything else it is text.
	}
}

// endsName reports whether the colon at a place comes after a member's name, or
// is within a string. sure is false where that cannot be told.
func endsName(text []byte, colon int) (named, sure bool) {
	quote := lastBefore(text, colon)
	if text[quote] != '"' || quote == 0 {
		return false, true
	}
	slashes := 0
	for slashes < quote && text[quote-1-slashes] == '\\' {
		slashes++
	}
	if slashes%2 == 1 {
		return false, true
	}
	switch c := text[quote-1]; c {
	case '{', '[', ',', ':':
		return false, false // it may open a string that begins with a colon
	default:
		return true, !isSpace(c)
	}
}

// listEnd returns where the list that begins at a place ends; done is false when
// the text ends within it.
func listEnd(text []byte, at int) (end int, done bool) {
	if end, sure := plainEnd(text, at); sure {
		return end, true
	}
	var k skipper
	k.open()
	n, done := k.skip(text[at+1:])
	return at + 1 + n, done
}

// plainEnd is listEnd for lists whose brackets all show by the bytes around them
// that they are outside strings, as nearly always. sure is false for others.
func plainEnd(text []byte, at int) (end int, sure bool) {
	end = -1 // of the list that ended last
	for depth, from := 1, at+1; ; from = end + 1 {
		n := bytes.IndexByte(text[from:], ']')
		if n < 0 {
			return 0, false
		}
		to := from + n
		for i := from; ; i++ {
			n := bytes.IndexByte(text[i:to], '[')
			if n < 0 {
				break
			}
			i += n
			before := lastBefore(text, i)
			if text[before] != ':' {
				return 0, false
			}
			if named, sure := endsName(text, before); !named || !sure {
				return 0, false
			}
			depth++
			at = i
		}
		if !endsElement(text, to, at, end) {
			return 0, false
		}
		end = to
		if depth--; depth == 0 {
			return end + 1, true
		}
	}
}

// endsElement reports whether what is before the place at is certainly outside
// strings: the beginning or the end of a list, a string that ends, or an object
// that ends with one.
func endsElement(text []byte, at, begin, end int) bool {
	at = lastBefore(text, at)
	for at > begin && at > end && text[at] == '}' {
		at = lastBefore(text, at)
	}
	return at == begin || at == end || text[at] == '"' && (isLetter(text[at-1]) || isDigit(text[at-1]))
}

// lastBefore returns where the last byte before the place at is that is no white
// space; 0 when there is none.
func lastBefore(text []byte, at int) int {
	for at--; at > 0 && isSpace(text[at]); at-- {
	}
	return max(at, 0)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
