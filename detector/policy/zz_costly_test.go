package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func TestZZCostly(t *testing.T) {
	files, _ := filepath.Glob(os.Getenv("COSTLY") + "/*.json")
	if os.Getenv("COSTLY") == "" {
		files = nil
	}
	for _, f := range files {
		text, _ := os.ReadFile(f)
		p, err := Parse(text)
		if err != nil {
			t.Log(f, err)
			continue
		}
		for _, q := range []Question{surroundings(), {}} {
			for _, ex := range []bool{false, true} {
				q.Explain = ex
				runtime.GC()
				var a, b runtime.MemStats
				runtime.ReadMemStats(&a)
				c0 := cpu()
				d := p.Decide(q)
				c1 := cpu()
				runtime.ReadMemStats(&b)
				fmt.Printf("%-28s acc=%-12s explain=%-5v %8.1f ms %8.2f MB %v open=%d future=%v\n", filepath.Base(f), q.Account, ex, float64((c1-c0).Microseconds())/1000, float64(b.TotalAlloc-a.TotalAlloc)/1e6, d.Verdict, len(d.Undecided), d.Future)
			}
		}
	}
}
