package policy

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

func TestZZAdv(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("ADV"))
	from, _ := strconv.Atoi(os.Getenv("ADVFROM"))
	if n == 0 {
		t.Skip()
	}
	bad, intricate := 0, 0
	for seed := from; seed < from+n; seed++ {
		text := newAdversary(uint64(seed)).policy(maxPolicy)
		p, err := Parse(text)
		if err != nil {
			bad++
			if bad < 5 {
				fmt.Println(seed, len(text), err)
			}
			continue
		}
		q := surroundings()
		q.Explain, q.Blame = seed%3 == 0, seed%2 == 0
		d, s, ms, mb := measure(p, q)
		if d.TooIntricate {
			intricate++
		}
		if ms > 25 || mb > 15 || s > MaxSteps*105/100 {
			fmt.Printf("seed %d: %d bytes %9d steps %8.2f ms %8.2f MB %5.1f ns/step %5.1f B/step %v intricate=%v\n", seed, len(text), s, ms, mb, ms*1e6/float64(s), mb*1e6/float64(s), d.Verdict, d.TooIntricate)
		}
	}
	fmt.Println("bad", bad, "intricate", intricate)
}

func TestZZDump(t *testing.T) {
	if s := os.Getenv("DUMP"); s != "" {
		n, _ := strconv.Atoi(s)
		os.WriteFile("/tmp/adv.json", newAdversary(uint64(n)).policy(maxPolicy), 0o600)
	}
}
