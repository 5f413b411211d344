package decide

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// TestBudgetStops: the caller is asked now and then, not at every step, and
// once it has said so, no part of the decision goes on.
func TestBudgetStops(t *testing.T) {
	asked, stop := 0, false
	b := textsolve.NewBudget(MaxSteps, func() bool { asked++; return stop })
	b.Divide(1_000_000, stagePlain, stageOutcomes, stageGrants)
	b.Begin(stagePlain)
	for range 2 {
		if b.Out() || asked != 1 {
			t.Errorf("asked %d times at the start, want 1", asked)
		}
	}
	if b.Spend(textsolve.AskEvery); b.Out() || asked != 2 {
		t.Errorf("asked %d times after %d steps, want 2", asked, textsolve.AskEvery)
	}
	stop = true
	if b.Spend(textsolve.AskEvery); !b.Out() {
		t.Error("goes on after it was stopped")
	}
	if b.Within(10, func() { b.Out() }) || !b.Out() {
		t.Error("goes on behind what was stopped")
	}
	if b.Begin(stageOutcomes); !b.Out() {
		t.Error("the next part goes on")
	}
	b = textsolve.NewBudget(MaxSteps, func() bool { return true })
	if b.Within(10, func() { b.Out() }) || !b.Out() {
		t.Error("goes on behind the part in which it was stopped")
	}
}

// TestDecideAsked: a decision holds what the question asks for, and parts that
// are not asked for have no share of the budget.
func TestDecideAsked(t *testing.T) {
	p := mustParse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}}]}`))
	usual := []int{stagePlain, stageOutcomes, stageGrants, stageOwner, stageServices, stageFuture}
	for _, row := range []struct {
		blame, explain bool
		more           []int
	}{
		{false, false, nil},
		{true, false, []int{stageBlame}},
		{false, true, []int{stageNotes}},
		{true, true, []int{stageBlame, stageNotes}},
	} {
		q := surroundings()
		q.Blame, q.Explain = row.blame, row.explain
		d := Decide(p, q)
		if (d.Opens != nil) != row.blame || (d.Statements != nil) != row.explain {
			t.Errorf("blame %v, explain %v: opens %v, statements %v", row.blame, row.explain, d.Opens, d.Statements)
		}
		if got, want := newDecider(spaceOf(p, condkey.Default(), q), q).stages(), slices.Concat(usual, row.more); !slices.Equal(got, want) {
			t.Errorf("blame %v, explain %v: parts %v, want %v", row.blame, row.explain, got, want)
		}
	}
}

// TestOpenAddressesCut: whatever the budget, no address counts as open that is not.
func TestOpenAddressesCut(t *testing.T) {
	p := mustParse([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["3.0.0.0/32","4.0.0.0/16"]}}},
		{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"4.0.0.0/16"},"StringEquals":{"aws:Referer":"https://example.org/"}}}]}`))
	open := netip.MustParseAddr("3.0.0.0")
	all := 0
	for steps := range 20_000 {
		d := newDecider(spaceOf(p, condkey.Default(), surroundings()), surroundings())
		kinds := d.RequestKinds(kmsapi.Ask{Action: "kms:Encrypt", Class: kmsapi.ClassEncrypt})
		s := d.NewSearch(kinds[0], reachOf(Public), true)
		d.Budget.Left = steps
		var found ipset.Set
		s.FindWide(&found)
		for _, r := range found {
			if r.Lo != open || r.Hi != open {
				t.Fatalf("%d steps: %v to %v is open", steps, r.Lo, r.Hi)
			}
		}
		if all += len(found); all > 10 {
			return // the budget was enough
		}
	}
	t.Error("no budget was enough to find the open address")
}

