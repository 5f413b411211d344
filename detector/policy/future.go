package policy

import (
	"slices"
	"time"
)

// maxFuture bounds how many later instants are looked at.
const maxFuture = 24

// future returns the first later instant at which the verdict is worse. It can
// only change at the dates that the policy names.
func (d *decider) future(now Bounds) *Exposure {
	if !d.has[idCurrentTime] || now.Least == Public {
		return nil
	}
	var seconds []int64
	for i := range d.stmts {
		for _, cl := range d.stmts[i].clauses {
			if d.slots[cl.hi.slot].id != idCurrentTime {
				continue
			}
			for _, r := range cl.hi.set.spans {
				seconds = append(seconds, r.lo, r.hi+1)
			}
		}
	}
	slices.Sort(seconds)
	seconds = slices.Compact(seconds)
	later := 0
	for _, n := range seconds {
		if n <= d.q.At.Unix() || n >= maxSecond || later == maxFuture {
			continue
		}
		later++
		if then := d.at(n); then.worse(now) {
			return &Exposure{time.Unix(n, 0).UTC(), then.Verdict}
		}
	}
	return nil
}

// at decides the verdict at another instant.
func (d *decider) at(second int64) Bounds {
	c := *d.compiled
	c.q.At = time.Unix(second, 0).UTC()
	then := newDecider(&c)
	b := closed()
	for _, a := range append(asksOf(ClassEncrypt), asksOf(ClassUse)...) {
		b = b.worst(then.outcome(a).bounds())
	}
	return b
}
