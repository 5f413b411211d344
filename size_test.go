package kmsentry

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
	"testing"
)

// The maximum sizes of code, without tests, for it to stay readable.
const (
	mostFiles = 20 // per package
	mostLines = 60 // per function
)

// TestSizes checks that packages and functions do not exceed the maximum sizes.
func TestSizes(t *testing.T) {
	fset, all := packages(t)
	for _, p := range all {
		sources := 0
		for _, f := range p.files {
			if f.test {
				continue
			}
			sources++
			for _, d := range f.ast.Decls {
				if n := lines(fset, d); n > mostLines {
					t.Errorf("%s: a function of %d lines, want at most %d", fset.Position(d.Pos()), n, mostLines)
				}
			}
		}
		if sources > mostFiles {
			t.Errorf("%s: %d files, want at most %d", p.dir, sources, mostFiles)
		}
	}
}

// lines returns the number of lines of a function, or 0 for any other declaration.
func lines(fset *token.FileSet, d ast.Decl) int {
	fn, ok := d.(*ast.FuncDecl)
	if !ok {
		return 0
	}
	return fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
}

func TestLines(t *testing.T) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "a.go", "package a\nvar x = 1\n// f is short.\nfunc f() {}\nfunc (a) g() {\n\n}", parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, d := range f.Decls {
		got = append(got, lines(fset, d))
	}
	if want := []int{0, 1, 3}; !slices.Equal(got, want) {
		t.Errorf("lines = %d, want %d", got, want)
	}
}

// TestNoShadow checks that in the engine, which has many functions with short names, no
// variable has the name of a function of its package.
func TestNoShadow(t *testing.T) {
	fset, all := packages(t)
	seen := 0
	for _, p := range all {
		if p.dir != "detector" && !strings.HasPrefix(p.dir, "detector/") {
			continue
		}
		seen++
		for _, pos := range shadows(resolve(fset, p)) {
			t.Errorf("%s: a function of the package has this name", fset.Position(pos))
		}
	}
	if seen < 8 {
		t.Errorf("%d packages of the engine found, want at least 8", seen)
	}
}

// shadows returns the positions of parameters, results and local variables that have
// the name of a function of their package.
func shadows(info *types.Info) []token.Pos {
	var found []token.Pos
	for id, object := range info.Defs {
		v, ok := object.(*types.Var)
		if !ok || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() {
			continue
		}
		if _, isFunc := v.Pkg().Scope().Lookup(id.Name).(*types.Func); isFunc {
			found = append(found, id.Pos())
		}
	}
	slices.Sort(found)
	return found
}

func TestShadowsAreFound(t *testing.T) {
	const source = `package a
type s struct{ f int }
func f(g int) (h int) { f := s{f: 1}; for _, k := range []int{f.f} { h += k }; return h }
func g() { var k = func(f int) {}; k(1) }
func h() {}
func (s) k() {}`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "a.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, pos := range shadows(resolve(fset, goPackage{dir: path.Dir("a/a.go"), files: []goFile{{"a.go", false, f}}})) {
		at := fset.Position(pos)
		got = append(got, source[at.Offset:at.Offset+1])
	}
	if want := "g h f f"; strings.Join(got, " ") != want {
		t.Errorf("shadows %q, want %q", strings.Join(got, " "), want)
	}
}
