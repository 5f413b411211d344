package walk

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDir(t *testing.T) {
	base := t.TempDir()
	t.Chdir(base)
	for _, name := range []string{"a/b", "other"} {
		if err := os.MkdirAll(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a/x", "a/b/y", "other/z"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"link": "a", "links": "link", "a/out": "../other", "a/again": ".", "a/file": "x", "a/none": "nowhere"} {
		if err := os.Symlink(filepath.FromSlash(to), link); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct{ name, path, want string }{
		{"a folder", "a", "a a/again> a/b a/b/y a/file> a/none> a/out> a/x"},
		{"a folder, with a slash", "a/", "a a/again> a/b a/b/y a/file> a/none> a/out> a/x"},
		{"this folder", "./other", "other other/z"},
		{"a link", "link", "link link/again> link/b link/b/y link/file> link/none> link/out> link/x"},
		{"a link to a link", "links", "links links/again> links/b links/b/y links/file> links/none> links/out> links/x"},
		{"nothing", "nowhere", "nowhere!"},
		{"a link to nothing", "a/none", "a/none!"},
	} {
		var got []string
		err := Dir(row.path, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				name += "!"
			case d.Type()&fs.ModeSymlink != 0:
				name += ">"
			}
			got = append(got, filepath.ToSlash(name))
			return nil
		})
		if text := strings.Join(got, " "); text != row.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", row.name, text, err, row.want)
		}
	}
	var seen []string
	err := Dir(base, func(name string, d fs.DirEntry, _ error) error {
		if seen = append(seen, name); d.Name() == "a" {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil || seen[0] != base || len(seen) != 6 {
		t.Errorf("all but what is in a: %v, %v", seen, err)
	}
}
