package decide

import (
	"slices"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A caseQuestion is how the question of a case differs from the usual one.
type caseQuestion struct {
	UnknownKey   bool              `json:"unknownKey"`   // no ARN
	UnknownOwner bool              `json:"unknownOwner"` // no account
	UnknownFacts bool              `json:"unknownFacts"` // nothing about the key
	Spec         string            `json:"spec"`
	Usage        string            `json:"usage"`
	MultiRegion  *bool             `json:"multiRegion"`
	Tags         map[string]string `json:"tags"`
	Aliases      []string          `json:"aliases"`
}

// change makes the question that of the case.
func (a *caseQuestion) change(q *Question) {
	if a == nil {
		return
	}
	if a.UnknownKey {
		q.KeyARN = ""
	}
	if a.UnknownOwner {
		q.Account = ""
	}
	if a.UnknownFacts {
		q.Key = kmsapi.KeyFacts{}
	}
	if a.Spec != "" {
		q.Key.Spec = a.Spec
	}
	if a.Usage != "" {
		q.Key.Usage = a.Usage
	}
	if a.MultiRegion != nil {
		q.Key.MultiRegion = a.MultiRegion
	}
	if a.Tags != nil {
		q.Key.Tags = a.Tags
	}
	if a.Aliases != nil {
		q.Key.Aliases = a.Aliases
	}
}

// judge returns what is wrong with the answer to a case under a table of
// condition keys, "" when it is right. The verdict is that of the class encrypt,
// or of the case's own action.
func (c *corpusCase) judge(t testing.TB, keys *condkey.Table, p *policy.Policy) string {
	t.Helper()
	if c.Action != "" {
		if v := verdictOf(keys, p, c.question(t), c.Action); !c.accepts(v) {
			return c.Action + " is " + v.String()
		}
		return ""
	}
	d := decideWith(p, keys, c.question(t))
	if !c.accepts(d.Classes.Of(kmsapi.ClassEncrypt).Verdict) {
		return "the verdict is " + d.Classes.Of(kmsapi.ClassEncrypt).Verdict.String()
	}
	if c.Services == nil {
		return ""
	}
	got := map[string]bool{}
	for _, s := range d.Services {
		got[s.Service] = s.ConfusedDeputy
	}
	for service, confused := range c.Services {
		if have, ok := got[service]; !ok || have != confused {
			return service + " is not let in so"
		}
	}
	if len(got) != len(c.Services) {
		return "other services are let in"
	}
	return ""
}

// spaceOf compiles p for q.
func spaceOf(p *policy.Policy, keys *condkey.Table, q Question) *search.Space {
	c := compile.New(p, keys, q.about(partitionsOf(p, q)[0]), textsolve.NewBudget(MaxSteps, nil))
	return search.NewSpace(c, q.At, q.TrustedOrgs)
}

// verdictOf decides one action alone.
func verdictOf(keys *condkey.Table, p *policy.Policy, q Question, action string) Verdict {
	d := newDecider(spaceOf(p, keys, q), q)
	d.Budget.Divide(MaxSteps, stagePlain, stageOutcomes)
	known, _ := kmsapi.FindAction(action)
	a := kmsapi.Ask{Action: action, Class: known.Class}
	d.Budget.Begin(stagePlain)
	d.plain([]kmsapi.Ask{a})
	d.Budget.Begin(stageOutcomes)
	d.finishAll()
	return d.outcome(a).bounds().Verdict
}

// TestKeyCases holds each row of condkey by the cases of keys.jsonl, whose
// verdicts are written from AWS's pages.
func TestKeyCases(t *testing.T) {
	held := map[string]bool{}
	for _, c := range readWholeCorpus(t) {
		if c.Malformed {
			continue
		}
		if why := c.judge(t, condkey.Default(), mustParse(c.text())); why != "" {
			t.Errorf("%s: %s, want %v (or %v): %s\n\t%s", c.Name, why, c.Verdict, c.Accept, c.Why, c.text())
		}
		for _, name := range c.Keys {
			held[name] = true
			if !slices.ContainsFunc(condkey.Default().Rows(), func(r condkey.Row) bool { return r.Name == name }) {
				t.Errorf("%s: no row is called %s", c.Name, name)
			}
		}
	}
	for _, r := range condkey.Default().Rows() {
		if !held[r.Name] {
			t.Errorf("no case of keys.jsonl holds the row of %s", r.Name)
		}
	}
}
