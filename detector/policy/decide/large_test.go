package decide

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// largeStatement is a statement about everybody and kms:Encrypt.
func largeStatement(effect string, condition map[string]any) map[string]any {
	return map[string]any{"Effect": effect, "Principal": "*", "Action": "kms:Encrypt", "Resource": "*", "Condition": condition}
}

func under(operator, key string, values any) map[string]any {
	return map[string]any{operator: map[string]any{key: values}}
}

func texts(n int, format string) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(format, i))
	}
	return list
}

// largeCases are policies near the limit of size, of which the verdict is
// known by the way they are made.
func largeCases() map[string]struct {
	statements []map[string]any
	want       []Verdict
} {
	type largeCase = struct {
		statements []map[string]any
		want       []Verdict
	}
	open := largeStatement("Allow", map[string]any{})
	cases := map[string]largeCase{}
	add := func(name string, want []Verdict, statements ...map[string]any) {
		cases[name] = largeCase{statements, want}
	}

	hundred, thousand := texts(100, "%02d*"), texts(1000, "%03d*")
	but := func(list []string, i int) []string { return append(append([]string(nil), list[:i]...), list[i+1:]...) }
	add("denied by a hundred prefixes", []Verdict{Private}, open, largeStatement("Deny", under("StringLike", "aws:PrincipalAccount", hundred)))
	add("denied by a hundred prefixes but one", []Verdict{Public}, open, largeStatement("Deny", under("StringLike", "aws:PrincipalAccount", but(hundred, 73))))
	add("denied by a thousand prefixes", []Verdict{Private, Undecided}, open, largeStatement("Deny", under("StringLike", "aws:PrincipalAccount", thousand)))
	add("denied by a thousand prefixes but one", []Verdict{Public, Undecided}, open, largeStatement("Deny", under("StringLike", "aws:PrincipalAccount", but(thousand, 731))))

	add("four hundred small networks", []Verdict{Network}, largeStatement("Allow", under("IpAddress", "aws:SourceIp", texts(256, "54.1.%d.0/24"))),
		largeStatement("Allow", under("IpAddress", "aws:SourceIp", texts(200, "54.2.%d.0/24"))))
	add("networks that come to more than a /8", []Verdict{Public}, largeStatement("Allow", under("IpAddress", "aws:SourceIp", texts(256, "54.%d.0.0/16"))),
		largeStatement("Allow", under("IpAddress", "aws:SourceIp", texts(3, "55.%d.0.0/16"))))
	add("a network minus its addresses", []Verdict{Private}, largeStatement("Allow", under("IpAddress", "aws:SourceIp", "203.0.113.0/24")),
		largeStatement("Deny", under("IpAddress", "aws:SourceIp", texts(256, "203.0.113.%d"))))
	add("a network minus its addresses but one", []Verdict{Network}, largeStatement("Allow", under("IpAddress", "aws:SourceIp", "203.0.113.0/24")),
		largeStatement("Deny", under("IpAddress", "aws:SourceIp", texts(255, "203.0.113.%d"))))

	add("a thousand named accounts", []Verdict{Shared}, largeStatement("Allow", under("StringEquals", "kms:CallerAccount", texts(1000, "44445555%04d"))))
	add("a thousand named accounts denied", []Verdict{Private}, largeStatement("Allow", under("StringEquals", "kms:CallerAccount", texts(1000, "44445555%04d"))),
		largeStatement("Deny", under("StringLike", "aws:PrincipalAccount", "44445555*")))
	add("roles of a name anywhere, but for many accounts", []Verdict{Public}, largeStatement("Allow", under("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/Deploy")),
		largeStatement("Deny", under("ArnLike", "aws:PrincipalArn", texts(700, "arn:aws:iam::2222%04d????:role/*"))))

	var allows, denies []map[string]any
	for i := range 90 {
		allows = append(allows, largeStatement("Allow", map[string]any{
			"StringEquals": map[string]any{"aws:PrincipalTag/team": fmt.Sprint("t", i), "aws:PrincipalOrgID": "o-mycorp0001"},
		}))
		denies = append(denies, largeStatement("Deny", map[string]any{
			"StringEquals": map[string]any{fmt.Sprintf("aws:PrincipalTag/k%d", i): "yes"}, "StringNotEquals": map[string]any{"aws:PrincipalTag/team": "blue"},
		}))
	}
	add("ninety statements for an organization", []Verdict{Shared}, allows...)
	add("ninety Denies that a caller escapes", []Verdict{Public}, append(denies, open)...)

	stars := texts(600, "*a*b%d*c*?*d*e*f*g*")
	add("many stars", []Verdict{Public, Undecided}, largeStatement("Allow", under("StringLike", "aws:PrincipalTag/t", "*z*")),
		largeStatement("Deny", under("StringLike", "aws:PrincipalTag/t", stars)))
	add("many stars twice", []Verdict{Public, Undecided}, largeStatement("Allow", under("StringLike", "kms:EncryptionContext:t", stars[:300])),
		largeStatement("Deny", under("StringLike", "kms:EncryptionContext:t", texts(300, "*%d*x*y*"))))
	add("many variables", []Verdict{Public, Undecided}, largeStatement("Allow", under("StringLike", "aws:PrincipalTag/a", "*")),
		largeStatement("Deny", under("StringNotLike", "aws:PrincipalTag/a", texts(300, "${aws:PrincipalTag/b}%d${aws:PrincipalTag/c}*"))))
	return cases
}

func TestDecideLarge(t *testing.T) {
	for name, c := range largeCases() {
		text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": c.statements})
		if err != nil {
			t.Fatal(err)
		}
		p, err := policy.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d, alloc := charged(p, surroundings())
		holdBounds(t, name, d, alloc)
		right := false
		for _, v := range c.want {
			right = right || d.Verdict == v
		}
		if !right {
			t.Errorf("%s: Decide = %v %v, want %v", name, d.Verdict, d.Undecided, c.want)
		}
		checkDecision(t, name, p, surroundings(), d)
	}
}
