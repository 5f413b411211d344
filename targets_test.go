package kmsentry

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// These tests check which test runs where: make test is short, and .ci/run runs
// everything.

// recipe returns the recipe of a target in the Makefile.
func recipe(t *testing.T, target string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:.*\n((?:\t.*\n)+)`).FindStringSubmatch(document(t, "Makefile"))
	if m == nil {
		t.Fatalf("the Makefile has no target %s", target)
	}
	return m[1]
}

// TestRunLeavesNothingOut checks that .ci/run runs every check that has a target, and
// that test-all runs every test in full.
func TestRunLeavesNothingOut(t *testing.T) {
	run := document(t, filepath.Join(".ci", "run"))
	for _, target := range []string{"test", "test-all", "oracle", "soak", "scale", "run", "build"} {
		if recipe(t, target); !regexp.MustCompile(`make --no-print-directory ` + target + `\b[^-]`).MatchString(run) {
			t.Errorf(".ci/run does not run make %s", target)
		}
	}
	if !strings.Contains(document(t, filepath.Join(".github", "workflows", "ci.yml")), "- run: .ci/run\n") {
		t.Error("ci.yml does not run .ci/run")
	}
	for target, command := range map[string]string{"lint": ".ci/lint", "fuzz": ".ci/fuzz", "mutate": "go run ./internal/mutate"} {
		if !strings.Contains(strings.ReplaceAll(recipe(t, target), "$(GO)", "go"), command) || !strings.Contains(run, command) {
			t.Errorf("make %s and .ci/run do not both run %s", target, command)
		}
	}
	if rows := "-run TestRowMutants -rowmutants 0"; !strings.Contains(recipe(t, "mutate"), rows) || !strings.Contains(run, rows) {
		t.Errorf("make mutate and .ci/run do not both run %s", rows)
	}
	if all := recipe(t, "test-all"); !strings.Contains(all, "$(RACE) ./...") || strings.Contains(all, "-short") || strings.Contains(all, "-run") {
		t.Errorf("make test-all is not every test in full:\n%s", all)
	}
	for _, s := range regexp.MustCompile(`os\.Getenv\("(KMSENTRY_[A-Z]+)"\) == ""`).FindAllStringSubmatch(testSources(t), -1) {
		if !strings.Contains(document(t, "Makefile"), s[1]+"=1") {
			t.Errorf("no target of the Makefile sets %s, without which a test skips", s[1])
		}
	}
}

// TestSelectedTestsExist checks that each go test -run of the Makefile, the checks,
// the documents and the lists in testdata selects a test, in the packages that it
// names. With none, go test says ok.
func TestSelectedTestsExist(t *testing.T) {
	_, all := packages(t)
	has := func(dir string, below bool, name *regexp.Regexp) bool {
		for _, p := range all {
			if p.dir != dir && !(below && (dir == "." || strings.HasPrefix(p.dir, dir+"/"))) {
				continue
			}
			for _, f := range p.files {
				if slices.ContainsFunc(f.ast.Decls, func(d ast.Decl) bool {
					fn, ok := d.(*ast.FuncDecl)
					return ok && f.test && regexp.MustCompile("^(Test|Fuzz|Example)").MatchString(fn.Name.Name) && name.MatchString(fn.Name.Name)
				}) {
					return true
				}
			}
		}
		return false
	}
	command := regexp.MustCompile(`(?:\$\(GO\)|go) test .*-run[ =]'?([A-Z]\w*)\b.*`)
	count := 0
	for _, name := range slices.Concat([]string{"Makefile", ".ci/run", ".github/workflows/ci.yml"}, files(t, ".md"), files(t, ".tsv")) {
		for _, m := range command.FindAllStringSubmatch(document(t, name), -1) {
			for _, pattern := range regexp.MustCompile(`\./\S*`).FindAllString(m[0], -1) {
				count++
				dir, below := strings.CutSuffix(pattern, "...")
				if !has(path.Clean(dir), below, regexp.MustCompile(m[1])) {
					t.Errorf("%s: %s: %s has no test %s", name, m[0], pattern, m[1])
				}
			}
		}
	}
	if count < 6 {
		t.Errorf("%d selected tests found, want at least 6", count)
	}
}

// TestStepsThatCannotRun checks that a step of .ci/run that cannot run fails or, if
// it may be skipped, says that it was not run.
func TestStepsThatCannotRun(t *testing.T) {
	script := document(t, ".ci/run")
	from, to := strings.Index(script, "leave() {"), strings.Index(script, "unchecked=\"\"")
	if from < 0 || to < from {
		t.Fatal(".ci/run: expected leave() before unchecked, found none")
	}
	for _, row := range []struct {
		name, env, step string
		status          int
		says            string
	}{
		{"listed in .ci/skip", "", "oracle", 0, "NOT CHECKED: oracle: why"},
		{"not listed in .ci/skip", "", "fuzz", 1, "CANNOT RUN: fuzz: why"},
		{"named in the environment", "KMSENTRY_SKIP=soak fuzz", "fuzz", 0, "NOT CHECKED: fuzz: why"},
		{"another one is named", "KMSENTRY_SKIP=soak", "oracle", 1, "CANNOT RUN: oracle: why"},
		{"a part of a name is named", "KMSENTRY_SKIP=soaking", "soak", 1, "CANNOT RUN: soak: why"},
		{"nothing may be left out", "KMSENTRY_SKIP=", "oracle", 1, "CANNOT RUN: oracle: why"},
	} {
		cmd := exec.Command("bash", "-c", "set -euo pipefail; unchecked=; "+script[from:to]+"leave "+row.step+" why")
		cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "KMSENTRY_SKIP=") })
		if row.env != "" {
			cmd.Env = append(cmd.Env, row.env)
		}
		out, _ := cmd.CombinedOutput() // the exit status is checked below
		if got := cmd.ProcessState.ExitCode(); got != row.status || !strings.Contains(string(out), row.says) {
			t.Errorf("%s: status %d, %q; want %d, %q", row.name, got, out, row.status, row.says)
		}
	}
}

