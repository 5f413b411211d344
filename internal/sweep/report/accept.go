package report

import (
	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// accept applies the exceptions and the baseline to a key with a finding. A key
// that was not fully read is not accepted.
func (o *Options) accept(e *entry) {
	k, c := e.key, &e.checked
	if !k.Judged() || !k.Read() || e.row.Severity == "" {
		return
	}
	held, all := exceptions.Held{}, true
	for _, part := range partsOf(k, c) {
		of := o.Accepted.Match(part, o.At)
		for _, name := range of.Expired {
			c.Notes = append(c.Notes, check.ExpiredNote(name))
		}
		if of.By == "" {
			all = false
		}
		held = of
	}
	if all {
		c.Accepted = held
		return
	}
	held, expired := o.Baseline.Match(c, o.At)
	if expired {
		c.Notes = append(c.Notes, "the baseline would have accepted this, but it has expired")
	}
	c.Accepted = held
}

// partsOf returns the parts of a key that have to be accepted: its policy, and its
// grants to outsiders. An exception for the policy's hash does not cover the
// grants, which change independently.
func partsOf(k *sweep.Key, c *check.Result) []exceptions.Subject {
	var parts []exceptions.Subject
	add := func(d decide.Decision, hash string, hashOnly bool) {
		s := exceptions.Judged(d)
		s.Key, s.Account, s.Region, s.PolicySHA256 = k.ARN, k.Account, k.Region, hash
		s.HashOnly = s.HashOnly || hashOnly
		parts = append(parts, s)
	}
	if k.Finding != nil {
		add(k.Decision, k.PolicySHA256, c.Locked())
	}
	if len(c.Grants) > 0 {
		alone := *k
		alone.Decision = check.DefaultDecision(k.Account)
		add(alone.Joint(), k.GrantsSHA256(), false)
	}
	return parts
}
