package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// example is a block of docs/check.md: a command and what it prints.
var example = regexp.MustCompile("(?s)```console\n\\$ kmsentry check ([^\n]*)\n(.*?)```")

// TestDocumentedExamples runs the commands of docs/check.md and compares what they print.
func TestDocumentedExamples(t *testing.T) {
	const file = "../../docs/check.md"
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(example.FindAll(doc, -1)); n < 4 {
		t.Fatalf("%d examples in %s, want at least 4", n, file)
	}
	run := func(args string) string {
		var out, errs bytes.Buffer
		t.Chdir("testdata/check/in")
		runCheck(strings.Fields(args), nil, &out, &errs)
		t.Chdir("../../..")
		return out.String() + errs.String()
	}
	fresh := example.ReplaceAllFunc(doc, func(block []byte) []byte {
		m := example.FindSubmatch(block)
		got := run(string(m[1]))
		if got != string(m[2]) && !*update {
			t.Errorf("%s: kmsentry check %s prints something else; look at it and run with -update. It prints:\n%s", file, m[1], got)
		}
		return []byte("```console\n$ kmsentry check " + string(m[1]) + "\n" + got + "```")
	})
	if *update {
		if err := os.WriteFile(file, fresh, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDocumentedFlags: docs/check.md names every flag.
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
