package decide

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// An adversary makes policies near the limit of size that are meant to be expensive:
// a few kinds of statements, each many times over.
type adversary struct{ rng *rand.Rand }

func newAdversary(seed uint64) *adversary { return &adversary{rand.New(rand.NewPCG(seed, 13))} }

// maxPolicy is AWS's limit for a key policy, in bytes.
const maxPolicy = 32 * 1024

// policy returns the text of a policy of at most that many bytes.
func (a *adversary) policy(size int) []byte {
	kinds := make([]func(i int) map[string]any, 1+a.rng.IntN(4))
	for i := range kinds {
		kinds[i] = a.kind()
	}
	statements := []any{}
	if a.rng.IntN(2) == 0 {
		statements = append(statements, largeStatement("Allow", map[string]any{}))
		statements[0].(map[string]any)["Action"] = "*"
	}
	used := len(`{"Version":"2012-10-17","Statement":[]}`) + 200
	for i := 0; ; i++ {
		st := kinds[i%len(kinds)](i)
		text, err := json.Marshal(st)
		if err != nil {
			panic(err)
		}
		if used += len(text) + 1; used > size {
			break
		}
		statements = append(statements, st)
	}
	if a.rng.IntN(4) == 0 {
		slices.Reverse(statements)
	}
	text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": statements})
	if err != nil {
		panic(err)
	}
	return text
}

// kind returns what makes the i-th statement of one kind.
func (a *adversary) kind() func(i int) map[string]any {
	effect := pick(&generator{a.rng}, "Allow", "Allow", "Deny", "Deny", "Deny")
	principal, actions := a.principals(effect), a.actions()
	conditions := make([]func(i int) (operator, key string, values any), a.rng.IntN(4))
	for i := range conditions {
		conditions[i] = a.condition()
	}
	return func(i int) map[string]any {
		member, who := principal(i)
		st := map[string]any{"Effect": effect, member: who, "Resource": "*", "Action": actions(i)}
		block := map[string]any{}
		for _, c := range conditions {
			operator, key, values := c(i)
			if keys, ok := block[operator].(map[string]any); ok {
				keys[key] = values
			} else {
				block[operator] = map[string]any{key: values}
			}
		}
		if len(block) > 0 {
			st["Condition"] = block
		}
		return st
	}
}

// many is a length of lists: mostly short ones, now and then half a policy.
func (a *adversary) many() int { return 1 + a.rng.IntN(pick(&generator{a.rng}, 2, 8, 60, 1500)) }

func (a *adversary) principals(effect string) func(i int) (string, any) {
	n := a.many()
	list := func(i int, format string) []string {
		names := make([]string, min(n, 600))
		for j := range names {
			names[j] = strings.ReplaceAll(format, "#", fmt.Sprintf("%x", i*len(names)+j))
		}
		return names
	}
	switch a.rng.IntN(7) {
	case 0:
		return func(i int) (string, any) {
			return "Principal", map[string]any{"AWS": list(i, "arn:aws:iam::444455556666:role/r#")}
		}
	case 1:
		return func(i int) (string, any) {
			return "Principal", map[string]any{"AWS": fmt.Sprintf("arn:aws:iam::4444%08d:role/team", i)}
		}
	case 2:
		return func(i int) (string, any) {
			return "Principal", map[string]any{"Service": list(i, "s#.amazonaws.com")}
		}
	case 3:
		if effect == "Allow" {
			break
		}
		return func(i int) (string, any) {
			chain := append(list(i, "arn:aws:sts::444455556666:assumed-role/r#/s"), list(i, "arn:aws:iam::444455556666:role/r#")...)
			return "NotPrincipal", map[string]any{"AWS": append(chain, "444455556666")}
		}
	}
	return func(int) (string, any) { return "Principal", "*" }
}

func (a *adversary) actions() func(i int) any {
	all := kmsapi.Actions()
	n := a.many()
	switch a.rng.IntN(5) {
	case 0:
		return func(i int) any { return all[i%27].Name }
	case 1:
		return func(i int) any {
			var list []string
			for j := range min(n, 2000) {
				list = append(list, fmt.Sprintf("*%c*%c*", 'a'+(i+j)%26, 'a'+(i*7+j*3)%26))
			}
			return list
		}
	default:
		return func(int) any { return "*" }
	}
}

