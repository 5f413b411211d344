package decide

import (
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// fewInstants is the number of later instants up to which each is decided in
// turn.
const fewInstants = 3

// later sets dec.Future to the first later instant at which the verdict is worse.
// The verdict can change only at dates that the policy names.
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

// instants returns the later instants, in seconds since 1970, at which the answer
// of a condition on the time may change; sorted.
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

// firstWorse returns the index of the first instant at which the verdict may be
// worse: before it, not even a request that may choose its time gets further.
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

// mayReach reports whether outsiders may reach level with a request at some time
// after now and up to until, in seconds since 1970.
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
			if reached = t.run() || !t.proven(); reached { // a trial that was cut short proves nothing
				return
			}
		}
	})
	return reached
}

// boundsAt returns the bounds of the verdict at another instant, in seconds since
// 1970. intricate reports whether the budget ran out.
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
