package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// readable writes a policy on one line per statement, and one per unknown part;
// the part at index i shows as <i>.
func readable(p *Policy) string {
	var b strings.Builder
	list := func(negated bool, values []string) string {
		if values == nil {
			return "nil"
		}
		text := "[" + strings.Join(values, " ") + "]"
		if negated {
			text = "not " + text
		}
		return text
	}
	for _, st := range p.Statements {
		var principals []string
		for _, entry := range st.Principals {
			principals = append(principals, fmt.Sprint(entry.Kind, ":", entry.Value))
		}
		fmt.Fprintf(&b, "%v %s %s %s", st.Effect, list(st.NotPrincipal, principals), list(st.NotAction, st.Actions), list(st.NotResource, st.Resources))
		for _, c := range st.Conditions {
			fmt.Fprintf(&b, " %s(%s)%s", c.Operator.Text, c.Key, list(c.Operator.Base == 0, c.Values))
		}
		b.WriteString("\n")
	}
	for i, u := range p.Unknown {
		fmt.Fprintf(&b, "<%d>", i)
		if u.Problem != nil {
			fmt.Fprintf(&b, " %s: want %s, got %s", u.Path, u.Problem.Want, u.Problem.Got)
		}
		if u.Never != "" {
			fmt.Fprintf(&b, ", never %q", u.Never)
		}
		b.WriteString("\n")
	}
	text := b.String()
	for _, i := range MarksIn(text) {
		text = strings.ReplaceAll(text, Mark(i), fmt.Sprintf("<%d>", i))
	}
	return text
}

