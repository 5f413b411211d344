package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// TestRequest: each kind of caller has its own ARNs and ids, and the evaluator
// takes them for what they are.
func TestRequest(t *testing.T) {
	const account = "999988887777"
	for _, row := range []struct {
		kind string
		want evaluate.Request
	}{
		{"role", evaluate.Request{Principal: "arn:aws:iam::" + account + ":role/stranger", Session: "arn:aws:sts::" + account + ":assumed-role/stranger/stranger", UniqueID: "AROASTRANGER000000001"}},
		{"user", evaluate.Request{Principal: "arn:aws:iam::" + account + ":user/stranger", UniqueID: "AIDASTRANGER000000001"}},
		{"root", evaluate.Request{Principal: "arn:aws:iam::" + account + ":root"}},
		{"federated", evaluate.Request{Principal: "arn:aws:sts::" + account + ":federated-user/stranger", Session: "arn:aws:sts::" + account + ":federated-user/stranger", Parent: "arn:aws:iam::" + account + ":user/stranger"}},
		{"service", evaluate.Request{Service: "service.amazonaws.com"}},
	} {
		c := spaceOf(t, aboutKey(), allow(``))
		s := c.NewSearch(kindOf(t, c, row.kind), Reach{}, true)
		r := s.Request(s.first, s.Ask)
		if r.Principal != row.want.Principal || r.Session != row.want.Session || r.UniqueID != row.want.UniqueID || r.Parent != row.want.Parent || r.Service != row.want.Service {
			t.Errorf("%s: %+v, want %+v", row.kind, r, row.want)
		}
		if r.Action != "kms:Encrypt" || r.Resource != c.KeyARN || !r.Time.Equal(now()) {
			t.Errorf("%s: %s of %s at %v", row.kind, r.Action, r.Resource, r.Time)
		}
	}
}

// TestRequestContext: the request carries the keys that conditions name and the
// model gives values, in the documented spelling, and nothing else.
func TestRequestContext(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"StringEquals":{"AWS:principaltag/Team":"a","aws:SourceIdentity":"bob"},"Bool":{"aws:securetransport":"true"}`))
	s := c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
	m := s.first.Clone()
	m.Set(slotOf(t, c, "aws:PrincipalTag/Team"), "a")
	r := s.Request(m, s.Ask)
	if len(r.Context) != 2 || !slices.Equal(r.Context["aws:PrincipalTag/Team"], []string{"a"}) || !slices.Equal(r.Context["aws:SecureTransport"], []string{"true"}) {
		t.Errorf("context %v, want the tag and aws:SecureTransport", r.Context)
	}
}

// TestRequestOfGrant: a grant hands on what is asked about.
func TestRequestOfGrant(t *testing.T) {
	grant := kmsapi.Ask{Action: kmsapi.CreateGrant, Class: kmsapi.ClassUse}
	operations := kmsapi.Operations(kmsapi.ClassUse, kmsapi.SymmetricKey)
	for _, row := range []struct {
		name, conditions string
		want             bool
	}{
		{"no condition on the operations", ``, true},
		{"a condition that leaves them", `"ForAnyValue:StringEquals":{"kms:GrantOperations":["Decrypt","RetireGrant"]}`, true},
		{"a condition that leaves others", `"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","RetireGrant"]}`, false},
	} {
		c := spaceOf(t, aboutKey(), allow(row.conditions))
		s := c.NewSearch(c.NewKind(compile.RoleCaller, true, Direct, grant, c.Serving(grant)), Reach{}, true)
		m, _ := s.Find()
		if (m != nil) != row.want {
			t.Errorf("%s: found %v, want %v", row.name, m != nil, row.want)
		}
		if m == nil {
			continue
		}
		got := s.Request(m, s.Ask).Context["kms:GrantOperations"]
		if !slices.ContainsFunc(got, func(o string) bool { return slices.Contains(operations, o) }) {
			t.Errorf("%s: the grant carries %v, want one of %v", row.name, got, operations)
		}
		hold(t, row.name, s, m)
	}
}

// TestLets: an Allow lets a caller in whom its principals cover and its
// conditions admit.
func TestLets(t *testing.T) {
	const condition = `"StringEquals":{"aws:PrincipalTag/t":"a"}`
	for _, row := range []struct {
		name, statement, account, tag string
		want                          bool
	}{
		{"everybody", allow(``), friend, "", true},
		{"the account", to(allow(``), friend), friend, "", true},
		{"another account", to(allow(``), friend), "999988887777", "", false},
		{"the tag", allow(condition), friend, "a", true},
		{"another tag", allow(condition), friend, "b", false},
		{"no tag", allow(condition), friend, "", false},
		{"the tag of another account", to(allow(condition), friend), "999988887777", "a", false},
		{"all but the account", strings.Replace(to(allow(``), friend), `"Principal"`, `"NotPrincipal"`, 1), friend, "", false},
	} {
		c := spaceOf(t, aboutKey(), row.statement)
		s := c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
		m := s.first.Clone()
		m.Set(compile.SlotAccount, row.account)
		if row.tag != "" {
			m.Set(slotOf(t, c, "aws:PrincipalTag/t"), row.tag)
		}
		if got := s.Lets(&c.Statements[0], m); got != row.want {
			t.Errorf("%s: lets in %v, want %v", row.name, got, row.want)
		}
	}
}
