// Package kmsentry contains the rules of the repository as tests: which packages
// and modules each package may import, and what code must not do. The code itself
// is in the subfolders; start with detector.
package kmsentry

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kmsentry/kmsentry"

// A rule says what a package may import besides the standard library, and what of
// the standard library it may not.
type rule struct {
	ours      []string // packages of this module
	modules   []string // third-party modules
	forbidden []string // of the standard library
}

// rules returns the rules by folder. Tests may also import any package of this
// module, and the modules in testModules. A folder without a rule fails the test.
func rules() map[string]rule {
	pure := []string{"os", "net", "net/http", "log", "log/slog", "math/rand", "math/rand/v2", "os/exec", "syscall"}
	return map[string]rule{
		"detector/policy":                     {ours: []string{"detector/policy/condkey", "internal/awsid"}, forbidden: pure},
		"detector/policy/condkey":             {forbidden: pure},
		"detector/policy/kmsapi":              {forbidden: pure},
		"detector/policy/internal/policytest": {forbidden: pure},
		// It confirms what decide finds, so it must not depend on decide.
		"detector/policy/evaluate": {ours: []string{"detector/policy", "detector/policy/condkey", "detector/policy/kmsapi", "internal/awsid", "internal/fold"}, forbidden: pure},
		"detector/policy/decide": {
			ours: []string{
				"detector/policy", "detector/policy/condkey", "detector/policy/decide/internal/compile", "detector/policy/decide/internal/ipset",
				"detector/policy/decide/internal/search", "detector/policy/decide/internal/textsolve", "detector/policy/evaluate", "detector/policy/kmsapi",
				"internal/awsid",
			},
			forbidden: pure,
		},
		"detector/policy/decide/internal/compile": {
			ours: []string{
				"detector/policy", "detector/policy/condkey", "detector/policy/decide/internal/ipset", "detector/policy/decide/internal/textsolve",
				"detector/policy/kmsapi", "internal/awsid", "internal/fold",
			},
			forbidden: pure,
		},
		"detector/policy/decide/internal/search": {
			ours: []string{
				"detector/policy", "detector/policy/condkey", "detector/policy/decide/internal/compile", "detector/policy/decide/internal/ipset",
				"detector/policy/decide/internal/textsolve", "detector/policy/evaluate", "detector/policy/kmsapi", "internal/awsid",
			},
			forbidden: pure,
		},
		"detector/policy/decide/internal/textsolve": {ours: []string{"internal/fold"}, forbidden: pure},
		"detector/policy/decide/internal/ipset":     {forbidden: pure},
		"detector":                                  {ours: []string{"detector/policy", "detector/policy/decide", "detector/policy/kmsapi", "internal/awsid", "internal/strictjson"}, forbidden: pure},
		"alert":                                     {ours: []string{"alert/chat", "alert/email", "alert/ocsf", "alert/safe", "alert/words", "detector"}, forbidden: pure},
		// The channels do not depend on each other.
		"alert/chat": {
			ours: []string{"alert/playbook", "alert/safe", "alert/words", "detector", "detector/policy/decide"}, forbidden: pure,
		},
		"alert/email": {
			ours: []string{
				"alert/exceptions", "alert/internal/wrap", "alert/playbook", "alert/safe", "alert/words",
				"detector", "detector/policy/decide", "detector/policy/evaluate", "internal/awsid",
			},
			forbidden: pure,
		},
		"alert/ocsf": {
			ours: []string{"alert/playbook", "alert/safe", "alert/words", "detector", "detector/policy/decide", "detector/policy/evaluate"}, forbidden: pure,
		},
		"alert/playbook": {ours: []string{"alert/safe", "alert/words", "detector", "detector/policy/decide"}, forbidden: pure},
		"alert/words": {
			ours:      []string{"alert/safe", "detector", "detector/policy/decide", "detector/policy/evaluate", "detector/policy/kmsapi", "internal/awsid"},
			forbidden: pure,
		},
		"alert/safe":          {ours: []string{"internal/awsid"}, forbidden: pure},
		"alert/internal/wrap": {ours: []string{"alert/safe"}, forbidden: pure},
		"alert/internal/alerttest": {
			ours: []string{
				"alert/internal/wrap", "alert/words", "detector", "detector/policy", "detector/policy/decide", "detector/policy/evaluate", "detector/policy/kmsapi",
				"internal/schematest",
			},
			modules: []string{"github.com/santhosh-tekuri/jsonschema/v6"},
		},
		"alert/exceptions": {ours: []string{"detector", "detector/policy/decide", "detector/policy/kmsapi", "internal/awsid"}, modules: []string{"go.yaml.in/yaml/v3"}, forbidden: pure},
		"lambda":           {ours: []string{"lambda/detect"}},
		"lambda/detect": {
			ours:    []string{"alert", "alert/exceptions", "alert/safe", "alert/words", "detector", "detector/policy/decide", "internal/awsid", "internal/function", "internal/strictjson", "internal/version"},
			modules: []string{"github.com/aws/aws-sdk-go-v2"},
		},
		"lambda/sweep": {
			ours: []string{"alert", "alert/exceptions", "alert/safe", "alert/words", "detector", "detector/policy/decide", "detector/policy/kmsapi", "internal/awsid", "internal/function", "internal/strictjson", "internal/sweep", "internal/version"},
			modules: []string{
				"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs",
				"github.com/aws/aws-sdk-go-v2/service/s3", "github.com/aws/smithy-go",
			},
		},
		// The command line: flags, wiring, exit status.
		"cmd/kmsentry": {
			ours: []string{
				"alert/safe", "detector", "detector/policy", "internal/awsconfig", "internal/awsid", "internal/check", "internal/doctor", "internal/exit", "internal/hunt", "internal/invoke",
				"internal/redrive", "internal/s3archive", "internal/show", "internal/sweep", "internal/sweep/report", "internal/version", "lambda/detect",
			},
			modules: []string{
				"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/service/sqs", // for doctor, redrive and sweep
				"github.com/aws/smithy-go",
				"go.yaml.in/yaml/v3", // check's settings
			},
		},
		"history":                {ours: []string{"detector", "detector/policy/decide", "internal/awsid"}, modules: []string{"github.com/klauspost/compress"}, forbidden: pure},
		"internal/awsconfig":     {modules: []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/smithy-go"}},
		"internal/awsid":         {forbidden: pure},
		"internal/bootstraptest": {},
		"internal/browsertest":   {},
		"internal/check": {
			ours: []string{
				"alert/exceptions", "alert/safe", "alert/words", "detector/policy", "detector/policy/decide", "detector/policy/evaluate", "detector/policy/kmsapi",
				"internal/awsid", "internal/exit", "internal/load", "internal/show", "internal/strictjson", "internal/version", "internal/walk",
			},
			forbidden: []string{"net", "net/http", "os/exec", "log", "log/slog"},
		},
		"internal/doctor": {
			ours: []string{"", "alert/safe", "detector", "detector/policy", "detector/policy/evaluate", "internal/show"}, // "" for the template
			modules: []string{
				"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/chatbot", "github.com/aws/aws-sdk-go-v2/service/cloudformation",
				"github.com/aws/aws-sdk-go-v2/service/cloudtrail", "github.com/aws/aws-sdk-go-v2/service/cloudwatch", "github.com/aws/aws-sdk-go-v2/service/eventbridge",
				"github.com/aws/aws-sdk-go-v2/service/kms", "github.com/aws/aws-sdk-go-v2/service/lambda", "github.com/aws/aws-sdk-go-v2/service/sns",
				"github.com/aws/aws-sdk-go-v2/service/sqs", "github.com/aws/aws-sdk-go-v2/service/sts", "github.com/aws/smithy-go", "go.yaml.in/yaml/v3",
			},
			forbidden: []string{"os", "os/exec", "log", "log/slog"},
		},
		"internal/exit":    {forbidden: pure},
		"internal/fakekms": {ours: []string{"internal/awsid"}},
		"internal/fakesns": {},
		"internal/fold":    {forbidden: pure},
		"internal/function": {
			ours:    []string{"alert", "alert/exceptions", "alert/words", "detector", "detector/policy", "internal/awsid", "internal/version"},
			modules: []string{"github.com/aws/aws-lambda-go", "github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/sns"},
		},
		"internal/hunt": {
			ours:    []string{"alert/exceptions", "alert/ocsf", "alert/safe", "alert/words", "detector", "detector/policy/decide", "detector/policy/kmsapi", "history", "internal/show", "internal/walk"},
			modules: []string{"github.com/vbauerster/mpb/v8"},
		},
		"internal/invoke":         {ours: []string{"detector", "history", "internal/exit", "internal/fakesns", "internal/runtimeapi", "internal/show", "internal/strictjson"}},
		"internal/show":           {ours: []string{"alert/safe"}, modules: []string{"github.com/vbauerster/mpb/v8", "golang.org/x/term"}},
		"internal/load":           {ours: []string{"detector/policy", "detector/policy/decide", "detector/policy/kmsapi", "internal/awsid", "internal/strictjson"}, modules: []string{"go.yaml.in/yaml/v3"}},
		"internal/mototest":       {ours: []string{"internal/pytool"}},
		"internal/mutate":         {},
		"internal/mutate/guarded": {},
		"internal/pack":           {},
		"internal/preview":        {ours: []string{"alert", "alert/chat", "alert/words", "detector"}},
		"internal/pytool":         {},
		"internal/redrive":        {ours: []string{"alert/safe", "detector"}, modules: []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/sqs"}},
		"internal/runtimeapi":     {},
		"internal/s3archive": {
			ours: []string{"internal/awsconfig", "internal/hunt"},
			modules: []string{
				"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/service/s3", "github.com/aws/smithy-go",
			},
		},
		"internal/schematest": {modules: []string{"github.com/santhosh-tekuri/jsonschema/v6"}},
		"internal/strictjson": {forbidden: pure},
		"internal/sweep": {
			ours: []string{"detector", "detector/policy", "detector/policy/decide", "detector/policy/kmsapi", "internal/awsid"},
			modules: []string{
				"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/credentials", "github.com/aws/aws-sdk-go-v2/service/kms",
				"github.com/aws/aws-sdk-go-v2/service/sts", "github.com/aws/smithy-go", "golang.org/x/time",
			},
		},
		"internal/sweep/report": {
			ours: []string{
				"alert/exceptions", "alert/ocsf", "alert/safe", "alert/words", "detector", "detector/policy/decide", "detector/policy/kmsapi", "internal/check", "internal/exit", "internal/show", "internal/sweep", "internal/version",
			},
			modules:   []string{"github.com/vbauerster/mpb/v8"},
			forbidden: []string{"os", "net", "net/http", "os/exec", "log", "log/slog"},
		},
		"internal/trailgen":     {},
		"internal/trailgen/cmd": {ours: []string{"internal/trailgen"}},
		"internal/walk":         {},
		"internal/version":      {},
	}
}

// testModules returns the modules that only tests use.
func testModules() []string {
	return []string{
		"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/kms", "github.com/aws/aws-sdk-go-v2/service/sns", "github.com/aws/aws-sdk-go-v2/service/sqs",
		"github.com/klauspost/compress", "github.com/santhosh-tekuri/jsonschema/v6", "go.yaml.in/yaml/v3",
	}
}

// readsClock returns the folders whose code may read the clock.
func readsClock() []string {
	return []string{"lambda/detect", "lambda/sweep", "cmd/kmsentry", "internal/fakesns", "internal/function", "internal/hunt", "internal/invoke", "internal/preview", "internal/runtimeapi"}
}

// A goPackage is a folder of Go files.
type goPackage struct {
	dir   string // relative to the root, with slashes; "." for the root
	files []goFile
}

type goFile struct {
	name string // path relative to the root
	test bool
	ast  *ast.File
}

// packages parses every Go file of the repository.
func packages(t *testing.T) (*token.FileSet, []goPackage) {
	t.Helper()
	fset := token.NewFileSet()
	byDir := map[string]*goPackage{}
	for _, name := range files(t, ".go") {
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		dir := path.Dir(name)
		if byDir[dir] == nil {
			byDir[dir] = &goPackage{dir: dir}
		}
		byDir[dir].files = append(byDir[dir].files, goFile{name, strings.HasSuffix(name, "_test.go"), f})
	}
	var all []goPackage
	for _, dir := range sortedKeys(byDir) {
		all = append(all, *byDir[dir])
	}
	if len(all) < 5 {
		t.Fatalf("%d packages found, want more: is this the root of the repository?", len(all))
	}
	return fset, all
}

// files returns the repository's files with the given endings, except files that
// are built or downloaded and the test data of tools.
func files(t *testing.T, endings ...string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", ".aws-sam", "bin", "dist", "node_modules"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		name = filepath.ToSlash(name)
		for _, ending := range endings {
			if strings.HasSuffix(name, ending) {
				names = append(names, name)
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatalf("no file ends in %q", endings)
	}
	return names
}

func TestImports(t *testing.T) {
	_, all := packages(t)
	known := rules()
	for _, p := range all {
		r, ok := known[p.dir]
		if !ok && p.dir != "." {
			t.Errorf("package %s has no rule in all_test.go", p.dir)
			continue
		}
		for _, f := range p.files {
			for _, spec := range f.ast.Imports {
				name, _ := strconv.Unquote(spec.Path.Value)
				if fault := importFault(r, f.test, name); fault != "" {
					t.Errorf("%s imports %q: %s", f.name, name, fault)
				}
			}
		}
	}
}

// importFault returns the reason why a file may not import a package, or "" if it
// may.
func importFault(r rule, test bool, name string) string {
	first, _, _ := strings.Cut(name, "/")
	switch {
	case name == module || strings.HasPrefix(name, module+"/"):
		if !test && !slices.Contains(r.ours, strings.TrimPrefix(strings.TrimPrefix(name, module), "/")) {
			return "this package does not depend on that one"
		}
	case !strings.Contains(first, "."):
		if !test && slices.Contains(r.forbidden, name) {
			return "this package stays pure"
		}
	case !inModules(name, r.modules) && !(test && inModules(name, testModules())):
		return "the module is not on the list"
	}
	return ""
}

// inModules reports whether the package belongs to one of the modules. The services
// of the AWS SDK are separate modules below the path of its core.
func inModules(name string, modules []string) bool {
	for _, m := range modules {
		rest, ok := strings.CutPrefix(name, m)
		if ok && (rest == "" || strings.HasPrefix(rest, "/")) && !strings.HasPrefix(rest, "/service/") && rest != "/config" {
			return true
		}
	}
	return false
}

func TestImportRulesCanFail(t *testing.T) {
	tests := []struct{ dir, name string }{
		{"detector/policy", module + "/detector"},
		{"detector", module},
		{"detector/policy", "os"},
		{"detector", module + "/alert"},
		{"alert", module + "/lambda"},
		{"alert/email", module + "/alert/chat"},
		{"alert/chat", module + "/alert/ocsf"},
		{"alert/ocsf", module + "/alert/email"},
		{"alert/words", module + "/alert/playbook"},
		{"alert/playbook", module + "/alert/email"},
		{"alert/safe", module + "/alert/words"},
		{"alert/safe", module + "/detector"},
		{"alert/exceptions", module + "/alert"},
		{"alert", "go.yaml.in/yaml/v3"},
		{"alert/exceptions", "github.com/aws/aws-lambda-go/events"},
		{"alert", "net/http"},
		{"lambda/detect", module + "/internal/fakesns"},
		{"lambda", "github.com/aws/aws-sdk-go-v2/config"},
		{"lambda", "github.com/aws/aws-sdk-go-v2/service/kms"},
		{"lambda/detect", module + "/internal/sweep"},
		{"lambda/sweep", "github.com/aws/aws-sdk-go-v2/config"},
		{"lambda/sweep", module + "/internal/sweep/report"},
		{"internal/check", module + "/internal/sweep/report"},
		{"internal/check", "net/http"},
		{"internal/function", module + "/internal/sweep"},
		{"detector", "github.com/aws/aws-lambda-go/events"},
		{"history", module + "/alert"},
		{"history", module + "/lambda"},
		{"history", "github.com/aws/aws-sdk-go-v2/service/s3"},
		{"history", "os"},
	}
	for _, test := range tests {
		if importFault(rules()[test.dir], false, test.name) == "" {
			t.Errorf("%s may import %s", test.dir, test.name)
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	_, all := packages(t)
	for _, p := range all {
		var comment string
		for _, f := range p.files {
			if f.ast.Doc != nil && !strings.HasSuffix(f.ast.Name.Name, "_test") {
				comment = f.ast.Doc.Text()
			}
		}
		name := p.files[0].ast.Name.Name
		if !strings.HasPrefix(comment, "Package "+strings.TrimSuffix(name, "_test")+" ") && !strings.HasPrefix(comment, "Command ") {
			t.Errorf("package %s has no comment that begins with its name", p.dir)
		}
	}
}

func TestNoInitFunctions(t *testing.T) {
	fset, all := packages(t)
	for _, p := range all {
		for _, f := range p.files {
			for _, d := range f.ast.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: init function", fset.Position(fn.Pos()))
				}
			}
		}
	}
}

// TestPackageVariablesDoNotChange checks that package variables are only set where
// they are declared.
func TestPackageVariablesDoNotChange(t *testing.T) {
	fset, all := packages(t)
	for _, p := range all {
		if p.dir == "internal/mutate/guarded" {
			continue // only in mutate's test binaries, whose packages share the mutant
		}
		info := resolve(fset, p)
		for _, f := range p.files {
			if f.test {
				continue
			}
			for _, pos := range changes(f.ast, info) {
				t.Errorf("%s: a package variable is changed", fset.Position(pos))
			}
		}
	}
}

// resolve returns what the identifiers in a package's code denote. It ignores
// imports: only the package's own names matter here.
func resolve(fset *token.FileSet, p goPackage) *types.Info {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	var sources []*ast.File
	for _, f := range p.files {
		if !f.test {
			sources = append(sources, f.ast)
		}
	}
	config := types.Config{Error: func(error) {}, Importer: noImports{}}
	config.Check(p.dir, fset, sources, info)
	return info
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

// changes returns the positions where package variables are assigned to, even in
// part, or have their address taken.
func changes(f *ast.File, info *types.Info) []token.Pos {
	var found []token.Pos
	check := func(e ast.Expr) {
		if v, ok := info.Uses[root(e)].(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
			found = append(found, e.Pos())
		}
	}
	read := map[ast.Expr]bool{} // for ... range &table only reads
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.RangeStmt:
			read[n.X] = true
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				check(e)
			}
		case *ast.IncDecStmt:
			check(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND && !read[n] {
				check(n.X)
			}
		case *ast.CallExpr:
			if name, ok := n.Fun.(*ast.Ident); ok && (name.Name == "delete" || name.Name == "clear" || name.Name == "copy") {
				check(n.Args[0])
			}
		}
		return true
	})
	return found
}

// root returns the variable v of an expression like v.a[i], or nil if there is none.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

func TestChangesFindsWrites(t *testing.T) {
	const source = `package p
var a int
var m = map[string]int{}
var s struct{ f int }
var t [2]int
func f() { for range &t {}; a = 1; a++; m["x"] = 2; s.f = 3; delete(m, "x"); g(&a); b := a; b = 2; a := 3; a = 4; _ = b }
func g(*int) {}`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := resolve(fset, goPackage{dir: "p", files: []goFile{{"p.go", false, f}}})
	if n := len(changes(f, info)); n != 6 {
		t.Errorf("%d changes found, want 6", n)
	}
}

// TestOnlyBordersReadTheClock checks that only the packages in readsClock read the
// clock, so that the same record always gives the same finding.
func TestOnlyBordersReadTheClock(t *testing.T) {
	fset, all := packages(t)
	for _, p := range all {
		if slices.Contains(readsClock(), p.dir) {
			continue
		}
		for _, f := range p.files {
			if f.test {
				continue
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since" || s.Sel.Name == "Until") {
					t.Errorf("%s: time.%s", fset.Position(s.Pos()), s.Sel.Name)
				}
				return true
			})
		}
	}
}

