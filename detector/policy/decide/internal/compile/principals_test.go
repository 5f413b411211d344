package compile

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// principalsOf compiles a statement of such principals, for a key of account
// 111122223333 whose owner trusts 777788889999.
func principalsOf(t *testing.T, effect, member string, insiders bool) (*policy.Policy, Statement) {
	t.Helper()
	p, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `",` + member + `,"Action":"*","Resource":"*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	about := here()
	about.TrustedAccounts, about.Insiders = []string{"777788889999"}, insiders
	return p, New(p, condkey.Default(), about, textsolve.NewBudget(1_000_000, nil)).Statements[0]
}

// TestPrincipalsSorted: whom each form of principal names.
// Source: IAM User Guide, reference_policies_elements_principal.html.
func TestPrincipalsSorted(t *testing.T) {
	const iam, sts = "arn:aws:iam::444455556666:", "arn:aws:sts::444455556666:"
	for _, row := range []struct {
		name, principal string
		insiders        bool
		want            string // the entries, as for people
		byType          bool
	}{
		{"everybody", `"*"`, false, "everybody", false},
		{"an account's id", `{"AWS":"444455556666"}`, false, "account 444455556666", false},
		{"its root ARN names the account, too", `{"AWS":"` + iam + `root"}`, false, "account 444455556666", false},
		{"a role", `{"AWS":"` + iam + `role/app/x"}`, false, iam + "role/app/x", true},
		{"a role that AWS keeps for itself", `{"AWS":"` + iam + `role/aws:ec2-infrastructure"}`, false, iam + "role/aws:ec2-infrastructure, reserved", true},
		{"a user", `{"AWS":"` + iam + `user/x"}`, false, iam + "user/x", true},
		{"a federated user's session", `{"AWS":"` + sts + `federated-user/f"}`, false, sts + "federated-user/f", true},
		{"a role's session", `{"AWS":"` + sts + `assumed-role/r/s"}`, false, "session s of role r in account 444455556666", true},
		{"unique ids", `{"AWS":["AROAEXAMPLEROLE000001","AIDAEXAMPLEUSER000001"]}`, false, "AROAEXAMPLEROLE000001, AIDAEXAMPLEUSER000001", true},
		{"a service", `{"Service":"s3.amazonaws.com"}`, false, "service s3.amazonaws.com", false},
		{"providers sign nothing for KMS", `{"Federated":"accounts.google.com","CanonicalUser":"79a59df900b949e55d96a1e698fbaced"}`, false, "", false},
		{"the owner is no outsider", `{"AWS":["111122223333","arn:aws:iam::111122223333:role/x"]}`, false, "", false},
		{"nor is who is trusted", `{"AWS":["777788889999","arn:aws:iam::777788889999:root"]}`, false, "", false},
		{"another partition", `{"AWS":"arn:aws-cn:iam::444455556666:root"}`, false, "", false},
		{"the owner, asked about the owner", `{"AWS":["111122223333","444455556666","777788889999"]}`, true, "account 111122223333", false},
		{"a role of the owner, asked about the owner", `{"AWS":"arn:aws:iam::111122223333:role/x"}`, true, "arn:aws:iam::111122223333:role/x", true},
	} {
		_, s := principalsOf(t, "Allow", `"Principal":`+row.principal, row.insiders)
		names := s.Entries.Names()
		if s.Entries.Star {
			names = append(names, "everybody")
		}
		for _, n := range s.Entries.Services {
			names = append(names, "service "+n)
		}
		if s.Entries.Reserved {
			names = append(names, "reserved")
		}
		if got := strings.Join(names, ", "); got != row.want || s.ByType != row.byType {
			t.Errorf("%s: %q, by the caller's type %v; want %q, %v", row.name, got, s.ByType, row.want, row.byType)
		}
		if got, want := s.Entries.Reachable(false), row.want != "" && !strings.HasPrefix(row.want, "service"); got != want {
			t.Errorf("%s: people can be one of them: %v, want %v", row.name, got, want)
		}
		if got, want := s.Entries.Reachable(true), row.want != "everybody"; got != want {
			t.Errorf("%s: people can be none of them: %v, want %v", row.name, got, want)
		}
	}
}

// A caller is one that requests can come from: in the request's words and in the slots'.
type caller struct {
	name  string
	kind  CallerKind
	r     evaluate.Request
	slots map[int]string
}

func callers() []caller {
	const iam, sts = "arn:aws:iam::444455556666:", "arn:aws:sts::444455556666:"
	role := func(name, session, id string) caller {
		return caller{
			"session " + session + " of " + name, RoleCaller,
			evaluate.Request{Principal: iam + "role/" + name, Session: sts + "assumed-role/" + name + "/" + session, UniqueID: id},
			map[int]string{SlotAccount: "444455556666", SlotARN: iam + "role/" + name, SlotName: name, SlotSession: session, SlotUniqueID: id},
		}
	}
	user := func(account, name, id string) caller {
		arn := "arn:aws:iam::" + account + ":user/" + name
		return caller{"user " + name + " of " + account, UserCaller, evaluate.Request{Principal: arn, UniqueID: id}, map[int]string{SlotAccount: account, SlotARN: arn, SlotName: name, SlotUniqueID: id}}
	}
	return []caller{
		role("r", "s", "AROAEXAMPLEROLE000001"), role("r", "t", "AROAEXAMPLEROLE000001"), role("q", "s", "AROAEXAMPLEROLE000002"),
		user("444455556666", "u", "AIDAEXAMPLEUSER000001"), user("444455556666", "v", "AIDAEXAMPLEUSER000002"), user("555566667777", "u", "AIDAEXAMPLEUSER000003"),
		{"root", RootCaller, evaluate.Request{Principal: iam + "root"}, map[int]string{SlotAccount: "444455556666", SlotARN: iam + "root"}},
		{
			"session f of user u", FedCaller,
			evaluate.Request{Principal: sts + "federated-user/f", Session: sts + "federated-user/f", Parent: iam + "user/u"},
			map[int]string{SlotAccount: "444455556666", SlotARN: sts + "federated-user/f", SlotParent: iam + "user/u"},
		},
		{"service", ServiceCaller, evaluate.Request{Service: "s3.amazonaws.com"}, map[int]string{SlotService: "s3.amazonaws.com"}},
		{"another service", ServiceCaller, evaluate.Request{Service: "sns.amazonaws.com"}, map[int]string{SlotService: "sns.amazonaws.com"}},
	}
}

// isOne reports whether the caller is in one of the ways.
func (c *caller) isOne(ways [][]Literal) bool {
	m := &Model{Values: make([][]Value, FirstSlot), Budget: textsolve.NewBudget(1_000_000, nil)}
	for slot, text := range c.slots {
		m.Set(slot, text)
	}
	return slices.ContainsFunc(ways, func(way []Literal) bool {
		return !slices.ContainsFunc(way, func(l Literal) bool { return !l.Holds(m) })
	})
}

// TestWaysAgree: a caller is one of the principals of an Allow when the
// evaluator lets it in; of an Allow with NotPrincipal no way lets in whom the
// evaluator does not, nor who is one of them; a Deny with NotPrincipal surely
// exempts the people, and nobody but those, whom the evaluator surely lets in,
// and possibly exempts all of them.
func TestWaysAgree(t *testing.T) {
	const iam, sts = "arn:aws:iam::444455556666:", "arn:aws:sts::444455556666:"
	entries := []string{
		`"*"`, `{"AWS":"444455556666"}`, `{"AWS":"` + iam + `role/r"}`, `{"AWS":"` + iam + `user/u"}`, `{"AWS":"` + sts + `assumed-role/r/s"}`,
		`{"AWS":"` + sts + `federated-user/f"}`, `{"AWS":"AROAEXAMPLEROLE000001"}`, `{"AWS":"AIDAEXAMPLEUSER000001"}`, `{"Service":"s3.amazonaws.com"}`,
		`{"AWS":["444455556666","` + iam + `user/u"]}`, `{"AWS":["` + iam + `root","` + iam + `role/r","` + sts + `assumed-role/r/s"]}`,
		`{"AWS":["444455556666","` + iam + `user/u","` + sts + `federated-user/f"],"Service":"sns.amazonaws.com"}`,
		`{"AWS":"555566667777"}`, `{"Federated":"accounts.google.com"}`,
	}
	b := textsolve.NewBudget(1<<40, nil)
	open := `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`
	for _, entry := range entries {
		p, listed := principalsOf(t, "Allow", `"Principal":`+entry, false)
		notP, unlisted := principalsOf(t, "Allow", `"NotPrincipal":`+entry, false)
		denied, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + open + `,{"Effect":"Deny","NotPrincipal":` + entry + `,"Action":"*","Resource":"*"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range callers() {
			r := c.r
			r.Action, r.Resource = "kms:Encrypt", here().KeyARN
			answer := evaluate.Allows(p, r)
			is := c.isOne(listed.AllowWays(c.kind, b))
			if answer == evaluate.Yes && !is || answer == evaluate.No && is {
				t.Errorf("%s is in %s: %v, the evaluator says %v", c.name, entry, is, answer)
			}
			if answer := evaluate.Allows(notP, r); answer == evaluate.No && c.isOne(unlisted.AllowWays(c.kind, b)) {
				t.Errorf("%s gets in by not being in %s, the evaluator says no", c.name, entry)
			}
			if is && c.isOne(unlisted.AllowWays(c.kind, b)) {
				t.Errorf("%s is in %s and gets in by not being in it", c.name, entry)
			}
			answer = evaluate.Allows(denied, r)
			sure, perhaps := c.isOne(listed.ExemptWays(c.kind, true, b)), c.isOne(listed.ExemptWays(c.kind, false, b))
			if sure && answer != evaluate.Yes || answer == evaluate.Yes && !perhaps || answer == evaluate.Yes && !sure && c.kind != ServiceCaller {
				t.Errorf("%s is exempt from a Deny for all but %s: for sure %v, perhaps %v; the evaluator says %v", c.name, entry, sure, perhaps, answer)
			}
		}
	}
}

// TestEntriesWithout: entries can be looked at without those that may change hands.
func TestEntriesWithout(t *testing.T) {
	_, s := principalsOf(t, "Allow", `"Principal":{"AWS":["444455556666","arn:aws:iam::444455556666:role/r","AROAEXAMPLEROLE000001","AIDAEXAMPLEUSER000001"]}`, false)
	without, only := s.Entries.WithoutIDs(), s.Entries.AccountsOnly()
	if got := strings.Join(without.Names(), " "); got != "account 444455556666 arn:aws:iam::444455556666:role/r" {
		t.Errorf("without unique ids: %s", got)
	}
	if got := strings.Join(only.Names(), " "); got != "account 444455556666" {
		t.Errorf("whole accounts: %s", got)
	}
}
