package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/exit"
)

// codeBlock is a block of code in a document.
var codeBlock = regexp.MustCompile("(?sm)^ *```[a-z]*\n(.*?)^ *```")

// shownCalls lists the calls of kmsentry in a document's blocks of code and code
// spans, each as its words; what a shell would do with the rest is not looked at.
func shownCalls(text string) [][]string {
	var pieces []string
	for _, m := range codeBlock.FindAllStringSubmatch(text, -1) {
		pieces = append(pieces, strings.Split(strings.ReplaceAll(m[1], "\\\n", " "), "\n")...)
	}
	for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		pieces = append(pieces, m[1])
	}
	var calls [][]string
	for _, line := range pieces {
		if i := strings.Index(line, " #"); i >= 0 {
			line = line[:i]
		}
		for _, part := range regexp.MustCompile(`[|;&]+|> `).Split(line, -1) {
			words := strings.Fields(part)
			for len(words) > 0 && (words[0] == "$" || words[0] == "-" || words[0] == "run:" || strings.Contains(words[0], "=")) {
				words = words[1:]
			}
			if len(words) > 1 && (words[0] == "kmsentry" || words[0] == "bin/kmsentry") {
				calls = append(calls, words[1:])
			}
		}
	}
	return calls
}

// TestDocumentedCommands: each call of kmsentry that a document shows names a
// command, flags that the command has, and files of this project that are there.
func TestDocumentedCommands(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(documents) < 5 {
		t.Fatalf("%d documents (%v)", len(documents), err)
	}
	count := 0
	for _, name := range append(documents, "../../README.md", "../../SECURITY.md", "../../CONTRIBUTING.md", "../../events/README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range shownCalls(string(text)) {
			count++
			checkShown(t, name, words)
		}
	}
	if count < 60 {
		t.Errorf("%d calls found in the documents, want at least 60", count)
	}
}

func checkShown(t *testing.T, document string, words []string) {
	t.Helper()
	call := strings.Join(words, " ")
	switch {
	case words[0] == "help" || words[0] == "--version" || words[0] == "-h" || !regexp.MustCompile(`^[a-z]+$`).MatchString(words[0]):
		return
	}
	status, help, _ := kmsentry("", "help", words[0])
	if status != exit.OK {
		t.Errorf("%s shows kmsentry %s: there is no command %s", document, call, words[0])
		return
	}
	flags := append(regexp.MustCompile(`--[a-z-]+`).FindAllString(help, -1), "-h", "--help")
	for _, word := range words[1:] {
		word = strings.Trim(word, `'"(),.`)
		flag, _, _ := strings.Cut(word, "=")
		if regexp.MustCompile(`^--?[a-z][a-z-]*$`).MatchString(flag) && !slices.Contains(flags, flag) && !slices.Contains(flags, "-"+flag) {
			t.Errorf("%s shows kmsentry %s: %s has no flag %s", document, call, words[0], flag)
		}
		if file := regexp.MustCompile(`^(events|docs|testdata|deploy)/[A-Za-z0-9._/-]+$`).FindString(word); file != "" {
			if _, err := os.Stat(filepath.Join("..", "..", file)); err != nil {
				t.Errorf("%s shows kmsentry %s: %s is not there", document, call, file)
			}
		}
	}
}

func TestShownCalls(t *testing.T) {
	text := "Use `kmsentry check -` or `kmsentry`.\n\n```\naws kms get-key-policy | bin/kmsentry check \\\n  --account 1 - # why\nA=b kmsentry sweep; kmsentry hunt x > y\n```\n"
	var got []string
	for _, words := range shownCalls(text) {
		got = append(got, strings.Join(words, " "))
	}
	if want := []string{"check --account 1 -", "sweep", "hunt x", "check -"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