// TestParseRecovers holds what Parse makes of text that cannot be read, and
// ParseOpen of values that are left open: what is known around them stays, and
// nothing is read in a way that AWS may not read it.
func TestParseRecovers(t *testing.T) {
	const org = `"StringEquals":{"aws:PrincipalOrgID":"o-1"}`
	principal := func(p string) string { return policytest.StatementText(`"Principal":` + p) }
	rows := []struct {
		name, text string
		open       int // marks that are the caller's
		want       string
	}{
		{
			"an operator twice", policytest.StatementText(`"Condition":{` + org + `,"Bool":{"a:b":"true"},"Bool":{"a:b":"true"}}`), 0,
			"Allow [AWS:*] [kms:Encrypt] [*] StringEquals(aws:PrincipalOrgID)[o-1] Bool()not [<0>]\n" +
				"<0> Statement.Condition: want Bool once, got it again\n",
		},
		{
			"a key twice", policytest.StatementText(`"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1","a:b":"x","A:b":"y"}}`), 0,
			"Allow [AWS:*] [kms:Encrypt] [*] StringEquals(aws:PrincipalOrgID)[o-1] StringEquals()not [<0>]\n" +
				`<0> Statement.Condition.StringEquals: want each condition key once, in whatever letter case, got "A:b" again` + "\n",
		},
		{
			"a key without a name", policytest.StatementText(`"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1","":"x"}}`), 0,
			"Allow [AWS:*] [kms:Encrypt] [*] StringEquals(aws:PrincipalOrgID)[o-1] StringEquals()not [<0>]\n" +
				`<0> Statement.Condition.StringEquals: want a condition key, got ""` + "\n",
		},
		{
			"an operator in two spellings", policytest.StatementText(`"Condition":{"Bool":{"a:b":"true"},"bool":{"a:b":"false"}}`), 0,
			"Allow [AWS:*] [kms:Encrypt] [*] Bool(a:b)[true] bool(a:b)[false]\n",
		},
		{
			"no value", `{"Statement":{"Condition":{"Bool":{"a:b":[]}},"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`, 0,
			"Allow [AWS:*] [*] [*] Bool(a:b)[]\n",
		},
		{
			"numbers as text", policytest.StatementText(`"Condition":{"StringEquals":{"a:b":[0,-5,-0,999999999999999,1000000000000000,1.5]}}`), 0,
			"Allow [AWS:*] [kms:Encrypt] [*] StringEquals(a:b)[0 -5 <0> 999999999999999 <1> <2>]\n" +
				`<0> Statement.Condition.StringEquals["a:b"][2]: want a quoted string, as AWS does not say which text this number stands for, got number -0` + "\n" +
				`<1> Statement.Condition.StringEquals["a:b"][4]: want a quoted string, as AWS does not say which text this number stands for, got number 1000000000000000` + "\n" +
				`<2> Statement.Condition.StringEquals["a:b"][5]: want a quoted string, as AWS does not say which text this number stands for, got number 1.5` + "\n",
		},
		{
			"what is no text", policytest.StatementText(`"Condition":{"StringEquals":{"a:b":["x",null]}}`), 0,
			"Allow [AWS:*] [kms:Encrypt] [*] StringEquals(a:b)not [x <0>]\n" +
				`<0> Statement.Condition.StringEquals["a:b"][1]: want a string, number or boolean, got null` + "\n",
		},
		{
			"an escape of a character that KMS refuses", policytest.StatementText(`"Action":["kms:\ud800x"]`), 0,
			"Allow [AWS:*] [kms:<0>x] [*]\n" +
				`<0> Statement.Action[0]: want a character that KMS takes, got "\\ud800"` + "\n",
		},
		{
			"a character that KMS refuses", policytest.StatementText("\"Action\":\"kms:\u00e9\u20ac\""), 0,
			"Allow [AWS:*] [kms:é<0>] [*]\n" +
				`<0> Statement.Action: want a character that KMS takes, got "\u20ac"` + "\n",
		},
		{
			"bytes that are no character", policytest.StatementText("\"Action\":\"kms:\xc3(\xff\""), 0,
			"Allow [AWS:*] [kms:<0>(<1>] [*]\n" +
				`<0> Statement.Action: want a character that KMS takes, got "\xc3"` + "\n" +
				`<1> Statement.Action: want a character that KMS takes, got "\xff"` + "\n",
		},
		{
			"a mark that is nobody's", policytest.StatementText(`"Action":"kms:` + Mark(0) + `"`), 0,
			"Allow [AWS:*] [kms:<0>] [*]\n" +
				`<0> Statement.Action: want a character that KMS takes, got "\U000f0000"` + "\n",
		},
		{
			"a mark beyond those given", policytest.StatementText(`"Principal":"` + Mark(1) + `"`), 1,
			"Allow [AWS:<1>] [kms:Encrypt] [*]\n" +
				"<0>\n" +
				`<1> Statement.Principal: want "*" or an object, got string "<unknown>"` + "\n",
		},
		{
			"a character next to the marks", policytest.StatementText("\"Principal\":\"\U000E0100\""), 1,
			"Allow [AWS:<1>] [kms:Encrypt] [*]\n" +
				"<0>\n" +
				`<1> Statement.Principal: want "*" or an object, got string "<unknown>"` + "\n",
		},
		{
			"a given mark for all principals", policytest.StatementText(`"Principal":"` + Mark(0) + `"`), 1,
			"Allow [AWS:<0>] [kms:Encrypt] [*]\n" +
				"<0>\n",
		},
		{
			"a given mark within a principal", policytest.StatementText(`"Principal":"x` + Mark(0) + `"`), 1,
			"Allow [AWS:<1>] [kms:Encrypt] [*]\n" +
				"<0>\n" +
				`<1> Statement.Principal: want "*" or an object, got string "x<unknown>"` + "\n",
		},
		{
			"a given mark for an effect", policytest.StatementText(`"Effect":"` + Mark(0) + `"`), 1,
			"? [AWS:*] [kms:Encrypt] [*] ()not [<0>]\n" +
				"<0>\n",
		},
		{
			"an escape for an effect", policytest.StatementText(`"Effect":"\ud800"`), 1,
			"? [AWS:*] [kms:Encrypt] [*] ()not [<1>]\n" +
				"<0>\n" +
				`<1> Statement.Effect: want "Allow" or "Deny", got "<unknown>"` + "\n",
		},
		{
			"a broken string next to given marks", policytest.StatementText(`"Effect":"A\ud800"`, `"Condition":"\ud800"`), 1,
			"? [AWS:*] [kms:Encrypt] [*] ()not [<1>] ()not [<2>]\n" +
				"<0>\n" +
				`<1> Statement.Effect: want "Allow" or "Deny", got "A<unknown>"` + "\n" +
				`<2> Statement.Condition: want an object of operators, got string "<unknown>"` + "\n",
		},
		{
			"no statements", `{"Statement":[1,"x",[{}]]}`, 0,
			"Allow [AWS:<0>] [<0>] [<0>] ()not [<0>]\n" +
				"Allow [AWS:<1>] [<1>] [<1>] ()not [<1>]\n" +
				"? [AWS:<2>] [<2>] [<2>] ()not [<2>]\n" +
				"<0> Statement[0]: want a statement object, got number 1\n" +
				`<1> Statement[1]: want a statement object, got string "x"` + "\n" +
				"<2> Statement[2]: want a statement object, got a list\n",
		},
		{
			"Resource beside NotResource", policytest.StatementText(`"NotResource":"x"`), 0,
			"Allow [AWS:*] [kms:Encrypt] [<0>] ()not [<0>]\n" +
				"<0> Statement: want one member of a kind, got NotResource beside its opposite\n",
		},
		{
			"an odd resource", policytest.StatementText(`"resource":"x"`), 0,
			"Allow [AWS:*] [kms:Encrypt] [<0>] ()not [<0>]\n" +
				`<0> Statement: want Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource or Condition, got "resource"` + "\n",
		},
		{
			"an odd effect", policytest.StatementText(`"effect":"Deny"`), 0,
			"? [AWS:*] [kms:Encrypt] [*] ()not [<0>]\n" +
				`<0> Statement: want Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource or Condition, got "effect"` + "\n",
		},
		{
			"a member twice", policytest.StatementText(`"x":1`, `"Effect":"Allow","Effect":"Deny"`), 0,
			"? [AWS:<0>] [<0>] [<0>] ()not [<0>]\n" +
				"<0> Statement: want Effect once, got it again\n" +
				`<1> Statement: want Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource or Condition, got "x"` + "\n",
		},
		{
			"an account in a list", principal(`{"AWS":["111122223333","1111"]}`), 0,
			"Allow [AWS:111122223333 AWS:<0>] [kms:Encrypt] [*]\n" +
				`<0> Statement.Principal.AWS[1]: want "*", an account id, a unique id, or the ARN of an account root, user, role or session, got "1111", never "*"` + "\n",
		},
		{
			"a federated wildcard", principal(`{"Federated":"arn:aws:iam::111122223333:saml-provider/*"}`), 0,
			"Allow [Federated:<0>] [kms:Encrypt] [*]\n" +
				`<0> Statement.Principal.Federated: want an identifier without wildcards, got "arn:aws:iam::111122223333:saml-provider/*"` + "\n",
		},
		{
			"no service", principal(`{"Service":""}`), 0,
			"Allow [Service:<0>] [kms:Encrypt] [*]\n" +
				`<0> Statement.Principal.Service: want the name of a service, got ""` + "\n",
		},
		{
			"an odd partition", principal(`{"AWS":"arn:amazon:iam::111122223333:root"}`), 0,
			"Allow [AWS:arn:<0>:iam::111122223333:root] [kms:Encrypt] [*]\n" +
				`<0> Statement.Principal.AWS: want "*", an account id, a unique id, or the ARN of an account root, user, role or session, got "arn:amazon:iam::111122223333:root", never ":"` + "\n",
		},
		{
			"an odd account", principal(`{"AWS":"arn:aws:iam::1111:role/x"}`), 0,
			"Allow [AWS:arn:aws:iam::<0>:role/x] [kms:Encrypt] [*]\n" +
				`<0> Statement.Principal.AWS: want "*", an account id, a unique id, or the ARN of an account root, user, role or session, got "arn:aws:iam::1111:role/x", never ":"` + "\n",
		},
		{
			"a group", principal(`{"AWS":"arn:aws:iam::111122223333:group/x"}`), 0,
			"Allow [AWS:arn:aws:<0>::111122223333:<0>] [kms:Encrypt] [*]\n" +
				`<0> Statement.Principal.AWS: want "*", an account id, a unique id, or the ARN of an account root, user, role or session, got "arn:aws:iam::111122223333:group/x", never ":"` + "\n",
		},
		{
			"an account with a wildcard", principal(`{"AWS":"arn:aws:iam::1111*:root"}`), 0,
			"Allow [AWS:<0>] [kms:Encrypt] [*]\n" +
				`<0> Statement.Principal.AWS: want "*", an account id, a unique id, or the ARN of an account root, user, role or session, got "arn:aws:iam::1111*:root"` + "\n",
		},
		{
			"an unknown Version", `{"Version":"2012","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":["a${aws:x}b","a${*}b","a${}b","a${b","a"],"Condition":{` + org + `}}}`, 0,
			"Allow [AWS:*] [*] [a<0>b a<0>b a<0>b a${b a] StringEquals(aws:PrincipalOrgID)[o-1]\n" +
				`<0> Version: want "2008-10-17" or "2012-10-17", got "2012"` + "\n",
		},
		{
			"an odd Version", `{"version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"a${aws:x}b"}}`, 0,
			"Allow [AWS:*] [*] [a<0>b]\n" +
				`<0> : want Version, Id or Statement, got "version"` + "\n",
		},
	}
	for _, row := range rows {
		p, err := ParsePartial([]byte(row.text), make([]Unknown, row.open))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if got := readable(p); got != row.want {
			t.Errorf("%s: ParseOpen reads\n%swant\n%s", row.name, got, row.want)
		}
	}
}

