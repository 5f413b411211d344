package search

import (
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
)

// TestFind: a search finds a request that gets in, or says that there is none,
// or that it has given up. What it finds the evaluator confirms.
func TestFind(t *testing.T) {
	const found, none, gaveUp = "found", "none", "gave up"
	for _, row := range []struct {
		name, kind string
		statements []string
		sure, may  string // of a search that is sure and of one that is not
	}{
		{"everybody", "", []string{allow(``)}, found, found},
		{"another account", "", []string{to(allow(``), friend)}, found, found},
		{"the owner's account", "", []string{to(allow(``), owner)}, none, none},
		{"another action", "", []string{`{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`}, none, none},
		{"a user, of whom a role's session is none", "", []string{to(allow(``), "arn:aws:iam::444455556666:user/bob")}, none, none},
		{"a user", "user", []string{to(allow(``), "arn:aws:iam::444455556666:user/bob")}, found, found},
		{"a Deny of everybody", "", []string{allow(``), deny(``)}, none, none},
		{"a Deny of somebody else", "", []string{allow(``), to(deny(``), friend)}, found, found},
		{"an Allow and a Deny of the same tag", "", []string{allow(`"StringEquals":{"aws:PrincipalTag/t":"a"}`), deny(`"StringEquals":{"aws:PrincipalTag/t":"a"}`)}, none, none},
		{"an Allow of more tags than a Deny", "", []string{allow(`"StringLike":{"aws:PrincipalTag/t":"a*"}`), deny(`"StringEquals":{"aws:PrincipalTag/t":"a"}`)}, found, found},
		{"three Denies, each with one way out", "", []string{
			allow(`"StringLike":{"aws:PrincipalTag/t":"a*"}`), deny(`"StringLike":{"aws:PrincipalTag/t":"*b"}`),
			deny(`"Null":{"aws:SourceIdentity":"true"}`), deny(`"StringNotLike":{"aws:SourceIdentity":"c*"}`),
		}, found, found},
		{"two ways out of a Deny, of which the second is open", "", []string{
			allow(`"StringEquals":{"aws:PrincipalTag/t":"a"}`), deny(`"StringEquals":{"aws:PrincipalTag/t":"a"},"Null":{"aws:SourceIdentity":"true"}`),
		}, found, found},
		{"two tags that are equal", "", []string{allow(`"StringEquals":{"aws:PrincipalTag/t":"${aws:PrincipalTag/u}","aws:PrincipalTag/u":"b"}`)}, found, found},
		{"two tags that are equal, and are not", "", []string{allow(`"StringEquals":{"aws:PrincipalTag/t":["${aws:PrincipalTag/u}"],"aws:PrincipalTag/u":"b"},"StringNotEquals":{"aws:PrincipalTag/t":"b"}`)}, none, none},
		{"two tags that are each other's", "", []string{allow(`"StringEquals":{"aws:PrincipalTag/t":"x${aws:PrincipalTag/u}","aws:PrincipalTag/u":"${aws:PrincipalTag/t}"}`)}, gaveUp, gaveUp},
		{"a service that AWS names", "via", []string{allow(`"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}`)}, found, found},
		{"a service of another Region", "via", []string{allow(`"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}`)}, none, none},
		{"a service in a direct request", "direct", []string{allow(`"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}`)}, none, none},
		{"a key that AWS does not say is there", "via", []string{allow(`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`)}, none, found},
		{"an operator in a letter case that AWS does not have", "", []string{allow(`"stringequals":{"aws:PrincipalTag/t":"a"}`)}, none, found},
	} {
		c := spaceOf(t, aboutKey(), row.statements...)
		for _, sure := range []bool{true, false} {
			want := row.may
			if sure {
				want = row.sure
			}
			s := c.NewSearch(kindOf(t, c, row.kind), Reach{}, sure)
			m, by := s.Find()
			got := none
			switch {
			case m != nil:
				got = found
				hold(t, row.name, s, m)
				if by == nil || !s.Lets(by, m) && sure {
					t.Errorf("%s: the request is found by a statement that does not let it in", row.name)
				}
			case s.Incomplete:
				got = gaveUp
			}
			if got != want {
				t.Errorf("%s, sure %v: %s, want %s", row.name, sure, got, want)
			}
		}
	}
}

