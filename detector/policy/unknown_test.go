package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

func TestUnknownLacks(t *testing.T) {
	for _, row := range []struct {
		name  string
		u     Unknown
		chars string
		want  bool
	}{
		{"nothing is known", Unknown{}, "*", false},
		{"no characters are asked about", Unknown{}, "", true},
		{"one that it lacks", Unknown{Never: ":*?"}, "*", true},
		{"both", Unknown{Never: ":*?"}, "*?", true},
		{"one of two", Unknown{Never: ":*"}, "*?", false},
		{"its texts lack it", Unknown{Values: []string{"a", "b"}}, "*", true},
		{"one of its texts has it", Unknown{Values: []string{"a", "b*"}}, "*", false},
		{"its texts count, not what is said beside", Unknown{Values: []string{"*"}, Never: "*"}, "*", false},
		{"no text at all", Unknown{Values: []string{}}, "*", true},
	} {
		if got := row.u.Lacks(row.chars); got != row.want {
			t.Errorf("%s: lacks %q: %v, want %v", row.name, row.chars, got, row.want)
		}
	}
}

// TestMarksRoundTrip: what is put between marks comes out again, and the marks
// with their places, in whatever order.
func TestMarksRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	texts := []string{"", "a", "é", "<unknown>", "${x}", "\U000E0100"}
	for range 2_000 {
		var text, plain, shown strings.Builder
		var want []int
		for range random.IntN(6) {
			piece := texts[random.IntN(len(texts))]
			text.WriteString(piece)
			plain.WriteString(piece)
			shown.WriteString(piece)
			if i := random.IntN(70_000); i <= int(lastMark-firstMark) {
				text.WriteString(Mark(i))
				shown.WriteString("<unknown>")
				want = append(want, i)
			}
		}
		if got := MarksIn(text.String()); !slices.Equal(got, want) {
			t.Errorf("%q has the marks %v, want %v", text.String(), got, want)
		}
		if got := ReplaceMarks(text.String(), ""); got != plain.String() {
			t.Errorf("%q without marks: %q, want %q", text.String(), got, plain.String())
		}
		if got := Shown(text.String()); got != shown.String() {
			t.Errorf("%q for people: %q, want %q", text.String(), got, shown.String())
		}
	}
}

// TestApart: the policy itself stays as it is.
func TestApart(t *testing.T) {
	p := &Policy{ID: "x"}
	if q := p.Apart(); !q.IsApart || q.ID != "x" || p.IsApart {
		t.Errorf("apart %+v, and the policy %+v", q, p)
	}
}

// TestManyUnknownParts: past MaxNotes, further parts share the last mark, and a
// statement of which nothing is known but what another says already is thin.
func TestManyUnknownParts(t *testing.T) {
	const n = MaxNotes + 5
	p, err := ParsePartial([]byte(`{"Statement":[`+strings.TrimSuffix(strings.Repeat("1,", n), ",")+`]}`), make([]Unknown, 2))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Unknown) != MaxNotes+2 || len(p.Statements) != n {
		t.Fatalf("%d unknown parts in %d statements, want %d in %d", len(p.Unknown), len(p.Statements), MaxNotes+2, n)
	}
	if last := p.Unknown[len(p.Unknown)-1]; !last.Varies || p.Unknown[MaxNotes].Varies {
		t.Error("the shared part is one text, or another is not")
	}
	first, last := p.Statements[0], p.Statements[n-1]
	if first.Principals[0].Value != Mark(2) || last.Principals[0].Value != Mark(MaxNotes+1) {
		t.Errorf("the first and last statement have %q and %q", first.Principals[0].Value, last.Principals[0].Value)
	}
	if first.Actions == nil || last.Actions != nil || last.Conditions != nil {
		t.Errorf("the first statement is thin, or the last is not: %+v", last)
	}
}

