package evaluate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// TestKleene holds the truth tables of three-valued logic, and that or is and's dual.
func TestKleene(t *testing.T) {
	for _, row := range []struct{ a, b, and, or, agreed Answer }{
		{Yes, Yes, Yes, Yes, Yes},
		{Yes, Maybe, Maybe, Yes, Maybe},
		{Yes, No, No, Yes, Maybe},
		{Maybe, Maybe, Maybe, Maybe, Maybe},
		{Maybe, No, No, Maybe, Maybe},
		{No, No, No, No, No},
	} {
		for _, order := range [][2]Answer{{row.a, row.b}, {row.b, row.a}} {
			a, b := order[0], order[1]
			if and(a, b) != row.and || or(a, b) != row.or || agreed(a, b) != row.agreed {
				t.Errorf("%v, %v: and %v, or %v, agreed %v; want %v, %v, %v", a, b, and(a, b), or(a, b), agreed(a, b), row.and, row.or, row.agreed)
			}
		}
	}
	if not(Yes) != No || not(No) != Yes || not(Maybe) != Maybe {
		t.Errorf("not of yes, no, maybe: %v, %v, %v", not(Yes), not(No), not(Maybe))
	}
	if fmt.Sprint(Yes, No, Maybe, Answer(9)) != "yes no maybe maybe" {
		t.Errorf("answers for people: %v", fmt.Sprint(Yes, No, Maybe, Answer(9)))
	}
}

// TestGlobs: over two letters every short pattern matches what a naive matcher does.
func TestGlobs(t *testing.T) {
	texts := policytest.TextsOver("ab", 4)
	for _, pattern := range policytest.TextsOver("ab*?", 5) {
		for _, text := range texts {
			if got, want := MatchesGlob(pattern, text), policytest.Matches(pattern, text); got != want {
				t.Fatalf("%q matches %q: %v, want %v", pattern, text, got, want)
			}
		}
	}
}

