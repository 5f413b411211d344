package load

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
)

const plainPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`

// jsonText returns v as JSON.
func jsonText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// one returns the only document in text, which must be exact.
func one(t *testing.T, text string, scope Scope) Document {
	t.Helper()
	docs, err := Documents([]byte(text), scope)
	if err != nil || len(docs) != 1 {
		t.Fatalf("Documents(%.80q) = %d documents, %v, want one", text, len(docs), err)
	}
	return docs[0]
}

func TestFormatsOfOnePolicy(t *testing.T) {
	spaced := "\n  " + strings.ReplaceAll(plainPolicy, ",", ",\n  ") + "\n"
	tests := []struct{ name, text, want string }{
		{"bare", plainPolicy, plainPolicy},
		{"bare with space around", "\r\n\t" + plainPolicy + "\n\n", plainPolicy},
		{"bare over several lines", spaced, strings.TrimSpace(spaced)},
		{"get-key-policy, JSON", jsonText(t, map[string]string{"Policy": plainPolicy, "PolicyName": "default"}), plainPolicy},
		{"get-key-policy, JSON without the name", jsonText(t, map[string]string{"Policy": plainPolicy}), plainPolicy},
		{"get-key-policy, text", plainPolicy + "\tdefault\n", plainPolicy},
		{"get-key-policy, text over several lines", strings.TrimSpace(spaced) + "\tdefault", strings.TrimSpace(spaced)},
		{"get-key-policy --query Policy, JSON", jsonText(t, plainPolicy) + "\n", plainPolicy},
		{"put-key-policy --cli-input-json", jsonText(t, map[string]any{"KeyId": "k", "Policy": plainPolicy, "BypassPolicyLockoutSafetyCheck": false}), plainPolicy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := one(t, tt.text, Scope{})
			if !d.Exact() || d.Err != nil || d.Default {
				t.Fatalf("document = %+v, want an exact one", d)
			}
			if got := string(d.Readings[0].Text); got != tt.want {
				t.Errorf("policy = %q, want %q", got, tt.want)
			}
			if d.Place != "" {
				t.Errorf("Place = %q, want none", d.Place)
			}
		})
	}
}

func TestPolicyThatIsNone(t *testing.T) {
	// These are left to policy.Parse, which says what is wrong and where.
	tests := []struct{ name, text string }{
		{"members in the wrong case", `{"version":"2012-10-17","statement":[]}`},
		{"doubled member", `{"Statement":[],"Statement":[]}`},
		{"broken behind Statement", `{"Statement": [}`},
		{"no Statement", `{"Version":"2012-10-17"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := one(t, tt.text, Scope{})
			if got := string(d.Readings[0].Text); got != tt.text {
				t.Errorf("policy = %q, want the text as it is", got)
			}
			if _, err := policy.ParseStrict(d.Readings[0].Text); err == nil {
				t.Error("policy.Parse accepts it")
			}
		})
	}
}