func TestNameSet(t *testing.T) {
	names := []string{"aK", "bK", "cK", "dK", "eK", "fK", "gK", "hK", "iK", "jK"}
	for n := range len(names) + 1 {
		for i, name := range names {
			for _, fold := range []bool{false, true} {
				var set NameSet
				for _, name := range names[:n] {
					set.Add(name, fold)
				}
				other := strings.ToLower(name)
				if got, want := set.Add(other, fold), !fold || i >= n; got != want {
					t.Errorf("%d names, fold %v: add(%q) = %v", n, fold, other, got)
				}
				if got, want := set.Add(name, fold), !fold && i >= n; got != want {
					t.Errorf("%d names, fold %v: add(%q) = %v after %q", n, fold, name, got, other)
				}
			}
		}
	}
}

// TestValidPrincipal holds which principals can be. Sources: IAM User Guide,
// reference_policies_elements_principal.html, reference_identifiers.html,
// reference_iam-quotas.html; IAM API Reference, pathType.
func TestValidPrincipal(t *testing.T) {
	const iam, sts = "arn:aws:iam::111122223333:", "arn:aws:sts::111122223333:"
	rows := []struct {
		kind PrincipalKind
		text string
		want bool
	}{
		{KindAWS, "*", true},
		{KindAWS, "", false},
		{KindAWS, "111122223333", true},
		{KindAWS, "1111222233334", false},
		{KindAWS, "AIDAEXAMPLEUSER1", true},
		{KindAWS, "AROA" + strings.Repeat("Z", 124), true},
		{KindAWS, "AROA" + strings.Repeat("Z", 125), false},
		{KindAWS, "AIDAEXAMPLEUSER", false},
		{KindAWS, "AIDAEXAMPLE-USER001", false},
		{KindAWS, "AIDAEXAMPLE_USER001", false},
		{KindAWS, "AIDAexampleUSER001", false},
		{KindAWS, iam + "root", true},
		{KindAWS, sts + "root", false},
		{KindAWS, iam + "role/r", true},
		{KindAWS, sts + "role/r", false},
		{KindAWS, iam + "role/p/q/r", true},
		{KindAWS, iam + "role/!~/r", true},
		{KindAWS, iam + "role/p q/r", false},
		{KindAWS, iam + "role/\u00e9/r", false},
		{KindAWS, iam + "role/*/r", false},
		{KindAWS, iam + "role/p?/r", false},
		{KindAWS, iam + "role/aws:ec2-infrastructure", true},
		{KindAWS, iam + "role/" + strings.Repeat("r", 64), true},
		{KindAWS, iam + "role/" + strings.Repeat("r", 65), false},
		{KindAWS, iam + "user/u", true},
		{KindAWS, sts + "user/u", false},
		{KindAWS, sts + "federated-user/u", true},
		{KindAWS, iam + "federated-user/u", false},
		{KindAWS, sts + "assumed-role/r/s", true},
		{KindAWS, sts + "assumed-role/r*/s", false},
		{KindAWS, sts + "assumed-role/r/*", false},
		{KindAWS, sts + "self/r/s", false},
		{KindAWS, "aws:iam::111122223333:root", false},
		{KindAWS, "arn:aws-us-gov:iam::111122223333:root", true},
		{KindAWS, "arn:aws-iso-2:iam::111122223333:root", true},
		{KindAWS, "arn:awsx:iam::111122223333:root", false},
		{KindAWS, "arn:aws-A:iam::111122223333:root", false},
		{KindAWS, "arn:aws-|:iam::111122223333:root", false},
		{KindAWS, "arn:aws:iam:us-east-1:111122223333:root", false},
		{KindService, "s3.amazonaws.com", true},
		{KindService, "", false},
		{KindService, "s3.amazonaws.com/x", false},
		{KindFederated, "accounts.google.com", true},
		{KindFederated, "", false},
		{KindFederated, "accounts.*", false},
		{KindCanonicalUser, "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be", true},
		{KindCanonicalUser, "", false},
	}
	for _, row := range rows {
		if got := validPrincipal(row.kind, row.text); got != row.want {
			t.Errorf("validPrincipal(%v, %q) = %v", row.kind, row.text, got)
		}
	}
}

