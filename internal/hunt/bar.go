package hunt

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/kmsentry/kmsentry/internal/show"
)

// A Bar shows progress on a terminal: bytes, files, rate, time left, findings.
type Bar struct {
	bar      *show.Bar
	total    atomic.Int64 // bytes to read, as far as was listed
	files    atomic.Int64
	done     atomic.Int64
	findings atomic.Int64
}

// NewBar returns a bar on w, or nil where w is not a terminal.
func NewBar(w io.Writer) Progress {
	f := show.Terminal(w)
	if f == nil {
		return nil
	}
	return newBar(f)
}

func newBar(w io.Writer, more ...mpb.ContainerOption) *Bar {
	b := &Bar{}
	b.bar = show.NewBar(w, decor.CountersKiloByte("% .1f / % .1f"), []decor.Decorator{
		decor.Any(func(decor.Statistics) string {
			return fmt.Sprintf(" %d/%d files", b.done.Load(), b.files.Load())
		}),
		decor.AverageSpeed(decor.SizeB1000(0), "  % .1f", decor.WCSyncSpace),
		decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace),
		decor.Any(func(decor.Statistics) string { return fmt.Sprintf("  %d findings", b.findings.Load()) }),
	}, more...)
	return b
}

// Found adds files to read.
func (b *Bar) Found(files int, bytes int64) {
	b.files.Add(int64(files))
	b.bar.SetTotal(b.total.Add(bytes), false)
}

// Read adds bytes that were read.
func (b *Bar) Read(bytes int) { b.bar.IncrBy(bytes) }

// Done adds a file that was read.
func (b *Bar) Done(findings int) {
	b.done.Add(1)
	b.findings.Add(int64(findings))
}

// Pass begins another pass over the files.
func (b *Bar) Pass(string) {}

// Listed says that the total is known.
func (b *Bar) Listed() {}

// Close takes the bar off the terminal.
func (b *Bar) Close() { b.bar.Close() }
