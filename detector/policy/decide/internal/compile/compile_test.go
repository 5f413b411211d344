package compile

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

func TestCompileOwner(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:111122223333:key/1234"
	for _, row := range []struct{ arn, account, owner, region string }{
		{key, "", "111122223333", "eu-west-1"},
		{key, "444455556666", "444455556666", "eu-west-1"},
		{"", "444455556666", "444455556666", ""},
		{"", "", "", ""},
		{"key/1234", "", "", ""},
	} {
		c := New((&policy.Policy{}), condkey.Default(), About{KeyARN: row.arn, Account: row.account, Partition: "aws"}, textsolve.NewBudget(1_000_000, nil))
		if c.Owner != row.owner || c.Region != row.region {
			t.Errorf("key %q of account %q: owner %q in %q, want %q in %q", row.arn, row.account, c.Owner, c.Region, row.owner, row.region)
		}
	}
}

// here is a key of which everything is known.
func here() About {
	no := false
	return About{
		Account: "111122223333", KeyARN: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", Partition: "aws",
		Key: kmsapi.KeyFacts{
			Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: &no, Org: "o-mycorp0001",
			Tags: map[string]string{}, Aliases: []string{},
		},
	}
}

// Whether a statement is about the key may turn on the request.
func TestCompileResource(t *testing.T) {
	const mine = "arn:aws:kms:us-east-1:111122223333:key/"
	key := `"` + here().KeyARN + `"`
	for _, row := range []struct {
		name, member string
		noKey        bool
		want         Match
		clauses      int
		doubt        bool
	}{
		{"a variable", `"Resource":"` + mine + `${aws:username}"`, false, Yes, 1, false},
		{"a variable and a wildcard", `"Resource":"` + mine + `1*${aws:username}"`, false, Yes, 1, true},
		{"a variable before the fifth colon", `"Resource":"arn:aws:kms:us-east-1:${aws:PrincipalAccount}:key/*"`, false, Yes, 1, true},
		{"a variable, next to another key", `"Resource":["` + mine + `${aws:username}","arn:aws:kms:eu-west-1:${aws:PrincipalAccount}:key/1"]`, false, Yes, 1, false},
		{"a variable, and the key", `"Resource":["` + mine + `${aws:username}",` + key + `]`, false, Yes, 0, false},
		{"a variable, in another account", `"Resource":"arn:aws:kms:us-east-1:444455556666:key/${aws:username}"`, false, No, 0, false},
		{"a variable, next to what is not known", `"Resource":["` + mine + `${aws:username}","` + mine + `` + policy.Mark(0) + `"]`, false, Maybe, 0, false},
		{"a variable of a key that is not known", `"Resource":"` + mine + `${aws:username}"`, true, Maybe, 0, false},
		{"all but a variable", `"NotResource":"` + mine + `${aws:username}"`, false, Maybe, 0, false},
		{"all but the key and what is not known", `"NotResource":[` + key + `,"` + policy.Mark(0) + `"]`, false, No, 0, false},
		{"what is not known", `"Resource":"` + policy.Mark(0) + `"`, false, Maybe, 0, false},
	} {
		p, err := policy.ParsePartial([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*",`+row.member+`}]}`), make([]policy.Unknown, 1))
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		about := here()
		about.Insiders = true
		if row.noKey {
			about.KeyARN = ""
		}
		c := New(p, condkey.Default(), about, textsolve.NewBudget(1_000_000, nil))
		s := c.Statements[0]
		if s.Resource != row.want || len(s.Clauses) != row.clauses || len(s.Clauses) > 0 && s.Clauses[0].HasDoubt() != row.doubt {
			t.Errorf("%s: %v with %d conditions %+v, want %v with %d, doubt %v", row.name, s.Resource, len(s.Clauses), s.Clauses, row.want, row.clauses, row.doubt)
		}
	}
}

func TestMention(t *testing.T) {
	var s Statement
	s.mention(4, condkey.Key{Depends: condkey.Dependence{Rules: true}})
	s.mention(5, condkey.Key{})
	s.mention(4, condkey.Key{Depends: condkey.Dependence{Rules: true}})
	if len(s.Tied) != 1 || s.Tied[0] != 4 {
		t.Errorf("tied by rules: %v, want 4 alone", s.Tied)
	}
}

// clauseOn compiles one condition of the narrow reading.
func clauseOn(t *testing.T, member string) (*Policy, Literal) {
	t.Helper()
	p, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{` + member + `}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := New(p, condkey.Default(), here(), textsolve.NewBudget(1_000_000, nil))
	return c, c.Statements[0].Clauses[0].Sure
}

func TestPathToID(t *testing.T) {
	for value, want := range map[string]bool{
		"${aws:PrincipalOrgID}/*":      true,
		"${aws:ResourceOrgID}/*":       true,
		"${aws:SourceOrgID}/*":         true,
		"${aws:VpceOrgID}/*":           true,
		"${aws:SourceOrgID, 'o-1'}/*":  false,
		"${aws:PrincipalTag/org}/*":    false,
		"${aws:PrincipalAccount}/*":    false,
		"${aws:PrincipalOrgID}/r-1/*":  false,
		"${aws:PrincipalOrgID}/":       false,
		"x${aws:PrincipalOrgID}/*":     false,
		"${aws:PrincipalOrgID}/${*}":   false,
		"${aws:PrincipalOrgID}/*${*}x": false,
	} {
		_, l := clauseOn(t, `"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"`+value+`"}`)
		if got := l.Slot == SlotOrgID; got != want {
			t.Errorf("%s is about the organization's id: %v, want %v", value, got, want)
		}
	}
}

// The caller's account within the caller's ARN is nothing to look up.
func TestOwnAccount(t *testing.T) {
	const me, stranger = "arn:aws:iam::444455556666:role/x", "arn:aws:iam::444455556666:role/y"
	for _, row := range []struct {
		operator, value string
		plain           bool
	}{
		{"StringEquals", "arn:aws:iam::${aws:PrincipalAccount}:role/x", true},
		{"StringLike", "arn:aws:iam::${aws:PrincipalAccount}:role/x*", true},
		{"ArnLike", "arn:*:iam::${aws:PrincipalAccount}:role/x", true},
		{"StringEquals", "arn:*:iam::${aws:PrincipalAccount}:role/x", true}, // and matches nobody
		{"StringLike", "arn:*:iam::${aws:PrincipalAccount}:role/x", false},
		{"StringLike", "arn:aws:iam::${aws:PrincipalAccount}", true}, // and matches nobody
		{"StringLike", "arn:aws:iam::${aws:PrincipalAccount}*:role/x", false},
		{"StringLike", "arn:aws:iam::${aws:PrincipalAccount}${aws:userid}:role/x", false},
		{"StringLike", "arn:aws:iam::${aws:PrincipalAccount}:role/${aws:userid}", false},
		{"StringLike", "arn:aws:iam::${*}${aws:PrincipalAccount}:role/x", false},
		{"StringLike", "arn:aws:iam::4${aws:PrincipalAccount}:role/x", false},
		{"StringLike", "arn:aws:iam:x:${aws:PrincipalAccount}:role/x", false},
		{"StringLike", "arn:aws:${aws:PrincipalAccount}:role/x", false},
		{"StringLike", "arn:aws:iam::${aws:userid}:role/x", false},
		{"StringLike", "${aws:userid}${aws:PrincipalAccount}:role/x", false},
		{"StringLike", "${aws:PrincipalAccount}", false},
	} {
		c, l := clauseOn(t, `"`+row.operator+`":{"aws:PrincipalArn":"`+row.value+`"}`)
		if got := !l.Set.Variables; got != row.plain {
			t.Errorf("%s %s: without a variable %v, want %v", row.operator, row.value, got, row.plain)
		}
		m := &Model{Values: make([][]Value, len(c.Slots)), Budget: textsolve.NewBudget(1_000_000, nil)}
		m.Set(SlotAccount, "444455556666")
		for _, arn := range []string{me, stranger, "arn:aws:iam::44445555666:role/x", "arn:aws:iam::444455556666"} {
			filled := strings.ReplaceAll(row.value, "${aws:PrincipalAccount}", "444455556666")
			want := filled == arn || row.operator != "StringEquals" && evaluate.MatchesGlob(filled, arn)
			if row.plain && l.Set.has(Value{Text: arn}, m) != want {
				t.Errorf("%s %s matches %s: %v, want %v", row.operator, row.value, arn, !want, want)
			}
		}
	}
}
