package evaluate

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// Requests that no honest caller makes, and policies that no honest owner
// writes: the evaluator answers them all the same.
func TestAllowsOddRequests(t *testing.T) {
	with := func(change func(*Request)) Request {
		r := roleRequest()
		change(&r)
		return r
	}
	holds := func(key string, values ...string) func(*Request) {
		return func(r *Request) { r.Context = map[string][]string{key: values} }
	}
	odd := `"stringequals":{"aws:UserAgent":"a"}`
	rows := []struct {
		name, member string
		r            Request
		want         Answer
	}{
		{"a key without values is no second one", policytest.Condition("StringEquals", "aws:UserAgent", `"x"`), with(func(r *Request) {
			r.Context = map[string][]string{"aws:UserAgent": {}, "AWS:useragent": {"x"}}
		}), Yes},
		{"a key without values is absent", policytest.Condition("Null", "aws:UserAgent", `"true"`), with(holds("aws:UserAgent")), Yes},
		{"an operator in two spellings", `"Condition":{"StringEquals":{"aws:UserAgent":"b"},` + odd + `}`, with(holds("aws:UserAgent", "b")), Maybe},
		{"and neither holds", `"Condition":{"StringEquals":{"aws:UserAgent":"b"},"StringLike":{"aws:UserAgent":"a"}}`, with(holds("aws:UserAgent", "b")), No},
		{"an action without service", `"Action":"*"`, with(func(r *Request) { r.Action = "kms" }), No},
		{"the owner's action by somebody unknown", `"Action":"*"`, with(func(r *Request) { r.Action, r.Principal, r.Session = "kms:PutKeyPolicy", "", "" }), Maybe},
		{"an empty list that a set is not in", policytest.Condition("ForAnyValue:StringNotEquals", "aws:UserAgent", `[]`), with(holds("aws:SourceIp", "203.0.113.5")), No},
		{"an empty text in a set that it is in", policytest.Condition("ForAllValues:StringLike", "kms:EncryptionContextKeys", `"*"`), with(holds("kms:EncryptionContextKeys", "")), Yes},
		{"an empty text and another", policytest.Condition("ForAllValues:StringEquals", "kms:EncryptionContextKeys", `"a"`), with(holds("kms:EncryptionContextKeys", "", "x")), No},
		{"a set without set operator", policytest.Condition("StringEquals", "kms:EncryptionContextKeys", `"a"`), with(holds("kms:EncryptionContextKeys", "a")), Maybe},
		{"two values of a key that has one", policytest.Condition("StringEquals", "aws:UserAgent", `"a"`), with(holds("aws:UserAgent", "a", "b")), Maybe},
		{"two values of a tag in a variable", policytest.Condition("StringEquals", "aws:UserAgent", `"${aws:PrincipalTag/t}"`), with(func(r *Request) {
			r.Context = map[string][]string{"aws:PrincipalTag/t": {"a", "b"}, "aws:UserAgent": {"a"}}
		}), No},
		{"two values of a tag with a default", policytest.Condition("StringEquals", "aws:UserAgent", `"${aws:PrincipalTag/t, 'a'}"`), with(func(r *Request) {
			r.Context = map[string][]string{"aws:PrincipalTag/t": {"a", "b"}, "aws:UserAgent": {"a"}}
		}), Maybe},
		{"two contexts of one name in a variable", policytest.Condition("StringEquals", "aws:UserAgent", `"${kms:EncryptionContext:twin}"`), with(func(r *Request) {
			r.Context = map[string][]string{"kms:EncryptionContext:Twin": {"a"}, "kms:EncryptionContext:twin": {"b"}, "aws:UserAgent": {"a"}}
		}), Maybe},
		{"a variable that is cut off", policytest.Condition("StringEquals", "aws:UserAgent", `"x${"`), with(holds("aws:UserAgent", "x${")), Maybe},
		{"a variable of one letter that is cut off", policytest.Condition("StringEquals", "aws:UserAgent", `"x${*"`), with(holds("aws:UserAgent", "x*")), Maybe},
		{"a variable of one letter", policytest.Condition("StringEquals", "aws:UserAgent", `"${x}"`), with(holds("aws:UserAgent", "x")), No},
		{"a variable that begins with a wildcard", policytest.Condition("StringEquals", "aws:UserAgent", `"${*x}"`), with(holds("aws:UserAgent", "*}")), No},
		{"a set in a variable with a default", policytest.Condition("StringEquals", "aws:UserAgent", `"${kms:EncryptionContextKeys, 'x'}"`), with(holds("aws:UserAgent", "x")), Maybe},
		{"an address that is none", policytest.Condition("IpAddress", "aws:SourceIp", `"0.0.0.0/0"`), with(holds("aws:SourceIp", "AWS Internal")), No},
		{"an address that is none, negated", policytest.Condition("NotIpAddress", "aws:SourceIp", `"0.0.0.0/0"`), with(holds("aws:SourceIp", "AWS Internal")), Maybe},
		{"a number that is none", policytest.Condition("NumericLessThan", "aws:MultiFactorAuthAge", `"60"`), with(holds("aws:MultiFactorAuthAge", "soon")), No},
		{"a date that is none", policytest.Condition("DateLessThan", "aws:TokenIssueTime", `"2030-01-01"`), with(holds("aws:TokenIssueTime", "soon")), No},
		{"a date that is none, negated", policytest.Condition("DateNotEquals", "aws:TokenIssueTime", `"2030-01-01"`), with(holds("aws:TokenIssueTime", "soon")), Maybe},
		{"a date as a number", policytest.Condition("NumericLessThan", "aws:EpochTime", `"1900000000"`), with(holds("aws:EpochTime", "2026-09-01T00:00:00Z")), Yes},
		{"a text that is no ARN", policytest.Condition("ArnLike", "aws:PrincipalArn", `"arn:aws:iam::*:role/*"`), with(holds("aws:PrincipalArn", "role/x")), No},
		{"a text that is no ARN, negated", policytest.Condition("ArnNotLike", "aws:PrincipalArn", `"arn:aws:iam::*:role/*"`), with(holds("aws:PrincipalArn", "role/x")), Maybe},
		{"a service for a Deny that is about people", `"Principal":{"AWS":"444455556666"}`, Request{Service: "s3.amazonaws.com", Action: "kms:Encrypt", Resource: roleRequest().Resource}, No},
		{"a service by its name", `"Principal":{"Service":"s3.amazonaws.com"}`, Request{Service: "s3.amazonaws.com", Action: "kms:Encrypt", Resource: roleRequest().Resource}, Yes},
		{"another service", `"Principal":{"Service":"s3.amazonaws.com"}`, Request{Service: "ssm.amazonaws.com", Action: "kms:Encrypt", Resource: roleRequest().Resource}, No},
		{"a caller without ARN", `"Principal":{"AWS":"444455556666"}`, with(func(r *Request) { r.Principal, r.Session, r.UniqueID = "nobody", "", "" }), No},
		{"a user's id for a role", `"Principal":{"AWS":"AIDAEXAMPLEROLE000001"}`, with(func(r *Request) { r.UniqueID = "AIDAEXAMPLEROLE000001" }), No},
	}
	for _, row := range rows {
		p := readPolicy(t, policytest.StatementText(row.member))
		if got := Allows(p, row.r); got != row.want {
			t.Errorf("%s: Allows = %v, want %v", row.name, got, row.want)
		}
	}
}

