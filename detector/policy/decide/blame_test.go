package decide

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// refs makes references to statements.
func refs(indexes ...int) []StatementRef {
	var list []StatementRef
	for _, i := range indexes {
		list = append(list, StatementRef{i, fmt.Sprint("S", i)})
	}
	return list
}

func TestBlamed(t *testing.T) {
	encrypt := func(audience Verdict, indexes ...int) Grant {
		return Grant{Class: kmsapi.ClassEncrypt, Action: "kms:Encrypt", Audience: audience, Statements: refs(indexes...)}
	}
	revoke := Grant{Class: kmsapi.ClassOther, Action: "kms:RevokeGrant", Audience: Public, Statements: refs(5)}
	all := func(Grant) bool { return true }
	weighty := func(g Grant) bool { return g.Class != kmsapi.ClassOther }
	for _, tt := range []struct {
		name   string
		d      Decision
		counts func(Grant) bool
		want   string
	}{
		{"nobody", Decision{Verdict: Private}, all, ""},
		{"one", Decision{Verdict: Public, Grants: []Grant{encrypt(Public, 2)}}, all, "2"},
		{"each once", Decision{Verdict: Public, Grants: []Grant{encrypt(Public, 2, 1), encrypt(Network, 1, 0)}}, all, "2 1 0"},
		{"the worst first", Decision{Verdict: Public, Grants: []Grant{encrypt(Shared, 0), encrypt(Public, 3)}}, all, "3 0"},
		{"others", Decision{Verdict: Shared, Grants: []Grant{encrypt(Shared, 0)}, Others: []Grant{revoke}}, all, "5 0"},
		{"others do not count", Decision{Verdict: Shared, Grants: []Grant{encrypt(Shared, 0)}, Others: []Grant{revoke}}, weighty, "0"},
		{"one of a group counts", Decision{Verdict: Public, Grants: []Grant{encrypt(Public, 5)}, Others: []Grant{revoke}}, weighty, "5"},
		{"undecided", Decision{Verdict: Undecided, Grants: []Grant{encrypt(Shared, 0)}, Undecided: []Doubt{{Statement: refs(4)[0]}, {Statement: refs(-1)[0]}}}, all, "4 -1 0"},
		{"decided, a class open", Decision{Verdict: Public, Grants: []Grant{encrypt(Public, 0)}, Undecided: []Doubt{{Statement: refs(4)[0]}, {Statement: refs(0)[0]}}}, all, "0 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, ref := range tt.d.Blamed(tt.counts) {
				got = append(got, fmt.Sprint(ref.Index))
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("blames %q, want %q", text, tt.want)
			}
		})
	}
}

func TestGroupGrants(t *testing.T) {
	grant := func(action string, audience Verdict, named string, indexes ...int) Grant {
		return Grant{Action: action, Audience: audience, Named: strings.Fields(named), Statements: refs(indexes...)}
	}
	for _, tt := range []struct {
		name   string
		grants []Grant
		want   string
	}{
		{"none", nil, ""},
		{"alike", []Grant{grant("A", Public, "", 0), grant("B", Public, "", 0)}, "A B"},
		{"other statements", []Grant{grant("A", Public, "", 0), grant("B", Public, "", 1), grant("C", Public, "", 0)}, "A C, B"},
		{"other audience", []Grant{grant("A", Shared, "", 0), grant("B", Public, "", 0)}, "B, A"},
		{"other names", []Grant{grant("A", Shared, "x", 0), grant("B", Shared, "y", 0), grant("C", Shared, "x", 0)}, "A C, B"},
		{"worst first, else in order", []Grant{grant("A", Shared, "", 0), grant("B", Network, "", 1), grant("C", Network, "", 2)}, "B, C, A"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var groups []string
			for _, group := range GroupGrants(tt.grants) {
				var actions []string
				for _, g := range group {
					actions = append(actions, g.Action)
				}
				groups = append(groups, strings.Join(actions, " "))
			}
			if text := strings.Join(groups, ", "); text != tt.want {
				t.Errorf("groups %q, want %q", text, tt.want)
			}
		})
	}
}
