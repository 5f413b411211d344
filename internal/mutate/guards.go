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

// A guard is one operand of a condition: of an if, of a case in a switch without
// a tag, or of a returned && or ||.
type guard struct {
	pkg  string // its package's folder
	file string // its path relative to the first folder
	fn   string // the function that it is in
	text string // as written, on one line
	nth  int    // the number of guards with the same text before it in the function
}

// String returns the name of the guard in lists, which stays the same when code
// outside its function changes.
func (g guard) String() string {
	return fmt.Sprintf("%s %s `%s` #%d", g.file, g.fn, g.text, g.nth)
}

// An edit replaces the source between the offsets from and to with text.
type edit struct {
	from, to int
	text     string
}

// instrument finds the guards in all non-test files of the packages in the
// folders. It returns them, with file names relative to the first folder, and
// the source of each file with guards, in which they are wrapped in calls of
// guarded.Is, numbered in the order of the guards. guarded is that package's
// import path.
func instrument(folders []string, guarded string) (guards []guard, sources map[string][]byte, err error) {
	sources = map[string][]byte{}
	for _, folder := range folders {
		before := len(guards)
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			short, err := filepath.Rel(folders[0], name)
			if err != nil {
				return nil, nil, err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, nil, err
			}
			found, changed, err := instrumentFile(guard{pkg: folder, file: filepath.ToSlash(short)}, text, len(guards), guarded)
			if err != nil {
				return nil, nil, err
			}
			if len(found) == 0 {
				continue
			}
			guards = append(guards, found...)
			sources[name] = changed
		}
		if len(guards) == before {
			return nil, nil, fmt.Errorf("%s: expected a package with conditions, found none", folder)
		}
	}
	return guards, sources, nil
}

// instrumentFile does the same for one file. at has the package and file of its
// guards; first is the number of the first guard.
func instrumentFile(at guard, text []byte, first int, guarded string) (guards []guard, changed []byte, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, at.file, text, parser.ParseComments)
	if err != nil {
		return nil, nil, err
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
			g := at
			g.fn, g.text = fn.Name.Name, strings.Join(strings.Fields(string(text[from:to])), " ")
			g.nth = seen[g.text]
			seen[g.text]++
			guards = append(guards, g)
			edits = append(edits, edit{from, from, fmt.Sprintf("guarded.Is(%d, ", first+len(guards)-1)}, edit{to, to, ")"})
		}
	}
	if len(guards) > 0 {
		end := fset.Position(file.Name.End()).Offset
		edits = append(edits, edit{end, end, fmt.Sprintf("; import %q", guarded)})
	}
	changed, err = format.Source(apply(text, edits))
	return guards, changed, err
}

// operands returns the operands of all conditions within a function body. The
// "!" of a negation is not part of the operand.
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

// apply returns text with the edits made. No two of them may be at the same
// offset.
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
