package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// kindsOf lists the callers, paths and credentials of kinds, each once, sorted.
func kindsOf(kinds []*RequestKind) (callers, paths, credentials string) {
	var lists [3][]string
	for _, k := range kinds {
		word := "long-term"
		if k.Temporary {
			word = "temporary"
		}
		for i, w := range []string{callerWords()[k.Caller], pathWords()[k.Path], word} {
			if !slices.Contains(lists[i], w) {
				lists[i] = append(lists[i], w)
			}
		}
	}
	for i := range lists {
		slices.Sort(lists[i])
	}
	return strings.Join(lists[0], " "), strings.Join(lists[1], " "), strings.Join(lists[2], " ")
}

// TestRequestKinds: a policy tells apart the kinds of requests that its
// principals and conditions can turn on, and no others.
func TestRequestKinds(t *testing.T) {
	const all, session = "federated role root user", "long-term temporary"
	for _, row := range []struct {
		name                        string
		statements                  []string
		callers, paths, credentials string
	}{
		{"everybody", []string{allow(``)}, "role", "direct", "temporary"},
		{"an account", []string{to(allow(``), friend)}, "role", "direct", "temporary"},
		{"a user", []string{to(allow(``), "arn:aws:iam::444455556666:user/bob")}, all, "direct", session},
		{"the owner alone", []string{to(allow(``), owner)}, "", "", ""},
		{"a service alone", []string{`{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"*","Resource":"*"}`}, "", "", ""},
		{"another action", []string{`{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`}, "", "", ""},
		{"a Deny alone", []string{deny(``)}, "", "", ""},
		{"a key that all callers may have", []string{allow(`"Bool":{"aws:SecureTransport":"true"}`)}, "role", "direct", "temporary"},
		{"a key of the caller", []string{allow(`"StringEquals":{"aws:PrincipalType":"User"}`)}, all, "direct", session},
		{"a key of the path", []string{allow(`"StringEquals":{"aws:SourceVpce":"vpce-0123456789abcdef0"}`)}, "role", "direct endpoint via", "temporary"},
		{"a key of the path, in a Deny", []string{allow(``), deny(`"Bool":{"aws:ViaAWSService":"true"}`)}, "role", "direct endpoint via", "temporary"},
		{"a key that MCP servers bring", []string{allow(`"Bool":{"aws:ViaAWSMCPService":"true"}`)}, "role", "direct endpoint mcp via", "temporary"},
		{"a key in a variable alone", []string{allow(`"StringEquals":{"aws:PrincipalTag/t":"${aws:SourceVpce}"}`)}, all, "direct endpoint via", session},
		{"a key of temporary credentials", []string{allow(`"Bool":{"aws:MultiFactorAuthPresent":"true"}`)}, all, "direct endpoint via", session},
		{"a key, in a statement of another action", []string{allow(``), `{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"Bool":{"aws:ViaAWSService":"true"}}}`}, "role", "direct", "temporary"},
	} {
		kinds := spaceOf(t, aboutKey(), row.statements...).RequestKinds(encrypt())
		callers, paths, credentials := kindsOf(kinds)
		if callers != row.callers || paths != row.paths || credentials != row.credentials {
			t.Errorf("%s: callers %q, paths %q, credentials %q, want %q, %q, %q", row.name, callers, paths, credentials, row.callers, row.paths, row.credentials)
		}
		for i, k := range kinds {
			if !k.Temporary && (k.Caller == compile.RoleCaller || k.Caller == compile.FedCaller) {
				t.Errorf("%s: a session has long-term credentials", row.name)
			}
			if i == 0 && (k.Caller != compile.RoleCaller || k.Path != Direct) {
				t.Errorf("%s: the plainest witness is not a role's direct request", row.name)
			}
		}
	}
}

// The owner's callers are of all kinds: whose they are the text alone does not say.
func TestRequestKindsOfInsiders(t *testing.T) {
	about := aboutKey()
	about.Insiders = true
	callers, _, _ := kindsOf(spaceOf(t, about, to(allow(``), owner)).RequestKinds(encrypt()))
	if callers != "federated role root user" {
		t.Errorf("callers %q, want all", callers)
	}
}

