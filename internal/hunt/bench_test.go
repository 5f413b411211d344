package hunt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/kmsentry/kmsentry/internal/trailgen"
)

// benchBytes is the size of the generated archive: 40 MB, or what
// KMSENTRY_BENCH_MB says.
func benchBytes(b *testing.B) int64 {
	b.Helper()
	mb, err := strconv.Atoi(cmp.Or(os.Getenv("KMSENTRY_BENCH_MB"), "40"))
	if err != nil {
		b.Fatal(err)
	}
	return int64(mb) * 1e6
}

// rounds is how often each method runs; the median counts.
const rounds = 5

// BenchmarkHunt measures a whole hunt, as the command does it, in rounds with
// the methods it is held against: the same library inflating only, two zcat,
// jq, and DuckDB where they are at hand. The rounds alternate, so that what
// else the machine does meets all alike. "x-zcat-2" is how many times longer
// that took than a hunt; "cpu-x-zcat-2" is the same in processor time, which
// other work disturbs less.
func BenchmarkHunt(b *testing.B) {
	dir, truth := benchTrail(b)
	names := make([]string, len(truth.Files))
	for i, name := range truth.Files {
		names[i] = filepath.Join(dir, name)
	}
	methods := benchMethods(dir, names, len(truth.Openings))
	times, cpu := map[string][]time.Duration{}, map[string][]time.Duration{}
	for b.Loop() {
		for range rounds {
			for _, m := range methods {
				start, used := time.Now(), cpuTime()
				if err := m.run(); err != nil {
					b.Fatalf("%s: %v", m.name, err)
				}
				times[m.name] = append(times[m.name], time.Since(start))
				cpu[m.name] = append(cpu[m.name], cpuTime()-used)
			}
		}
	}
	mb := float64(truth.Bytes) / 1e6
	b.ReportMetric(0, "ns/op") // of all methods together: says nothing
	b.ReportMetric(mb/median(times["hunt"]), "MB/s")
	b.ReportMetric(mb/median(cpu["hunt"]), "MB/cpu-s")
	for _, m := range methods[1:] {
		b.ReportMetric(median(times[m.name])/median(times["hunt"]), "x-"+m.name)
		b.ReportMetric(median(cpu[m.name])/median(cpu["hunt"]), "cpu-x-"+m.name)
	}
}

// benchTrail writes the archive that is measured.
func benchTrail(b *testing.B) (dir string, truth trailgen.Truth) {
	b.Helper()
	dir = b.TempDir()
	files := int(max(6, benchBytes(b)*300/500e6))
	truth, err := trailgen.Write(dir, trailgen.Options{Seed: 1, Bytes: benchBytes(b), Files: files, Keys: 20, Start: june(1), Days: 30})
	if err != nil {
		b.Fatal(err)
	}
	return dir, truth
}

func median(all []time.Duration) float64 {
	slices.Sort(all)
	return all[len(all)/2].Seconds()
}

