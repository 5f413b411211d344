package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// An entry is a key with what the command reports about it.
type entry struct {
	key     *sweep.Key
	row     sweep.Row
	checked check.Result
}

// entry returns the entry for a key, with exceptions and baseline applied.
func (o *Options) entry(k *sweep.Key) entry {
	e := entry{key: k, row: k.Row(), checked: check.Result{
		File: k.ARN, KeyARN: k.ARN, Account: k.Account, SHA256: k.PolicySHA256, Decision: k.Joint(),
	}}
	for _, g := range k.GrantsOut {
		if g.Decides() {
			e.checked.Grants = append(e.checked.Grants, g.ID)
		}
	}
	slices.Sort(e.checked.Grants)
	o.accept(&e)
	return e
}

// status returns the exit status for the key. For a key that was not fully read,
// only what is certain counts as found.
func (e *entry) status(f check.FailOn) int {
	switch {
	case !e.key.Judged():
		return exit.OK
	case e.key.Read():
		return f.Status(e.checked)
	}
	sure := e.checked
	sure.Decision.Verdict, sure.Decision.Most = sure.Decision.Least, sure.Decision.Least
	return max(exit.Error, f.Status(sure))
}

// class returns the verdict on a class of actions, or "" if the key is not judged.
func (e *entry) class(b decide.Bounds) string {
	if !e.key.Judged() {
		return ""
	}
	return b.Verdict.String()
}

// grantees returns the grantees of the grants to outsiders, sorted, each once.
func (e *entry) grantees() []string {
	var all []string
	for _, g := range e.key.GrantsOut {
		all = append(all, g.Grantee)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// counts reports whether the key has a finding that is not accepted.
func (e *entry) counts() bool { return e.row.Severity != "" && e.checked.Accepted.By == "" }

// details returns lines of text on how outsiders get access to the key, and on
// what else there is to know about it.
func (e *entry) details() []string {
	c := e.checked
	all := check.Ways(c.Decision)
	if c.Locked() || e.key.Finding != nil && c.Decision.Verdict == decide.Private {
		all = append(all, check.OwnerLines(c)...)
	}
	if text := check.GuardLine(c.Decision); text != "" {
		all = append(all, text)
	}
	if f := c.Decision.Future; f != nil {
		all = append(all, fmt.Sprintf("%s from %s on", f.Verdict, show.Stamp(f.At)))
	}
	for _, g := range e.key.GrantsOut {
		all = append(all, grantLine(g))
	}
	if !e.key.Usable() && e.key.Judged() {
		all = append(all, "not usable now ("+e.key.State+"): one step less severe than an enabled key (low at least)")
	}
	for _, r := range e.key.Replicas {
		text := "replica " + r.ARN + ": " + r.Verdict.Verdict.String()
		if !r.Read {
			text = "replica " + r.ARN + ": not read"
		}
		all = append(all, text)
	}
	for _, text := range e.key.Unread {
		all = append(all, "not read: "+text)
	}
	return append(all, c.Notes...)
}

// grantLine describes a grant to an outsider in one line.
func grantLine(g sweep.Grant) string {
	text := "grant " + g.ID + " to " + g.Grantee
	switch {
	case g.Audience == decide.Undecided:
		text += " (AWS does not say of which account)"
	case g.Account != "" && !strings.Contains(g.Grantee, g.Account):
		text += " for account " + g.Account
	}
	text += ": " + strings.Join(g.Operations, ", ")
	if g.SourceARN != "" {
		text += "; for " + g.SourceARN
	}
	for _, limit := range []struct {
		name string
		of   map[string]string
	}{{"is", g.ContextEquals}, {"has", g.ContextSubset}} {
		if len(limit.of) > 0 {
			pairs, err := json.Marshal(limit.of)
			if err == nil {
				text += "; where the encryption context " + limit.name + " " + string(pairs)
			}
		}
	}
	return text
}

// verdict returns the verdict, followed by the kinds of the finding, if any, in
// parentheses.
func (e *entry) verdict() string {
	if len(e.row.Kinds) == 0 {
		return e.row.Verdict
	}
	return e.row.Verdict + " (" + strings.Join(e.row.Kinds, ", ") + ")"
}
