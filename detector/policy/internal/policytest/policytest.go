// Package policytest provides key policies, short texts and a plain matcher for
// the tests of package policy and of the packages below it.
package policytest

import (
	"fmt"
	"strings"
)

// StatementText returns a document with one statement that allows everyone
// kms:Encrypt. Each of members, in JSON, replaces the default member of the same
// name or is added.
func StatementText(members ...string) string {
	usual := []string{`"Effect":"Allow"`, `"Principal":"*"`, `"Action":"kms:Encrypt"`, `"Resource":"*"`}
	for _, member := range members {
		name, _, _ := strings.Cut(member, ":")
		replaced := false
		for i, have := range usual {
			if strings.HasPrefix(have, name+":") {
				usual[i], replaced = member, true
			}
		}
		if !replaced {
			usual = append(usual, member)
		}
	}
	return `{"Version":"2012-10-17","Statement":{` + strings.Join(usual, ",") + `}}`
}

// Condition returns a Condition member with one operator, key and value; value
// is JSON.
func Condition(operator, key, value string) string {
	return fmt.Sprintf(`"Condition":{%q:{%q:%s}}`, operator, key, value)
}

// Large returns a policy of nearly limit bytes with the typical shape of large
// policies: many statements, each with lists and a condition.
func Large(limit int) []byte {
	const statement = `{"Sid":"Team","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/app/Deploy","arn:aws:iam::444455556666:root"]},` +
		`"Action":["kms:Encrypt","kms:GenerateDataKey*"],"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":["111122223333","444455556666"]},` +
		`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-mycorp0001/r-ab12/*"}}}`
	const head, tail = `{"Version":"2012-10-17","Statement":[`, `]}`
	n := (limit - len(head) - len(tail)) / (len(statement) + 1)
	return []byte(head + strings.TrimSuffix(strings.Repeat(statement+",", n), ",") + tail)
}
