package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsentry/kmsentry/internal/schematest"
)

// TestCheckSchema checks all JSON that check prints against the schema, and that the
// schema rejects what it must reject.
func TestCheckSchema(t *testing.T) {
	schema := schematest.Compile(t, "../../docs/check.schema.json")
	lines := 0
	for _, name := range []string{"all", "explain"} {
		text, err := os.ReadFile("testdata/check/golden/" + name + ".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Errorf("%s, line %d: %v", name, lines+1, err)
			}
			lines++
			for member, wrong := range map[string]string{`"verdict":"`: `"verdict":"open-`, `"line":`: `"line":-`, `"source":`: `"sauce":`, `"account":"1`: `"account":"x`} {
				changed := strings.Replace(string(line), member, wrong, 1)
				if changed == string(line) || strings.Contains(changed, `"line":-0`) {
					continue
				}
				if v, err := jsonschema.UnmarshalJSON(strings.NewReader(changed)); err == nil && schema.Validate(v) == nil {
					t.Errorf("the schema takes %.120s", changed)
				}
			}
		}
	}
	if lines < 20 {
		t.Errorf("%d lines, want more", lines)
	}
}
