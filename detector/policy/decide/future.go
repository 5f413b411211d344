package decide

import (
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// fewInstants is up to how many later instants are looked at one by one.
const fewInstants = 3

// later sets dec.Future to the first later instant at which the verdict is
// worse. It can only change at the dates that the policy names.
func (d *decider) later(dec *Decision) {
	now := dec.bounds()
	instants := d.instants()
	if now.Least == Public {
		return
	}
	if len(instants) > fewInstants {
		instants = instants[d.firstWorse(now, instants):]
	}
	for _, n := range instants {
		then, intricate := d.boundsAt(n)
		dec.TooIntricate = dec.TooIntricate || intricate
		if then.worse(now) {
			dec.Future = &Exposure{time.Unix(n, 0).UTC(), then.Verdict}
			return
		}
		if d.Budget.Out() {
			return
		}
	}
}

// instants lists the later instants, in seconds, at which a condition on the
// time may change its answer.
func (d *decider) instants() []int64 {
	var seconds []int64
	for i := range d.Statements {
		for _, cl := range d.Statements[i].Clauses {
			if !d.HasTie(cl.Possible.Slot, condkey.TieTime) {
				continue
			}
			for _, r := range cl.Possible.Set.Spans {
				for _, n := range [...]int64{r.Lo, r.Hi + 1} {
					if n > d.Now.Unix() && n < compile.MaxSecond {
						seconds = append(seconds, n)
					}
				}
			}
		}
	}
	d.Budget.Spend(8 * len(seconds))
	slices.Sort(seconds)
	return slices.Compact(seconds)
}

// firstWorse returns how many of the instants pass before the verdict may be
// worse: until then not even a request with a time of its own choice gets
// further.
func (d *decider) firstWorse(now Bounds, instants []int64) int {
	level := now.Least + 1
	n, _ := slices.BinarySearchFunc(instants, true, func(n int64, _ bool) int {
		if d.mayReach(level, n) {
			return 1
		}
		return -1
	})
	return n
}

// mayReach reports whether outsiders may get that far with a request at some
// instant from now on up to the given one.
func (d *decider) mayReach(level Verdict, until int64) bool {
	then := newDecider(d.Space.At(d.Now, until), d.q)
	reached := false
	d.Budget.Within(d.Budget.Left/16, func() {
		seen := map[string]bool{}
		for _, a := range kmsapi.Weighty() {
			key := d.alike(a)
			if seen[key] || !then.Supported(a) {
				continue
			}
			seen[key] = true
			t := then.newTrial(then.RequestKinds(a), level, false)
			if reached = t.run() || !t.proven(); reached { // what is cut short is not proven
				return
			}
		}
	})
	return reached
}

// boundsAt decides the verdict at another instant.
func (d *decider) boundsAt(second int64) (b Bounds, intricate bool) {
	then := newDecider(d.Space.At(time.Unix(second, 0).UTC(), 0), d.q)
	then.plain(kmsapi.Weighty())
	then.finishAll()
	b = closed()
	for _, a := range kmsapi.Weighty() {
		o := then.outcome(a)
		b, intricate = b.worst(o.bounds()), intricate || o.intricate
	}
	return b, intricate
}
