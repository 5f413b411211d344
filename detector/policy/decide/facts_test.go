package decide

import (
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// TestUnknownFactsAreTheWorst holds that knowing less of the key never makes a
// verdict better: over the corpus and random policies.
func TestUnknownFactsAreTheWorst(t *testing.T) {
	known := surroundings()
	unknown := known
	unknown.Key = kmsapi.KeyFacts{}
	judge := func(name string, p *policy.Policy) {
		with, without := Decide(p, known), Decide(p, unknown)
		if rankVerdict(without.Verdict) < rankVerdict(with.Verdict) && with.Verdict != Undecided {
			t.Errorf("%s: %v with the key's facts, %v without", name, with.Verdict, without.Verdict)
		}
		for _, g := range without.Grants {
			if a := evaluate.Allows(p, g.Witness); a != evaluate.Yes {
				t.Errorf("%s: without facts, Allows = %v for the witness of %s", name, a, g.Action)
			}
			orgs, own := g.Witness.Context["aws:PrincipalOrgID"], g.Witness.Context["aws:ResourceOrgID"]
			if g.Audience == Public && len(orgs) == 1 && len(own) == 1 && orgs[0] == own[0] {
				t.Errorf("%s: the stranger of %s is of the owner's organization", name, g.Action)
			}
		}
	}
	for _, c := range readCorpus(t) {
		if !c.Malformed {
			judge(c.Name, mustParse(c.text()))
		}
	}
	for seed := range uint64(400) {
		text := newGenerator(seed).policy()
		judge(string(text), mustParse(text))
	}
}

// TestTrustNeverOpens holds that whom one trusts never makes a verdict worse,
// and that nobody who is trusted is in a witness.
func TestTrustNeverOpens(t *testing.T) {
	plain := surroundings()
	trusting := plain
	trusting.TrustedAccounts = []string{"444455556666", "555566667777"}
	trusting.TrustedOrgs = []string{"o-mycorp0001"}
	closed := 0
	judge := func(name string, p *policy.Policy) {
		without, with := Decide(p, plain), Decide(p, trusting)
		if rankVerdict(with.Verdict) > rankVerdict(without.Verdict) && with.Verdict != Undecided {
			t.Errorf("%s: %v, and %v with trust", name, without.Verdict, with.Verdict)
		}
		if without.Verdict == Shared && with.Verdict == Private {
			closed++
		}
		for _, g := range with.Grants {
			for _, account := range trusting.TrustedAccounts {
				if evaluate.CallerAccount(g.Witness) == account {
					t.Errorf("%s: the witness of %s is of the trusted account %s", name, g.Action, account)
				}
			}
			if org := g.Witness.Context["aws:PrincipalOrgID"]; len(org) == 1 && org[0] == trusting.TrustedOrgs[0] {
				t.Errorf("%s: the witness of %s is of the trusted organization", name, g.Action)
			}
		}
	}
	for _, c := range readCorpus(t) {
		if !c.Malformed {
			judge(c.Name, mustParse(c.text()))
		}
	}
	for seed := range uint64(400) {
		text := newGenerator(seed).policy()
		judge(string(text), mustParse(text))
	}
	if closed == 0 {
		t.Error("trust turned no shared verdict private")
	}
}
