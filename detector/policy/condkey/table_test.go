package condkey

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestDefault(t *testing.T) {
	if _, err := New(allRows(), allRules()); err != nil {
		t.Fatal(err)
	}
	if n := len(Default().Rows()); n < 100 {
		t.Errorf("%d rows, want more", n)
	}
}

// TestAppend: a key more is one row more, and no other row changes.
func TestAppend(t *testing.T) {
	more := Row{Name: "aws:NewKey", Types: Bool, Cases: []Case{{Is: Always, Values: Values{Of: []string{"true"}}}}}
	table, err := New(append(Default().Rows(), more), Default().Rules())
	if err != nil {
		t.Fatal(err)
	}
	if k, ok := table.Lookup("AWS:newkey"); !ok || k.Name != "aws:NewKey" || k.Types != Bool {
		t.Errorf("Lookup = %v, %v", k.Name, ok)
	}
	if _, ok := Default().Lookup("aws:NewKey"); ok {
		t.Error("the default table has the new key as well")
	}
}

// TestRowsAreCopies: what is done to copies does nothing to a table.
func TestRowsAreCopies(t *testing.T) {
	copies := Default().Rows()
	for i := range copies {
		copies[i].Name = "x"
		for j := range copies[i].Cases {
			copies[i].Cases[j].Is = Never
			for k := range copies[i].Cases[j].Shapes {
				copies[i].Cases[j].Shapes[k] = "x"
			}
		}
	}
	clear(Default().Rules()[0].Keys)
	if k, ok := Default().Lookup("aws:userid"); !ok || k.Case(Kind{Caller: User, Path: Public}).Is != Always {
		t.Error("the default table has changed")
	}
	if Default().Clone().Rules()[0].Keys[0] == "" {
		t.Error("the rules have changed")
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct{ name, want, part string }{
		{"AWS:PRINCIPALARN", "aws:PrincipalArn", ""},
		{"aws:principaltag/Team", "aws:PrincipalTag/Team", "Team"},
		{"kms:customermasterkeyspec", "kms:CustomerMasterKeySpec", ""},
		{"kms:recipientattestation:pcr31", "kms:RecipientAttestation:PCR31", "31"},
		{"kms:RecipientAttestation:PCR32", "", ""},
		{"accounts.google.com:SUB", "accounts.google.com:SUB", "accounts.google.com"},
		{"host:sub", "", ""},
		{"aws:PrincipalTag/", "", ""},
		{"", "", ""},
	} {
		k, ok := Default().Lookup(c.name)
		if ok != (c.want != "") || ok && (k.Name != c.want || k.FreePart() != c.part) {
			t.Errorf("Lookup(%q) = %q with part %q, %v", c.name, k.Name, k.FreePart(), ok)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	row := func(change func(*Row)) []Row {
		r := Row{Name: "aws:A", Types: String, Cases: []Case{{Is: Always, Values: Values{Shapes: []string{"{name 1 2}"}}}}}
		change(&r)
		return []Row{r}
	}
	for _, c := range []struct {
		name string
		rows []Row
		want string
	}{
		{"no name", row(func(r *Row) { r.Name = "" }), "no name"},
		{"a name twice", append(row(func(*Row) {}), row(func(r *Row) { r.Name = "AWS:a" })...), "there twice"},
		{"an open brace", row(func(r *Row) { r.Cases[0].Shapes[0] = "{name 1 2" }), "not closed"},
		{"no class", row(func(r *Row) { r.Cases[0].Shapes[0] = "{none 1 2}" }), "no segment"},
		{"bounds the wrong way round", row(func(r *Row) { r.Cases[0].Shapes[0] = "{name 2 1}" }), "no segment"},
		{"two kinds of values", row(func(r *Row) { r.Cases[0].Of = []string{"a"} }), "another way"},
		{"bounds without numbers", row(func(r *Row) { r.Cases[0].Hi = 1 }), "no numbers"},
		{"an example in another account", row(func(r *Row) { r.Cases[0].Shapes, r.Cases[0].First = []string{"{caller}:x"}, "999988887777:x" }), "the caller's"},
		{"a fact that is not read", row(func(r *Row) { r.Cases[0].Fact = FactOrg }), "does not read"},
		{"an account that may lack", row(func(r *Row) { r.Tie, r.Cases[0] = TieAccount, Case{Is: Chosen} }), "own key"},
		{"values of an account", row(func(r *Row) { r.Tie = TieAccount }), "another way"},
		{"no such tie", row(func(r *Row) { r.Tie = Ties }), "no such tie"},
		{"a path of services", row(func(r *Row) { r.Cases[0].Callers, r.Cases[0].Paths = Service, Public }), "one way"},
		{"free parts of a single key", row(func(r *Row) { r.Parts = []string{"1"} }), "has none"},
	} {
		if _, err := New(c.rows, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := New(nil, []Rule{{Together, []string{"a"}}}); err == nil {
		t.Error("a rule of one key is taken")
	}
	var many []Rule
	for i := range maxTied/2 + 1 {
		many = append(many, Rule{Together, []string{fmt.Sprint("a", i), fmt.Sprint("b", i)}})
	}
	if _, err := New(nil, many); err == nil || !strings.Contains(err.Error(), "34 keys") {
		t.Errorf("too many keys in rules: %v", err)
	}
	if _, err := New(allRows()[1:], allRules()); err != nil {
		t.Errorf("without a row: %v", err)
	}
}

// TestGroups: which keys of a grant can be there together.
func TestGroups(t *testing.T) {
	found := false
	for _, g := range Default().Bundles() {
		i := slices.Index(g.Keys, "kms:GranteeServicePrincipal")
		if i < 0 {
			continue
		}
		found = true
		if len(g.Keys) != 5 || len(g.Presences) != 8 {
			t.Errorf("%d keys, %d presences, want 5 and 8: %v", len(g.Keys), len(g.Presences), g)
		}
		if g.Presences[0]>>i&1 != 0 {
			t.Error("the plainest grant is one to a service")
		}
	}
	if !found {
		t.Error("no group has the grantees")
	}
}

// TestRuleKeys: rules are about rows that there are, and each sentence fits.
func TestRuleKeys(t *testing.T) {
	for _, r := range allRules() {
		for _, name := range r.Keys {
			if k, ok := Default().Lookup(name); !ok || k.Row.Name != name {
				t.Errorf("a rule is about %s, which has no row", name)
			}
		}
	}
	for _, r := range allRows() {
		if r.Cases == nil && len(r.Say.Absent) == 0 {
			t.Errorf("%s: never there, and no sentence says so", r.Name)
		}
		for _, text := range []string{r.Say.Present, r.Say.Shared, r.Say.Network, r.Say.Negated} {
			if strings.Count(text, "%") > 1 || strings.Contains(text, "%") && !strings.Contains(text, "%s") {
				t.Errorf("%s: %q", r.Name, text)
			}
		}
	}
}