// testSources returns the text of all test files except this one.
func testSources(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, name := range files(t, "_test.go") {
		if name != "targets_test.go" {
			b.WriteString(document(t, name))
		}
	}
	return b.String()
}

// TestShortSkipsNameTheirTarget checks that a test that is skipped with -short says
// which target runs it.
func TestShortSkipsNameTheirTarget(t *testing.T) {
	fset, all := packages(t)
	named := regexp.MustCompile(`^left out with -short: make ([a-z-]+) runs it$`)
	count := 0
	for _, p := range all {
		for _, f := range p.files {
			ast.Inspect(f.ast, func(n ast.Node) bool {
				branch, ok := n.(*ast.IfStmt)
				if !ok || !asksShort(branch.Cond) {
					return true
				}
				for _, text := range skips(branch.Body) {
					count++
					if m := named.FindStringSubmatch(text); m == nil {
						t.Errorf("%s: the skip says %q, want %q", fset.Position(branch.Pos()), text, named)
					} else {
						recipe(t, m[1])
					}
				}
				return true
			})
		}
	}
	if count < 6 {
		t.Errorf("%d skips with -short found, want at least 6", count)
	}
}

// asksShort reports whether a condition calls testing.Short.
func asksShort(condition ast.Expr) bool {
	found := false
	ast.Inspect(condition, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		found = found || ok && s.Sel.Name == "Short"
		return true
	})
	return found
}

// skips returns the texts of the calls of Skip, "" for one without a literal.
func skips(body ast.Node) []string {
	var texts []string
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if s, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Skip") {
			text := ""
			if len(call.Args) == 1 {
				if lit, ok := call.Args[0].(*ast.BasicLit); ok {
					text, _ = strconv.Unquote(lit.Value)
				}
			}
			texts = append(texts, text)
		}
		return true
	})
	return texts
}

// TestMotoFindsItsTests checks that make moto, which selects tests by folder and
// name, runs all tests that use moto.
func TestMotoFindsItsTests(t *testing.T) {
	_, all := packages(t)
	found := 0
	for _, p := range all {
		for _, f := range p.files {
			if !slices.ContainsFunc(f.ast.Imports, func(s *ast.ImportSpec) bool { return s.Path.Value == strconv.Quote(module+"/internal/mototest") }) {
				continue
			}
			found++
			folder, _, _ := strings.Cut(p.dir, "/")
			named := slices.ContainsFunc(f.ast.Decls, func(d ast.Decl) bool {
				fn, ok := d.(*ast.FuncDecl)
				return ok && strings.HasPrefix(fn.Name.Name, "Test") && strings.Contains(fn.Name.Name, "Moto")
			})
			if !named || !strings.Contains(recipe(t, "moto"), "./"+folder+"/...") {
				t.Errorf("make moto does not run %s: expected its folder in the recipe, and a test with Moto in its name", f.name)
			}
		}
	}
	if found < 5 {
		t.Errorf("%d test files with moto found, want at least 5", found)
	}
}

// TestSequentialPackages checks that the packages that make test runs without the
// race detector start no goroutines and share only values that are initialized once.
func TestSequentialPackages(t *testing.T) {
	m := regexp.MustCompile(`(?m)^SEQUENTIAL = (.*)$`).FindStringSubmatch(document(t, "Makefile"))
	if m == nil {
		t.Fatal("the Makefile does not say which packages are sequential")
	}
	fset, all := packages(t)
	count := 0
	for _, p := range all {
		in := slices.ContainsFunc(strings.Fields(m[1]), func(pattern string) bool {
			if folder, below := strings.CutSuffix(path.Clean(pattern), "/..."); below {
				return p.dir == folder || strings.HasPrefix(p.dir, folder+"/")
			}
			return path.Clean(pattern) == p.dir
		})
		if !in {
			continue
		}
		count++
		for _, f := range p.files {
			if f.test {
				continue
			}
			for _, n := range concurrent(f.ast) {
				t.Errorf("%s: this package is tested without the race detector; take it off SEQUENTIAL", fset.Position(n.Pos()))
			}
		}
	}
	if count < 5 {
		t.Errorf("%d sequential packages found in %q, want at least 5", count, m[1])
	}
}

// concurrent returns the nodes of a file that start or synchronize goroutines.
func concurrent(f *ast.File) []ast.Node {
	var found []ast.Node
	for _, s := range f.Imports {
		if name, _ := strconv.Unquote(s.Path.Value); name == "sync/atomic" {
			found = append(found, s)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.ChanType:
			found = append(found, n)
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && x.Name == "sync" && !strings.HasPrefix(n.Sel.Name, "Once") {
				found = append(found, n)
			}
		}
		return true
	})
	return found
}

func parsed(t *testing.T, source string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestConcurrentIsSeen(t *testing.T) {
	for _, source := range []string{"func f() { go f() }", "var mu sync.Mutex", "var c chan int"} {
		if len(concurrent(parsed(t, "package p\n"+source))) == 0 {
			t.Errorf("nothing found in %s", source)
		}
	}
	if n := len(concurrent(parsed(t, "package p\nvar x = sync.OnceValue(func() int { return 1 })"))); n != 0 {
		t.Errorf("%d places found in what is made once", n)
	}
}
