package search

import (
	"slices"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// TestGroupOf: keys whose values hang together are of one group in the kinds of
// requests where they do, and a key that stands alone is its own.
func TestGroupOf(t *testing.T) {
	conditions := `"Null":{"aws:username":"true","aws:PrincipalTag/t":"true","aws:MultiFactorAuthAge":"true","codebuild:BuildArn":"true","codebuild:ProjectArn":"true","aws:SourceVpc":"true","kms:EncryptionContext:a":"true"}`
	c := spaceOf(t, aboutKey(), allow(conditions))
	slot := func(key string) int { return slotOf(t, c, key) }
	for _, row := range []struct {
		name, kind string
		a, b       int
		together   bool
	}{
		{"an account and the ARN of its caller", "role", compile.SlotAccount, compile.SlotARN, true},
		{"an account and a user id", "role", compile.SlotAccount, compile.SlotUserID, false},
		{"the root user's account and id", "root", compile.SlotAccount, compile.SlotUserID, true},
		{"a federated session's account and id", "federated", compile.SlotAccount, compile.SlotUserID, true},
		{"a user id and the name of the session", "role", compile.SlotUserID, compile.SlotSession, true},
		{"an ARN and the name of a user", "user", compile.SlotARN, slot("aws:username"), true},
		{"an organization and its path", "role", compile.SlotOrgID, compile.SlotOrgPaths, true},
		{"an organization and an account", "role", compile.SlotOrgID, compile.SlotAccount, false},
		{"a build and its project", "role", slot("codebuild:BuildArn"), slot("codebuild:ProjectArn"), true},
		{"those of a user, who has none", "user", slot("codebuild:BuildArn"), slot("codebuild:ProjectArn"), false},
		{"those that a service may hand on, for sure", "role via", slot("codebuild:BuildArn"), slot("codebuild:ProjectArn"), false},
		{"a tag and anything else", "role", slot("aws:PrincipalTag/t"), slot("aws:SourceVpc"), false},
	} {
		s := c.NewSearch(kindOf(t, c, row.kind), Reach{}, true)
		if got := s.groupOf(row.a) == s.groupOf(row.b); got != row.together {
			t.Errorf("%s: together %v, want %v", row.name, got, row.together)
		}
	}
	s := c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
	if got, want := s.groupOf(slot("aws:PrincipalTag/t")), group(slot("aws:PrincipalTag/t")); got != want {
		t.Errorf("the group of a tag is %d, want its own, %d", got, want)
	}
}

// TestPrefer: a well-known value comes before one that is made up.
func TestPrefer(t *testing.T) {
	for _, row := range []struct{ name, conditions, want string }{
		{"any service", `"StringLike":{"kms:ViaService":"*"}`, "ssm.us-east-1.amazonaws.com"},
		{"a service that AWS names", `"StringLike":{"kms:ViaService":"dynamodb.*"}`, "dynamodb.us-east-1.amazonaws.com"},
		{"a service that the policy names", `"StringEquals":{"kms:ViaService":"nobody.us-east-1.amazonaws.com"}`, "nobody.us-east-1.amazonaws.com"},
		{"a service that neither names", `"StringLike":{"kms:ViaService":"nobody*.us-east-1.amazonaws.com"}`, "none"},
	} {
		c := spaceOf(t, aboutKey(), allow(row.conditions))
		s := c.NewSearch(kindOf(t, c, "role via"), Reach{}, true)
		got := "none"
		if m, _ := s.Find(); m != nil {
			got = valueOf(m, slotOf(t, c, "kms:ViaService"))
		}
		if got != row.want || s.Incomplete {
			t.Errorf("%s: %s, incomplete %v, want %s", row.name, got, s.Incomplete, row.want)
		}
	}
}

// TestSettled: variables that have one value in all requests of a kind leave
// nothing to try.
func TestSettled(t *testing.T) {
	for _, row := range []struct {
		variable, kind string
		want           bool
	}{
		{"aws:SecureTransport", "role", true},
		{"aws:PrincipalType", "role", true},
		{"aws:SourceVpce", "role", true}, // is in no direct request
		{"aws:SourceVpce", "role endpoint", false},
		{"aws:username", "role", true},
		{"aws:username", "user", false},
		{"aws:PrincipalAccount", "role", false},
		{"aws:PrincipalTag/u", "role", false},
	} {
		c, lits := literalsOn(t, `"StringEquals":{"aws:PrincipalTag/t":["a","${`+row.variable+`}"]}`)
		s := c.NewSearch(kindOf(t, c, row.kind), Reach{}, true)
		if got := s.settled(lits); got != row.want {
			t.Errorf("%s of a %s request: settled %v, want %v", row.variable, row.kind, got, row.want)
		}
	}
}

// TestDropOwner: an equation with the key owner's account or organization is left
// out where no caller of this search meets it.
func TestDropOwner(t *testing.T) {
	const account, org = `"aws:PrincipalAccount":["444455556666","${aws:ResourceAccount}"]`, `"aws:PrincipalOrgID":["o-other00001","${aws:ResourceOrgID}"]`
	for _, row := range []struct {
		name, conditions string
		reach            Reach
		insiders         bool
		left             int // patterns
	}{
		{"the account of an outsider", `"StringEquals":{` + account + `}`, outsiders(), false, 1},
		{"the account of a stranger", `"StringEquals":{` + account + `}`, strangers(), false, 1},
		{"the account of an insider", `"StringEquals":{` + account + `}`, outsiders(), true, 2},
		{"no such account", `"StringNotEquals":{` + account + `}`, outsiders(), false, 2},
		{"the organization of an outsider", `"StringEquals":{` + org + `}`, outsiders(), false, 2},
		{"the organization of a stranger", `"StringEquals":{` + org + `}`, strangers(), false, 1},
		{"a text with the account", `"StringEquals":{"aws:PrincipalAccount":["444455556666","x${aws:ResourceAccount}"]}`, outsiders(), false, 2},
	} {
		about := aboutKey()
		about.Insiders = row.insiders
		c := spaceOf(t, about, allow(row.conditions))
		s := c.NewSearch(kindOf(t, c, "role"), row.reach, true)
		l := c.Statements[0].Clauses[0].Sure
		before := len(l.Set.Patterns)
		if got := s.dropOwner([]compile.Literal{l})[0]; len(got.Set.Patterns) != row.left {
			t.Errorf("%s: %d patterns are left, want %d", row.name, len(got.Set.Patterns), row.left)
		}
		if len(l.Set.Patterns) != before {
			t.Errorf("%s: the literal itself has changed", row.name)
		}
	}
	c := spaceOf(t, aboutKey(), allow(`"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}`))
	s := c.NewSearch(kindOf(t, c, "role"), outsiders(), true)
	if got := s.dropOwner([]compile.Literal{c.Statements[0].Clauses[0].Sure})[0]; got.Mode != compile.None {
		t.Errorf("an equation that nobody meets has the mode %v, want none", got.Mode)
	}
}

// TestClear: all keys of a group become absent, and no others.
func TestClear(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"Null":{"aws:SourceVpc":"true","aws:SourceVpcArn":"true","aws:VpceOrgID":"true","aws:PrincipalTag/t":"true"}`))
	s := c.NewSearch(kindOf(t, c, "role endpoint"), Reach{}, true)
	for _, row := range []struct {
		name    string
		g       group
		cleared []int
	}{
		{"organization", gOrg, []int{compile.SlotOrgID, compile.SlotOrgPaths}},
		{"VPC", gVpc, []int{slotOf(t, c, "aws:SourceVpc"), slotOf(t, c, "aws:SourceVpcArn")}},
		{"organization of the endpoint", gVpceOrg, []int{slotOf(t, c, "aws:VpceOrgID")}},
		{"a key of its own", group(slotOf(t, c, "aws:PrincipalTag/t")), nil},
	} {
		m := &compile.Model{Values: make([][]compile.Value, len(c.Slots)), Budget: c.Budget}
		for i := range m.Values {
			m.Set(i, "x")
		}
		s.clear(row.g, m)
		for i := range m.Values {
			if got, want := m.Values[i] == nil, slices.Contains(row.cleared, i); got != want {
				t.Errorf("%s: %q is cleared: %v, want %v", row.name, c.Slots[i].Name, got, want)
			}
		}
	}
}

// TestIsText: a sure search counts on no text of a key that AWS leaves open.
func TestIsText(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"Null":{"lambda:SourceFunctionArn":"true","aws:SecureTransport":"true","oidc.example.com:amr":"true"}`))
	for _, row := range []struct {
		name, key, kind string
		sure, want      bool
	}{
		{"a text", "lambda:SourceFunctionArn", "role", true, true},
		{"a text that may be missing, for sure", "lambda:SourceFunctionArn", "role via", true, false},
		{"a text that may be missing, perhaps", "lambda:SourceFunctionArn", "role via", false, true},
		{"a choice", "aws:SecureTransport", "role", true, false},
		{"a set", "oidc.example.com:amr", "role", false, false},
	} {
		s := c.NewSearch(kindOf(t, c, row.kind), Reach{}, row.sure)
		if got := s.isText(slotOf(t, c, row.key)); got != row.want {
			t.Errorf("%s: text %v, want %v", row.name, got, row.want)
		}
	}
}