func TestDocumentsRefuses(t *testing.T) {
	nested := strings.Repeat("[", 100_000)
	tests := []struct{ name, text, want string }{
		{"empty", "", "expected a key policy, found an empty file"},
		{"blank", " \n\t", "expected a key policy, found an empty file"},
		{"UTF-16, little", "\xff\xfe{\x00", "UTF-16"},
		{"UTF-16, big", "\xfe\xff\x00{", "UTF-16"},
		{"UTF-16 without a mark", "{\x00\"\x00", "UTF-16"},
		{"zero bytes", "PK\x00\x01", "binary"},
		{"not UTF-8", "{\"a\": \"\xff\"}", "binary"},
		{"list", "[]", "found a list"},
		{"broken JSON", "{\"a\": \n }", "expected JSON, found invalid character '}' looking for beginning of value at line 2, column 2"},
		{"broken behind an object", "{\"a\": \"é\", \"b\" 1}", "expected JSON, found invalid character '1' after object key at line 1, column 16"},
		{"cut JSON", "{\"a\":\n [1, ", "expected JSON, found the end of the input at line 2, column 6"},
		{"cut in a string", "{\"a\": \"\\", "expected JSON, found the end of the input at line 1, column 9"},
		{"deep JSON", `{"x":` + nested, "levels of nesting"},
		{"JSON one level too deep", `{"x":` + strings.Repeat("[\n", maxDepth) + "1" + strings.Repeat("]", maxDepth) + "}", "expected at most 200 levels of nesting, found more at line 201"},
		{"deep YAML", "a: " + nested, "neither JSON nor YAML"},
		{"event", `{"detail-type":"AWS API Call via CloudTrail","detail":{}}`, "run kmsentry invoke FILE"},
		{"CloudTrail record", `{"eventSource":"kms.amazonaws.com"}`, "run kmsentry invoke FILE"},
		{"CloudTrail file", `{"Records":[]}`, "run kmsentry invoke FILE"},
		{"policy and template", `{"Statement":[],"Resources":{}}`, "expected one format, found members of a key policy (Statement) and of a template (Resources)"},
		{"other object", `{"a":1,"b":2}`, `found an object with members "a", "b"`},
		{"empty object", `{}`, "no members"},
		{"answer without text", `{"Policy":{"Statement":[]}}`, "Policy: expected a string with the key policy, found an object at line 1"},
		{"doubled Policy", `{"Policy":"a","Policy":"b"}`, `found "Policy" twice in one object at line 1`},
		{"template without keys", `{"Resources":{"A":{"Type":"AWS::SNS::Topic"}}}`, "found none of type AWS::KMS::Key"},
		{"YAML documents", "Resources: {}\n---\nResources: {}\n", "expected one YAML document"},
		{"YAML policy", "Version: 2012-10-17\nStatement: []\n", "expected a key policy as JSON, found YAML; convert it with yq"},
		{"YAML without Resources", "a: 1\n", `YAML with members "a"`},
		{"text", "hello", "found a string"},
		{"YAML that includes itself", "Resources: &a\n  K: *a\n", "levels"},
		{"plan without keys", `{"format_version":"1.2","planned_values":{"root_module":{}}}`, "no resource with a key policy"},
		{"state of nothing", `{"format_version":"1.0"}`, "no resource with a key policy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			docs, err := Documents([]byte(tt.text), Scope{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Documents = %d documents, %v, want an error with %q", len(docs), err, tt.want)
			}
			if strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
				t.Errorf("error is not one short line: %q", err)
			}
		})
	}
}

func TestAliasesDoNotMultiply(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		b.WriteString("a" + string(rune('0'+i)) + ": &a" + string(rune('0'+i)) + " [" + strings.Repeat("*a"+string(rune('0'+i-1))+", ", 9) + "x]\n")
	}
	if _, err := Documents([]byte(b.String()), Scope{}); err == nil || !strings.Contains(err.Error(), "values") {
		t.Errorf("Documents of a billion aliases = %v, want an error", err)
	}
}

func TestPlaces(t *testing.T) {
	text := "{\n  \"Statement\": [\n    {\"Effect\": \"Allow\"},\n    {\n      \"Sid\": \"é\", \"Effect\": \"Deny\"\n    }\n  ]\n}\n"
	d := one(t, text, Scope{})
	want := []Region{{3, 5, 3, 24}, {4, 5, 6, 6}}
	if len(d.Statements) != 2 || d.Statements[0] != want[0] || d.Statements[1] != want[1] {
		t.Errorf("Statements at %v, want %v", d.Statements, want)
	}
	single := one(t, `{"Statement":{"Effect":"Allow"}}`, Scope{})
	if len(single.Statements) != 1 || single.Statements[0] != (Region{1, 14, 1, 32}) {
		t.Errorf("single statement at %v, want line 1, column 14 to 32", single.Statements)
	}
}

// FuzzDocuments checks that any bytes give an error or at least one document, and that a
// document without an error has readings, unknown values or AWS's default policy.
func FuzzDocuments(f *testing.F) {
	for _, seed := range []string{
		plainPolicy, plainPolicy + "\tdefault", `{"Policy":"{}"}`, `"{}"`, cdkTemplate, shortTemplate, planText, stateText,
		"Resources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: !If [A, !Ref B, {Statement: [!Sub '${C}x']}]}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := Documents(data, Scope{})
		if err == nil && len(docs) == 0 {
			t.Fatal("no error and no document")
		}
		for _, d := range docs {
			if d.Err == nil && len(d.Readings) == 0 && len(d.Unknown) == 0 && !d.Default && d.Grant == nil {
				t.Errorf("document %q says nothing: %+v", d.Place, d)
			}
		}
	})
}