// TestKeySets: kinds of keys are told apart where a request for one of them
// carries what one for another does not.
func TestKeySets(t *testing.T) {
	unknown := aboutKey()
	unknown.Key = kmsapi.KeyFacts{}
	const context, algorithm = `"StringEquals":{"kms:EncryptionContext:a":"x"}`, `"StringLike":{"kms:EncryptionAlgorithm":"*"}`
	for _, row := range []struct {
		name, conditions string
		about            compile.About
		want             []kmsapi.KeySet
	}{
		{"nothing asked", ``, unknown, []kmsapi.KeySet{kmsapi.SymmetricKey | kmsapi.AsymmetricKey}},
		{"a context", context, unknown, []kmsapi.KeySet{kmsapi.SymmetricKey | kmsapi.AsymmetricKey}},
		{"a context and an algorithm", context + `,` + algorithm, unknown, []kmsapi.KeySet{kmsapi.SymmetricKey, kmsapi.AsymmetricKey}},
		{"a context and an algorithm, of a key that is known", context + `,` + algorithm, aboutKey(), []kmsapi.KeySet{kmsapi.SymmetricKey}},
	} {
		if got := spaceOf(t, row.about, allow(row.conditions)).keySets(encrypt()); !slices.Equal(got, row.want) {
			t.Errorf("%s: kinds of keys %b, want %b", row.name, got, row.want)
		}
	}
}

// TestStart: the plainest request of each kind of caller is that of one
// stranger: all of the caller's keys agree.
func TestStart(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"StringEquals":{"aws:username":"bob"}`))
	for _, row := range []struct {
		kind                              string
		account, arn, userID, parent, who string // who is aws:username
	}{
		{"role", "999988887777", "arn:aws:iam::999988887777:role/stranger", "AROASTRANGER000000001:stranger", "absent", "absent"},
		{"user", "999988887777", "arn:aws:iam::999988887777:user/stranger", "AIDASTRANGER000000001", "absent", "stranger"},
		{"root", "999988887777", "arn:aws:iam::999988887777:root", "999988887777", "absent", "absent"},
		{"federated", "999988887777", "arn:aws:sts::999988887777:federated-user/stranger", "999988887777:stranger", "arn:aws:iam::999988887777:user/stranger", "absent"},
		{"service", "absent", "absent", "absent", "absent", "absent"},
	} {
		k := kindOf(t, c, row.kind)
		k.prepare()
		for slot, want := range map[int]string{
			compile.SlotAccount: row.account, compile.SlotARN: row.arn, compile.SlotUserID: row.userID,
			compile.SlotParent: row.parent, slotOf(t, c, "aws:username"): row.who,
		} {
			if got := valueOf(k.start, slot); got != want {
				t.Errorf("%s: %s is %s, want %s", row.kind, c.Slots[slot].Name, got, want)
			}
		}
	}
}

// TestStrangeAccount: a stranger's account is nobody's who is concerned.
func TestStrangeAccount(t *testing.T) {
	for _, row := range []struct {
		name, owner, trusted, named string
		want                        string
	}{
		{"nobody has it", owner, "", "", "999988887777"},
		{"the owner has it", "999988887777", "", "", "888888887777"},
		{"somebody trusted has it", owner, "999988887777", "", "888888887777"},
		{"the policy names it", owner, "", "999988887777", "888888887777"},
		{"three have three", "999988887777", "888888887777", "777788887777", "666688887777"},
	} {
		about := aboutKey()
		about.Account, about.TrustedAccounts = row.owner, strings.Fields(row.trusted)
		conditions := ``
		if row.named != "" {
			conditions = `"StringEquals":{"aws:PrincipalAccount":"` + row.named + `"}`
		}
		if got := spaceOf(t, about, allow(conditions)).strangeAccount(); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}