// TestDecideCut: whatever the bound of work, a decision claims nothing that it
// does not claim without one.
func TestDecideCut(t *testing.T) {
	const referer = `"aws:Referer":"https://example.org/"`
	for _, row := range []struct{ name, statements string }{
		{"the account itself may manage the key", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/Admin"},"Action":"kms:*","Resource":"*"},
			{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalOrgPaths":"o-mycorp0001/*"}}}`},
		{"one of two accounts is denied", `{"Effect":"Allow","Principal":{"AWS":["444455556666","555566667777"]},"Action":"kms:Encrypt","Resource":"*"},
			{"Effect":"Deny","Principal":{"AWS":"555566667777"},"Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{` + referer + `}}}`},
		{"one of two Allows is denied", `{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/a":"1"}}},
			{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/a":"2"}}},
			{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/a":"2",` + referer + `}}}`},
	} {
		p := mustParse([]byte(`{"Version":"2012-10-17","Statement":[` + row.statements + `]}`))
		q := surroundings()
		q.Blame = true
		full := Decide(p, q)
		var named []string
		for _, g := range full.Grants {
			named = append(named, g.Named...)
		}
		for q.MaxSteps = 100; q.MaxSteps < 2*full.Steps; q.MaxSteps += 1 + q.MaxSteps/300 {
			d := Decide(p, q)
			if d.Owner.Manage != full.Owner.Manage && d.Owner.Manage != AccessUndecided {
				t.Fatalf("%s: within %d steps the owner is %v, want %v", row.name, q.MaxSteps, d.Owner.Manage, full.Owner.Manage)
			}
			for _, o := range d.Opens {
				if !slices.Contains(full.Opens, o) {
					t.Fatalf("%s: within %d steps it opens by %v", row.name, q.MaxSteps, o)
				}
			}
			for _, g := range d.Grants {
				for _, name := range g.Named {
					if !slices.Contains(named, name) {
						t.Fatalf("%s: within %d steps %s gets in", row.name, q.MaxSteps, name)
					}
				}
			}
		}
	}
}

// TestFutureCut: instants that are too much work to look ahead to count as ones
// at which the verdict may be worse.
func TestFutureCut(t *testing.T) {
	const idle = `{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringLike":{"aws:PrincipalTag/a":"*x*"},"StringNotLike":{"aws:PrincipalTag/a":"*"}}},`
	text := `{"Version":"2012-10-17","Statement":[` + strings.Repeat(idle, 100)
	for year := 2030; year < 2035; year++ {
		text += fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"%d-01-01T00:00:00Z"}}},`, year)
	}
	text += `{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2035-01-01T00:00:00Z"}}}]}`
	d := Decide(mustParse([]byte(text)), surroundings())
	if d.Verdict != Private || d.Future == nil || d.Future.At.Year() > 2035 {
		t.Errorf("%v, in future %v; want private, and worse in 2035 at the latest", d.Verdict, d.Future)
	}
}

// TestClass: a class has the characters of its sample and, beyond ASCII, those
// that it is given.
func TestClass(t *testing.T) {
	c := textsolve.NewClass("aé\u007f").And(func(r rune) bool { return r == 'é' })
	for r, want := range map[rune]bool{'a': true, 'b': false, 0x7f: true, 0: false, 'é': true, 'è': false, 'é' & 0x7f: false} {
		if got := c.Has(r); got != want {
			t.Errorf("has(%q) = %v", r, got)
		}
	}
	if textsolve.NewClass("é").Has('é') {
		t.Error("a class without more has é")
	}
}

// TestNamed: the words of a text that can be the name of an account, a user, a
// role, an organization or a network.
func TestNamed(t *testing.T) {
	var n compile.Named
	n.Collect("arn:aws:iam::444455556666:role/AROAEXAMPLEROLE000001 AIDAEXAMPLEUSER000001 AIDASHORT ASIAEXAMPLEUSER000001 o-partner0001/r-x O-UPPER000001 " +
		"o-short vpc- vpc-1 VPCE-2 vpce- o-" + "123456789012345678901234567890123 44445555666 o-12345678901234567890123456789012")
	for _, row := range []struct {
		what      string
		got, want []string
	}{
		{"accounts", n.Accounts, []string{"444455556666"}},
		{"ids", n.IDs, []string{"AROAEXAMPLEROLE000001", "AIDAEXAMPLEUSER000001"}},
		{"organizations", n.Orgs, []string{"o-partner0001", "o-upper000001", "o-12345678901234567890123456789012"}},
		{"networks", n.VPCs, []string{"vpc-1", "vpce-2"}},
	} {
		if !slices.Equal(row.got, row.want) {
			t.Errorf("%s: %q, want %q", row.what, row.got, row.want)
		}
	}
}
