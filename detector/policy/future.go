package policy

import (
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// maxFuture bounds how many later instants are looked at.
const maxFuture = 24

// future returns the first later instant at which the verdict is worse. It can
// only change at the dates that the policy names.
func (d *decider) future(now Verdict) *Exposure {
	if !d.ties[condkey.TieTime] || now == Public {
		return nil
	}
	var seconds []int64
	for i := range d.stmts {
		for _, cl := range d.stmts[i].clauses {
			if !d.hasTie(cl.hi.slot, condkey.TieTime) {
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
		if v := d.at(n); rank(v) > rank(now) {
			return &Exposure{time.Unix(n, 0).UTC(), v}
		}
	}
	return nil
}

// at decides the verdict at another instant.
func (d *decider) at(second int64) Verdict {
	c := *d.compiled
	c.q.At = time.Unix(second, 0).UTC()
	then := newDecider(&c)
	then.work = d.work
	v := Private
	for _, action := range EncryptActions() {
		v = worse(v, then.outcome(action).verdict())
	}
	d.work = then.work
	return v
}