// TestNoTestAssertsTime checks that no test can fail because the machine is slow:
// elapsed time is measured only where testing/synctest simulates it, and in
// benchmarks.
func TestNoTestAssertsTime(t *testing.T) {
	fset, all := packages(t)
	for _, p := range all {
		for _, f := range p.files {
			if !f.test {
				continue
			}
			for _, pos := range measuredTime(f.ast) {
				t.Errorf("%s: a test measures how long something takes", fset.Position(pos))
			}
		}
	}
}

// measuredTime returns the positions of time.Since, time.Until and time.Now().Sub
// outside benchmarks and functions that call synctest.Test.
func measuredTime(f *ast.File) []token.Pos {
	var found []token.Pos
	for _, decl := range f.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || strings.HasPrefix(fn.Name.Name, "Benchmark") || len(calls(fn, "synctest", "Test")) > 0 {
			continue
		}
		found = append(found, calls(fn, "time", "Since")...)
		found = append(found, calls(fn, "time", "Until")...)
		ast.Inspect(fn, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Sub" && len(calls(s.X, "time", "Now")) > 0 {
				found = append(found, s.Pos())
			}
			return true
		})
	}
	return found
}

// calls returns the positions in n that name a function of a package.
func calls(n ast.Node, pkg, name string) []token.Pos {
	var found []token.Pos
	ast.Inspect(n, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == name {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg {
				found = append(found, s.Pos())
			}
		}
		return true
	})
	return found
}

