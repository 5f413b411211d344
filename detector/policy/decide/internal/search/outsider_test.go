package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// The reaches, by what they are looked for with.
func outsiders() Reach { return Reach{} }                                 // anybody else, be it named
func strangers() Reach { return Reach{FreshWho: true} }                   // nobody that the policy names
func anywhere() Reach  { return Reach{FreshWho: true, FreshWhere: true} } // ... and from no network that it names

// TestReach: who is an outsider, who is a stranger, and who is one anywhere.
func TestReach(t *testing.T) {
	for _, row := range []struct {
		name, kind, statement           string
		outsiders, strangers, anywheres bool
	}{
		{"everybody", "role", allow(``), true, true, true},
		{"a named account", "role", to(allow(``), friend), true, false, false},
		{"a trusted account", "role", to(allow(``), "222233334444"), false, false, false},
		{"a named account, by a condition", "role", allow(`"StringEquals":{"aws:PrincipalAccount":"` + friend + `"}`), true, false, false},
		{"all but a named account", "role", allow(`"StringNotEquals":{"aws:PrincipalAccount":"` + friend + `"}`), true, true, true},
		{"accounts that begin like it", "role", allow(`"StringLike":{"aws:PrincipalAccount":"4444*"}`), true, true, true},
		{"an account within an ARN", "role", allow(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::` + friend + `:role/*"}`), true, false, false},
		{"a named organization", "role", allow(`"StringEquals":{"aws:PrincipalOrgID":"o-other00001"}`), true, false, false},
		{"the owner's organization", "role", allow(`"StringEquals":{"aws:PrincipalOrgID":"o-mycorp0001"}`), true, false, false},
		{"a trusted organization", "role", allow(`"StringEquals":{"aws:PrincipalOrgID":"o-trusted001"}`), false, false, false},
		{"a path of the named organization", "role", allow(`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-other00001/*"}`), true, false, false},
		{"any organization", "role", allow(`"Null":{"aws:PrincipalOrgID":"false"}`), true, true, true},
		{"a role by its unique id", "role", allow(`"StringLike":{"aws:userid":"AROAEXAMPLE000000001:*"}`), true, false, false},
		{"a named VPC endpoint", "role endpoint", allow(`"StringEquals":{"aws:SourceVpce":"vpce-0a1b2c3d4e5f60718"}`), true, true, false},
		{"any VPC endpoint", "role endpoint", allow(`"StringLike":{"aws:SourceVpce":"vpce-*"}`), true, true, true},
		{"a VPC in a named account", "role endpoint", allow(`"ArnLike":{"aws:SourceVpcArn":"arn:aws:ec2:*:` + friend + `:vpc/*"}`), true, true, false},
		{"an endpoint of the owner's account", "role endpoint", allow(`"StringEquals":{"aws:VpceAccount":"` + owner + `"}`), true, true, false},
		{"an endpoint of a named organization", "role endpoint", allow(`"StringEquals":{"aws:VpceOrgID":"o-other00001"}`), true, true, false},
		{"an endpoint in a named organization's path", "role endpoint", allow(`"ForAnyValue:StringLike":{"aws:VpceOrgPaths":"o-other00001/*"}`), true, true, false},
		{"a named enclave", "role", allow(`"StringEqualsIgnoreCase":{"kms:RecipientAttestation:ImageSha384":"` + strings.Repeat("ab", 48) + `"}`), false, false, false}, // kms:Encrypt has none
	} {
		about := aboutKey()
		about.TrustedAccounts = []string{"222233334444"}
		c := spaceOf(t, about, row.statement)
		c.trustedOrgs = []string{"o-trusted001"}
		for _, x := range []struct {
			name  string
			reach Reach
			want  bool
		}{{"outsiders", outsiders(), row.outsiders}, {"strangers", strangers(), row.strangers}, {"strangers anywhere", anywhere(), row.anywheres}} {
			s := c.NewSearch(kindOf(t, c, row.kind), x.reach, true)
			m, _ := s.Find()
			if (m != nil) != x.want || s.Incomplete {
				t.Errorf("%s: %s get in: %v, incomplete %v, want %v", row.name, x.name, m != nil, s.Incomplete, x.want)
			}
			if m == nil {
				continue
			}
			hold(t, row.name, s, m)
			if account := m.Text(compile.SlotAccount); account == owner || account == "222233334444" || x.reach.FreshWho && slices.Contains(c.Named.Accounts, account) {
				t.Errorf("%s: %s are of account %s", row.name, x.name, account)
			}
		}
	}
}

// TestOwnersOrg: an organization that is not known is still not a stranger's.
func TestOwnersOrg(t *testing.T) {
	about := aboutKey()
	about.Key.Org = ""
	for _, row := range []struct {
		name, conditions string
		reach            Reach
		want             string // what comes of the search
	}{
		{"the organization of the owner, of an outsider", `"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}`, outsiders(), "found"},
		{"the organization of the owner, of a stranger", `"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}`, strangers(), "none"},
		{"the other side of the equation", `"StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}`, strangers(), "none"},
		{"its path", `"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"${aws:ResourceOrgID}/*"}`, strangers(), "none"},
		{"the text of its id, from side to side", `"StringLike":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}*"},"StringNotLike":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}?*"}`, strangers(), "gave up"},
		{"another organization than the owner's", `"StringNotEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}`, strangers(), "found"},
		{"an organization that a default names", `"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID, 'o-other00001'}"}`, strangers(), "none"},
		{"the account of the owner", `"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}`, outsiders(), "none"},
	} {
		c := spaceOf(t, about, allow(row.conditions))
		s := c.NewSearch(kindOf(t, c, "role"), row.reach, true)
		if got := outcome(s); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestInsider: the owner's callers are of the owner's account and organization,
// no service-linked roles, and for sure of no network that the policy names.
func TestInsider(t *testing.T) {
	about := aboutKey()
	about.Insiders = true
	for _, row := range []struct {
		name, kind, statement string
		reach                 Reach
		want                  bool
	}{
		{"the account", "role", to(allow(``), owner), outsiders(), true},
		{"another account", "role", to(allow(``), friend), outsiders(), false},
		{"a role of the account", "role", to(allow(``), "arn:aws:iam::111122223333:role/admin"), outsiders(), true},
		{"a service-linked role", "role", to(allow(``), "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"), outsiders(), false},
		{"the owner's organization", "role", allow(`"StringEquals":{"aws:PrincipalOrgID":"o-mycorp0001"}`), outsiders(), true},
		{"another organization", "role", allow(`"StringEquals":{"aws:PrincipalOrgID":"o-other00001"}`), outsiders(), false},
		{"a named VPC endpoint, perhaps", "role endpoint", allow(`"StringEquals":{"aws:SourceVpce":"vpce-0a1b2c3d4e5f60718"}`), outsiders(), true},
		{"a named VPC endpoint, for sure", "role endpoint", allow(`"StringEquals":{"aws:SourceVpce":"vpce-0a1b2c3d4e5f60718"}`), anywhere(), false},
		{"an endpoint of the owner's account, for sure", "role endpoint", allow(`"StringEquals":{"aws:VpceAccount":"` + owner + `"}`), anywhere(), true},
		{"an endpoint of another account, for sure", "role endpoint", allow(`"StringEquals":{"aws:VpceAccount":"` + friend + `"}`), anywhere(), false},
	} {
		c := spaceOf(t, about, row.statement)
		s := c.NewSearch(kindOf(t, c, row.kind), row.reach, true)
		m, _ := s.Find()
		if (m != nil) != row.want || s.Incomplete {
			t.Errorf("%s: found %v, incomplete %v, want %v", row.name, m != nil, s.Incomplete, row.want)
		}
		if m != nil {
			hold(t, row.name, s, m)
		}
	}
}

// TestStrange: what a stranger's keys are not, by whom their values name.
func TestStrange(t *testing.T) {
	const subject, audience = "accounts.example.com:sub", "accounts.example.com:aud"
	for _, row := range []struct {
		name, key, named string // a value that the policy names
		sure             bool
		want             bool // a stranger may have it
	}{
		{"a subject", subject, "user-1", true, false},
		{"a subject in another letter case", subject, "USER-1", true, false},
		{"another subject", subject, "user-2", true, true},
		{"whom a pattern covers, for sure", subject, "team-7", true, false},
		{"whom a pattern covers, perhaps", subject, "team-7", false, true},
		{"an audience, for sure", audience, "app", true, false},
		{"an audience, perhaps", audience, "app", false, true},
		{"who has an issuer of its own", "oidc.eks.us-east-1.amazonaws.com:sub", "anybody", false, false},
	} {
		c := spaceOf(t, aboutKey(), allow(`"StringEquals":{"`+subject+`":"user-1","`+audience+`":"app","oidc.eks.us-east-1.amazonaws.com:sub":"x"},"StringLike":{"`+subject+`":"team-*"}`))
		s := c.NewSearch(kindOf(t, c, "role"), strangers(), row.sure)
		slot := slotOf(t, c, row.key)
		m := s.first.Clone()
		m.Set(slot, row.named)
		if got := allLiteralsHold(s.strange(slot, c.Slots[slot]), m); got != row.want {
			t.Errorf("%s: a stranger may have %q: %v, want %v", row.name, row.named, got, row.want)
		}
	}
}

// TestWithout: some values do not occur in any request.
func TestWithout(t *testing.T) {
	about := aboutKey()
	about.Key.Aliases = nil
	for _, row := range []struct {
		alias string
		want  bool
	}{{"alias/mine", true}, {"alias/aws/s3", false}, {"alias/aws*", true}} {
		c := spaceOf(t, about, allow(`"StringLike":{"kms:RequestAlias":"`+row.alias+`"}`))
		s := c.NewSearch(kindOf(t, c, "role"), outsiders(), true)
		m, _ := s.Find()
		if (m != nil) != row.want || s.Incomplete {
			t.Errorf("a key with the alias %s: found %v, want %v", row.alias, m != nil, row.want)
		}
	}
}

// TestContradict: contradictions in terms are seen, and nothing else is taken for one.
func TestContradict(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"StringEquals":{"aws:PrincipalTag/a":"x","aws:PrincipalTag/b":"x"}`))
	a, b := slotOf(t, c, "aws:PrincipalTag/a"), slotOf(t, c, "aws:PrincipalTag/b")
	is := func(slot, other int) compile.Literal {
		return compile.Literal{Slot: slot, Mode: compile.EachIn, Set: c.variable(other, "")}
	}
	not := func(l compile.Literal) compile.Literal { l.Mode = compile.EachOut; return l }
	for _, row := range []struct {
		name string
		lits []compile.Literal
		want bool
	}{
		{"one equation", []compile.Literal{is(a, b)}, false},
		{"an equation and its opposite", []compile.Literal{is(a, b), not(is(a, b))}, true},
		{"its opposite from the other side", []compile.Literal{is(a, b), not(is(b, a))}, true},
		{"an equation twice", []compile.Literal{is(a, b), is(b, a)}, false},
		{"an opposite of something else", []compile.Literal{is(a, b), not(is(a, a))}, false},
		{"texts, which the search solves", []compile.Literal{compile.Equals(a, "x"), not(compile.Equals(a, "x"))}, false},
	} {
		if got := contradict(row.lits); got != row.want {
			t.Errorf("%s: contradict %v, want %v", row.name, got, row.want)
		}
	}
}

// A sure search takes no value of which AWS does not say that it occurs.
func TestDoubtful(t *testing.T) {
	const zeros = "kms:RecipientAttestation:PCR0"
	statement := strings.ReplaceAll(allow(`"StringEquals":{"`+zeros+`":"`+strings.Repeat("0", 96)+`"}`), "kms:*", "kms:Decrypt")
	c := spaceOf(t, aboutKey(), statement)
	ask := encrypt()
	ask.Action = "kms:Decrypt"
	for sure, want := range map[bool]bool{true: false, false: true} {
		s := c.NewSearch(c.NewKind(compile.RoleCaller, true, Direct, ask, c.Serving(ask)), outsiders(), sure)
		m, _ := s.Find()
		if (m != nil) != want {
			t.Errorf("sure %v: found %v, want %v", sure, m != nil, want)
		}
		if m != nil && (confirmed(s, m) == evaluate.No || c.Slots[slotOf(t, c, zeros)].Names != condkey.Image) {
			t.Errorf("sure %v: the evaluator says no", sure)
		}
	}
}
