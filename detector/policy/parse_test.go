package policy

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

func TestParseErrors(t *testing.T) {
	principal := func(p string) string { return policytest.StatementText(`"Principal":` + p) }
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
		{"two documents", policytest.StatementText() + policytest.StatementText(), `key policy: expected the end of the document, found an object (byte 109)`},
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
		{"lone surrogate", policytest.StatementText(`"Sid":"\ud800"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\ud800" (byte 115)`},
		{"surrogate pair", policytest.StatementText(`"Sid":"\ud83d\ude00"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\ud83d" (byte 115)`},
		{"escaped control", policytest.StatementText(`"Sid":"\u0000"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\u0000" (byte 115)`},
		{"escaped backspace", policytest.StatementText(`"Sid":"\b"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\b" (byte 115)`},
		{"escaped delete", policytest.StatementText(`"Sid":"\u007f"`), `key policy: Statement.Sid: expected a character that KMS takes, found "\\u007f" (byte 115)`},
		{"not UTF-8", "{\"\xff\":1}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\xff" (byte 2)`},
		{"overlong UTF-8", "{\"\xc0\xaf\":1}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\xc0" (byte 2)`},
		{"byte order mark", "\ufeff{}", `key policy: expected tab, line feed, carriage return, U+0020 to U+007E or U+00A0 to U+00FF, found "\ufeff" (byte 0)`},
		{"long unknown member", `{"` + strings.Repeat("é", 40) + `":1}`, `key policy: expected Version, Id or Statement, found "` + strings.Repeat(`\u00e9`, 30) + `"... (byte 1)`},
		{"both principals", policytest.StatementText(`"NotPrincipal":"*"`), `key policy: Statement: expected one member of a kind, found NotPrincipal beside its opposite (byte 108)`},
		{"both resources", policytest.StatementText(`"NotResource":"*"`), `key policy: Statement: expected one member of a kind, found NotResource beside its opposite (byte 108)`},
		{"effect in a list", policytest.StatementText(`"Effect":["Allow"]`), `key policy: Statement.Effect: expected "Allow" or "Deny", found a list (byte 46)`},
		{"no action in the list", policytest.StatementText(`"Action":[]`), `key policy: Statement.Action: expected an action or a list of actions, found an empty list (byte 79)`},
		{"action number", policytest.StatementText(`"Action":5`), `key policy: Statement.Action: expected an action or a list of actions, found number 5 (byte 79)`},
		{"action null in a list", policytest.StatementText(`"Action":["a",null]`), `key policy: Statement.Action[1]: expected a string, found null (byte 84)`},
		{"resource object", policytest.StatementText(`"Resource":{}`), `key policy: Statement.Resource: expected a resource or a list of resources, found an object (byte 104)`},
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
		{"condition null", policytest.StatementText(`"Condition":null`), `key policy: Statement.Condition: expected an object of operators, found null (byte 120)`},
		{"operator list", policytest.StatementText(`"Condition":{"Bool":[]}`), `key policy: Statement.Condition.Bool: expected an object of condition keys, found a list (byte 128)`},
		{"no such negation", policytest.StatementText(policytest.Condition("BoolNotEquals", "a:b", `"x"`)), `key policy: Statement.Condition: expected a condition operator, found "BoolNotEquals" (byte 121)`},
		{"no such prefix", policytest.StatementText(policytest.Condition("ForAnyValues:StringLike", "a:b", `"x"`)), `key policy: Statement.Condition: expected a condition operator, found "ForAnyValues:StringLike" (byte 121)`},
		{"IfExists twice", policytest.StatementText(policytest.Condition("BoolIfExistsIfExists", "a:b", `"x"`)), `key policy: Statement.Condition: expected a condition operator, found "BoolIfExistsIfExists" (byte 121)`},
		{"no key", policytest.StatementText(policytest.Condition("Bool", "", `"x"`)), `key policy: Statement.Condition.Bool: expected a condition key, found "" (byte 129)`},
		{"list of lists", policytest.StatementText(policytest.Condition("Bool", "a:b", `[["x"]]`)), `key policy: Statement.Condition.Bool["a:b"][0]: expected a string, number or boolean, found a list (byte 136)`},
		{"no number", policytest.StatementText(policytest.Condition("NumericLessThan", "a:b", `"abc"`)), `key policy: Statement.Condition.NumericLessThan["a:b"]: expected a number, found "abc" (byte 146)`},
		{"no date", policytest.StatementText(policytest.Condition("DateLessThan", "a:b", `["2026-01-01","soon"]`)), `key policy: Statement.Condition.DateLessThan["a:b"][1]: expected a date, as ISO 8601 or as seconds since 1970, found "soon" (byte 157)`},
		{"no address", policytest.StatementText(policytest.Condition("IpAddress", "a:b", `"203.0.113.0/33"`)), `key policy: Statement.Condition.IpAddress["a:b"]: expected an IP address or CIDR block, found "203.0.113.0/33" (byte 140)`},
		{"no base64", policytest.StatementText(policytest.Condition("BinaryEquals", "a:b", `"?"`)), `key policy: Statement.Condition.BinaryEquals["a:b"]: expected base64, found "?" (byte 143)`},
		{"Null of something", policytest.StatementText(policytest.Condition("Null", "a:b", `"yes"`)), `key policy: Statement.Condition.Null["a:b"]: expected true or false, found "yes" (byte 135)`},
		{"number of two texts", policytest.StatementText(policytest.Condition("StringEquals", "a:b", `111122223333.0`)), `key policy: Statement.Condition.StringEquals["a:b"]: expected a quoted string, as AWS does not say which text this number stands for, found number 111122223333.0 (byte 143)`},
		{"broken number", policytest.StatementText(policytest.Condition("StringEquals", "a:b", `01`)), `key policy: Statement.Condition.StringEquals["a:b"]: expected a string, number or boolean, found "0" (byte 143)`},
		{"broken word", policytest.StatementText(policytest.Condition("Bool", "a:b", `truely`)), `key policy: Statement.Condition.Bool["a:b"]: expected a string, number or boolean, found true (byte 135)`},
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
	want := &Policy{Version: Version2008, ID: "kéy", Statements: []Statement{
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

// TestParseValues: each operator takes values of its own form, written as strings,
// and as numbers and booleans where JSON has those.
func TestParseValues(t *testing.T) {
	for _, row := range []struct{ operator, value, want string }{
		{"StringEquals", `"a"`, "a"},
		{"StringEquals", `1`, "1"},
		{"StringEquals", `true`, "true"},
		{"StringEquals", `false`, "false"},
		{"Bool", `false`, "false"},
		{"Bool", `"True"`, "True"},
		{"Null", `false`, "false"},
		{"Null", `"true"`, "true"},
		{"NumericEquals", `1.5e1`, "1.5e1"},
		{"NumericLessThan", `-0`, "-0"},
		{"DateEquals", `1788220800`, "1788220800"},
		{"DateGreaterThan", `"2026-09-01T00:00:00Z"`, "2026-09-01T00:00:00Z"},
		{"IpAddress", `"203.0.113.0/24"`, "203.0.113.0/24"},
		{"BinaryEquals", `"QmluYXJ5"`, "QmluYXJ5"},
	} {
		p, err := ParseStrict([]byte(policytest.StatementText(policytest.Condition(row.operator, "a:b", row.value))))
		if err != nil {
			t.Errorf("%s %s: %v", row.operator, row.value, err)
		} else if got := p.Statements[0].Conditions[0].Values; len(got) != 1 || got[0] != row.want {
			t.Errorf("%s %s: %q, want %q", row.operator, row.value, got, row.want)
		}
	}
}

func TestParseSize(t *testing.T) {
	text := []byte(policytest.StatementText())
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
			if _, err := ParseStrict([]byte(policytest.StatementText(fmt.Sprintf(block, "")))); err != nil {
				t.Errorf("%d keys: %v", again, err)
			}
			twice := fmt.Sprintf(`,"AWS:principaltag/KEY%d":"y"`, doubled)
			if _, err := ParseStrict([]byte(policytest.StatementText(fmt.Sprintf(block, twice)))); err == nil {
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
				got, ok := ParseOperator(text)
				if ok == (o.base == Null && suffix != "") {
					t.Errorf("parseOperator(%q) = %v", text, ok)
				}
				if ok && (got.Base != o.base || got.Negated != o.negated || got.IfExists != (suffix != "") || got.OddCase) {
					t.Errorf("parseOperator(%q) = %+v", text, got)
				}
				if got, ok := ParseOperator(strings.ToLower(text)); ok && !got.OddCase {
					t.Errorf("parseOperator(%q) = %+v, want an odd case", strings.ToLower(text), got)
				}
			}
		}
	}
}

// meaning returns the policy's plain form as text, for comparisons.