func TestMeasuredTimeIsFound(t *testing.T) {
	const source = `package p
func TestA(t *testing.T) { start := time.Now(); f(); if time.Since(start) > time.Second { t.Error("slow") } }
func TestB(t *testing.T) { if time.Now().Sub(start) > time.Second || time.Until(end) < 0 { t.Error("slow") } }
func TestC(t *testing.T) { synctest.Test(t, func(t *testing.T) { if time.Since(start) > time.Second { t.Error("late") } }) }
func BenchmarkD(b *testing.B) { b.ReportMetric(float64(time.Since(start)), "ns") }
`
	f, err := parser.ParseFile(token.NewFileSet(), "p_test.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(measuredTime(f)); n != 3 {
		t.Errorf("%d measurements found, want 3", n)
	}
}

// TestDecodersReadSeveralValues checks that json.NewDecoder is used only for texts
// that may have several values. A single value is read by strictjson or
// json.Unmarshal, because a json.Decoder ignores what follows the value.
func TestDecodersReadSeveralValues(t *testing.T) {
	_, all := packages(t)
	var found []string
	for _, p := range all {
		for _, f := range p.files {
			if !f.test && len(calls(f.ast, "json", "NewDecoder")) > 0 {
				found = append(found, f.name)
			}
		}
	}
	if want := []string{"history/columns.go", "internal/load/stream.go", "internal/strictjson/syntax.go"}; !slices.Equal(found, want) {
		t.Errorf("json.NewDecoder is called in %q, want %q", found, want)
	}
}

