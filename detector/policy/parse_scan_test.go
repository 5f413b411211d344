package policy

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// TestParseFatal: of what leaves nothing to decide on, Parse says where it is.
// All else it reads around; see TestParseRecovers.
func TestParseFatal(t *testing.T) {
	for _, row := range []struct {
		name, text, want string
		line             int
	}{
		{"a list", "\n[]", `key policy: expected an object, found a list (byte 1)`, 2},
		{"a text", `"x"`, `key policy: expected an object, found string "x" (byte 0)`, 1},
		{"a word", `nul`, `key policy: expected an object, found "n" (byte 0)`, 1},
		{"a byte order mark", "\ufeff{}", `key policy: expected an object, found "\ufeff" (byte 0)`, 1},
		{"the statements twice", "{\"Statement\":{},\n\"Statement\":{}}", `key policy: expected Statement once, found it again (byte 17)`, 2},
		{"the statements behind an escape", `{"Statement":{},"\u0053tatement":{}}`, `key policy: expected Statement once, found it again (byte 16)`, 1},
		{"statements in another letter case", `{"statement":[]}`, `key policy: expected Version, Id or Statement, found "statement" (byte 1)`, 1},
		{"no statements", `{"Statement":[ ]}`, `key policy: Statement: expected at least one statement, found an empty list (byte 14)`, 1},
		{"text behind the document", policytest.StatementText() + "\n\n,", `key policy: expected the end of the document, found "," (byte 111)`, 3},
		{"a statement that is cut", `{"Statement":{"Sid":"x"`, `key policy: Statement: expected a comma or }, found the end of the text (byte 23)`, 1},
		{"a list that is cut", `{"Statement":[{}`, `key policy: Statement: expected a comma or ], found the end of the text (byte 16)`, 1},
		{"a bracket of the other kind", `{"Statement":{"Action":["x"}}`, `key policy: Statement.Action: expected a comma or ], found "}" (byte 27)`, 1},
		{"brackets without an end", `{"Id":` + strings.Repeat("[", 20_000), `key policy: Id: expected a string, found a list (byte 6)`, 1},
	} {
		p, err := Parse([]byte(row.text))
		var at *ParseError
		if p != nil || !errors.As(err, &at) || err.Error() != row.want || at.Line != row.line {
			t.Errorf("%s: Parse = %v, %v, want %s in line %d", row.name, p, err, row.want, row.line)
		}
	}
}

// TestParseDeep: a member that nests as deep as a policy is long is skipped like any other.
func TestParseDeep(t *testing.T) {
	const depth = 16_000
	text := policytest.StatementText(`"x":` + strings.Repeat("[", depth) + strings.Repeat("]", depth))
	p, err := Parse([]byte(text))
	if err != nil || len(p.Unknown) != 1 || len(p.Statements) != 1 || p.Statements[0].Principals[0].Value != "*" {
		t.Errorf("Parse = %v, want one unknown part", err)
	}
}

// TestProblemLines: an unknown part has the line on which it stands.
func TestProblemLines(t *testing.T) {
	text := "{\"Statement\":[\n{\"Effect\":\"Allow\",\"Principal\":\"*\",\n\"Action\":5,\n\n\"Resource\":[\"*\",\nnull]},\n{\"Principal\":\"*\",\n\"Action\":6}]}"
	p, err := Parse([]byte(text))
	if err != nil || len(p.Unknown) != 4 {
		t.Fatalf("Parse = %+v, %v, want four unknown parts", p, err)
	}
	for i, want := range []struct {
		path            string
		line, statement int
	}{{"Statement[0].Action", 3, 0}, {"Statement[0].Resource[1]", 6, 0}, {"Statement[1].Action", 8, 1}, {"Statement[1]", 7, 1}} {
		if u := p.Unknown[i]; u.Path != want.path || u.Problem.Line != want.line || u.Statement != want.statement {
			t.Errorf("part %d: %s in line %d of statement %d, want %+v", i, u.Path, u.Problem.Line, u.Statement, want)
		}
	}
}

// TestStringsAsJSON: a string is read as encoding/json reads it, where KMS takes
// all its characters, and refused where that refuses it. Source: RFC 8259, section 7.
func TestStringsAsJSON(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	pieces := []string{"a", "é", `\"`, `\\`, `\/`, `\n`, `\t`, `\r`, `\u0041`, `\u00e9`, `\u00E9`, `\u00`, `\x`, `\`, "\t", `\uD83D`, "}", "{"}
	accepted := 0
	for range 5_000 {
		var b strings.Builder
		for range random.IntN(5) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		quoted := `"` + b.String() + `"`
		var want string
		wrong := json.Unmarshal([]byte(quoted), &want)
		s := &scanner{text: quoted, strict: true}
		got, err := s.str("a string")
		broken := err != nil || s.pos != len(quoted)
		if wrong == nil && strings.ContainsRune(want, '\ufffd') { // half a character
			if !broken {
				t.Errorf("%s: read as %q", quoted, got)
			}
			continue
		}
		if broken != (wrong != nil) || !broken && got != want {
			t.Errorf("%s: %q, %v; encoding/json reads %q, %v", quoted, got, err, want, wrong)
		}
		if !broken {
			accepted++
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d texts of 5,000 are strings", accepted)
	}
}

// TestNumbersAsJSON: over the characters of numbers, the texts that are JSON
// numbers are those of encoding/json. Source: RFC 8259, section 6.
func TestNumbersAsJSON(t *testing.T) {
	var try func(text string, more int)
	try = func(text string, more int) {
		if got, want := text != "" && scanNumber(text) == len(text), text != "" && json.Valid([]byte(text)); got != want {
			t.Errorf("%q is a number: %v, want %v", text, got, want)
		}
		if more > 0 {
			for _, c := range "01.-+e" {
				try(text+string(c), more-1)
			}
		}
	}
	try("", 6)
}