// cpuTime is the processor time that this process and those it started have used.
func cpuTime() time.Duration {
	var used time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err == nil {
			used += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return used
}

type benchMethod struct {
	name string
	run  func() error
}

// huntFor returns a hunt that must find that many keys.
func huntFor(keys, workers int, sources ...Source) func() error {
	o := options(sources...)
	o.Workers = workers
	return func() error {
		r, err := Run(context.Background(), o)
		if err == nil && keys >= 0 && r.Summary.Keys != keys {
			err = fmt.Errorf("%d keys, want %d", r.Summary.Keys, keys)
		}
		return err
	}
}

func benchMethods(dir string, names []string, openings int) []benchMethod {
	workers := runtime.GOMAXPROCS(0)
	var fourth []Source
	for i := 0; i < len(names); i += 4 {
		fourth = append(fourth, Local{names[i]})
	}
	methods := []benchMethod{
		{"hunt", huntFor(openings, workers, Local{dir})},
		{"inflate", func() error { return inflateAll(names, workers) }},
		{"one-worker", huntFor(openings, 1, Local{dir})},
		{"quarter", huntFor(-1, workers, fourth...)}, // of the files: 0.25 when time is linear
	}
	list := strings.Join(names, "\x00")
	shell := func(name, tool, script string) {
		if _, err := exec.LookPath(tool); err != nil {
			return
		}
		methods = append(methods, benchMethod{name, func() error {
			cmd := exec.Command("sh", "-c", script)
			cmd.Stdin = strings.NewReader(list)
			return cmd.Run()
		}})
	}
	shell("zcat-2", "zcat", "xargs -0 -P2 -n8 zcat >/dev/null")
	shell("zcat-jq", "jq", `xargs -0 -P2 -n8 sh -c 'zcat "$@" | jq -c ".Records[] | select(.eventName == \"PutKeyPolicy\")" >/dev/null' sh`)
	shell("duckdb", "duckdb", `duckdb -c "SELECT count(*) FROM (SELECT unnest(Records) r FROM read_json('`+dir+`/**/*.json.gz', columns={Records:'JSON[]'}, maximum_object_size=1073741824)) WHERE (r->>'eventName') IN ('CreateKey','PutKeyPolicy','ReplicateKey')" >/dev/null`)
	return methods
}

// BenchmarkHuntMemory measures the largest memory of a process that hunts in one
// gzip member of 2 GB, and in one line of 1 GB: both scaled down as the archive
// is, whose full size is 500 MB.
func BenchmarkHuntMemory(b *testing.B) {
	scale := min(1, float64(benchBytes(b))/500e6)
	record := []byte(`{"eventVersion":"1.11","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","userAgent":"` + strings.Repeat("agent ", 150) + `"},`)
	for _, test := range []struct {
		name, head, tail string
		filler           []byte
		bytes            float64
	}{
		{"member", `{"Records":[`, `{"eventVersion":"1.11","eventSource":"s3.amazonaws.com","eventName":"ListBuckets"}]}`, bytes.Repeat(record, 200), 2e9},
		{"line", `{"Records":[{"eventVersion":"1.11","x":"`, `"}]}`, bytes.Repeat([]byte("line "), 40_000), 1e9},
	} {
		b.Run(test.name, func(b *testing.B) {
			name := filepath.Join(b.TempDir(), "huge.json.gz")
			n := writeHuge(b, name, test.head, test.tail, test.filler, int64(scale*test.bytes))
			var most int64
			start := time.Now()
			for b.Loop() {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), childEnv+"="+name)
				cmd.Stderr = os.Stderr
				if err := cmd.Run(); err != nil {
					b.Fatal(err)
				}
				most = max(most, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
			}
			b.ReportMetric(float64(n)/1e6, "MB")
			b.ReportMetric(float64(n)/1e6*float64(b.N)/time.Since(start).Seconds(), "MB/s")
			b.ReportMetric(float64(most)/1e3, "MB-memory") // Linux counts in kB, and what this process has as the least
		})
	}
}

// writeHuge writes a file of one gzip member and returns the size of its text.
func writeHuge(b *testing.B, name, head, tail string, filler []byte, size int64) (n int64) {
	b.Helper()
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		b.Fatal(err)
	}
	write := func(text []byte) {
		if _, err := z.Write(text); err != nil {
			b.Fatal(err)
		}
		n += int64(len(text))
	}
	for write([]byte(head)); n < size; {
		write(filler)
	}
	write([]byte(tail))
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		b.Fatal(err)
	}
	return n
}

// childEnv names the file that a process of its own is to hunt in.
const childEnv = "KMSENTRY_HUNT_IN"

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		if err := huntFor(0, 1, Local{name})(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// inflateAll inflates all files with the library that hunt uses.
func inflateAll(names []string, workers int) error {
	work := make(chan string)
	errs := make(chan error, workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			buf := make([]byte, 256<<10)
			for name := range work {
				if err := inflateFile(name, buf); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for _, name := range names {
		work <- name
	}
	close(work)
	wg.Wait()
	close(errs)
	return <-errs
}

func inflateFile(name string, buf []byte) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for err == nil {
		_, err = z.Read(buf)
	}
	if err == io.EOF {
		return nil
	}
	return err
}