// TestNegatedOperators: on a key of one value a negated operator says the
// opposite of the plain one; on an absent key it holds, and with IfExists both do.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html.
func TestNegatedOperators(t *testing.T) {
	for _, row := range []struct {
		plain, negated, key, absent string
		values                      []string // the first is met, the second is not
	}{
		{"StringEquals", "StringNotEquals", "aws:PrincipalTag/team", "aws:PrincipalTag/none", []string{`"blue"`, `"Blue"`, `["a","blue"]`}},
		{"StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "aws:PrincipalTag/team", "aws:PrincipalTag/none", []string{`"BLUE"`, `"b*"`}},
		{"StringLike", "StringNotLike", "aws:PrincipalTag/team", "aws:PrincipalTag/none", []string{`"b*"`, `"c*"`, `"????"`}},
		{"ArnLike", "ArnNotLike", "aws:PrincipalArn", "aws:SourceVpcArn", []string{`"arn:aws:iam::*:role/*"`, `"arn:aws:iam::*:user/*"`}},
		{"ArnEquals", "ArnNotEquals", "aws:PrincipalArn", "aws:SourceVpcArn", []string{`"arn:aws:iam::444455556666:role/app/*"`, `"arn:*:sts:*:*:*"`}},
		{"NumericEquals", "NumericNotEquals", "aws:MultiFactorAuthAge", "ec2:RoleDelivery", []string{`60`, `"61"`, `["60.0","7"]`}},
		{"DateEquals", "DateNotEquals", "aws:CurrentTime", "x:unknown", []string{`"2026-09-01"`, `"2026-09-02"`}},
		{"IpAddress", "NotIpAddress", "aws:SourceIp", "aws:VpcSourceIp", []string{`"203.0.113.0/24"`, `"10.0.0.0/8"`}},
	} {
		ask := func(operator, key, value string) Answer {
			return Allows(policyOf([]byte(policytest.StatementText(policytest.Condition(operator, key, value)))), roleRequest())
		}
		for i, value := range row.values {
			plain, negated := ask(row.plain, row.key, value), ask(row.negated, row.key, value)
			if plain == Maybe || negated != not(plain) || i < 2 && plain != [...]Answer{Yes, No}[i] {
				t.Errorf("%s %s: %v, and %s: %v", row.plain, value, plain, row.negated, negated)
			}
		}
		for operator, want := range map[string]Answer{
			row.plain: No, row.negated: Yes, row.plain + "IfExists": Yes, row.negated + "IfExists": Yes, "ForAnyValue:" + row.negated: No, "ForAllValues:" + row.plain: Yes,
		} {
			if got := ask(operator, row.absent, row.values[0]); got != want {
				t.Errorf("%s on a key that is absent: %v, want %v", operator, got, want)
			}
		}
	}
}

// TestOrders: a value below, at and above the bound, under each operator of order.
func TestOrders(t *testing.T) {
	for _, row := range []struct {
		kind, key        string
		below, at, above string // bounds, as against the request's value
	}{
		{"Numeric", "aws:MultiFactorAuthAge", "59.9", "6.0e1", "60.1"},
		{"Date", "aws:CurrentTime", "2026-08-31T23:59:59.9Z", "2026-09-01T02:00:00+02:00", "2026-09-01T00:00:00.1Z"},
		{"Date", "aws:EpochTime", "1788220799", "1788220800", "1788220801"},
	} {
		for operator, want := range map[string][3]Answer{
			"LessThan": {No, No, Yes}, "LessThanEquals": {No, Yes, Yes}, "GreaterThan": {Yes, No, No}, "GreaterThanEquals": {Yes, Yes, No}, "Equals": {No, Yes, No}, "NotEquals": {Yes, No, Yes},
		} {
			for i, bound := range []string{row.below, row.at, row.above} {
				p := policyOf([]byte(policytest.StatementText(policytest.Condition(row.kind+operator, row.key, `"`+bound+`"`))))
				if got := Allows(p, roleRequest()); got != want[i] {
					t.Errorf("%s %s%s %s: %v, want %v", row.key, row.kind, operator, bound, got, want[i])
				}
			}
		}
	}
}

// TestElements: the members that say "all but", and which effect wins.
// Source: IAM User Guide, reference_policies_evaluation-logic.html.
func TestElements(t *testing.T) {
	const (
		open  = `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`
		deny  = `{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`
		never = `{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`
	)
	statement := func(effect, members string) string { return `{"Effect":"` + effect + `",` + members + `}` }
	for _, row := range []struct {
		name, statements string
		want             Answer
	}{
		{"nothing allows", never, No},
		{"a Deny wins over an Allow", open + `,` + deny, No},
		{"wherever it stands", deny + `,` + open, No},
		{"a Deny of something else", open + `,` + never, Yes},
		{"a Deny that may apply", open + `,` + statement("Deny", `"Principal":"*","Action":"k*:Encrypt","Resource":"*"`), Maybe},
		{"an Allow that may apply, and one that does", statement("Allow", `"Principal":"*","Action":"k*:Encrypt","Resource":"*"`) + `,` + open, Yes},
		{"all actions but others", statement("Allow", `"Principal":"*","NotAction":["kms:Decrypt","s3:*"],"Resource":"*"`), Yes},
		{"all actions but this", statement("Allow", `"Principal":"*","NotAction":["KMS:encrypt"],"Resource":"*"`), No},
		{"all actions but what may be this", statement("Allow", `"Principal":"*","NotAction":"k*:Encrypt","Resource":"*"`), Maybe},
		{"a Deny of all actions but this", open + `,` + statement("Deny", `"Principal":"*","NotAction":"kms:Encrypt","Resource":"*"`), Yes},
		{"a Deny of all actions but others", open + `,` + statement("Deny", `"Principal":"*","NotAction":"kms:Decrypt","Resource":"*"`), No},
		{"no action at all", statement("Allow", `"Principal":"*","Resource":"*"`), No},
		{"no resource at all", statement("Allow", `"Principal":"*","Action":"*"`), No},
		{"a Deny without action denies nothing", open + `,` + statement("Deny", `"Principal":"*","Resource":"*"`), Yes},
		{"all callers but another", statement("Allow", `"NotPrincipal":{"AWS":"555566667777"},"Action":"*","Resource":"*"`), Yes},
		{"all callers but everybody", statement("Allow", `"NotPrincipal":"*","Action":"*","Resource":"*"`), No},
		{"all keys but this: KMS does not document it", statement("Allow", `"Principal":"*","Action":"*","NotResource":"`+roleRequest().Resource+`"`), No},
		{"two conditions, of which one fails", statement("Allow", `"Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue","aws:PrincipalOrgID":"o-other00001"}}`), No},
		{"two conditions, of which one may hold", statement("Allow", `"Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"},"stringlike":{"aws:PrincipalOrgID":"o-*"}}`), Maybe},
	} {
		if got := Allows(policyOf([]byte(`{"Version":"2012-10-17","Statement":[`+row.statements+`]}`)), roleRequest()); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// TestVersionOfVariables: without Version 2012-10-17 a variable is plain text.
// Source: IAM User Guide, reference_policies_variables.html.
func TestVersionOfVariables(t *testing.T) {
	for version, want := range map[string]Answer{policy.Version2012: Yes, policy.Version2008: No} {
		text := strings.Replace(policytest.StatementText(policytest.Condition("StringEquals", "aws:PrincipalTag/team", `"${aws:PrincipalTag/team}"`)), policy.Version2012, version, 1)
		if got := Allows(policyOf([]byte(text)), roleRequest()); got != want {
			t.Errorf("version %s: %v, want %v", version, got, want)
		}
	}
}

// TestMoreStatements: whatever the policy, one more Allow never takes a request
// away, one more Deny never lets one in, and the order of statements is nothing.
func TestMoreStatements(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	make1 := func(effect policy.Effect) policy.Statement {
		members := []string{
			pick(`"Principal":"*"`, `"Principal":{"AWS":"444455556666"}`, `"Principal":{"AWS":"555566667777"}`), pick(`"Action":"*"`, `"Action":"kms:Decrypt"`, `"Action":"k*:Encrypt"`),
			pick(`"Condition":{}`, policytest.Condition("stringlike", "aws:PrincipalTag/team", `"b*"`), policytest.Condition("StringEquals", "aws:PrincipalTag/team", `"red"`)),
		}
		s := policyOf([]byte(policytest.StatementText(members...))).Statements[0]
		s.Effect = effect
		return s
	}
	worth := map[Answer]int{No: 0, Maybe: 1, Yes: 2}
	for range 2_000 {
		p := &policy.Policy{Version: policy.Version2012}
		for range 1 + random.IntN(3) {
			p.Statements = append(p.Statements, make1(policy.Effect(1+random.IntN(2))))
		}
		before := worth[Allows(p, roleRequest())]
		with := func(effect policy.Effect) int {
			q := *p
			q.Statements = append([]policy.Statement{make1(effect)}, p.Statements...)
			return worth[Allows(&q, roleRequest())]
		}
		if more, less := with(policy.Allow), with(policy.Deny); more < before || less > before {
			t.Fatalf("%+v: %d, with one more Allow %d, with one more Deny %d", p.Statements, before, more, less)
		}
		random.Shuffle(len(p.Statements), func(i, j int) { p.Statements[i], p.Statements[j] = p.Statements[j], p.Statements[i] })
		if after := worth[Allows(p, roleRequest())]; after != before {
			t.Fatalf("%+v: %d, in another order %d", p.Statements, before, after)
		}
	}
}
