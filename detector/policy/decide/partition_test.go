package decide

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// TestPartitions holds in which partitions the policy of an unknown key is decided.
func TestPartitions(t *testing.T) {
	under := func(operator, value string) string {
		return policytest.StatementText(policytest.Condition(operator, "aws:PrincipalArn", value))
	}
	rows := []struct{ name, text, want string }{
		{"no ARN", policytest.StatementText(), "[aws]"},
		{"a principal", policytest.StatementText(`"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`), "[aws]"},
		{"a principal of another partition", policytest.StatementText(`"Principal":{"AWS":"arn:aws-cn:iam::111122223333:root"}`), "[aws aws-cn]"},
		{"a resource of another partition", policytest.StatementText(`"Resource":"arn:aws-us-gov:kms:*"`), "[aws aws-us-gov]"},
		{"a condition", under("ArnLike", `"arn:aws:iam::*"`), "[aws aws-us-gov]"},
		{"a condition on another partition", under("ArnLike", `"arn:aws-us-gov:iam::*"`), "[aws aws-us-gov aws-cn]"},
		{"behind an escape", under("ArnLike", `"arn:aws\u002dcn:iam::*"`), "[aws aws-us-gov aws-cn]"},
		{"in another letter case", under("StringEqualsIgnoreCase", `["ARN:AWS-CN:iam::111122223333:role/x"]`), "[aws aws-cn]"},
		{"behind a wildcard", under("ArnLike", `"arn:aws-c?:iam::*"`), "[aws aws-us-gov aws-cn]"},
		{"behind a wildcard for parts", under("StringLike", `"arn*cn:iam::*"`), "[aws aws-cn]"},
		{"behind a wildcard at the start", under("StringLike", `"*-cn:iam::*"`), "[aws aws-cn]"},
		{"any partition", under("ArnLike", `"arn:*:iam::*"`), "[aws aws-us-gov]"},
		{"any other partition", under("ArnLike", `"arn:aws-*:iam::*"`), "[aws aws-us-gov]"},
		{"no partition", under("ArnLike", `"arn:aws-moon:iam::*"`), "[aws aws-us-gov]"},
		{"what is no ARN", under("StringLike", `"x*aws-cn*"`), "[aws]"},
	}
	for _, row := range rows {
		if got := fmt.Sprint(partitionsOf(mustParse([]byte(row.text)), Question{})); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
	q := Question{KeyARN: "arn:aws-cn:kms:cn-north-1:111122223333:key/x"}
	if got := partitionsOf(mustParse([]byte(rows[4].text)), q); !slices.Equal(got, []string{"aws-cn"}) {
		t.Errorf("a known key: %v", got)
	}
}

func TestHomePartition(t *testing.T) {
	aws := func(values ...string) (list []policy.Principal) {
		for _, v := range values {
			list = append(list, policy.Principal{Kind: policy.KindAWS, Value: v})
		}
		return list
	}
	const cn, gov = "arn:aws-cn:iam::111122223333:root", "arn:aws-us-gov:iam::111122223333:root"
	for _, row := range []struct {
		principals []policy.Principal
		want       string
	}{
		{aws("*", "111122223333"), ""},
		{aws(cn, cn), "aws-cn"},
		{aws("*", cn, "arn"), "aws-cn"},
		{aws(cn, "x:aws:y"), "aws-cn"},
		{aws(cn, gov), ""},
		{append(aws(cn), policy.Principal{Kind: policy.KindFederated, Value: "arn:aws-us-gov:iam::111122223333:saml-provider/x"}), "aws-cn"},
	} {
		p := &policy.Policy{Statements: []policy.Statement{{Principals: row.principals}}}
		if got := homePartition(p); got != row.want {
			t.Errorf("%v: %q, want %q", row.principals, got, row.want)
		}
	}
}

// TestEither: whatever differs in a partition is in the joint answer, and flagged.
func TestEither(t *testing.T) {
	future := func(v Verdict) *Exposure { return &Exposure{Verdict: v, At: time.Unix(int64(v), 0)} }
	service := func(name string, index int, deputy bool) ServiceGrant {
		return ServiceGrant{name, StatementRef{Index: index}, deputy}
	}
	open := func(reasons ...string) (list []Doubt) {
		for _, r := range reasons {
			list = append(list, Doubt{Reason: r})
		}
		return list
	}
	unknown := func(paths ...string) (list []UnknownPart) {
		for _, p := range paths {
			list = append(list, UnknownPart{Path: p})
		}
		return list
	}
	var shared Classes
	shared.Set(kmsapi.ClassUse, Between(Shared, Shared))
	for _, row := range []struct {
		name       string
		a, b, want Decision
	}{
		{"nothing", Decision{Undecided: open("x")}, Decision{Undecided: open("x")}, Decision{Undecided: open("x")}},
		{"intricate", Decision{}, Decision{TooIntricate: true}, Decision{TooIntricate: true}},
		{"a class", Decision{}, Decision{Classes: shared}, Decision{Classes: shared}},
		{"reasons", Decision{Undecided: open("x")}, Decision{Undecided: open("x", "y")}, Decision{Undecided: open("x", "y")}},
		{"parts", Decision{Unknown: unknown("x")}, Decision{Unknown: unknown("x", "y")}, Decision{Unknown: unknown("x", "y")}},
		{"other reasons", Decision{Undecided: open("x"), TooIntricate: true}, Decision{Undecided: open("y")}, Decision{Undecided: open("x", "y"), TooIntricate: true}},
		{
			"services",
			Decision{Services: []ServiceGrant{service("a", 1, false)}},
			Decision{Services: []ServiceGrant{service("b", 1, false), service("a", 1, true), service("a", 2, false)}},
			Decision{Services: []ServiceGrant{service("a", 1, true), service("b", 1, false), service("a", 2, false)}},
		},
		{"no future that is no worse", Decision{Verdict: Public, Least: Public, Most: Public, Future: future(Shared)}, Decision{TooIntricate: true}, Decision{Verdict: Public, Least: Public, Most: Public, TooIntricate: true}},
		{"the worse future", Decision{TooIntricate: true, Future: future(Shared)}, Decision{Future: future(Public)}, Decision{TooIntricate: true, Future: future(Public)}},
		{"the first future", Decision{TooIntricate: true, Future: future(Public)}, Decision{Future: future(Network)}, Decision{TooIntricate: true, Future: future(Public)}},
		{"the only future", Decision{TooIntricate: true}, Decision{Future: future(Network)}, Decision{TooIntricate: true, Future: future(Network)}},
	} {
		for _, d := range []*Decision{&row.a, &row.b, &row.want} {
			if d.Verdict == Undecided {
				d.Verdict, d.Least, d.Most = Private, Private, Private
			}
		}
		if row.name != "nothing" {
			row.want.Flags = []Flag{FlagKeyDependent}
		}
		row.want.Statements = nil
		if got := either(row.a, row.b); fmt.Sprintf("%+v", withoutPointers(got)) != fmt.Sprintf("%+v", withoutPointers(row.want)) {
			t.Errorf("%s: either =\n%+v\nwant\n%+v", row.name, withoutPointers(got), withoutPointers(row.want))
		}
	}
}

// withoutPointers returns what of d TestEither compares.
func withoutPointers(d Decision) any {
	var future Exposure
	if d.Future != nil {
		future = *d.Future
	}
	d.Future = nil
	return struct {
		Decision
		Future Exposure
	}{d, future}
}
