package show

import (
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// A Bar is a progress bar on a terminal.
type Bar struct {
	*mpb.Bar
	progress *mpb.Progress
}

// NewBar returns a bar on w, with counters before it and the decorators after
// behind it.
func NewBar(w io.Writer, counters decor.Decorator, after []decor.Decorator, more ...mpb.ContainerOption) *Bar {
	p := mpb.New(append([]mpb.ContainerOption{mpb.WithOutput(w), mpb.WithWidth(24), mpb.WithRefreshRate(200 * time.Millisecond)}, more...)...)
	return &Bar{p.New(0, mpb.BarStyle(), mpb.BarRemoveOnComplete(), mpb.PrependDecorators(counters), mpb.AppendDecorators(after...)), p}
}

// Close removes the bar from the terminal.
func (b *Bar) Close() {
	b.Abort(true)
	b.progress.Wait()
}
