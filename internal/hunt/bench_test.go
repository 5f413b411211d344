package hunt

import (
	"cmp"
	"context"
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

// BenchmarkHunt measures a whole hunt, as the command does it, in rounds with
// the methods it is held against: the same library inflating only, two zcat,
// jq, and DuckDB where they are at hand. The rounds alternate, so that what
// else the machine does meets all alike; medians count.
func BenchmarkHunt(b *testing.B) {
	dir := b.TempDir()
	files := int(max(6, benchBytes(b)*300/500e6))
	truth, err := trailgen.Write(dir, trailgen.Options{Seed: 1, Bytes: benchBytes(b), Files: files, Keys: 20, Start: june(1), Days: 30})
	if err != nil {
		b.Fatal(err)
	}
	names := make([]string, len(truth.Files))
	for i, name := range truth.Files {
		names[i] = filepath.Join(dir, name)
	}
	methods := benchMethods(dir, names, len(truth.Openings))
	times, cpu := map[string][]time.Duration{}, map[string][]time.Duration{}
	for b.Loop() {
		for _, m := range methods {
			start, used := time.Now(), cpuTime()
			if err := m.run(); err != nil {
				b.Fatalf("%s: %v", m.name, err)
			}
			times[m.name] = append(times[m.name], time.Since(start))
			cpu[m.name] = append(cpu[m.name], cpuTime()-used)
		}
	}
	median := func(all []time.Duration) float64 {
		slices.Sort(all)
		return all[len(all)/2].Seconds()
	}
	hunt := median(times["hunt"])
	b.ReportMetric(float64(truth.Bytes)/1e6/hunt, "MB/s")
	b.ReportMetric(float64(truth.Bytes)/1e6/hunt/float64(runtime.GOMAXPROCS(0)), "MB/s/core")
	for _, m := range methods[1:] {
		b.ReportMetric(median(times[m.name])/hunt, "x-"+m.name)
	}
	b.ReportMetric(median(cpu["inflate"])/median(cpu["hunt"]), "cpu-x-inflate") // steadier than time on a machine that is not alone
}

// cpuTime is the processor time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type benchMethod struct {
	name string
	run  func() error
}

func benchMethods(dir string, names []string, openings int) []benchMethod {
	o := options(Local{dir})
	o.Workers = runtime.GOMAXPROCS(0)
	methods := []benchMethod{
		{"hunt", func() error {
			r, err := Run(context.Background(), o)
			if err == nil && r.Summary.Keys != openings {
				err = fmt.Errorf("%d keys, want %d", r.Summary.Keys, openings)
			}
			return err
		}},
		{"inflate", func() error { return inflateAll(names, o.Workers) }},
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
	if os.Getenv("KMSENTRY_BENCH_JQ") != "" { // it takes most of the time
		shell("zcat-jq", "jq", `xargs -0 -P2 -n8 sh -c 'zcat "$@" | jq -c ".Records[] | select(.eventName == \"PutKeyPolicy\")" >/dev/null' sh`)
	}
	shell("duckdb", "duckdb", `duckdb -c "SELECT count(*) FROM (SELECT unnest(Records) r FROM read_json('`+dir+`/**/*.json.gz', columns={Records:'JSON[]'}, maximum_object_size=1073741824)) WHERE r->>'eventName' IN ('CreateKey','PutKeyPolicy','ReplicateKey')" >/dev/null`)
	return methods
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
