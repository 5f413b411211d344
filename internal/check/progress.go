package check

import (
	"bytes"
	"io"
)

// A progress shows the progress of a check that takes long. While the bar is shown, what
// is written through its writers is held back, since all of them may be one terminal.
type progress struct {
	open  func() Bar // returns nil when there is no terminal; nil once it has been called
	slow  func() bool
	bar   Bar // nil while it is not shown
	files []inputFile
	done  int // the number of files that are done
	found int // the number of files with findings among them
	held  []*heldWriter
}

// newProgress returns the progress of checking files, shown on stderr.
func newProgress(o Options, files []inputFile, stderr io.Writer) *progress {
	p := &progress{files: files, slow: o.Slow, open: func() Bar { return o.Progress(stderr) }}
	if o.Slow == nil || o.Progress == nil {
		p.open = nil
	}
	return p
}

// through returns a writer to w that holds back what is written while the bar is shown.
func (p *progress) through(w io.Writer) io.Writer {
	h := &heldWriter{w: w}
	p.held = append(p.held, h)
	return h
}

// next records that the next file is done, and whether there was a finding in it.
func (p *progress) next(found bool) {
	if p.bar == nil && p.open != nil && p.slow() {
		p.show()
	}
	size, findings := p.files[p.done].size, 0
	if found {
		findings = 1
	}
	p.done++
	p.found += findings
	if p.bar != nil {
		p.bar.Read(size)
		p.bar.Done(findings)
	}
}

// show opens the bar and brings it up to date.
func (p *progress) show() {
	p.bar, p.open = p.open(), nil
	if p.bar == nil {
		return
	}
	var all int64
	for _, f := range p.files {
		all += int64(f.size)
	}
	p.bar.Found(len(p.files), all)
	p.bar.Listed()
	found := p.found
	for i := range p.done {
		p.bar.Read(p.files[i].size)
		p.bar.Done(found)
		found = 0
	}
	for _, h := range p.held {
		h.hold = true
	}
}

// close closes the bar and writes what was held back.
func (p *progress) close() error {
	if p.bar != nil {
		p.bar.Close()
		p.bar = nil
	}
	for _, h := range p.held {
		if err := h.release(); err != nil {
			return err
		}
	}
	return nil
}

// A heldWriter passes on what is written to it, or holds it back.
type heldWriter struct {
	w    io.Writer
	hold bool
	text bytes.Buffer
}

// Write implements io.Writer.
func (h *heldWriter) Write(b []byte) (int, error) {
	if h.hold {
		return h.text.Write(b)
	}
	return h.w.Write(b)
}

func (h *heldWriter) release() error {
	h.hold = false
	_, err := h.text.WriteTo(h.w)
	return err
}
