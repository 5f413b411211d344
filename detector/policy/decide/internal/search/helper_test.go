package search

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

const (
	owner  = "111122223333" // the account of the key of these tests
	friend = "444455556666" // an account that their policies name
)

// now is the instant of all requests.
func now() time.Time { return time.Date(2025, time.March, 1, 12, 0, 0, 0, time.UTC) }

// aboutKey is a symmetric key of the owner of which everything is known.
func aboutKey() compile.About {
	no := false
	return compile.About{
		Account: owner, KeyARN: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", Partition: "aws",
		Key: kmsapi.KeyFacts{
			Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: &no, Org: "o-mycorp0001",
			Tags: map[string]string{}, Aliases: []string{},
		},
	}
}

func encrypt() kmsapi.Ask { return kmsapi.Ask{Action: "kms:Encrypt", Class: kmsapi.ClassEncrypt} }

// statement is one about all actions, of everybody, with the condition block in conditions.
func statement(effect, conditions string) string {
	return `{"Effect":"` + effect + `","Principal":"*","Action":"kms:*","Resource":"*","Condition":{` + conditions + `}}`
}

func allow(conditions string) string { return statement("Allow", conditions) }
func deny(conditions string) string  { return statement("Deny", conditions) }

// to replaces the principal of a statement, an AWS one, by others.
func to(statement string, principals ...string) string {
	return strings.Replace(statement, `"Principal":"*"`, `"Principal":{"AWS":["`+strings.Join(principals, `","`)+`"]}`, 1)
}

// spaceOf compiles statements, about aboutKey unless about says otherwise.
func spaceOf(t testing.TB, about compile.About, statements ...string) *Space {
	t.Helper()
	text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	p, err := policy.ParseStrict([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return NewSpace(compile.New(p, condkey.Default(), about, textsolve.NewBudget(1<<40, nil)), now(), nil)
}

// kindOf reads a kind of request such as "user temporary endpoint": a caller,
// "role" when none is said, a path, "direct" when none is said, and credentials.
func kindOf(t testing.TB, c *Space, text string) *RequestKind {
	t.Helper()
	var caller compile.CallerKind
	path, temporary := Direct, false
	for _, word := range strings.Fields(text) {
		switch {
		case slices.Contains(callerWords(), word):
			caller = compile.CallerKind(slices.Index(callerWords(), word))
		case slices.Contains(pathWords(), word):
			path = PathKind(slices.Index(pathWords(), word))
		case word == "temporary":
			temporary = true
		default:
			t.Fatalf("%q is no kind of caller, path or credentials", word)
		}
	}
	session := caller == compile.RoleCaller || caller == compile.FedCaller
	return c.NewKind(caller, temporary || session, path, encrypt(), c.Serving(encrypt()))
}

// callerWords and pathWords are the words of kindOf, in the order of the constants.
func callerWords() []string { return []string{"role", "user", "root", "federated", "service"} }
func pathWords() []string   { return []string{"direct", "endpoint", "via", "mcp"} }

// slotOf returns the slot of a key that the policy mentions.
func slotOf(t testing.TB, c *Space, key string) int {
	t.Helper()
	for _, k := range c.Mentions {
		if strings.EqualFold(k.Name, key) {
			return k.Slot
		}
	}
	t.Fatalf("no statement mentions %s", key)
	return -1
}

// valueOf shows what a model gives a key; "absent" for none.
func valueOf(m *compile.Model, slot int) string {
	if len(m.Values[slot]) == 0 {
		return "absent"
	}
	var texts []string
	for _, v := range m.Values[slot] {
		texts = append(texts, v.Text)
	}
	return strings.Join(texts, " ")
}

// confirmed asks the evaluator, which shares nothing with the search, about the
// request that a model is.
func confirmed(s *Search, m *compile.Model) evaluate.Answer {
	return evaluate.Allows(s.c.Source, s.Request(m, s.Ask))
}

// hold fails the test unless the evaluator agrees with what a search has found.
func hold(t testing.TB, name string, s *Search, m *compile.Model) {
	t.Helper()
	answer := confirmed(s, m)
	if answer == evaluate.No || s.sure && answer != evaluate.Yes {
		t.Errorf("%s: found %+v, which the evaluator allows: %v", name, s.Request(m, s.Ask), answer)
	}
}

// outcome says what comes of a search: a request is "found", there is "none", or
// the search "gave up".
func outcome(s *Search) string {
	switch m, _ := s.Find(); {
	case m != nil:
		return "found"
	case s.Incomplete:
		return "gave up"
	default:
		return "none"
	}
}
