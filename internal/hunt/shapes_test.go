package hunt

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/trailgen"
)

// A shape is how an archive is cut into files and written. Each file is one gzip
// member.
type shape struct {
	name   string
	member int64 // bytes of JSON in a file
	style  trailgen.Style
}

// shapes are CloudTrail's own form in files of several sizes, and files of one
// size as other writers have them.
func shapes() []shape {
	var all []shape
	for _, mb := range []int64{1, 17, 50, 300} {
		all = append(all, shape{fmt.Sprint(mb, " MB"), mb * 1e6, trailgen.Style{}})
	}
	styles := trailgen.Styles()
	for _, name := range slices.Sorted(maps.Keys(styles)) {
		all = append(all, shape{name, 5e6, styles[name]})
	}
	return all
}

// write writes an archive of that shape and of at least that many bytes of JSON.
func (s shape) write(t testing.TB, dir string, bytes int64, seed uint64) trailgen.Truth {
	t.Helper()
	const perKey = 25e6 // bytes, as in the full measurement of BenchmarkHunt
	files := max(1, (bytes+s.member-1)/s.member)
	keys := max(4, int(files*s.member/perKey))
	truth, err := trailgen.Write(dir, trailgen.Options{
		Seed: seed, Bytes: files * s.member, Files: int(files), Keys: keys, Start: june(1), Days: 30, Style: s.style,
	})
	if err != nil {
		t.Fatal(err)
	}
	return truth
}

// TestShapes: whatever the size of files and the style of their writer, exactly
// the planted openings come out, every record is counted, and nothing is a fault.
func TestShapes(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			s.member = min(s.member/10, 6e6) // to be quick; the benchmark checks the sizes themselves
			for seed := range uint64(2) {
				dir := t.TempDir()
				truth := s.write(t, dir, 1e6, seed)
				r := mustRun(t, options(Local{dir}))
				if got, want := opened(r), planted(truth); got != want {
					t.Errorf("seed %d: openings\n%s\nwant\n%s", seed, got, want)
				}
				if s := r.Summary; s.Records != int64(truth.Records) || s.TextBytes != truth.Bytes || s.Failed() {
					t.Errorf("seed %d: summary %+v, want %d records, %d bytes", seed, s, truth.Records, truth.Bytes)
				}
			}
		})
	}
}

// opened tells the intervals of a result, a line each.
func opened(r *Result) string {
	var lines []string
	for _, timeline := range r.Timelines {
		for _, span := range timeline.Intervals {
			lines = append(lines, fmt.Sprintln(timeline.Key, span.Opened.EventID, span.From, span.To))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// planted tells the openings of an archive as opened does.
func planted(truth trailgen.Truth) string {
	var lines []string
	for _, o := range truth.Openings {
		lines = append(lines, fmt.Sprintln(o.Key, o.EventID, o.From, o.To))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// BenchmarkHuntShapes measures for each shape the speed of a hunt as a part of
// the speed of inflating the same files with the same library, by the clock
// ("of-inflate") and in processor time ("cpu-of-inflate"): medians of rounds in
// which both alternate.
func BenchmarkHuntShapes(b *testing.B) {
	workers := runtime.GOMAXPROCS(0)
	for _, s := range shapes() {
		b.Run(s.name, func(b *testing.B) {
			if s.member > 50e6 && s.member > benchBytes(b) {
				b.Skipf("needs KMSENTRY_BENCH_MB=%d", s.member/1e6)
			}
			dir := b.TempDir()
			truth := s.write(b, dir, benchBytes(b), 1)
			var names []string
			for _, name := range truth.Files {
				names = append(names, filepath.Join(dir, name))
			}
			var hunts, inflates, huntCPU, inflateCPU []time.Duration
			for b.Loop() {
				for range rounds {
					start, used := time.Now(), cpuTime()
					if err := inflateAll(names, workers); err != nil {
						b.Fatal(err)
					}
					inflates, inflateCPU = append(inflates, time.Since(start)), append(inflateCPU, cpuTime()-used)
					start, used = time.Now(), cpuTime()
					o := options(Local{dir})
					o.Workers = workers
					if r, err := Run(context.Background(), o); err != nil || opened(r) != planted(truth) {
						b.Fatalf("%v, or not the openings that were planted", err)
					}
					hunts, huntCPU = append(hunts, time.Since(start)), append(huntCPU, cpuTime()-used)
				}
			}
			b.ReportMetric(0, "ns/op") // of both together: says nothing
			b.ReportMetric(median(inflates)/median(hunts), "of-inflate")
			b.ReportMetric(median(inflateCPU)/median(huntCPU), "cpu-of-inflate")
		})
	}
}