// TestAttempt: an attempt that has given up is proven to be in vain where even
// free variables would not help.
func TestAttempt(t *testing.T) {
	const twice = `"StringEquals":{"aws:PrincipalTag/t":"x${aws:PrincipalTag/u}","aws:PrincipalTag/u":"${aws:PrincipalTag/t}"}`
	for _, row := range []struct {
		name, conditions string
		found, proven    bool
	}{
		{"a request", `"StringEquals":{"aws:PrincipalTag/t":"a"}`, true, true},
		{"none", `"StringEquals":{"aws:SecureTransport":"false"}`, false, true},
		{"variables that nothing meets, which the search cannot see", twice, false, false},
		{"such variables, next to a condition that nobody meets", twice + `,"StringLike":{"aws:PrincipalTag/u":["b?"]},"StringNotLike":{"aws:PrincipalTag/u":["b*"]}`, false, true},
	} {
		c := spaceOf(t, aboutKey(), allow(row.conditions))
		s := c.NewSearch(kindOf(t, c, "role"), Reach{FreshWho: true, FreshWhere: true}, true)
		var open ipset.Set
		a := s.Allows[0]
		m, proven := s.Attempt(a, a.AllowWays(s.Caller, c.Budget)[0], &open)
		if (m != nil) != row.found || proven != row.proven {
			t.Errorf("%s: found %v, proven %v, want %v, %v", row.name, m != nil, proven, row.found, row.proven)
		}
	}
}