// TestNoMachinePlaces checks that text and code contain no paths of the machine
// they were written on.
func TestNoMachinePlaces(t *testing.T) {
	machine := regexp.MustCompile(`(^|[^a-zA-Z0-9_.-])/(home|root|Users|work|farm)/[a-zA-Z0-9.]`)
	neighbor := regexp.MustCompile(`\.\./shared`) // .ci/run uses a file there if it exists
	for _, name := range files(t, ".go", ".md", ".json", ".jsonl", ".yaml", ".yml", ".html", ".py", ".mjs", ".js", ".sh", "Makefile") {
		if name == "all_test.go" {
			continue
		}
		checkPlaces(t, name, machine, neighbor)
	}
	scripts, err := filepath.Glob(".ci/*")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no files in .ci (%v)", err)
	}
	for _, name := range scripts {
		if checkPlaces(t, name, machine); name != filepath.Join(".ci", "run") {
			checkPlaces(t, name, neighbor)
		}
	}
}

// checkPlaces reports the paths in a file that match any of the places.
func checkPlaces(t *testing.T, name string, places ...*regexp.Regexp) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(text, []byte("\n")) {
		for _, place := range places {
			if at := place.Find(line); at != nil {
				t.Errorf("%s:%d: %q", name, i+1, at)
			}
		}
	}
}

// TestModulesAreListed checks that every direct requirement in go.mod is in a rule.
func TestModulesAreListed(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	listed := testModules()
	for _, r := range rules() {
		listed = append(listed, r.modules...)
	}
	direct := regexp.MustCompile(`(?m)^\t(\S+) (v\S+)$`).FindAllStringSubmatch(string(text), -1)
	for _, m := range direct {
		if !slices.Contains(listed, m[1]) {
			t.Errorf("go.mod requires %s, which no rule names", fmt.Sprint(m[1], " ", m[2]))
		}
	}
}