func TestMarks(t *testing.T) {
	for r, want := range map[rune]bool{firstMark: true, lastMark: true, firstMark - 1: false, lastMark + 1: false, '\U0010FFFF': false, 'a': false} {
		if i, ok := IsMark(r); ok != want || ok && Mark(i) != string(r) {
			t.Errorf("isMark(%U) = %d, %v", r, i, ok)
		}
		if got := len(MarksIn("a" + string(r) + "b")); (got == 1) != want {
			t.Errorf("marksIn finds %d marks in %U", got, r)
		}
	}
	few := &Policy{Unknown: []Unknown{
		{Name: "!Ref P", Never: "*", Min: 2},
		{Many: true},
		{Varies: true},
		{Values: []string{"a", "b"}},
		{},
	}}
	rows := []struct {
		text, shown   string
		single        bool
		maybeStar     bool
		lacksWildcard bool
	}{
		{"a" + Mark(0), "a${P}", true, false, true},
		{Mark(0), "${P}", true, false, true},
		{Mark(1), "<unknown>", false, true, false},
		{Mark(2), "<unknown>", false, true, false},
		{Mark(3), "<unknown>", true, false, true},
		{Mark(4), "<unknown>", true, true, false},
		{"*" + Mark(4), "*<unknown>", true, true, false},
		{"a" + Mark(4), "a<unknown>", true, false, false},
		{Mark(9), "<unknown>", false, true, false}, // of no part that is listed: nothing is known of it
	}
	for _, row := range rows {
		if got := few.Show(row.text); got != row.shown {
			t.Errorf("show(%q) = %q, want %q", row.text, got, row.shown)
		}
		if s, m, l := few.Single(row.text), few.MaybeStar(row.text), few.Lacks(row.text, "*"); s != row.single || m != row.maybeStar || l != row.lacksWildcard {
			t.Errorf("%s: single %v, maybeStar %v, lacks * %v; want %v, %v, %v", row.shown, s, m, l, row.single, row.maybeStar, row.lacksWildcard)
		}
	}
}
