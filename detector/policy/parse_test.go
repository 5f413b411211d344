package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// statementText returns a document with one statement; members replace the
// usual ones by name, and an empty text leaves one out.
func statementText(members ...string) string {
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

func condition(operator, key, value string) string {
	return fmt.Sprintf(`"Condition":{%q:{%q:%s}}`, operator, key, value)
}

func TestParseErrors(t *testing.T) {
	principal := func(p string) string { return statementText(`"Principal":` + p) }
	aws := func(p string) string { return principal(fmt.Sprintf(`{"AWS":%q}`, p)) }
	rows := []struct{ name, text, want string }{
		{"empty", ``, `key policy: expected an object, found the end of the text (byte 0)`},
		{"cut off", `{"Version":`, `key policy: Version: expected "2008-10-17" or "2012-10-17", found the end of the text (byte 11)`},
		{"no comma", `{"Id":"a" "Version":"2012-10-17"}`, `key policy: expected a comma or }, found string "Version" (byte 10)`},
		{"trailing comma", `{"Id":"a",}`, `key policy: expected another value after the comma, found "}" (byte 10)`},
		{"no colon", `{"Id" "a"}`, `key policy: expected a colon, found string "a" (byte 6)`},
		{"no statement", `{"Id":"a"}`, `key policy: expected Statement, found no such member (byte 0)`},
		{"null version", `{"Version":null}`, `key policy: Version: expected "2008-10-17" or "2012-10-17", found null (byte 11)`},
		{"number id", `{"Id":1}`, `key policy: Id: expected a string, found number 1 (byte 6)`},
		{"null statement", `{"Statement":null}`, `key policy: Statement: expected a statement or a list of statements, found null (byte 13)`},
		{"nested list", `{"Statement":[[]]}`, `key policy: Statement[0]: expected a statement object, found a list (byte 14)`},
		{"two documents", statementText() + statementText(), `key policy: expected the end of the document, found an object (byte 109)`},
		{"exponent without digits", `{"Id":1e}`, `key policy: Id: expected a string, found "1" (byte 6)`},
		{"cut off in an escape", `{"a\`, `key policy: expected an escape of JSON, found "\\" (byte 3)`},
		{"cut off in a \\u escape", `{"\u00`, `key policy: expected an escape of JSON, found "\\u00" (byte 2)`},
		{"no hexadecimal digits", `{"\u00g0":1}`, `key policy: expected an escape of JSON, found "\\u00g0" (byte 2)`},
		{"cut off in a character", "{\"\xc3", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\xc3" (byte 2)`},
		{"control character", "{\"\x01\":1}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\x01" (byte 2)`},
		{"control beyond ASCII", "{\"\u0085\":1}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\u0085" (byte 2)`},
		{"half a character of C2", "{\"\xc2\xc3\":1}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\xc2" (byte 2)`},
		{"half a character of C3", "{\"\xc3A\":1}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\xc3" (byte 2)`},
		{"two halves", "{\"\xc3\xc3\":1}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\xc3" (byte 2)`},
		{"odd version", `{"version":"2012-10-17"}`, `key policy: expected Version, Id or Statement, found "version" (byte 1)`},
		{"no comma between principals", principal(`{"AWS":["*" "*"]}`), `key policy: Statement.Principal.AWS: expected a comma or ], found string "*" (byte 78)`},
		{"unknown escape", `{"\q":1}`, `key policy: expected an escape of JSON, found "\\q" (byte 2)`},
		{"short escape", `{"\u00":1}`, `key policy: expected an escape of JSON, found "\\u00\":" (byte 2)`},
		{"raw tab in a string", "{\"a\tb\":1}", `key policy: expected an escape for this character, found "\t" (byte 3)`},
		{"lone surrogate", statementText(`"Sid":"\ud800"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\ud800" (byte 115)`},
		{"surrogate pair", statementText(`"Sid":"\ud83d\ude00"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\ud83d" (byte 115)`},
		{"escaped control", statementText(`"Sid":"\u0000"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\u0000" (byte 115)`},
		{"escaped backspace", statementText(`"Sid":"\b"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\b" (byte 115)`},
		{"escaped delete", statementText(`"Sid":"\u007f"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\u007f" (byte 115)`},
		{"not UTF-8", "{\"\xff\":1}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\xff" (byte 2)`},
		{"overlong UTF-8", "{\"\xc0\xaf\":1}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\xc0" (byte 2)`},
		{"byte order mark", "\ufeff{}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\ufeff" (byte 0)`},
		{"long unknown member", `{"` + strings.Repeat("é", 40) + `":1}`, `key policy: expected Version, Id or Statement, found "` + strings.Repeat(`\u00e9`, 30) + `"... (byte 1)`},
		{"both principals", statementText(`"NotPrincipal":"*"`), `key policy: Statement: expected one member of a kind, found NotPrincipal beside its opposite (byte 108)`},
		{"both resources", statementText(`"NotResource":"*"`), `key policy: Statement: expected one member of a kind, found NotResource beside its opposite (byte 108)`},
		{"effect in a list", statementText(`"Effect":["Allow"]`), `key policy: Statement.Effect: expected "Allow" or "Deny", found a list (byte 46)`},
		{"no action in the list", statementText(`"Action":[]`), `key policy: Statement.Action: expected an action or a list of actions, found an empty list (byte 79)`},
		{"action number", statementText(`"Action":5`), `key policy: Statement.Action: expected an action or a list of actions, found number 5 (byte 79)`},
		{"action null in a list", statementText(`"Action":["a",null]`), `key policy: Statement.Action[1]: expected a string, found null (byte 84)`},
		{"resource object", statementText(`"Resource":{}`), `key policy: Statement.Resource: expected a resource or a list of resources, found an object (byte 104)`},
		{"principal account as text", principal(`"111122223333"`), `key policy: Statement.Principal: expected "*" or an object, found string "111122223333" (byte 66)`},
		{"principal null", principal(`null`), `key policy: Statement.Principal: expected "*" or an object, found null (byte 66)`},
		{"principal kind unknown", principal(`{"aws":"*"}`), `key policy: Statement.Principal: expected AWS, Service, Federated or CanonicalUser, found "aws" (byte 67)`},
		{"principal kind twice", principal(`{"AWS":"*","\u0041WS":"*"}`), `key policy: Statement.Principal: expected AWS once, found it again (byte 77)`},
		{"principal list empty", principal(`{"AWS":[]}`), `key policy: Statement.Principal.AWS: expected at least one principal, found an empty list (byte 73)`},
		{"principal number", principal(`{"AWS":111122223333}`), wantAWS("Statement.Principal.AWS", `number 111122223333`, 73)},
		{"principal list of lists", principal(`{"AWS":[["*"]]}`), wantAWS("Statement.Principal.AWS[0]", "a list", 74)},
		{"account too short", aws("11112222333"), wantAWS("Statement.Principal.AWS", `"11112222333"`, 73)},
		{"account wildcard", aws("44445555*"), wantAWS("Statement.Principal.AWS", `"44445555*"`, 73)},
		{"group", aws("arn:aws:iam::111122223333:group/x"), wantAWS("Statement.Principal.AWS", `"arn:aws:iam::111122223333:group/x"`, 73)},
		{"user without name", aws("arn:aws:iam::111122223333:user/"), wantAWS("Statement.Principal.AWS", `"arn:aws:iam::111122223333:user/"`, 73)},
		{"session without role", aws("arn:aws:sts::111122223333:assumed-role/x"), wantAWS("Statement.Principal.AWS", `"arn:aws:sts::111122223333:assumed-role/x"`, 73)},
		{"session of iam", aws("arn:aws:iam::111122223333:assumed-role/x/y"), wantAWS("Statement.Principal.AWS", `"arn:aws:iam::111122223333:assumed-role/x/y"`, 73)},
		{"variable", aws("arn:aws:iam::111122223333:role/${aws:x}/y"), wantAWS("Statement.Principal.AWS", `"arn:aws:iam::111122223333:role/${aws:x}/y"`, 73)},
		{"no partition", aws("arn:aws-:iam::111122223333:root"), wantAWS("Statement.Principal.AWS", `"arn:aws-:iam::111122223333:root"`, 73)},
		{"region", aws("arn:aws:iam:us-east-1:111122223333:root"), wantAWS("Statement.Principal.AWS", `"arn:aws:iam:us-east-1:111122223333:root"`, 73)},
		{"group id", aws("AGPAEXAMPLEGROUP00001"), wantAWS("Statement.Principal.AWS", `"AGPAEXAMPLEGROUP00001"`, 73)},
		{"service wildcard", principal(`{"Service":"*.amazonaws.com"}`), `key policy: Statement.Principal.Service: expected the name of a service, found "*.amazonaws.com" (byte 77)`},
		{"federated wildcard", principal(`{"Federated":"*"}`), `key policy: Statement.Principal.Federated: expected an identifier without wildcards, found "*" (byte 79)`},
		{"condition null", statementText(`"Condition":null`), `key policy: Statement.Condition: expected an object of operators, found null (byte 120)`},
		{"operator list", statementText(`"Condition":{"Bool":[]}`), `key policy: Statement.Condition.Bool: expected an object of condition keys, found a list (byte 128)`},
		{"no such negation", statementText(condition("BoolNotEquals", "a:b", `"x"`)), `key policy: Statement.Condition: expected a condition operator, found "BoolNotEquals" (byte 121)`},
		{"no such prefix", statementText(condition("ForAnyValues:StringLike", "a:b", `"x"`)), `key policy: Statement.Condition: expected a condition operator, found "ForAnyValues:StringLike" (byte 121)`},
		{"IfExists twice", statementText(condition("BoolIfExistsIfExists", "a:b", `"x"`)), `key policy: Statement.Condition: expected a condition operator, found "BoolIfExistsIfExists" (byte 121)`},
		{"no key", statementText(condition("Bool", "", `"x"`)), `key policy: Statement.Condition.Bool: expected a condition key, found "" (byte 129)`},
		{"list of lists", statementText(condition("Bool", "a:b", `[["x"]]`)), `key policy: Statement.Condition.Bool["a:b"][0]: expected a string, number or boolean, found a list (byte 136)`},
		{"no number", statementText(condition("NumericLessThan", "a:b", `"abc"`)), `key policy: Statement.Condition.NumericLessThan["a:b"]: expected a number, found "abc" (byte 146)`},
		{"no date", statementText(condition("DateLessThan", "a:b", `["2026-01-01","soon"]`)), `key policy: Statement.Condition.DateLessThan["a:b"][1]: expected a date, as ISO 8601 or as seconds since 1970, found "soon" (byte 157)`},
		{"no address", statementText(condition("IpAddress", "a:b", `"203.0.113.0/33"`)), `key policy: Statement.Condition.IpAddress["a:b"]: expected an IP address or CIDR block, found "203.0.113.0/33" (byte 140)`},
		{"no base64", statementText(condition("BinaryEquals", "a:b", `"?"`)), `key policy: Statement.Condition.BinaryEquals["a:b"]: expected base64, found "?" (byte 143)`},
		{"Null of something", statementText(condition("Null", "a:b", `"yes"`)), `key policy: Statement.Condition.Null["a:b"]: expected true or false, found "yes" (byte 135)`},
		{"number of two texts", statementText(condition("StringEquals", "a:b", `111122223333.0`)), `key policy: Statement.Condition.StringEquals["a:b"]: expected a quoted string, as AWS does not say which text this number stands for, found number 111122223333.0 (byte 143)`},
		{"broken number", statementText(condition("StringEquals", "a:b", `01`)), `key policy: Statement.Condition.StringEquals["a:b"]: expected a string, number or boolean, found "0" (byte 143)`},
		{"broken word", statementText(condition("Bool", "a:b", `truely`)), `key policy: Statement.Condition.Bool["a:b"]: expected a string, number or boolean, found true (byte 135)`},
	}
	for _, row := range rows {
		p, err := ParseStrict([]byte(row.text))
		if err == nil {
			t.Errorf("%s: Parse accepts %s", row.name, row.text)
			continue
		}
		var parseError *ParseError
		if p != nil || !errors.As(err, &parseError) || err.Error() != row.want {
			t.Errorf("%s: Parse = %v, %v, want\n\t%s", row.name, p, err, row.want)
		}
	}
}

func wantAWS(path, got string, at int) string {
	return fmt.Sprintf("key policy: %s: expected %s, found %s (byte %d)", path, wantPrincipal(KindAWS), got, at)
}

func TestParseReads(t *testing.T) {
	const text = "\r\n\t" + ` {"Id":"k\u00e9y" , "Version":"2008-10-17",
		"Statement": [ {"Sid":"a b","Effect":"Deny","NotPrincipal":{"Service":"s3.amazonaws.com","AWS":["*","AROAEXAMPLEROLE000001"]},
		"NotAction":["kms:\u0045ncrypt","x"],"NotResource":"*", "Condition":{"forAllValues:StringNotLikeIfExists":{"a:B":[],"c:D":[1,"two",true]},"Bool":{}}} ,
		{"Effect":"Allow","Principal":{"AWS":"arn:aws-cn:iam::111122223333:user/p/q/r"}}]} `
	p, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	first := text[strings.Index(text, `{"Sid"`) : strings.Index(text, `}} ,`)+2]
	op := Operator{Text: "forAllValues:StringNotLikeIfExists", Base: StringLike, Negated: true, IfExists: true, Set: ForAllValues, OddCase: true}
	want := &Policy{Version: version2008, ID: "kéy", Statements: []Statement{
		{
			Sid: "a b", Effect: Deny, Text: first,
			Principals: []Principal{{KindService, "s3.amazonaws.com"}, {KindAWS, "*"}, {KindAWS, "AROAEXAMPLEROLE000001"}}, NotPrincipal: true,
			Actions: []string{"kms:Encrypt", "x"}, NotAction: true, Resources: []string{"*"}, NotResource: true,
			Conditions: []Condition{{op, "a:B", []string{}}, {op, "c:D", []string{"1", "two", "true"}}},
		},
		{
			Index: 1, Effect: Allow, Text: `{"Effect":"Allow","Principal":{"AWS":"arn:aws-cn:iam::111122223333:user/p/q/r"}}`,
			Principals: []Principal{{KindAWS, "arn:aws-cn:iam::111122223333:user/p/q/r"}},
		},
	}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("Parse =\n%+v\nwant\n%+v", p, want)
	}
	if strict, err := ParseStrict([]byte(text)); err != nil || !reflect.DeepEqual(strict, want) {
		t.Errorf("ParseStrict =\n%+v, %v\nwant\n%+v", strict, err, want)
	}
	for _, cut := range []string{`{"a\`, `{"\u00`, "{\"\xc3"} {
		if p, err := Parse([]byte(cut)); err == nil {
			t.Errorf("Parse(%q) = %+v", cut, p)
		}
	}
}

func TestParseSize(t *testing.T) {
	text := []byte(statementText())
	fits := append(text, bytes.Repeat([]byte(" "), maxText-len(text))...)
	if _, err := Parse(fits); err != nil {
		t.Errorf("Parse of %d bytes: %v", len(fits), err)
	}
	if _, err := Parse(append(fits, ' ')); err == nil {
		t.Errorf("Parse accepts %d bytes", len(fits)+1)
	}
}

// TestParseManyKeys: a doubled key is found among many, wherever it stands.
func TestParseManyKeys(t *testing.T) {
	for _, doubled := range []int{0, 7, 8, 20, 39} {
		for _, again := range []int{40, 60} {
			var keys []string
			for i := range again {
				keys = append(keys, fmt.Sprintf(`"aws:PrincipalTag/Key%d":"x"`, i))
			}
			block := `"Condition":{"StringEquals":{` + strings.Join(keys, ",") + `%s}}`
			if _, err := ParseStrict([]byte(statementText(fmt.Sprintf(block, "")))); err != nil {
				t.Errorf("%d keys: %v", again, err)
			}
			twice := fmt.Sprintf(`,"AWS:principaltag/KEY%d":"y"`, doubled)
			if _, err := ParseStrict([]byte(statementText(fmt.Sprintf(block, twice)))); err == nil {
				t.Errorf("key %d stands twice among %d, and Parse accepts it", doubled, again)
			}
		}
	}
}

func TestParseOperators(t *testing.T) {
	for _, o := range operatorNames {
		for _, prefix := range []string{"", "ForAllValues:", "ForAnyValue:"} {
			for _, suffix := range []string{"", "IfExists"} {
				text := prefix + o.name + suffix
				got, ok := parseOperator(text)
				if ok == (o.base == Null && suffix != "") {
					t.Errorf("parseOperator(%q) = %v", text, ok)
				}
				if ok && (got.Base != o.base || got.Negated != o.negated || got.IfExists != (suffix != "") || got.OddCase) {
					t.Errorf("parseOperator(%q) = %+v", text, got)
				}
				if got, ok := parseOperator(strings.ToLower(text)); ok && !got.OddCase {
					t.Errorf("parseOperator(%q) = %+v, want an odd case", strings.ToLower(text), got)
				}
			}
		}
	}
}

// encode writes a policy as plain JSON: every list a list, every value a string.
func encode(p *Policy) []byte {
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

// meaning returns the policy's plain form as text, for comparisons.
func meaning(p *Policy) string { return string(encode(p)) }

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
		p, strict := ParseStrict(text)
		open, err := Parse(text)
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
		if len(again) > maxText {
			return
		}
		q, err := ParseStrict(again)
		if err != nil {
			t.Fatalf("ParseStrict refuses its own policy: %v\n%s", err, again)
		}
		if meaning(q) != meaning(p) {
			t.Fatalf("the round trip changes the policy:\n%s\n%s", meaning(p), meaning(q))
		}
	})
}

// checkReadable: the policy has every statement of the text, and marks only for
// what it lists.
func checkReadable(t *testing.T, text []byte, p *Policy) {
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
		if i, ok := isMark(r); ok && i >= len(p.Unknown) {
			t.Fatalf("mark %d of %d unknown parts", i, len(p.Unknown))
		}
	}
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
		p, err := ParseStrict(text)
		if err != nil || !json.Valid(garbage) {
			return
		}
		var both strings.Builder
		fmt.Fprintf(&both, `{"Version":%q,"Statement":[`, max(p.Version, version2008))
		for _, st := range p.Statements {
			both.WriteString(st.Text + ",")
		}
		both.Write(garbage)
		both.WriteString("]}")
		q, err := Parse([]byte(both.String()))
		if err != nil {
			if both.Len() <= maxText {
				t.Fatalf("Parse: %v\n%s", err, both.String())
			}
			return
		}
		last := len(p.Statements)
		if len(q.Statements) != last+1 || !reflect.DeepEqual(q.Statements[:last], p.Statements) {
			t.Fatalf("Parse reads other statements:\n%+v\n%+v", q.Statements, p.Statements)
		}
		effect := q.Statements[last].Effect
		a, b := p.Decide(surroundings()), q.Decide(surroundings())
		if intricate(a) || intricate(b) {
			return
		}
		if b.Most < a.Most && effect != Deny {
			t.Errorf("at most %v, and %v with\n%s", a.Most, b.Most, garbage)
		}
		if b.Least < a.Least && effect == Allow {
			t.Errorf("at least %v, and %v with\n%s", a.Least, b.Least, garbage)
		}
	})
}