// A budget that has run out finds nothing and proves nothing.
func TestFindWithin(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"StringLike":{"aws:PrincipalTag/t":"*a*b*c*"}`), deny(`"StringLike":{"aws:PrincipalTag/t":"*c*b*a*"}`))
	found := 0
	for steps := 1; steps < 1<<20; steps *= 2 {
		var m *compile.Model
		var s *Search
		enough := c.Budget.Within(steps, func() {
			s = c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
			m, _ = s.Find()
		})
		if m != nil {
			found++
			hold(t, "", s, m)
		} else if enough {
			t.Errorf("with %d steps, which are enough, nothing is found", steps)
		}
	}
	if found == 0 || found == 20 {
		t.Errorf("found with %d of 20 budgets", found)
	}
}

// TestAdmits: a statement admits an outsider who meets literals when some way
// into it does.
func TestAdmits(t *testing.T) {
	c := spaceOf(t, aboutKey(), to(allow(``), friend, "arn:aws:iam::555566667777:role/ci"), deny(`"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/shut"}`))
	s := c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
	for _, row := range []struct {
		name string
		lits []compile.Literal
		want bool
	}{
		{"anybody", nil, true},
		{"the named account", []compile.Literal{compile.Equals(compile.SlotAccount, friend)}, true},
		{"another account", []compile.Literal{compile.Equals(compile.SlotAccount, "999988887777")}, false},
		{"the named role", []compile.Literal{compile.Equals(compile.SlotARN, "arn:aws:iam::555566667777:role/ci")}, true},
		{"another role of its account", []compile.Literal{compile.Equals(compile.SlotARN, "arn:aws:iam::555566667777:role/other")}, false},
		{"a role of the named account", []compile.Literal{compile.Equals(compile.SlotARN, "arn:aws:iam::444455556666:role/other")}, true},
		{"the role that is denied", []compile.Literal{compile.Equals(compile.SlotARN, "arn:aws:iam::444455556666:role/shut")}, false},
		{"neither account", []compile.Literal{compile.Equals(compile.SlotAccount, friend, "555566667777").Not()}, false},
	} {
		if got := s.Admits(row.lits); got != row.want {
			t.Errorf("%s: admitted %v, want %v", row.name, got, row.want)
		}
	}
}

// TestClash: a way and literals clash only where no text meets both.
func TestClash(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(``))
	s := c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
	name := func(texts ...string) compile.Literal { return compile.Equals(compile.SlotName, texts...) }
	for _, row := range []struct {
		name      string
		way, lits []compile.Literal
		want      bool
	}{
		{"nothing asked", nil, []compile.Literal{name("a")}, false},
		{"the same text", []compile.Literal{name("a")}, []compile.Literal{name("a")}, false},
		{"another text", []compile.Literal{name("a")}, []compile.Literal{name("b")}, true},
		{"one of them", []compile.Literal{name("a", "b")}, []compile.Literal{name("b", "c")}, false},
		{"none of them", []compile.Literal{name("a", "b")}, []compile.Literal{name("c", "d", "e")}, true},
		{"all but the text", []compile.Literal{name("a")}, []compile.Literal{name("a").Not()}, true},
		{"all but another text", []compile.Literal{name("a")}, []compile.Literal{name("b").Not()}, false},
		{"another key", []compile.Literal{name("a")}, []compile.Literal{compile.Equals(compile.SlotAccount, friend)}, false},
	} {
		if got := s.clash(row.way, row.lits); got != row.want {
			t.Errorf("%s: clash %v, want %v", row.name, got, row.want)
		}
	}
}

// TestHolds: in a sure search a condition on a key of which AWS does not say
// whether the request carries it holds only where it does so in any case.
func TestHolds(t *testing.T) {
	for _, row := range []struct {
		name, conditions string
		want             bool
	}{
		{"it must be there", `"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}`, false},
		{"it must be there, whatever it holds", `"Null":{"aws:SourceIp":"false"}`, false},
		{"it must be missing", `"Null":{"aws:SourceIp":"true"}`, false},
		{"it may be any address", `"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}`, true},
		{"it may be most addresses", `"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, true},
		{"it may be few addresses", `"IpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}`, false},
		{"its text may not be that of an address", `"StringNotEquals":{"aws:SourceIp":"203.0.113.1"}`, false},
		{"it may be the only value", `"BoolIfExists":{"aws:ViaAWSMCPService":"false"}`, true},
		{"it may not be the only value", `"BoolIfExists":{"aws:ViaAWSMCPService":"true"}`, false},
	} {
		c := spaceOf(t, aboutKey(), allow(row.conditions))
		s := c.NewSearch(kindOf(t, c, "role via"), Reach{}, true)
		if got := s.Holds(&s.Allows[0].Clauses[0].Sure, s.first); got != row.want {
			t.Errorf("%s: holds %v, want %v", row.name, got, row.want)
		}
	}
}

// TestTied: a value that carries the caller's account is tied to it.
func TestTied(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"StringEquals":{"lambda:SourceFunctionArn":"arn:aws:lambda:us-east-1:444455556666:function:f","aws:PrincipalTag/t":"arn:aws:lambda:us-east-1:444455556666:function:f"}`))
	s := c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
	function, tag := slotOf(t, c, "lambda:SourceFunctionArn"), slotOf(t, c, "aws:PrincipalTag/t")
	for _, row := range []struct {
		name, account string
		slot          int
		want          bool
	}{
		{"a function of the caller's account", friend, function, true},
		{"a function of another account", "999988887777", function, false},
		{"a tag, whatever it says", "999988887777", tag, true},
	} {
		m := s.first.Clone()
		m.Set(compile.SlotAccount, row.account)
		m.Set(row.slot, "arn:aws:lambda:us-east-1:444455556666:function:f")
		if got := s.tied(row.slot, m); got != row.want {
			t.Errorf("%s: tied %v, want %v", row.name, got, row.want)
		}
	}
	m, _ := s.Find()
	if m == nil || m.Text(compile.SlotAccount) != friend {
		t.Errorf("the caller is %v, want one of the function's account", m)
	}
}