// written writes a policy in the policy language.
func written(p *Policy) string {
	list := func(name string, texts []string) string {
		var quoted []string
		for _, text := range texts {
			quoted = append(quoted, fmt.Sprintf("%q", text))
		}
		return fmt.Sprintf(`,%q:[%s]`, name, strings.Join(quoted, ","))
	}
	not := map[bool]string{true: "Not"}
	var statements []string
	for _, s := range p.Statements {
		var kinds []string
		for kind := KindAWS; kind <= KindCanonicalUser; kind++ {
			var names []string
			for _, x := range s.Principals {
				if x.Kind == kind {
					names = append(names, x.Value)
				}
			}
			if names != nil {
				kinds = append(kinds, list(kind.String(), names)[1:])
			}
		}
		text := fmt.Sprintf(`{"Sid":%q,"Effect":%q,"%sPrincipal":{%s}`, s.Sid, s.Effect, not[s.NotPrincipal], strings.Join(kinds, ",")) +
			list(not[s.NotAction]+"Action", s.Actions) + list(not[s.NotResource]+"Resource", s.Resources)
		var conditions []string
		for _, c := range s.Conditions {
			conditions = append(conditions, fmt.Sprintf(`%q:{%s}`, c.Operator.Text, list(c.Key, c.Values)[1:]))
		}
		statements = append(statements, text+`,"Condition":{`+strings.Join(conditions, ",")+`}}`)
	}
	return fmt.Sprintf(`{"Version":%q,"Id":%q,"Statement":[%s]}`, p.Version, p.ID, strings.Join(statements, ","))
}

// TestParsePrinted: policies made at random and written out are read as they were.
func TestParsePrinted(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	principals := []Principal{
		{KindAWS, "*"},
		{KindAWS, "444455556666"},
		{KindAWS, "arn:aws:iam::444455556666:role/a/b"},
		{KindService, "s3.amazonaws.com"},
		{KindFederated, "accounts.google.com"},
		{KindCanonicalUser, "79a59df900b949e55d96a1e698fbaced"},
	}
	for range 500 {
		p := &Policy{Version: pick(Version2008, Version2012), ID: pick("", "k\u00e9y", `a"\b`)}
		for i := range 1 + random.IntN(3) {
			s := Statement{Index: i, Sid: pick("", "a b"), Effect: Effect(1 + random.IntN(2)), NotPrincipal: random.IntN(2) == 0, NotAction: random.IntN(2) == 0, NotResource: random.IntN(2) == 0}
			at := random.IntN(len(principals))
			s.Principals = principals[at : at+1+random.IntN(len(principals)-at)]
			s.Actions, s.Resources = []string{pick("kms:*", "*"), pick("kms:Encrypt", "")}, []string{pick("*", "arn:aws:kms:*:*:key/${aws:x}")}
			if random.IntN(2) == 0 {
				op, _ := ParseOperator(pick("StringLike", "ForAnyValue:StringNotEqualsIfExists", "ArnEquals", "stringequals"))
				s.Conditions = append(s.Conditions, Condition{op, pick("aws:PrincipalOrgID", "a:b"), []string{pick("x", "\u00ff"), pick("*", "\"")}})
			}
			p.Statements = append(p.Statements, s)
		}
		text := written(p)
		got, err := ParseStrict([]byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if again := written(got); again != text || got.Unknown != nil {
			t.Fatalf("read and written again:\n%s, want\n%s", again, text)
		}
		for i, s := range got.Statements {
			if s.Index != i || !strings.Contains(text, s.Text) || !strings.HasPrefix(s.Text, "{") || !strings.HasSuffix(s.Text, "}") {
				t.Fatalf("statement %d has index %d and the text %s", i, s.Index, s.Text)
			}
		}
	}
}

// TestSpelledTwice: an operator in two letter cases, which JSON takes for two members.
func TestSpelledTwice(t *testing.T) {
	for _, row := range []struct {
		name, condition string
		want            bool
	}{
		{"two spellings", `"Bool":{"a:b":"true"},"bool":{"c:d":"true"}`, true},
		{"two keys", `"Bool":{"a:b":"true","c:d":"true"}`, false},
		{"two operators", `"Bool":{"a:b":"true"},"BoolIfExists":{"a:b":"true"}`, false},
	} {
		p, err := ParseStrict([]byte(policytest.StatementText(`"Condition":{` + row.condition + `}`)))
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if got := p.Statements[0].SpelledTwice("Bool"); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// TestNotKnown: what is not known of an effect, kind or principal is not taken for something.
func TestNotKnown(t *testing.T) {
	if Effect(0).String() != "?" || PrincipalKind(0).String() != "?" || Effect(3).String() != "?" {
		t.Errorf("%v, %v, %v, want ?", Effect(0), PrincipalKind(0), Effect(3))
	}
	for arn, want := range map[string]bool{
		"arn:aws:iam::111122223333:role/aws-service-role/s3.amazonaws.com/x": true, "arn:aws:iam::111122223333:role/x": false, "arn:aws:iam::111122223333:role/x/aws-service-role/y": false,
	} {
		if IsServiceLinked(arn) != want {
			t.Errorf("%s is service-linked: %v, want %v", arn, !want, want)
		}
	}
}
