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
		{"if", "if a {\n}", "if guarded.Is(5, a) {\n}"},
		{"operands", "if a && (b || !c) {\n}", "if guarded.Is(5, a) && (guarded.Is(6, b) || !guarded.Is(7, c)) {\n}"},
		{"comparison", "if x == 1 {\n}", "if guarded.Is(5, x == 1) {\n}"},
		{"after a statement", "if y := x; y > 1 {\n}", "if y := x; guarded.Is(5, y > 1) {\n}"},
		{"cases without a tag", "switch {\ncase a, b:\ndefault:\n}", "switch {\ncase guarded.Is(5, a), guarded.Is(6, b):\ndefault:\n}"},
		{"cases with a tag", "switch x {\ncase 1:\n}", "switch x {\ncase 1:\n}"},
		{"returned operands", "return a || b", "return guarded.Is(5, a) || guarded.Is(6, b)"},
		{"returned value", "return a", "return a"},
		{"within a function literal", "f(func() bool { return a && b })", "f(func() bool { return guarded.Is(5, a) && guarded.Is(6, b) })"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wrap := func(head, body string) string { return head + "\n\nfunc g() bool {\n" + body + "\n}\n" }
			guards, got, err := instrumentFile(guard{file: "p.go"}, []byte(wrap("package p", test.source)), 5, "example.com/guarded")
			if err != nil {
				t.Fatal(err)
			}
			flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
			want := wrap("package p", test.want)
			if len(guards) > 0 {
				want = wrap("package p\n\nimport \"example.com/guarded\"", test.want)
			}
			if flat(string(got)) != flat(want) {
				t.Errorf("instrumentFile:\ngot  %s\nwant %s", got, want)
			}
			if n := strings.Count(string(got), "guarded.Is("); n != len(guards) {
				t.Errorf("%d guards, %d calls", len(guards), n)
			}
		})
	}
}

func TestGuardsOfOneTextAreNumbered(t *testing.T) {
	guards, _, err := instrumentFile(guard{file: "p.go"}, []byte("package p\nfunc g() { if a {}; if a {}; if b {} }\nfunc h() { if a {} }\n"), 0, "example.com/guarded")
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

// judgeTest tests the functions of both packages except q's idle.
const judgeTest = `//go:build mutants

package p

import (
	"fmt"
	"testing"

	"example.com/m/guarded"
	"example.com/m/p/q"
)

func TestGuardMutants(t *testing.T) {
	guarded.Try(t, []guarded.Case{{Name: "the case of abs", Answer: func() string { return fmt.Sprint(abs(-2), abs(2), q.Deep(3)) }}}, TestIdle)
}

func TestIdle(t *testing.T) {
	if idle(3) != 3 {
		t.Error("idle(3) is not 3")
	}
}
`

// ownTest tests q's idle, which p's tests do not call.
const ownTest = `//go:build mutants

package q

import (
	"testing"

	"example.com/m/guarded"
)

func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil, TestOwn)
}

func TestOwn(t *testing.T) {
	if own(1) != 1 || own(7) != 5 {
		t.Error("own is wrong")
	}
}
`

// write writes a module with a judging package p and a package q below it, one
// guard of which ends the process when it is wrong, and returns its folder.
func write(t *testing.T, test, list string) string {
	t.Helper()
	files := map[string]string{
		"go.mod":                "module example.com/m\n\ngo 1.26\n",
		"p/p.go":                "package p\n\nfunc abs(n int) int {\n\tif n < 0 {\n\t\treturn -n\n\t}\n\treturn n\n}\n\nfunc idle(n int) int {\n\tif n > 9 {\n\t\tn = 9\n\t}\n\treturn n\n}\n",
		"p/p_test.go":           test,
		"p/testdata/guards.tsv": list,
		"p/q/q.go":              "package q\n\nimport \"os\"\n\nfunc Deep(n int) int {\n\tif n == 4 {\n\t\tos.Exit(2)\n\t}\n\treturn 0\n}\n\nfunc own(n int) int {\n\tif n > 5 {\n\t\tn = 5\n\t}\n\treturn n\n}\n",
		"p/q/q_test.go":         ownTest,
	}
	for _, name := range []string{"guarded/guarded.go", "guarded/try.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// of returns a config that selects the mutants of the module in dir.
func of(dir string, files ...string) config {
	p := filepath.Join(dir, "p")
	return config{pkgs: []string{p, filepath.Join(p, "q")}, judge: p, guarded: "example.com/m/guarded", files: files, workers: 1, verbose: true}
}

func TestMutate(t *testing.T) {
	const (
		capped = "p.go idle `n > 9` #0 false"
		four   = "q/q.go Deep `n == 4` #0 false"
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
		{"unless it is listed", "# why\n" + spared, 0, "4 guards, 8 mutants tried, 6 noticed, 2 listed with a reason; 0 wrong\n", ""},
		{"a mutant that ends the process is noticed", spared, 0, "q/q.go Deep `n == 4` #0 true\tnoticed by the end of the process\n", ""},
		{"and those after it are tried", spared, 0, "p.go abs `n < 0` #0 true\tnoticed by the case of abs\n", ""},
		{"what the judge does not notice, the package's own tests may", spared, 0, "q/q.go own `n > 5` #0 true\tnoticed by TestOwn\n", ""},
		{"what is listed must not be noticed", spared + "p.go abs `n < 0` #0 true\tquick\n", 1, "p.go abs `n < 0` #0 true\tIS LISTED, BUT NOTICED BY the case of abs\n", ""},
		{"a line without a reason", capped + "\t \n", 0, "", "guards.tsv:1: expected a mutant, a tab and a reason"},
		{"a guard that is gone", spared + "p.go idle `n > 8` #0 false\tgone\n", 0, "", "guards.tsv:3: no guard is called p.go idle `n > 8` #0 false any more"},
		{"a line twice", spared + spared, 0, "", "is listed twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			wrong, err := mutate(context.Background(), of(write(t, judgeTest, test.list)), &out)
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

// TestMutateNeedsTests checks that a run that tries nothing is an error, not a
// clean result.
func TestMutateNeedsTests(t *testing.T) {
	tests := []struct {
		name, test string
		files      []string
		err        string
	}{
		{"no TestGuardMutants", "package p\n", nil, "fails without a mutant"},
		{"tests that fail without a mutant", strings.Replace(judgeTest, "idle(3) != 3", "idle(3) != 4", 1), nil, "TestIdle fails without a mutant"},
		{"other mutants than asked for", `package p

import (
	"os"
	"testing"
)

func TestGuardMutants(t *testing.T) {
	os.WriteFile(os.Getenv("KMSENTRY_MUTANTS_OUT"), []byte("survives 7 true\\nend\\n"), 0o600)
}
`, nil, "not what it was asked"},
		{"no such file", judgeTest, []string{"q.go"}, `expected guards in the files ["q.go"], found none`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := mutate(context.Background(), of(write(t, test.test, ""), test.files...), &bytes.Buffer{})
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

func TestJudgeIsAPackage(t *testing.T) {
	c := of(write(t, judgeTest, ""))
	c.judge = "elsewhere"
	if _, err := mutate(context.Background(), c, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "elsewhere: expected one of the packages") {
		t.Errorf("mutate = %v, want an error that names the judge", err)
	}
}
