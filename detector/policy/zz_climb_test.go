package policy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

type climber struct {
	sts    []json.RawMessage
	ms, mb float64
	steps  int
	score  float64
	text   []byte
}

func TestZZClimb(t *testing.T) {
	if os.Getenv("CLIMB") == "" {
		t.Skip()
	}
	dur, _ := time.ParseDuration(os.Getenv("CLIMB"))
	by := os.Getenv("BY")
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	eval := func(sts []json.RawMessage) *climber {
		var keep []json.RawMessage
		n := 60
		for _, s := range sts {
			if n+len(s)+1 > maxPolicy-50 {
				continue
			}
			n += len(s) + 1
			keep = append(keep, s)
		}
		text, _ := json.Marshal(map[string]any{"Version": version2012, "Statement": keep})
		p, err := Parse(text)
		if err != nil {
			return nil
		}
		q := surroundings()
		q.Blame, q.Explain = true, true
		_, s, ms, mb := measure(p, q)
		if ms > 20 {
			_, _, ms2, _ := measure(p, q)
			ms = min(ms, ms2)
		}
		c := &climber{keep, ms, mb, s, 0, text}
		switch by {
		case "ms":
			c.score = ms
		case "mb":
			c.score = mb
		case "ratio":
			c.score = ms / float64(max(s, 300_000)) * 1e6
		default:
			c.score = float64(s)
		}
		return c
	}
	var pop []*climber
	add := func(c *climber) {
		if c == nil {
			return
		}
		pop = append(pop, c)
		slices.SortFunc(pop, func(a, b *climber) int {
			if a.score > b.score {
				return -1
			}
			return 1
		})
		if len(pop) > 25 {
			pop = pop[:25]
		}
	}
	fresh := func() []json.RawMessage {
		var doc struct{ Statement []json.RawMessage }
		json.Unmarshal(newAdversary(rng.Uint64()).policy(maxPolicy), &doc)
		return doc.Statement
	}
	for range 150 {
		add(eval(fresh()))
	}
	start := cpu()
	for cpu()-start < dur {
		a := pop[rng.IntN(len(pop))].sts
		var b []json.RawMessage
		if rng.IntN(2) == 0 {
			b = fresh()
		} else {
			b = pop[rng.IntN(len(pop))].sts
		}
		var child []json.RawMessage
		switch rng.IntN(3) {
		case 0:
			child = append(slices.Clone(a[:rng.IntN(len(a)+1)]), b...)
		case 1:
			child = append(slices.Clone(b[:min(len(b), 1+rng.IntN(4))]), a...)
		default:
			child = slices.Concat(a, b)
			rng.Shuffle(len(child), func(i, j int) { child[i], child[j] = child[j], child[i] })
		}
		if len(child) > 0 {
			add(eval(child))
		}
	}
	for i, c := range pop[:4] {
		fmt.Printf("%s: %d bytes %d statements %9d steps %7.2f ms %6.2f MB %5.1f ns/step %4.1f B/step\n", by, len(c.text), len(c.sts), c.steps, c.ms, c.mb, c.ms*1e6/float64(c.steps), c.mb*1e6/float64(c.steps))
		if i == 0 {
			os.WriteFile("/tmp/climb_"+by+".json", c.text, 0o600)
		}
	}
}
