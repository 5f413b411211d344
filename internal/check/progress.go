package check

import (
	"bytes"
	"io"
)

// A progress shows how far a check is that takes long. While it is shown, what
// goes through its writers is held back, since both may be one terminal.
type progress struct {
	open  func() Bar // returns nil where there is no terminal; nil after it was asked
	slow  func() bool
	bar   Bar // nil while it is not shown
	files []inputFile
	done  int // files, and the findings among them
	found int
	held  []*heldWriter
}

// newProgress is for the checks of these files; it is shown on stderr.
func newProgress(o Options, files []inputFile, stderr io.Writer) *progress {
	p := &progress{files: files, slow: o.Slow, open: func() Bar { return o.Progress(stderr) }}
	if o.Slow == nil || o.Progress == nil {
		p.open = nil
	}
	return p
}

// through is w, but for the time that the progress is shown.
func (p *progress) through(w io.Writer) io.Writer {
	h := &heldWriter{w: w}
	p.held = append(p.held, h)
	return h
}

// next says that the next of the files is done.
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

// show begins to show it, with what is done so far.
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

// close takes it off the terminal, and writes what was held back.
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
