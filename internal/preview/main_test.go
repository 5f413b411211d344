package main

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "preview.html")
	empty := t.TempDir()
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "x.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want int
		says string
	}{
		"a page":         {[]string{"-events", "../../events", "-o", out}, 0, "wrote " + out},
		"a picture":      {[]string{"-events", "../../events", "-picture", "create-key-public", "-o", out}, 0, "wrote " + out},
		"a quiet one":    {[]string{"-events", "../../events", "-picture", "create-key-default", "-o", out}, 1, "no event named"},
		"no events":      {[]string{"-events", empty, "-o", out}, 1, "found none"},
		"a broken event": {[]string{"-events", broken, "-o", out}, 1, "x.json"},
		"no such folder": {[]string{"-events", "../../events", "-o", filepath.Join(empty, "no", "x.html")}, 1, "no such file"},
		"unknown flag":   {[]string{"-x"}, 2, "flag provided but not defined"},
		"an argument":    {[]string{"x"}, 2, "expected no arguments"},
	} {
		var stdout, stderr bytes.Buffer
		if got := run(c.args, &stdout, &stderr); got != c.want || !strings.Contains(stdout.String()+stderr.String(), c.says) {
			t.Errorf("%s: run = %d, %q, %q; want %d, %q", name, got, stdout.String(), stderr.String(), c.want, c.says)
		}
	}
}

// TestWorstFirst checks that the page begins with the most severe finding.
func TestWorstFirst(t *testing.T) {
	samples, err := load("../../events")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range samples {
		if word := cmp.Or(s.Severity, "quiet"); len(got) == 0 || got[len(got)-1] != word {
			got = append(got, word)
		}
	}
	if want := []string{"critical", "high", "medium", "low", "quiet"}; !slices.Equal(got, want) {
		t.Errorf("order %q, want %q", got, want)
	}
}
