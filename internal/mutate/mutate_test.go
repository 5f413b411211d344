package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestInstrumentFile(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"if", "if a {\n}", "if mutantGuard(5, a) {\n}"},
		{"operands", "if a && (b || !c) {\n}", "if mutantGuard(5, a) && (mutantGuard(6, b) || !mutantGuard(7, c)) {\n}"},
		{"comparison", "if x == 1 {\n}", "if mutantGuard(5, x == 1) {\n}"},
		{"after a statement", "if y := x; y > 1 {\n}", "if y := x; mutantGuard(5, y > 1) {\n}"},
		{"cases without a tag", "switch {\ncase a, b:\ndefault:\n}", "switch {\ncase mutantGuard(5, a), mutantGuard(6, b):\ndefault:\n}"},
		{"cases with a tag", "switch x {\ncase 1:\n}", "switch x {\ncase 1:\n}"},
		{"returned operands", "return a || b", "return mutantGuard(5, a) || mutantGuard(6, b)"},
		{"returned value", "return a", "return a"},
		{"within a function literal", "f(func() bool { return a && b })", "f(func() bool { return mutantGuard(5, a) && mutantGuard(6, b) })"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wrap := func(body string) string { return "package p\n\nfunc g() bool {\n" + body + "\n}\n" }
			guards, got, _, err := instrumentFile("p.go", []byte(wrap(test.source)), 5)
			if err != nil {
				t.Fatal(err)
			}
			flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
			if flat(string(got)) != flat(wrap(test.want)) {
				t.Errorf("instrumentFile:\ngot  %s\nwant %s", got, wrap(test.want))
			}
			if n := strings.Count(string(got), "mutantGuard("); n != len(guards) {
				t.Errorf("%d guards, %d calls", len(guards), n)
			}
		})
	}
}

func TestGuardsOfOneTextAreNumbered(t *testing.T) {
	guards, _, _, err := instrumentFile("p.go", []byte("package p\nfunc g() { if a {}; if a {}; if b {} }\nfunc h() { if a {} }\n"), 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range guards {
		names = append(names, g.String())
	}
	const want = "p.go g `a` #0, p.go g `a` #1, p.go g `b` #0, p.go h `a` #0"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("guards = %s, want %s", got, want)
	}
}

// write makes a package with one tested guard and one that no test reads.
func write(t *testing.T, list string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":              "module example.com/p\n\ngo 1.26\n",
		"p.go":                "package p\n\nfunc abs(n int) int {\n\tif n < 0 {\n\t\treturn -n\n\t}\n\treturn n\n}\n\nfunc idle(n int) int {\n\tif n > 9 {\n\t\tn = 9\n\t}\n\treturn n\n}\n",
		"p_test.go":           "package p\n\nimport \"testing\"\n\nfunc TestAbs(t *testing.T) {\n\tif abs(-2) != 2 || abs(2) != 2 || idle(3) != 3 {\n\t\tt.Error(\"wrong\")\n\t}\n}\n",
		"testdata/guards.tsv": list,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMutate(t *testing.T) {
	const (
		held = "p.go abs `n < 0` #0 true\n"
		idle = "p.go idle `n > 9` #0 false"
	)
	tests := []struct {
		name  string
		list  string
		find  bool
		wrong int
		says  string
		err   string
	}{
		{"a mutant that is noticed", "# why\n" + held, false, 0, "1 mutants listed, 1 tried: nothing notices 0", ""},
		{"one that is not", held + idle + "\n", false, 1, idle + "\tNOTHING NOTICES IT", ""},
		{"one that need not be", held + idle + "\tno caller has more than 9\n", false, 0, "2 mutants listed, 2 tried: nothing notices 0", ""},
		{"all that there are", "", true, 1, held + "p.go abs `n < 0` #0 false\np.go idle `n > 9` #0 true\n" + idle + "\tNOTHING NOTICES IT\n", ""},
		{"a tab without a reason", held + idle + "\t \n", false, 0, "", "guards.tsv:2: want a reason after the tab"},
		{"a guard that is gone", held + "p.go idle `n > 8` #0 false\tgone\n", false, 0, "", "guards.tsv:2: no guard is called p.go idle `n > 8` #0 false any more"},
		{"an empty list", "# none\n", false, 0, "", "want mutants, found none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			c := config{pkg: write(t, test.list), find: test.find, fast: "TestAbs", slow: "TestAbs", timeout: time.Minute, workers: 2}
			wrong, err := mutate(context.Background(), c, &out)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("mutate = %v, want an error with %q", err, test.err)
				}
				return
			}
			if err != nil || wrong != test.wrong || !strings.Contains(out.String(), test.says) {
				t.Errorf("mutate = %d, %v, want %d; it says\n%s\nwant\n%s", wrong, err, test.wrong, &out, test.says)
			}
		})
	}
}

func TestMutateFailsWithoutTests(t *testing.T) {
	c := config{pkg: write(t, "p.go abs `n < 0` #0 true\n"), fast: "TestNothing", slow: "TestNothing", timeout: time.Minute, workers: 1}
	if _, err := mutate(context.Background(), c, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "found none") {
		t.Errorf("mutate = %v, want an error about tests that are not there", err)
	}
}

func TestChoose(t *testing.T) {
	var all []mutant
	for i := range 50 {
		all = append(all, mutant{guard{file: []string{"a.go", "b.go"}[i%2], nth: i}, i, true})
	}
	if got := choose(all, config{files: []string{"b.go"}}); len(got) != 25 {
		t.Errorf("%d mutants of b.go, want 25", len(got))
	}
	once, again, other := choose(all, config{n: 5, seed: 1}), choose(all, config{n: 5, seed: 1}), choose(all, config{n: 5, seed: 2})
	if len(once) != 5 || once[0] != again[0] || once[4] != again[4] {
		t.Errorf("choose(5) = %v, then %v, want the same five", once, again)
	}
	if once[0] == other[0] && once[1] == other[1] && once[2] == other[2] {
		t.Errorf("another seed chooses %v, too", other)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{{"x"}, {"-n", "-1"}, {"-workers", "0"}, {"-nosuch"}} {
		var errs bytes.Buffer
		if got := run(context.Background(), args, &bytes.Buffer{}, &errs); got != 2 || errs.Len() == 0 {
			t.Errorf("run(%q) = %d, want 2 and a line that says why", args, got)
		}
	}
}
