package decide

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// encode writes a policy as plain JSON: every list a list, every value a string.
func encode(p *policy.Policy) []byte {
	statements := []any{}
	for _, st := range p.Statements {
		m := map[string]any{"Effect": st.Effect.String()}
		if st.Sid != "" {
			m["Sid"] = st.Sid
		}
		not := func(negated bool, member string) string {
			if negated {
				return "Not" + member
			}
			return member
		}
		kinds := map[string][]string{}
		for _, entry := range st.Principals {
			kinds[entry.Kind.String()] = append(kinds[entry.Kind.String()], entry.Value)
		}
		m[not(st.NotPrincipal, "Principal")] = kinds
		if st.Actions != nil {
			m[not(st.NotAction, "Action")] = st.Actions
		}
		if st.Resources != nil {
			m[not(st.NotResource, "Resource")] = st.Resources
		}
		block := map[string]map[string][]string{}
		for _, c := range st.Conditions {
			if block[c.Operator.Text] == nil {
				block[c.Operator.Text] = map[string][]string{}
			}
			block[c.Operator.Text][c.Key] = c.Values
		}
		if len(block) > 0 {
			m["Condition"] = block
		}
		statements = append(statements, m)
	}
	document := map[string]any{"Statement": statements, "Id": p.ID}
	if p.Version != "" {
		document["Version"] = p.Version
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(document); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// FuzzParse: what is accepted is JSON; what is rejected yields no policy. What
// ParseStrict accepts survives a round trip through another writer of JSON, and
// Parse reads it the same and finds nothing unknown.
func FuzzParse(f *testing.F) {
	seeds := 0
	for _, c := range readCorpus(f) {
		f.Add(c.text())
		seeds++
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	for _, c := range readUnknown(f) {
		f.Add([]byte(c.PolicyText))
		f.Add([]byte(c.Policy))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, strict := policy.ParseStrict(text)
		open, err := policy.Parse(text)
		switch {
		case err != nil && (open != nil || strict == nil):
			t.Fatalf("Parse returns %v and %v, ParseStrict %v", open, err, strict)
		case strict != nil && p != nil:
			t.Fatalf("ParseStrict returns a policy and %v", strict)
		case err == nil && strict != nil && len(open.Unknown) == 0:
			t.Fatalf("Parse finds nothing unknown, ParseStrict %v", strict)
		case err == nil:
			checkReadable(t, text, open)
		}
		if strict != nil {
			return
		}
		if len(open.Unknown) > 0 || meaning(open) != meaning(p) {
			t.Fatalf("Parse reads another policy, with %v:\n%s\n%s", open.Unknown, meaning(open), meaning(p))
		}
		again := encode(p)
		if len(again) > 32768 {
			return
		}
		q, err := policy.ParseStrict(again)
		if err != nil {
			t.Fatalf("ParseStrict refuses its own policy: %v\n%s", err, again)
		}
		if meaning(q) != meaning(p) {
			t.Fatalf("the round trip changes the policy:\n%s\n%s", meaning(p), meaning(q))
		}
	})
}

// FuzzGarbage: a statement that cannot be read hides no other one. It never
// makes less possible, unless it denies, and never takes away what is sure,
// unless it may deny.
func FuzzGarbage(f *testing.F) {
	policies := readCorpus(f)
	n := 0
	for _, c := range readUnknown(f) {
		var document struct{ Statement []json.RawMessage }
		if json.Unmarshal(c.Policy, &document) != nil || document.Statement == nil {
			continue
		}
		for _, st := range document.Statement {
			n++
			f.Add(policies[n%len(policies)].text(), []byte(st))
		}
	}
	if n == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, text, garbage []byte) {
		p, err := policy.ParseStrict(text)
		if err != nil || !json.Valid(garbage) {
			return
		}
		var both strings.Builder
		fmt.Fprintf(&both, `{"Version":%q,"Statement":[`, max(p.Version, policy.Version2008))
		for _, st := range p.Statements {
			both.WriteString(st.Text + ",")
		}
		both.Write(garbage)
		both.WriteString("]}")
		q, err := policy.Parse([]byte(both.String()))
		if err != nil {
			if both.Len() <= 32768 {
				t.Fatalf("Parse: %v\n%s", err, both.String())
			}
			return
		}
		last := len(p.Statements)
		if len(q.Statements) != last+1 || !reflect.DeepEqual(q.Statements[:last], p.Statements) {
			t.Fatalf("Parse reads other statements:\n%+v\n%+v", q.Statements, p.Statements)
		}
		effect := q.Statements[last].Effect
		a, b := Decide(p, surroundings()), Decide(q, surroundings())
		if intricate(a) || intricate(b) {
			return
		}
		if b.Most < a.Most && effect != policy.Deny {
			t.Errorf("at most %v, and %v with\n%s", a.Most, b.Most, garbage)
		}
		if b.Least < a.Least && effect == policy.Allow {
			t.Errorf("at least %v, and %v with\n%s", a.Least, b.Least, garbage)
		}
	})
}

// TestParseCrowded: when there are more unreadable parts than are told apart,
// nothing is known of the last one, and what may open the key still may.
func TestParseCrowded(t *testing.T) {
	crowd := `{"Effect":"Deny","Principal":{"AWS":[` + strings.Repeat("1,", policy.MaxNotes) + `1]},"Action":"kms:DisableKey","Resource":"*"},`
	for name, statement := range map[string]string{
		"no object":                 `5`,
		"a digit string":            `{"Effect":"Allow","Principal":{"AWS":"123"},"Action":"kms:*","Resource":"*"}`,
		"an ARN of another kind":    `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:group/x"},"Action":"kms:*","Resource":"*"}`,
		"a doubled member":          `{"Effect":"Allow","Principal":"*","Action":"kms:*","Action":"kms:*","Resource":"*"}`,
		"a list of what may be one": `[{}]`,
	} {
		p, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + crowd + statement + "," + statement + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Unknown) != policy.MaxNotes || p.Unknown[policy.MaxNotes-1].Never != "" {
			t.Errorf("%s: %d unknown parts, the last never holds %q; want %d and nothing", name, len(p.Unknown), p.Unknown[len(p.Unknown)-1].Never, policy.MaxNotes)
		}
		if d := Decide(p, surroundings()); d.Most != Public {
			t.Errorf("%s: at most %v, want %v", name, d.Most, Public)
		}
	}
}

func meaning(p *policy.Policy) string { return string(encode(p)) }

// checkReadable: the policy has every statement of the text, and marks only for
// what it lists.
func checkReadable(t *testing.T, text []byte, p *policy.Policy) {
	t.Helper()
	var document map[string]json.RawMessage
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatalf("Parse accepts what is not JSON: %q", text)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(document["Statement"], &list); err != nil {
		list = []json.RawMessage{document["Statement"]}
	}
	if len(list) != len(p.Statements) {
		t.Fatalf("%d statements of %d", len(p.Statements), len(list))
	}
	for i, u := range p.Unknown {
		if u.Problem == nil || u.Problem.Offset > len(text) || u.Problem.Line < 1 || u.Statement >= len(list) {
			t.Fatalf("unknown part %d is %+v", i, u)
		}
	}
	for _, r := range meaning(p) {
		if i, ok := policy.IsMark(r); ok && i >= len(p.Unknown) {
			t.Fatalf("mark %d of %d unknown parts", i, len(p.Unknown))
		}
	}
}
