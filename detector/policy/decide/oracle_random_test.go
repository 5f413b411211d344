package decide

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

var (
	randomPolicies = flag.Int("policies", 500, "how many random policies TestRandomPolicies makes")
	firstPolicy    = flag.Int("firstpolicy", 0, "the seed of the first")
)

// TestRandomPolicies holds Decide against Allows and the oracle on random
// policies of documented constructs: no verdict is too good, every witness
// holds, and next to nothing is undecided.
func TestRandomPolicies(t *testing.T) {
	n, count := holdPolicies(t, (*generator).policy)
	// Of the keys of sessions AWS leaves open which ones services hand on.
	if count[Undecided]*33 > n && n >= 200 {
		t.Errorf("%d of %d policies are undecided, want at most 1 in 33", count[Undecided], n)
	}
	for _, v := range []Verdict{Private, Shared, Network, Public} {
		if count[v] == 0 && n >= 200 {
			t.Errorf("no random policy is %v", v)
		}
	}
}

// holdPolicies holds the decisions on policies of a generator, as many as the
// flags say, and counts their verdicts.
func holdPolicies(t *testing.T, policy func(*generator) []byte) (n int, count map[Verdict]int) {
	t.Helper()
	n, count = *randomPolicies, map[Verdict]int{}
	if testing.Short() {
		n /= 10
	}
	for i := range n {
		seed := uint64(*firstPolicy + i)
		text := policy(newGenerator(seed))
		count[holdDecision(t, text, seed, 60).Verdict]++
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, text)
		}
	}
	t.Logf("%d policies: %v", n, count)
	return n, count
}

// holdDecision decides a policy and holds the decision against Allows and the
// oracle.
func holdDecision(t testing.TB, text []byte, seed uint64, limit int) Decision {
	t.Helper()
	p := mustParse(text)
	d := Decide(p, surroundings())
	checkDecision(t, "random", p, surroundings(), d)
	checkOwner(t, "random", d.Owner)
	ownerHolds(t, "random", p, surroundings(), d.Owner, seed, limit)
	if len(d.Undecided) > 0 {
		return d // something worse was not ruled out, for an action that it does not name
	}
	audience := map[kmsapi.Ask]Verdict{}
	for _, g := range d.Grants {
		audience[kmsapi.Ask{Action: g.Action, Class: g.Class}] = g.Audience
	}
	o := newOracle(p, surroundings(), seed)
	asks := kmsapi.Weighty()
	some := rand.New(rand.NewPCG(seed, 5)).IntN(len(asks))
	for _, a := range []kmsapi.Ask{{Action: "kms:Encrypt", Class: kmsapi.ClassEncrypt}, {Action: kmsapi.CreateGrant, Class: kmsapi.ClassEncrypt}, {Action: "kms:Decrypt", Class: kmsapi.ClassUse}, {Action: kmsapi.CreateGrant, Class: kmsapi.ClassUse}, asks[some]} {
		v, told := audience[a]
		if d.Classes.Of(a.Class).Least == Public && (!told || deniesOthers(p)) {
			continue // what is open about one action goes unsaid next to another that is public
		}
		if v == Undecided {
			v = Private
		}
		o.verdictHolds(t, "random", a, v, limit)
	}
	return d
}

// deniesOthers reports whether a Deny has NotPrincipal, whose reach AWS leaves open.
func deniesOthers(p *policy.Policy) bool {
	return slices.ContainsFunc(p.Statements, func(st policy.Statement) bool { return st.Effect == policy.Deny && st.NotPrincipal })
}

// rankVerdict orders verdicts by what they mean for the owner; what is
// undecided may be as bad as public.
func rankVerdict(v Verdict) int {
	return map[Verdict]int{Private: 0, Shared: 1, Network: 2, Public: 3, Undecided: 3}[v]
}

// showDecision returns the decision as JSON.
func showDecision(d Decision) string {
	text, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		panic(err)
	}
	return string(text)
}
