// Package schematest provides JSON Schemas, against which tests validate the
// output of commands.
package schematest

import (
	"bytes"
	_ "embed"
	"io"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Compile reads the JSON Schema in a file. It also checks formats.
func Compile(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return compile(t, f)
}

//go:embed sarif-schema-2.1.0.json
var sarif []byte

// SARIF returns the official schema of SARIF 2.1.0.
func SARIF(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s := compile(t, bytes.NewReader(sarif))
	if s.Validate(map[string]any{"version": "2.0.0", "runs": []any{}}) == nil {
		t.Fatal("the schema accepts another version of SARIF")
	}
	return s
}

func compile(t *testing.T, text io.Reader) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
