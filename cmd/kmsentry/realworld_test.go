package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/exit"
)

// realWorld is a folder of templates, plans and policies in the forms found in
// published repositories, with a line for each key in expected.txt.
const realWorld = "testdata/realworld"

// An expectation is a line of expected.txt.
type expectation struct{ source, verdict string }

// expectations reads expected.txt: a source, its verdict, and why.
func expectations(t *testing.T) []expectation {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(realWorld, "expected.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var list []expectation
	seen := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 3 || seen[f[0]] {
			t.Fatalf("expected.txt, line %d: want a source of its own, a verdict and why: %q", i+1, line)
		}
		seen[f[0]] = true
		list = append(list, expectation{f[0], f[1]})
	}
	return list
}

// realFiles returns the files in the folder, with slashes as separators.
func realFiles(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(realWorld, func(name string, d fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(realWorld, name); err == nil && !d.IsDir() && rel != "expected.txt" {
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 60 {
		t.Fatalf("%d files in %s, want at least 60", len(names), realWorld)
	}
	return names
}

// skippedFile matches the lines in which check names files of unknown format.
var skippedFile = regexp.MustCompile(`(?m)^kmsentry check: skipped (\S+): `)

// TestRealWorld checks that every key in the folder has the expected verdict, that no
// other key is public, and that few are undecided and may be public.
func TestRealWorld(t *testing.T) {
	files, want := realFiles(t), expectations(t)
	t.Chdir(realWorld)
	args := append([]string{"--at", "2026-11-23T00:00:00Z", "--format", "json", "--skip-unknown"}, files...)
	status, out, errs := checked3(args...)
	if status != exit.Found {
		t.Errorf("exit status %d, want %d", status, exit.Found)
	}
	got, open := map[string]string{}, 0
	keyed := map[string]bool{}
	for _, d := range documents(t, out) {
		if d.Error != "" {
			t.Errorf("%s: %s", place(d), d.Error)
		}
		keyed[d.Source] = true
		got[place(d)] = d.Verdict.String()
		if d.Verdict == decide.Undecided {
			got[place(d)] = d.Least.String() + ".." + d.Most.String()
			if d.Most == decide.Public {
				open++
			}
		}
	}
	keys := len(got)
	for _, m := range skippedFile.FindAllStringSubmatch(errs, -1) {
		got[m[1]] = "?"
		keyed[m[1]] = true
	}
	for _, name := range files {
		if !keyed[name] {
			got[name] = "-"
		}
	}
	for _, w := range want {
		if got[w.source] != w.verdict {
			t.Errorf("%s is %q, want %q", w.source, got[w.source], w.verdict)
		}
		if named := strings.Contains(w.source, "-public."); named != (w.verdict == "public") {
			t.Errorf("%s, %s: the file's name says otherwise", w.source, w.verdict)
		}
		delete(got, w.source)
	}
	for _, source := range slices.Sorted(maps.Keys(got)) {
		t.Errorf("%s is %q, and expected.txt has no line for it", source, got[source])
	}
	if 100*open > 5*keys {
		t.Errorf("%d of %d keys are undecided up to public, want at most 5 of 100", open, keys)
	}
}
