package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

// testText is a package's TestGuardMutants in small: it tries each mutant on
// the functions that the package's other test holds.
const testText = `//go:build mutants

package p

import (
	"bufio"
	"fmt"
	"os"
	"testing"
)

func TestGuardMutants(t *testing.T) {
	in, err := os.Open(os.Getenv("KMSENTRY_MUTANTS"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(os.Getenv("KMSENTRY_MUTANTS_OUT"))
	if err != nil {
		t.Fatal(err)
	}
	if right() != "" {
		t.Fatal(right())
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		fmt.Sscan(lines.Text(), &mutants.number, &mutants.value)
		fmt.Fprintln(out, "begin", lines.Text())
		if by := right(); by != "" {
			fmt.Fprintln(out, "noticed", lines.Text(), by)
		} else {
			fmt.Fprintln(out, "survives", lines.Text())
		}
	}
	fmt.Fprintln(out, "end")
}

func right() string {
	if abs(-2) != 2 || abs(2) != 2 || idle(3) != 3 || deep(3) != 0 {
		return "the case of abs"
	}
	return ""
}
`

// write makes a package with tested guards, one of which ends the process when
// it is wrong, and one that no test reads.
func write(t *testing.T, test, list string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":              "module example.com/p\n\ngo 1.26\n",
		"p.go":                "package p\n\nimport \"os\"\n\nfunc abs(n int) int {\n\tif n < 0 {\n\t\treturn -n\n\t}\n\treturn n\n}\n\nfunc idle(n int) int {\n\tif n > 9 {\n\t\tn = 9\n\t}\n\treturn n\n}\n\nfunc deep(n int) int {\n\tif n == 4 {\n\t\tos.Exit(2)\n\t}\n\treturn 0\n}\n",
		"p_test.go":           test,
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
		capped = "p.go idle `n > 9` #0 false"
		four   = "p.go deep `n == 4` #0 false"
		spared = capped + "\tno caller has more than 9\n" + four + "\tno caller has 4\n"
	)
	tests := []struct {
		name  string
		list  string
		wrong int
		says  string // one of the lines
		err   string
	}{
		{"what nothing notices is wrong", four + "\tno caller has 4\n", 1, capped + "\tNOTHING NOTICES IT\n", ""},
		{"unless it is listed", "# why\n" + spared, 0, "3 guards, 6 mutants tried, 4 noticed, 2 listed with a reason; 0 wrong\n", ""},
		{"a mutant that ends the process is noticed", spared, 0, "p.go deep `n == 4` #0 true\tnoticed by the end of the process\n", ""},
		{"and those after it are tried", spared, 0, "p.go abs `n < 0` #0 true\tnoticed by the case of abs\n", ""},
		{"what is listed must not be noticed", spared + "p.go abs `n < 0` #0 true\tquick\n", 1, "p.go abs `n < 0` #0 true\tIS LISTED, BUT NOTICED BY the case of abs\n", ""},
		{"a line without a reason", capped + "\t \n", 0, "", "guards.tsv:1: want a mutant, a tab and a reason"},
		{"a guard that is gone", spared + "p.go idle `n > 8` #0 false\tgone\n", 0, "", "guards.tsv:3: no guard is called p.go idle `n > 8` #0 false any more"},
		{"a line twice", spared + spared, 0, "", "is listed twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			wrong, err := mutate(context.Background(), config{pkg: write(t, testText, test.list), workers: 1, verbose: true}, &out)
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

// A run that tries nothing is an error, never a clean result.
func TestMutateNeedsTests(t *testing.T) {
	tests := []struct {
		name, test string
		files      []string
		err        string
	}{
		{"no TestGuardMutants", "package p\n", nil, "fails without a mutant"},
		{"tests that fail without a mutant", strings.Replace(testText, "abs(2) != 2", "abs(2) != 3", 1), nil, "the case of abs"},
		{"other mutants than asked for", strings.Replace(testText, `"survives", lines.Text()`, `"survives 7 true"`, 1), nil, "not what it was asked"},
		{"no such file", testText, []string{"q.go"}, `want guards in the files ["q.go"], found none`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := mutate(context.Background(), config{pkg: write(t, test.test, ""), workers: 1, files: test.files}, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("mutate = %v, want an error with %q", err, test.err)
			}
		})
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
