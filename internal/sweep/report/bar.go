package report

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// A Bar shows the progress of a sweep on a terminal: keys, Regions, the remaining
// time and findings.
type Bar struct {
	bar                             *show.Bar
	keys, regions, swept, notClosed atomic.Int64
}

// NewBar returns a bar on w, or nil if w is not a terminal.
func NewBar(w io.Writer) *Bar {
	f := show.Terminal(w)
	if f == nil {
		return nil
	}
	return barOn(f)
}

func barOn(w io.Writer, more ...mpb.ContainerOption) *Bar {
	b := &Bar{}
	b.bar = show.NewBar(w, decor.CountersNoUnit("%d / %d keys"), []decor.Decorator{
		decor.Any(func(decor.Statistics) string {
			return fmt.Sprintf(" %d/%d Regions", b.swept.Load(), b.regions.Load())
		}),
		decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace),
		decor.Any(func(decor.Statistics) string { return fmt.Sprintf("  %d findings", b.notClosed.Load()) }),
	}, more...)
	return b
}

// Regions adds Regions to sweep.
func (b *Bar) Regions(n int) { b.regions.Add(int64(n)) }

// Listed adds keys to read.
func (b *Bar) Listed(n int) { b.bar.SetTotal(b.keys.Add(int64(n)), false) }

// Done counts a key that was read.
func (b *Bar) Done(k *sweep.Key) {
	b.bar.Increment()
	if _, found := k.OwnSeverity(); found {
		b.notClosed.Add(1)
	}
}

// Swept counts a Region that is done.
func (b *Bar) Swept() { b.swept.Add(1) }

// Close removes the bar from the terminal.
func (b *Bar) Close() { b.bar.Close() }
