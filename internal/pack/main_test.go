package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// folder returns a new folder with the files, of the given modes and time.
func folder(t *testing.T, at time.Time, files map[string]os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	for name, mode := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("text of "+name), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPackIsReproducible(t *testing.T) {
	early, late := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	one, err := pack(folder(t, early, map[string]os.FileMode{"bootstrap": 0o755, "exceptions.yaml": 0o644}))
	if err != nil {
		t.Fatal(err)
	}
	other, err := pack(folder(t, late, map[string]os.FileMode{"exceptions.yaml": 0o600, "bootstrap": 0o700}))
	if err != nil || !bytes.Equal(one, other) {
		t.Errorf("times, order and others' rights change the bytes (%v)", err)
	}
	r, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]os.FileMode{"bootstrap": 0o755, "exceptions.yaml": 0o644}
	for _, f := range r.File {
		if f.Mode() != modes[f.Name] {
			t.Errorf("%s has mode %o, want %o", f.Name, f.Mode(), modes[f.Name])
		}
		delete(modes, f.Name)
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(file); err != nil || string(text) != "text of "+f.Name {
			t.Errorf("%s holds %q (%v)", f.Name, text, err)
		}
	}
	if len(modes) > 0 {
		t.Errorf("missing: %v", modes)
	}
}

func TestPackTakesFolders(t *testing.T) {
	dir := folder(t, time.Now(), map[string]os.FileMode{"kmsentry.json": 0o644})
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "code", "v1"), 0o755), os.WriteFile(filepath.Join(dir, "code", "v1", "a.zip"), []byte("zip"), 0o644)); err != nil {
		t.Fatal(err)
	}
	text, err := pack(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil || len(r.File) != 2 || r.File[0].Name != "code/v1/a.zip" || r.File[1].Name != "kmsentry.json" {
		t.Errorf("the zip holds %+v (%v)", r, err)
	}
}

func TestRun(t *testing.T) {
	good := folder(t, time.Now(), map[string]os.FileMode{"bootstrap": 0o755})
	linked := folder(t, time.Now(), map[string]os.FileMode{"bootstrap": 0o755})
	if err := os.Symlink("bootstrap", filepath.Join(linked, "link")); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "code", "v1")
	for _, row := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"two zips", []string{"-o", out, "A=" + good, "B=" + good}, 0, ""},
		{"no folder to write to", []string{"A=" + good}, 2, "expected -o DIR"},
		{"no zips", []string{"-o", out}, 2, "expected -o DIR"},
		{"no name", []string{"-o", out, good}, 2, "expected NAME=FOLDER"},
		{"no such folder", []string{"-o", out, "A=" + good + "x"}, 1, "no such file"},
		{"an empty folder", []string{"-o", out, "A=" + t.TempDir()}, 1, "is empty"},
		{"a link in it", []string{"-o", out, "A=" + linked}, 1, "found link"},
	} {
		var stdout, stderr bytes.Buffer
		if got := run(row.args, &stdout, &stderr); got != row.status || !strings.Contains(stderr.String(), row.says) {
			t.Errorf("%s: status %d, %q, want %d, %q", row.name, got, stderr.String(), row.status, row.says)
		}
		if row.status == 0 && !regexp.MustCompile(`^[0-9a-f]{12}\n$`).MatchString(stdout.String()) {
			t.Errorf("%s: printed %q, want 12 hex digits", row.name, stdout.String())
		}
	}
	for _, name := range []string{"A.zip", "B.zip"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
}
