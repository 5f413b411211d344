package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func measure(p *Policy, q Question) (d Decision, steps int, ms, mb float64) {
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	c0 := cpu()
	d, steps = p.decide(q, MaxSteps)
	c1 := cpu()
	runtime.ReadMemStats(&b)
	return d, steps, float64((c1 - c0).Microseconds()) / 1000, float64(b.TotalAlloc-a.TotalAlloc) / 1e6
}

func TestZZCalib(t *testing.T) {
	show := func(name string, d Decision, steps int, ms, mb float64) {
		fmt.Printf("%-40s %9d steps %8.2f ms %8.2f MB %5.1f ns/step %5.1f B/step %v intricate=%v fut=%v\n", name, steps, ms, mb, ms*1e6/float64(steps), mb*1e6/float64(steps), d.Verdict, d.TooIntricate, d.Future)
	}
	for name, text := range hardPolicies() {
		d, s, ms, mb := measure(mustParse([]byte(text)), surroundings())
		show(name, d, s, ms, mb)
	}
	files, _ := filepath.Glob(os.Getenv("COSTLY") + "/*.json")
	if os.Getenv("COSTLY") == "" {
		files = nil
	}
	for _, f := range files {
		text, _ := os.ReadFile(f)
		d, s, ms, mb := measure(mustParse(text), surroundings())
		show(filepath.Base(f), d, s, ms, mb)
	}
	var steps []int
	n := 0
	sum, sms, smb := 0, 0.0, 0.0
	for _, c := range readCorpus(t) {
		if c.Malformed {
			continue
		}
		d, s, ms, mb := measure(mustParse(c.text()), surroundings())
		steps = append(steps, s)
		sum += s
		sms += ms
		smb += mb
		if d.TooIntricate {
			fmt.Println("INTRICATE", c.Name)
		}
	}
	slices.Sort(steps)
	fmt.Println("corpus median", steps[len(steps)/2], "p99", steps[len(steps)*99/100], "max", steps[len(steps)-1], "ns/step", sms*1e6/float64(sum), "B/step", smb*1e6/float64(sum))
	steps = nil
	sum, sms, smb = 0, 0.0, 0.0
	for seed := range uint64(2000) {
		d, s, ms, mb := measure(mustParse(newGenerator(seed).policy()), surroundings())
		steps = append(steps, s)
		sum += s
		sms += ms
		smb += mb
		if d.TooIntricate {
			n++
			if n < 4 {
				show(fmt.Sprint("random ", seed), d, s, ms, mb)
			}
		}
	}
	slices.Sort(steps)
	fmt.Println("random intricate", n, "median", steps[len(steps)/2], "p99", steps[len(steps)*99/100], "max", steps[len(steps)-1], "ns/step", sms*1e6/float64(sum), "B/step", smb*1e6/float64(sum))
}