// readPolicy parses a policy of which parts may be unreadable.
func readPolicy(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

// An empty list under a Deny is not settled, whatever the key holds.
func TestAllowsEmptyListOfADeny(t *testing.T) {
	text := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:UserAgent":[]}}}]}`
	if got := Allows(policyOf([]byte(text)), roleRequest()); got != Maybe {
		t.Errorf("Allows = %v, want maybe", got)
	}
}

// What NotResource leaves out, a resource control policy says for sure.
func TestAllowsNotResource(t *testing.T) {
	const other = `"NotResource":"arn:aws:kms:us-east-1:111122223333:key/99999999-0000-0000-0000-000000000000"`
	rcp := func(member string) []*policy.Policy {
		p, err := policy.ParseRCP([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*",` + member + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return []*policy.Policy{p}
	}
	open := policyOf([]byte(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`))
	if got := AllowsUnder(open, roleRequest(), rcp(other)); got != No {
		t.Errorf("a Deny of the control policy on other keys than one: %v, want no", got)
	}
	if got := AllowsUnder(open, roleRequest(), rcp(`"NotResource":"`+roleRequest().Resource+`"`)); got != Yes {
		t.Errorf("a Deny of the control policy on other keys than this: %v, want yes", got)
	}
	key := policyOf([]byte(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*",` + other + `}]}`))
	if got := Allows(key, roleRequest()); got != Maybe {
		t.Errorf("an Allow of the key policy on other keys than one: %v, want maybe", got)
	}
}

// Of entries and resources that are known in part, all that can be true is Maybe.
func TestEvalUnknown(t *testing.T) {
	p := &policy.Policy{Version: policy.Version2012, Unknown: []policy.Unknown{{Never: "*:"}, {}, {Never: "*:", Many: true}}}
	e := evaluator{p, condkey.Default()}
	service := Request{Service: "s3.amazonaws.com", Resource: roleRequest().Resource}
	for _, row := range []struct {
		name  string
		entry policy.Principal
		r     Request
		apart bool
		want  Answer
	}{
		{"a service, asked for a service", policy.Principal{Kind: policy.KindService, Value: policy.Mark(0)}, service, false, Maybe},
		{"a service, asked for people", policy.Principal{Kind: policy.KindService, Value: policy.Mark(0)}, roleRequest(), false, No},
		{"a provider", policy.Principal{Kind: policy.KindFederated, Value: policy.Mark(0)}, roleRequest(), false, No},
		{"everybody, perhaps, asked for a service", policy.Principal{Kind: policy.KindAWS, Value: policy.Mark(1)}, service, false, Maybe},
		{"somebody, asked for a service", policy.Principal{Kind: policy.KindAWS, Value: policy.Mark(0)}, service, false, No},
		{"somebody", policy.Principal{Kind: policy.KindAWS, Value: policy.Mark(0)}, roleRequest(), false, Maybe},
		{"somebody, apart", policy.Principal{Kind: policy.KindAWS, Value: policy.Mark(0)}, roleRequest(), true, No},
		{"several, apart", policy.Principal{Kind: policy.KindAWS, Value: policy.Mark(2)}, roleRequest(), true, Maybe},
		{"a role of an unknown account", policy.Principal{Kind: policy.KindAWS, Value: "arn:aws:iam::" + policy.Mark(0) + ":role/x"}, roleRequest(), false, Maybe},
		{"an unknown role of another account", policy.Principal{Kind: policy.KindAWS, Value: "arn:aws:iam::555566667777:role/" + policy.Mark(0)}, roleRequest(), false, No},
		{"a role of what may be no account", policy.Principal{Kind: policy.KindAWS, Value: "arn:aws:iam:" + policy.Mark(1) + ":555566667777:role/x"}, roleRequest(), false, Maybe},
		{"an unknown role of the account", policy.Principal{Kind: policy.KindAWS, Value: "arn:aws:iam::444455556666:role/" + policy.Mark(0)}, roleRequest(), false, Maybe},
	} {
		c := *p
		c.IsApart = row.apart
		if got := (evaluator{&c, e.keys}).unknownPrincipal(row.entry, row.r); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
	for _, row := range []struct {
		value string
		want  Answer
	}{
		{"", No},
		{"**", Yes},
		{"arn:aws:kms:us-east-1:111122223333:key/" + policy.Mark(0), Maybe},
		{"arn:aws:kms:eu-west-1:111122223333:key/" + policy.Mark(0), No},
	} {
		if got := e.resource(row.value, false, roleRequest()); got != row.want {
			t.Errorf("resource %q: %v, want %v", row.value, got, row.want)
		}
	}
	if got := whenNull(&policy.Condition{Operator: policy.Operator{Base: policy.Null}, Values: []string{policy.Mark(0)}}, true); got != Maybe {
		t.Errorf("Null of what is not known: %v, want maybe", got)
	}
}

// Whom a Deny with NotPrincipal spares turns on the caller's whole chain.
func TestAllowsChains(t *testing.T) {
	const user, fed, root = "arn:aws:iam::444455556666:user/u", "arn:aws:sts::444455556666:federated-user/f", "arn:aws:iam::444455556666:root"
	r := roleRequest()
	of := func(principal, parent, session string) Request {
		return Request{Principal: principal, Parent: parent, Session: session, Action: r.Action, Resource: r.Resource, Time: r.Time}
	}
	service := Request{Service: "s3.amazonaws.com", Action: r.Action, Resource: r.Resource, Time: r.Time}
	rows := []struct {
		name    string
		r       Request
		entries string
		want    Answer
	}{
		{"root", of(root, "", ""), `{"AWS":"444455556666"}`, Yes},
		{"user by account and name", of(user, "", ""), `{"AWS":["444455556666","` + user + `"]}`, Yes},
		{"user by account", of(user, "", ""), `{"AWS":"444455556666"}`, Maybe},
		{"federated session without a known user", of(fed, "", fed), `{"AWS":["444455556666","` + fed + `"]}`, Yes},
		{"federated session of a user who is not listed", of(fed, user, fed), `{"AWS":["444455556666","` + fed + `"]}`, Maybe},
		{"federated session of a user who is", of(fed, user, fed), `{"AWS":["444455556666","` + user + `","` + fed + `"]}`, Yes},
		{"federated session whose name is not listed", of(fed, user, fed), `{"AWS":["444455556666","` + user + `"]}`, Maybe},
		{"service that is listed", service, `{"Service":"s3.amazonaws.com"}`, Yes},
		{"service that is not", service, `{"AWS":"444455556666"}`, No},
		{"service next to an account", service, `{"Service":"s3.amazonaws.com","AWS":"444455556666"}`, Yes},
		{"nobody who signs as a provider", of(user, "", ""), `{"Federated":"accounts.google.com"}`, No},
		{"text that cannot be read", of(user, "", ""), `{"AWS":"1234"}`, Maybe},
	}
	for _, row := range rows {
		p := readPolicy(t, `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","NotPrincipal":`+row.entries+`,"Action":"kms:*","Resource":"*"}]}`)
		if got := Allows(p, row.r); got != row.want {
			t.Errorf("%s: Allows = %v, want %v", row.name, got, row.want)
		}
	}
}

func TestEvalGlob(t *testing.T) {
	rows := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "ab", false},
		{"?", "é", true},
		{"?", "", false},
		{"*", "", true},
		{"a*", "a", true},
		{"a*", "ba", false},
		{"*a", "ba", true},
		{"*a", "ab", false},
		{"*ab", "b", false},
		{"a*b*c", "axbxc", true},
		{"a*b*c", "acb", false},
		{"a*?*c", "ac", false},
		{"a*?*c", "abc", true},
		{"*a?c*", "xxabcx", true},
		{"*a?c*", "xxabx", false},
		{"a*b?", "abxbc", true},
		{"a*b?", "abx", true},
		{"a*b?", "ab", false},
		{"**", "x", true},
		{"a*aa", "aa", false},
		{"a*aa", "aaa", true},
		{"*éé", "é", false},
	}
	for _, row := range rows {
		if got := matchGlob(plainGlob(row.pattern), row.text); got != row.want {
			t.Errorf("evalGlob(%q, %q) = %t, want %t", row.pattern, row.text, got, row.want)
		}
	}
}

func TestEvalGlobARN(t *testing.T) {
	for _, row := range []struct {
		pattern, arn string
		want         bool
	}{
		{"arn:aws:iam::1:role/a:b", "arn:aws:iam::1:role/a:b", true},
		{"arn:*:*:*:*:*", "arn:aws:iam::1", false},
		{"arn:*", "arn:aws:iam::1:role/a", false},
		{"arn:aws:iam:*:role/a", "arn:aws:iam::1:role/a", false},
	} {
		if got := matchGlobARN(plainGlob(row.pattern), row.arn); got != row.want {
			t.Errorf("evalGlobARN(%q, %q) = %t, want %t", row.pattern, row.arn, got, row.want)
		}
	}
}

// Unknown parts and variables match anything, and wildcards only where they are.
func TestEvalOpen(t *testing.T) {
	for _, row := range []struct {
		want            string
		wild, variables bool
		text            string
		matches         bool
	}{
		{"a" + policy.Mark(0) + "c", false, true, "abc", true},
		{"a" + policy.Mark(0) + "c", false, true, "abd", false},
		{"a${x}c", false, true, "abc", true},
		{"a${x}c${y}", false, true, "abcd", true},
		{"a${x}c", false, false, "abc", false},
		{"a${x}c", false, false, "a${x}c", true},
		{"a${x", false, true, "a${x", true},
		{"a}${", false, true, "a}${", true},
		{"a}b", false, true, "a}b", true},
		{"a}b", false, true, "axb", false},
		{"a*", true, true, "ab", true},
		{"a*", false, true, "ab", false},
		{"a?", true, true, "ab", true},
	} {
		if got := matchGlob(unknownGlob(row.want, row.wild, row.variables), row.text); got != row.matches {
			t.Errorf("evalOpen(%q, %t, %t) matches %q: %t, want %t", row.want, row.wild, row.variables, row.text, got, row.matches)
		}
	}
}

// A value that can only be one text is taken apart from the request's.
func TestEvalUnknownApart(t *testing.T) {
	p := &policy.Policy{Version: policy.Version2012, Unknown: []policy.Unknown{{Never: "*?:"}, {}, {Values: []string{"a", "b"}}, {Never: "*?", Varies: true}}}
	for _, row := range []struct {
		name  string
		base  policy.Base
		want  string
		apart bool
		is    Answer
	}{
		{"equal, not apart", policy.StringEquals, policy.Mark(0), false, Maybe},
		{"equal, apart", policy.StringEquals, policy.Mark(0), true, No},
		{"equal, apart, in another letter case", policy.StringEqualsIgnoreCase, policy.Mark(1), true, No},
		{"equal, with a variable", policy.StringEquals, policy.Mark(0) + "${aws:username}", true, Maybe},
		{"equal, of each request another", policy.StringEquals, policy.Mark(3), true, Maybe},
		{"equal, a part that is not of this policy", policy.StringEquals, policy.Mark(9), true, Maybe},
		{"equal, cannot be", policy.StringEquals, "y" + policy.Mark(0), false, No},
		{"like, one text", policy.StringLike, policy.Mark(0), true, No},
		{"like, not apart", policy.StringLike, policy.Mark(0), false, Maybe},
		{"like, perhaps a wildcard", policy.StringLike, policy.Mark(1), true, Maybe},
		{"like, one of two texts", policy.StringLike, policy.Mark(2), true, No},
		{"like, next to a wildcard", policy.StringLike, "x*" + policy.Mark(0), true, Maybe},
		{"like, a part that is not of this policy", policy.StringLike, policy.Mark(9), true, Maybe},
		{"like, cannot be", policy.StringLike, "y" + policy.Mark(0), false, No},
		{"ARN, apart", policy.ArnLike, policy.Mark(0), true, No},
		{"number", policy.NumericEquals, policy.Mark(0), true, Maybe},
	} {
		e := evaluator{p, condkey.Default()}
		c := *p
		c.IsApart = row.apart
		e.Policy = &c
		if got := e.unknownText(policy.Operator{Base: row.base}, "xyz", row.want); got != row.is {
			t.Errorf("%s: %v, want %v", row.name, got, row.is)
		}
	}
	old := &policy.Policy{Version: policy.Version2008, Unknown: []policy.Unknown{{Never: "*?"}}, IsApart: true}
	if got := (evaluator{old, condkey.Default()}).unknownText(policy.Operator{Base: policy.StringEquals}, "x${aws:username}", policy.Mark(0)+"${aws:username}"); got != No {
		t.Errorf("a version without variables: %v, want no", got)
	}
}

func TestEvalVariableParts(t *testing.T) {
	for _, row := range []struct {
		text, name, fallback string
		has                  bool
		tail                 string
		ok                   bool
	}{
		{"aws:username}x", "aws:username", "", false, "x", true},
		{"a, 'b'}x", "a", "b", true, "x", true},
		{"a, ''}", "a", "", true, "", true},
		{"a", "", "", false, "", false},
		{"a,'b'}", "", "", false, "", false},
		{"a, 'b}", "", "", false, "", false},
		{"a, 'b'c'}", "", "", false, "", false},
		{"a,b'}", "", "", false, "", false},
		{" a }", " a ", "", false, "", false},
		{"}", "", "", false, "", false},
	} {
		name, fallback, has, tail, ok := variableParts(row.text)
		if ok != row.ok || ok && (name != row.name || fallback != row.fallback || has != row.has || tail != row.tail) {
			t.Errorf("evalVariableParts(%q) = %q, %q, %t, %q, %t", row.text, name, fallback, has, tail, ok)
		}
	}
}

func TestEvalAddress(t *testing.T) {
	for _, row := range []struct {
		prefix, addr string
		want         Answer
	}{
		{"10.0.0.0/8", "10.1.2.3", Yes},
		{"10.0.0.0/8", "11.1.2.3", No},
		{"10.0.0.0/8", "::ffff:10.1.2.3", Maybe},
		{"11.0.0.0/8", "::ffff:10.1.2.3", No},
		{"::ffff:10.0.0.0/104", "10.1.2.3", Maybe},
		{"::ffff:11.0.0.0/104", "10.1.2.3", No},
		{"::ffff:0:0/95", "10.1.2.3", No},
		{"::/0", "10.1.2.3", No},
		{"2001:db8::/32", "2001:db8::1", Yes},
		{"2001:db8::/96", "10.1.2.3", No},
		{"::ffff:10.0.0.0/104", "2001:db8::1", No},
	} {
		prefix, err := netip.ParsePrefix(row.prefix)
		if err != nil {
			t.Fatal(err)
		}
		if got := matchAddress(prefix, netip.MustParseAddr(row.addr)); got != row.want {
			t.Errorf("evalAddress(%s, %s) = %v, want %v", row.prefix, row.addr, got, row.want)
		}
	}
}

func TestEvalValues(t *testing.T) {
	for _, row := range []struct {
		have, want string
		variables  bool
		is         Answer
	}{
		{"true", "true", true, Yes},
		{"true", "false", true, No},
		{"yes", "yes", true, No},
		{"true", "yes", true, No},
		{"no", "true", true, No},
		{"false", "no", true, No},
		{"true", "${a}", true, Maybe},
		{"true", "${a}", false, No},
		{"true", "x", true, No},
	} {
		if got := matchTruth(row.have, row.want, row.variables); got != row.is {
			t.Errorf("evalTruth(%q, %q, %t) = %v, want %v", row.have, row.want, row.variables, got, row.is)
		}
	}
	for _, row := range []struct {
		have string
		want string // "" for none
	}{{"60", "60"}, {"6e1", "60"}, {"2026-09-01T00:00:00Z", "1788220800"}, {"soon", ""}, {"", ""}} {
		n, ok := numberOf(row.have)
		if ok != (row.want != "") || ok && n.RatString() != row.want {
			t.Errorf("evalNumber(%q) = %v, %t, want %q", row.have, n, ok, row.want)
		}
	}
}

// A key whose values are gone is absent, however the request was made.
func TestEvalContext(t *testing.T) {
	r := Request{Context: map[string][]string{"aws:A": {}, "AWS:b": {"x"}, "aws:B": {"y"}}, Time: time.Time{}}
	if got := ContextValues(r, "aws:a"); len(got) != 0 {
		t.Errorf("no values: %q", got)
	}
	if got := ContextValues(r, "aws:b"); !slices.EqualFunc(got, [][]string{{"x"}, {"y"}}, slices.Equal) {
		t.Errorf("two spellings: %q", got)
	}
}

// Names that differ in letter case alone are one, whether or not it is ASCII.
func TestEvalFold(t *testing.T) {
	texts := []string{"aws:SourceIp", "AWS:sourceip", "s", "S", "\u017f", "k", "K", "\u212a", "\u00b5", "\u03bc", "\u039c", "\u00e5", "\u00c5", "\u212b", "\u00df", "\u1e9e", "\u0131", "i", "\u0130", "\u00ff", "\u0178"}
	for _, a := range texts {
		for _, b := range texts {
			if got, want := foldName(a) == foldName(b), strings.EqualFold(a, b); got != want {
				t.Errorf("%q and %q: one name %v, want %v", a, b, got, want)
			}
		}
	}
}
