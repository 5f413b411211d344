package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/load"
	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// A Baseline holds what was found at one time and is accepted for a while, so that a
// check can be made mandatory before everything it finds is fixed.
type Baseline struct {
	Version  int           `json:"version"` // 1
	Written  string        `json:"written"` // the date, e.g. "2026-01-31"
	Accepted []baselineKey `json:"accepted"`
	name     string        // of the file
}

// A baselineKey is one key of a baseline.
type baselineKey struct {
	Source  string         `json:"source"` // as in the output, with slashes
	Encrypt decide.Verdict `json:"encrypt"`
	Use     decide.Verdict `json:"use"`
	Locked  bool           `json:"locked,omitempty"`
	Grants  []string       `json:"grants,omitempty"` // ids of the grants to outsiders that a sweep found
	Expires string         `json:"expires"`          // the last day on which it is accepted
}

// ReadBaseline reads the baseline in a file. No entry may expire more than a year after
// at. Any fault is an error.
func ReadBaseline(name string, at time.Time) (*Baseline, error) {
	data, err := ReadInput(name, nil)
	if err != nil {
		return nil, fmt.Errorf("--baseline %s: %w", name, err)
	}
	b := &Baseline{name: name}
	if err := strictjson.Decode(data, b); err != nil {
		return nil, fmt.Errorf("--baseline %s: expected a file that --write-baseline wrote: %w", name, err)
	}
	if b.Version != 1 {
		return nil, fmt.Errorf("--baseline %s: expected version 1, found %d", name, b.Version)
	}
	for i, k := range b.Accepted {
		if _, ok := lastDay(k.Expires, at); !ok {
			return nil, fmt.Errorf("--baseline %s: accepted[%d]: expected expires to be a day within a year, such as %s, found %q", name, i, exceptions.Latest(at).Format(time.DateOnly), k.Expires)
		}
	}
	return b, nil
}

// Match returns whether the baseline accepts c at the given time. It does not accept a
// key that has become worse in a class, a key that has been locked since, or a new grant.
// held is zero when it does not accept c; expired says whether it would have, had it not
// expired. A nil baseline accepts nothing.
func (b *Baseline) Match(c *Result, at time.Time) (held exceptions.Held, expired bool) {
	if b == nil {
		return held, false
	}
	for _, k := range b.Accepted {
		if k.Source != filepath.ToSlash(c.source()) || c.Locked() && !k.Locked || c.Decision.TooIntricate ||
			worse(c.Decision.Classes, k.accepts) || !within(c.Grants, k.Grants) {
			continue
		}
		day, ok := lastDay(k.Expires, at)
		if !ok || exceptions.Over(day, at) {
			expired = true
			continue
		}
		return exceptions.Held{By: "baseline " + b.name, Owner: "as of " + b.Written, Reason: "known when the baseline was written", Expires: day}, false
	}
	return held, expired
}

// within reports whether all grants are among those that were accepted. A grant with a
// new id may have another grantee.
func within(grants, accepted []string) bool {
	return !slices.ContainsFunc(grants, func(id string) bool { return !slices.Contains(accepted, id) })
}

// lastDay parses the last day on which something is accepted; ok is false when text is
// not a date, or is more than a year after at.
func lastDay(text string, at time.Time) (day time.Time, ok bool) {
	day, err := time.Parse(time.DateOnly, text)
	return day, err == nil && !day.After(exceptions.Latest(at))
}

// counts returns the verdict of a class for the baseline: the worst that is not ruled
// out, except that what is undecided and may be public counts as undecided, which is less
// than certainly public.
func counts(found decide.Bounds) decide.Verdict {
	if found.Verdict == decide.Undecided && found.Most == decide.Public {
		return decide.Undecided
	}
	return found.Most
}

// accepts returns the verdict that the baseline accepts for a class: private for a
// class that the file does not have.
func (k *baselineKey) accepts(class kmsapi.Class) decide.Verdict {
	switch class {
	case kmsapi.ClassEncrypt:
		return k.Encrypt
	case kmsapi.ClassUse:
		return k.Use
	default:
		return decide.Private
	}
}

// worse reports whether what was found is worse than what was accepted, in a class
// that decides the verdict.
func worse(found decide.Classes, accepted func(kmsapi.Class) decide.Verdict) bool {
	return slices.ContainsFunc(kmsapi.Deciding(), func(c kmsapi.Class) bool { return counts(found.Of(c)).Rank() > accepted(c).Rank() })
}

// Add adds a key that may not be private, or that its owner has lost, as accepted for a
// year from the given time. It leaves out any other key.
func (b *Baseline) Add(c *Result, at time.Time) {
	if c.err != nil || c.Decision.Most == decide.Private && !c.Locked() {
		return
	}
	b.Accepted = append(b.Accepted, baselineKey{
		Source: filepath.ToSlash(c.source()), Encrypt: counts(c.Decision.Classes.Of(kmsapi.ClassEncrypt)), Use: counts(c.Decision.Classes.Of(kmsapi.ClassUse)),
		Locked: c.Locked(), Grants: c.Grants, Expires: exceptions.Latest(at).Format(time.DateOnly),
	})
}

// Write writes the baseline to a file, sorted by source and dated with the given time.
func (b *Baseline) Write(name string, at time.Time) error {
	b.Version, b.Written = 1, at.Format(time.DateOnly)
	if b.Accepted == nil {
		b.Accepted = []baselineKey{}
	}
	slices.SortStableFunc(b.Accepted, func(x, y baselineKey) int { return bytes.Compare([]byte(x.Source), []byte(y.Source)) })
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644) // #nosec G306 -- a baseline is kept in the repository
}

// acceptance returns what the key's own Metadata, a, accepts about c: a verdict, with a
// reason and an expiry. held is zero when it does not accept c; problem then says why, ""
// when a is nil.
func acceptance(a *load.Accept, c *Result, at time.Time) (held exceptions.Held, problem string) {
	if a == nil {
		return held, ""
	}
	var verdict decide.Verdict
	if err := verdict.UnmarshalText([]byte(a.Verdict)); err != nil || verdict == decide.Private {
		return held, fmt.Sprintf("Metadata.kmsentry.accept: expected verdict to be public, undecided, network or shared, found %q", a.Verdict)
	}
	day, ok := lastDay(a.Expires, at)
	switch {
	case a.Reason == "":
		return held, "Metadata.kmsentry.accept: expected a reason, found none"
	case !ok:
		return held, fmt.Sprintf("Metadata.kmsentry.accept: expected expires to be a day within a year, such as %s, found %q", exceptions.Latest(at).Format(time.DateOnly), a.Expires)
	case exceptions.Over(day, at):
		return held, "Metadata.kmsentry.accept would have accepted this, but it expired on " + a.Expires
	case c.Locked() || c.Decision.TooIntricate:
		return held, "Metadata.kmsentry.accept cannot accept a key that is locked or too intricate; an exception by policy_sha256 can"
	case worse(c.Decision.Classes, func(kmsapi.Class) decide.Verdict { return verdict }):
		return held, fmt.Sprintf("Metadata.kmsentry.accept accepts up to %s, and this is worse", verdict)
	}
	return exceptions.Held{By: "metadata", Owner: "the template", Reason: a.Reason, Expires: day}, ""
}
