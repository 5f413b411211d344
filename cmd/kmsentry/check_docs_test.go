package main

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

// TestDocumentedFlags checks that docs/check.md names every flag.
func TestDocumentedFlags(t *testing.T) {
	doc, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	var help bytes.Buffer
	runCheck([]string{"-h"}, nil, &help, &help)
	flags := regexp.MustCompile(`(?m)^  --([a-z-]+)`).FindAllStringSubmatch(help.String(), -1)
	if len(flags) < 10 {
		t.Fatalf("%d flags in the help, want at least 10", len(flags))
	}
	for _, f := range flags {
		if !bytes.Contains(doc, []byte("`--"+f[1])) {
			t.Errorf("docs/check.md does not name --%s", f[1])
		}
	}
}
