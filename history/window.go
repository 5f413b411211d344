package history

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// limits are what one file may take.
type limits struct {
	chunk int   // bytes read at once: they stay in the processor's cache while they are looked at
	unit  int   // bytes of one record with all that wraps it; CloudTrail's own limit is 256 KB
	text  int64 // bytes of text in one file
}

func usualLimits() limits {
	return limits{chunk: 256 << 10, unit: 2 << 20, text: 64 << 30}
}

// A window shows the text of one file, a piece at a time. Places are offsets in
// the text. What is before keep may be dropped when more is read.
type window struct {
	source  io.Reader
	matcher Matcher
	buf     []byte // from base on
	base    int64
	keep    int64   // the first byte that is still needed
	hits    []int64 // sorted
	found   []int
	looked  int64 // how far the text was looked at for hits
	limits  limits
	err     error // why there is no more; io.EOF at the end
}

// end is the place after the last byte read.
func (w *window) end() int64 { return w.base + int64(len(w.buf)) }

// from returns what was read from the place at on.
func (w *window) from(at int64) []byte { return w.buf[at-w.base:] }

// slice returns the text between two places that was read and kept.
func (w *window) slice(from, to int64) []byte { return w.buf[from-w.base : to-w.base] }

// errFull says that what is kept fills the window.
var errFull = errors.New("window is full")

// more reads on. It returns false at the end of the text and when the window is
// full; w.err says which.
func (w *window) more() bool {
	if w.err != nil && w.err != errFull {
		return false
	}
	if w.end()-w.keep > int64(w.limits.unit) {
		w.err = errFull
		return false
	}
	return w.read()
}

// read reads one chunk.
func (w *window) read() bool {
	w.err = nil
	chunk := w.limits.chunk
	if drop := w.keep - w.base; drop > 0 && (len(w.buf)+chunk > cap(w.buf) || drop > int64(w.limits.unit)) {
		w.buf = w.buf[:copy(w.buf, w.buf[drop:])]
		w.base = w.keep
		w.forget()
	}
	if len(w.buf)+chunk > cap(w.buf) {
		size := max(len(w.buf)+chunk, min(2*cap(w.buf), w.limits.unit+chunk))
		grown := make([]byte, len(w.buf), size)
		copy(grown, w.buf)
		w.buf = grown
	}
	before := len(w.buf)
	n, err := readFull(w.source, w.buf[before:min(before+chunk, cap(w.buf))])
	w.buf = w.buf[:before+n]
	if w.err = err; err == nil && w.end() > w.limits.text {
		w.err = fmt.Errorf("more than %d bytes of text in one file: the rest was not read", w.limits.text)
	}
	w.look()
	return n > 0
}

// readFull fills p unless the text ends or fails before.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

// look finds the hits in what was read last. The last bytes before the end are
// left for the next time, since a needle may go on after them.
func (w *window) look() {
	from := max(w.looked, w.base)
	to := w.end()
	if w.err == nil {
		to -= reach
	}
	if to <= from {
		return
	}
	w.found = w.matcher.find(w.buf, int(from-w.base), w.found[:0])
	slices.Sort(w.found)
	for _, i := range w.found {
		if at := w.base + int64(i); at < to {
			w.hits = append(w.hits, at)
		}
	}
	w.looked = to
}

// forget drops the hits before what is kept.
func (w *window) forget() {
	i, _ := slices.BinarySearch(w.hits, w.base)
	w.hits = w.hits[:copy(w.hits, w.hits[i:])]
}

// hit reports whether there is a hit between two places that were read and kept.
func (w *window) hit(from, to int64) bool {
	if to > w.looked {
		return len(w.matcher.find(w.slice(from, to), 0, nil)) > 0
	}
	i, _ := slices.BinarySearch(w.hits, from)
	return i < len(w.hits) && w.hits[i] < to
}

// nextHit returns where the first hit from at on is, or how far was looked for
// one.
func (w *window) nextHit(at int64) int64 {
	if i, _ := slices.BinarySearch(w.hits, at); i < len(w.hits) {
		return w.hits[i]
	}
	return w.looked
}
