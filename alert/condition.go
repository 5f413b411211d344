package alert

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// compile type-checks a condition and refuses one that says nothing about the
// finding, nothing but how the caller signed in, or nothing that tells this
// finding from those that nobody has seen yet. Its errors are one line.
func compile(when string) (*vm.Program, error) {
	program, err := expr.Compile(when, expr.Env(exceptionEnv{}), expr.AsBool(),
		// The answer must depend on the finding alone.
		expr.DisableBuiltin("now"), expr.DisableBuiltin("date"), expr.DisableBuiltin("duration"), expr.DisableBuiltin("timezone"))
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Errorf("want a condition over the finding that is true or false, got %q: %s", cut(when, maxText), cut(first, maxText))
	}
	tree, err := parser.Parse(when)
	if err != nil {
		return nil, err
	}
	for _, way := range alternatives(tree.Node) {
		if err := checkFields(fieldsOf(way)); err != nil {
			return nil, fmt.Errorf("%w, got %q", err, cut(when, maxText))
		}
	}
	if err := checkBreadth(program, tree.Node); err != nil {
		return nil, fmt.Errorf("%w, got %q", err, cut(when, maxText))
	}
	return program, nil
}

// alternatives splits a condition at its outer "or"s: each part can make it true alone.
func alternatives(n ast.Node) []ast.Node {
	b, ok := n.(*ast.BinaryNode)
	if !ok || b.Operator != "||" && b.Operator != "or" {
		return []ast.Node{n}
	}
	return append(alternatives(b.Left), alternatives(b.Right)...)
}

// checkFields refuses what must not hold an alert back.
func checkFields(fields []string) error {
	switch {
	case len(fields) == 0:
		return fmt.Errorf("want a condition that asks about the finding in each of its alternatives")
	case slices.Contains(fields, "$env"):
		return fmt.Errorf("want fields by their names, not through $env")
	case !slices.ContainsFunc(fields, func(name string) bool { return name != "mfa" && name != "long_term_key" }):
		return fmt.Errorf("want more than the caller's MFA in each alternative: MFA alone excuses no open key")
	default:
		return nil
	}
}

// fieldsOf lists the finding's fields that a condition asks about, and $env.
func fieldsOf(n ast.Node) []string {
	seen := identifiers{}
	ast.Walk(&n, seen)
	return slices.Sorted(maps.Keys(seen))
}

// identifiers collects names of fields.
type identifiers map[string]bool

// Visit is part of ast.Visitor.
func (s identifiers) Visit(n *ast.Node) {
	id, ok := (*n).(*ast.IdentifierNode)
	if ok && (id.Value == "$env" || slices.Contains(exceptionFields(), id.Value)) {
		s[id.Value] = true
	}
}

// exceptionFields are the names that conditions can use.
func exceptionFields() []string {
	var names []string
	env := reflect.TypeFor[exceptionEnv]()
	for i := range env.NumField() {
		names = append(names, env.Field(i).Tag.Get("expr"))
	}
	return names
}