// values of conditions: the %d's come out different for each.
var (
	adverseTexts = []string{
		"v%d", "*a%d*", "*a*b%d*c*?*d*", "%0200d", "*????????????????????%d*", "a?????????*%d?*", "${aws:PrincipalTag/t}%d*", "${aws:username}",
		"${aws:PrincipalTag/a%d}", "*${aws:PrincipalTag/k1}*", "arn:aws:iam::*:role/*%d*", "${aws:PrincipalOrgID}/%d*", "*AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%d*", "AAAAAAAAAAAAAAAA?AAAAAAAAAAAAAAAAAAAA*%d",
	}
	adverseKeys = []string{
		"aws:PrincipalTag/t", "aws:PrincipalTag/k%d", "aws:PrincipalTag/k1", "aws:PrincipalArn", "aws:PrincipalAccount", "aws:userid", "aws:username", "aws:PrincipalOrgID",
		"kms:EncryptionContext:t", "kms:EncryptionContext:k%d", "kms:ViaService", "aws:SourceVpce", "aws:SourceVpc", "aws:SourceVpcArn", "kms:RequestAlias", "aws:SourceIdentity", "aws:UserAgent",
		"kms:KeySpec", "aws:SourceArn", "aws:SourceAccount", "kms:GranteePrincipal", "lambda:SourceFunctionArn", "aws:ResourceTag/x", "aws:CalledViaFirst", "kms:EncryptionAlgorithm", "aws:TagKeys", "kms:RecipientAttestation:PCR%d",
	}
	adverseSets = []string{"kms:EncryptionContextKeys", "aws:PrincipalOrgPaths", "aws:CalledVia", "kms:GrantOperations", "kms:ResourceAliases"}
)

func (a *adversary) condition() func(i int) (operator, key string, values any) {
	g := &generator{a.rng}
	n := a.many()
	list := func(i int, format func(i int) string) []string {
		texts := make([]string, n)
		for j := range texts {
			texts[j] = format(i*n + j)
		}
		return texts
	}
	numbered := func(format string, i int) string {
		if strings.Contains(format, "%") {
			return fmt.Sprintf(format, i)
		}
		return format
	}
	switch a.rng.IntN(10) {
	case 0:
		op := pick(g, "IpAddress", "NotIpAddress", "IpAddressIfExists")
		return func(i int) (string, string, any) {
			return op, "aws:SourceIp", list(i, func(i int) string { return fmt.Sprintf("%d.%d.%d.0/24", 20+i%100, i/7%256, i%256) })
		}
	case 1:
		op := pick(g, "DateGreaterThan", "DateLessThan", "DateEquals", "DateNotEquals")
		return func(i int) (string, string, any) {
			return op, "aws:CurrentTime", list(i, func(i int) string {
				return fmt.Sprintf("20%02d-%02d-%02dT%02d:00:00Z", 27+i/8000%60, 1+i/672%12, 1+i/24%28, i%24)
			})
		}
	case 2:
		format := pick(g, "aws:PrincipalTag/n%d", "kms:EncryptionContext:n%d", "unknown:key%d", "aws:MultiFactorAuthAge", "aws:PrincipalOrgID")
		return func(i int) (string, string, any) { return "Null", numbered(format, i%97), fmt.Sprint(i%2 == 0) }
	case 3:
		op, key, text := pick(g, "ForAllValues:", "ForAnyValue:")+pick(g, "StringLike", "StringNotLike", "StringEquals"), pick(g, adverseSets...), pick(g, adverseTexts...)
		return func(i int) (string, string, any) {
			return op, key, list(i, func(i int) string { return numbered(text, i) })
		}
	case 4:
		op := pick(g, "NumericLessThan", "NumericGreaterThan", "NumericEquals", "NumericNotEquals")
		return func(i int) (string, string, any) {
			return op, "aws:MultiFactorAuthAge", list(i, func(i int) string { return fmt.Sprint(i * 7) })
		}
	}
	op := pick(g, "StringLike", "StringNotLike", "StringEquals", "StringNotEquals", "StringLikeIfExists", "ArnLike", "ArnNotLike", "StringEqualsIgnoreCase")
	key, text := pick(g, adverseKeys...), pick(g, adverseTexts...)
	return func(i int) (string, string, any) {
		return op, numbered(key, i%13), list(i, func(i int) string { return numbered(text, i) })
	}
}
