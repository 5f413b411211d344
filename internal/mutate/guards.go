package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A guard is one operand of a condition: what an if, a for, a case without a
// tag or a returned && or || turns on.
type guard struct {
	file string // its base name
	fn   string // the function that it is in
	text string // as written, in one line
	nth  int    // how many guards of the same text are before it in the function
}

// String names the guard in lists: the same name while its function does not
// change around it.
func (g guard) String() string {
	return fmt.Sprintf("%s %s `%s` #%d", g.file, g.fn, g.text, g.nth)
}

// An edit puts text in place of the source from from to to.
type edit struct {
	from, to int
	text     string
}

// instrument finds the guards of every file of the package in dir that is no
// test, and returns each file with its guards wrapped in calls of mutantGuard,
// which are numbered in the order of the guards.
//
// The support that the calls need is among the files.
func instrument(dir string) (guards []guard, sources map[string][]byte, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, nil, err
	}
	sources = map[string][]byte{}
	var pkg string
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		found, changed, in, err := instrumentFile(filepath.Base(name), text, len(guards))
		if err != nil {
			return nil, nil, err
		}
		pkg = in
		guards = append(guards, found...)
		sources[name] = changed
	}
	if len(guards) == 0 {
		return nil, nil, fmt.Errorf("%s: want a package with conditions, found none", dir)
	}
	sources[filepath.Join(dir, "mutant_guard.go")] = fmt.Appendf(nil, support, pkg, len(guards))
	return guards, sources, nil
}

// instrumentFile does this for one file and returns its package's name, too;
// first is the number of its first guard.
func instrumentFile(name string, text []byte, first int) (guards []guard, changed []byte, pkg string, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		return nil, nil, "", err
	}
	var edits []edit
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		seen := map[string]int{}
		for _, e := range operands(fn.Body) {
			from, to := fset.Position(e.Pos()).Offset, fset.Position(e.End()).Offset
			line := strings.Join(strings.Fields(string(text[from:to])), " ")
			guards = append(guards, guard{name, fn.Name.Name, line, seen[line]})
			seen[line]++
			edits = append(edits, edit{from, from, fmt.Sprintf("mutantGuard(%d, ", first+len(guards)-1)}, edit{to, to, ")"})
		}
	}
	changed, err = format.Source(apply(text, edits))
	return guards, changed, file.Name.Name, err
}

// operands lists the operands of all conditions within a function, those of a
// negation without the "!".
func operands(body *ast.BlockStmt) []ast.Expr {
	var list []ast.Expr
	var leaves func(e ast.Expr)
	leaves = func(e ast.Expr) {
		switch x := e.(type) {
		case *ast.ParenExpr:
			leaves(x.X)
		case *ast.UnaryExpr:
			leaves(x.X)
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				leaves(x.X)
				leaves(x.Y)
				return
			}
			list = append(list, e)
		default:
			list = append(list, e)
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			leaves(n.Cond)
		case *ast.SwitchStmt:
			if n.Tag == nil {
				for _, c := range n.Body.List {
					for _, e := range c.(*ast.CaseClause).List {
						leaves(e)
					}
				}
			}
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				if b, ok := e.(*ast.BinaryExpr); ok && (b.Op == token.LAND || b.Op == token.LOR) {
					leaves(e)
				}
			}
		}
		return true
	})
	return list
}

// apply makes the edits. No two of them are at one place.
func apply(text []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var b bytes.Buffer
	at := 0
	for _, e := range edits {
		b.Write(text[at:e.from])
		b.WriteString(e.text)
		at = e.to
	}
	b.Write(text[at:])
	return b.Bytes()
}

// support is the file that the overlay adds to the package: it says which
// guard is forced, and to what, and records the values that guards have.
const support = `package %s

type mutantState struct {
	number int     // of the guard that is forced; -1 for none
	value  bool    // what it is forced to
	seen   []uint8 // by guard: 1 when it was false, 2 when it was true; nil records nothing
	calls  int     // of guards
	limit  int     // of calls; one more panics
}

var mutants = mutantState{number: -1, limit: 1 << 62}

const mutantCount = %d

func mutantGuard(n int, is bool) bool {
	if mutants.calls++; mutants.calls > mutants.limit {
		panic("the mutant takes too long")
	}
	if n == mutants.number {
		return mutants.value
	}
	if mutants.seen != nil {
		if is {
			mutants.seen[n] |= 2
		} else {
			mutants.seen[n] |= 1
		}
	}
	return is
}
`
