package load

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// maxCases is the most joint cases of the values on which conditions depend. With more of
// them, the conditions are treated as independent of each other.
const maxCases = 4096

// maxIndependent is the most conditions that are then tried both ways; any further ones
// stay unknown.
const maxIndependent = 8

// branch resolves Fn::If: [condition, then, else].
// Source: CloudFormation User Guide, intrinsic-function-reference-conditions.html.
func (r *resolver) branch(n, arg *node) *node {
	if arg.kind != listKind || len(arg.items) != 3 {
		return open(n, "!If")
	}
	name := arg.items[0].text
	holds, known := r.choice[name]
	if !known {
		holds, known = r.condition(name)
	}
	switch {
	case !known:
		return open(n, "!If "+name)
	case holds:
		return r.resolve(arg.items[1])
	default:
		return r.resolve(arg.items[2])
	}
}

// conditionsIn returns the names of the conditions that n uses in Fn::If, in order of
// appearance.
func conditionsIn(n *node) []string {
	var names []string
	n.each(func(n *node) {
		if name, arg, ok := call(n); ok && name == "Fn::If" && arg.kind == listKind && len(arg.items) == 3 && !slices.Contains(names, arg.items[0].text) {
			names = append(names, arg.items[0].text)
		}
	})
	return names
}

// A choice is one joint case: the truth of conditions in it, and the values that it gives
// to parameters.
type choice struct {
	truths map[string]bool
	values map[string]string
}

// text returns the same text for two cases that cannot have different readings.
func (c choice) text() string { return fmt.Sprintf("%q %q", fmt.Sprint(c.truths), c.values) }

// choices returns the joint cases of the named conditions in which the condition of the
// resource, "" for none, holds; nil when the resource is never created. It tries only the
// values on which the conditions depend: for a parameter each constant with which it is
// compared and another value, within its AllowedValues; and for any other comparison true
// and false. The choices have values only for the parameters in shown. independent is true
// when there are too many cases; then each condition is tried both ways, regardless of the
// others.
func (r *resolver) choices(names []string, resource string, shown []string) (list []choice, independent bool) {
	all := names
	if resource != "" && !slices.Contains(all, resource) {
		all = append(slices.Clone(all), resource)
	}
	a := newAtoms(r)
	for _, name := range all {
		a.add(function("Condition", name))
	}
	if a.count() > maxCases {
		return r.independent(names, resource), true
	}
	seen := map[string]bool{}
	for env := a.first(); env != nil; env = a.next(env) {
		c := choice{truths: map[string]bool{}, values: map[string]string{}}
		for _, name := range all {
			c.truths[name] = a.holds(name, env)
		}
		if resource != "" && !c.truths[resource] {
			continue
		}
		for i, t := range a.list {
			if v := t.domain[env[i]]; v != another && !t.truth && slices.Contains(shown, t.name) {
				c.values[t.name] = v
			}
		}
		if text := c.text(); !seen[text] {
			seen[text] = true
			list = append(list, c)
		}
	}
	return list, false
}

// independent returns the cases in which each condition is tried both ways, except that
// of the resource, which holds, and those that are known.
func (r *resolver) independent(names []string, resource string) []choice {
	var free []string
	sure := map[string]bool{}
	for _, name := range names {
		switch holds, known := r.condition(name); {
		case name == resource:
			sure[name] = true
		case known:
			sure[name] = holds
		case len(free) < maxIndependent:
			free = append(free, name)
		}
	}
	var list []choice
	for bits := range 1 << len(free) {
		c := choice{truths: map[string]bool{}}
		for name, holds := range sure {
			c.truths[name] = holds
		}
		for i, name := range free {
			c.truths[name] = bits&(1<<i) == 0
		}
		list = append(list, c)
	}
	return list
}

// another is the value of a parameter that equals none of the constants with which it is
// compared.
const another = "\x00another"

// An atom is something on which conditions depend: a parameter with its values, or a
// comparison that is true or false.
type atom struct {
	name   string
	truth  bool
	domain []string
}

// atoms holds the atoms of some conditions. A condition is analyzed only once, and in each
// case evaluated only once, however many others refer to it.
type atoms struct {
	r        *resolver
	list     []*atom
	path     []string // the conditions that are being analyzed
	added    map[string]bool
	truths   map[string]bool // of the conditions evaluated in the current case
	compared map[*node]compared
}

func newAtoms(r *resolver) *atoms {
	return &atoms{r: r, added: map[string]bool{}, truths: map[string]bool{}, compared: map[*node]compared{}}
}

// A compared is the result of comparison for an Fn::Equals.
type compared struct {
	parameter, constant string
	how                 comparing
}

func (a *atoms) comparison(arg *node) compared {
	c, done := a.compared[arg]
	if !done {
		c.parameter, c.constant, c.how = a.r.comparison(arg)
		a.compared[arg] = c
	}
	return c
}

func (a *atoms) get(name string, truth bool) (at int, made bool) {
	at = slices.IndexFunc(a.list, func(t *atom) bool { return t.name == name && t.truth == truth })
	if at >= 0 {
		return at, false
	}
	t := &atom{name: name, truth: truth}
	if truth {
		t.domain = []string{"true", "false"}
	}
	a.list = append(a.list, t)
	return len(a.list) - 1, true
}

// add adds the atoms of a condition.
func (a *atoms) add(c *node) {
	name, arg := condition(c)
	switch name {
	case "Condition":
		if def := a.r.conditions.get(arg.text); def != nil && !slices.Contains(a.path, arg.text) {
			if a.added[arg.text] {
				return
			}
			a.added[arg.text] = true
			a.path = append(a.path, arg.text)
			a.add(def)
			a.path = a.path[:len(a.path)-1]
			return
		}
	case "Fn::And", "Fn::Or", "Fn::Not":
		for _, item := range arg.items {
			a.add(item)
		}
		return
	case "Fn::Equals":
		switch c := a.comparison(arg); c.how {
		case isKnown:
			return
		case isConstant:
			at, made := a.get(c.parameter, false)
			t, allowed := a.list[at], a.r.allowed(c.parameter)
			switch {
			case made && allowed != nil:
				t.domain = allowed
			case made:
				t.domain = []string{c.constant, another}
			case allowed == nil && !slices.Contains(t.domain, c.constant):
				t.domain = append(t.domain, c.constant)
			}
			return
		}
	}
	a.get(key(c), true)
}

// count returns the number of joint cases; some number above maxCases when there are too
// many.
func (a *atoms) count() int {
	n := 1
	for _, t := range a.list {
		if n *= len(t.domain); n > maxCases {
			return n
		}
	}
	return n
}

// first returns the first joint case: for each atom the index of its value.
func (a *atoms) first() []int { return make([]int, len(a.list)) }

// next returns the case after env, which it modifies; nil after the last one.
func (a *atoms) next(env []int) []int {
	clear(a.truths)
	for i, t := range a.list {
		if env[i]++; env[i] < len(t.domain) {
			return env
		}
		env[i] = 0
	}
	return nil
}

// holds reports whether a condition holds in a case.
func (a *atoms) holds(name string, env []int) bool {
	return a.evaluate(function("Condition", name), env)
}

func (a *atoms) evaluate(c *node, env []int) bool {
	name, arg := condition(c)
	switch name {
	case "Condition":
		if def := a.r.conditions.get(arg.text); def != nil && !slices.Contains(a.path, arg.text) {
			holds, done := a.truths[arg.text]
			if !done {
				a.path = append(a.path, arg.text)
				holds = a.evaluate(def, env)
				a.path = a.path[:len(a.path)-1]
				a.truths[arg.text] = holds
			}
			return holds
		}
	case "Fn::And":
		return !slices.ContainsFunc(arg.items, func(i *node) bool { return !a.evaluate(i, env) })
	case "Fn::Or":
		return slices.ContainsFunc(arg.items, func(i *node) bool { return a.evaluate(i, env) })
	case "Fn::Not":
		return !slices.ContainsFunc(arg.items, func(i *node) bool { return a.evaluate(i, env) })
	case "Fn::Equals":
		switch c := a.comparison(arg); c.how {
		case isKnown:
			return c.constant != ""
		case isConstant:
			at, _ := a.get(c.parameter, false)
			return a.list[at].domain[env[at]] == c.constant
		}
	}
	at, _ := a.get(key(c), true)
	return env[at] == 0
}

// condition returns the name and the argument of a condition function; name is "" when c
// is not one.
func condition(c *node) (name string, arg *node) {
	if c == nil || c.kind != objectKind || len(c.members) != 1 {
		return "", nil
	}
	m := c.members[0]
	if m.name == "Fn::Equals" && (m.value.kind != listKind || len(m.value.items) != 2) || m.name == "Fn::Not" && len(m.value.items) != 1 {
		return "", nil
	}
	return m.name, m.value
}

// key returns a text that identifies a condition function.
func key(c *node) string {
	var b bytes.Buffer
	c.write(&b)
	return b.String()
}

// A comparing says how a comparison can be decided.
type comparing int

const (
	isOther    comparing = iota // it cannot be
	isKnown                     // both sides are known: constant is "" when they are not equal
	isConstant                  // it holds if the parameter's value is constant
)

// comparison returns how an Fn::Equals with the operands arg can be decided. For
// isConstant it also returns the parameter and the constant; for isKnown, constant is
// "equal" if the operands are equal and "" if they are not.
func (r *resolver) comparison(arg *node) (parameter, constant string, how comparing) {
	var constants, parameters []string
	for _, side := range arg.items {
		if name, ref, ok := call(side); ok && name == "Ref" && r.free(ref.text) {
			parameters = append(parameters, ref.text)
			continue
		}
		if r.turnsOnStandIn(side) {
			return "", "", isOther
		}
		v := r.resolve(side)
		if v == nil || v.kind == unknownKind || v.kind == listKind || v.kind == objectKind {
			return "", "", isOther
		}
		constants = append(constants, v.text)
	}
	switch {
	case len(constants) == 2 && constants[0] == constants[1], len(parameters) == 2 && parameters[0] == parameters[1]:
		return "", "equal", isKnown
	case len(constants) == 2:
		return "", "", isKnown
	case len(constants) == 1:
		return parameters[0], constants[0], isConstant
	default:
		return "", "", isOther
	}
}

// free reports whether name is a parameter of a single value or a pseudo parameter, and
// its value is not given.
func (r *resolver) free(name string) bool {
	if p := r.parameters.get(name); p != nil {
		_, given := r.scope.Parameters[name]
		return !given && !(r.scope.Defaults && p.has("Default")) && !isList(p)
	}
	return r.standsIn(function("Ref", name))
}

// allowed returns all values that a parameter can have; nil when that is not known.
func (r *resolver) allowed(name string) []string {
	if p := r.parameters.get(name); p != nil {
		return boundsOf(p).values
	}
	return nil
}

// A truth is the value of a condition. The zero truth is unknown.
type truth struct{ holds, known bool }

// condition evaluates a condition of the template as far as it is known. One
// that refers to itself is unknown.
func (r *resolver) condition(name string) (holds, known bool) {
	if t, done := r.evaluated[name]; done {
		return t.holds, t.known
	}
	r.evaluated[name] = truth{} // unknown until evaluated, and if it refers to itself
	a := newAtoms(r)
	a.add(function("Condition", name))
	if a.count() > maxCases {
		return false, false
	}
	env := a.first()
	holds, known = a.holds(name, env), true
	for env = a.next(env); env != nil; env = a.next(env) {
		if a.holds(name, env) != holds {
			return false, false
		}
	}
	r.evaluated[name] = truth{holds, known}
	return holds, known
}

// turnsOnStandIn reports whether n depends on a value for which resolve would use a
// placeholder.
func (r *resolver) turnsOnStandIn(n *node) bool {
	if name, arg, ok := call(n); ok && (r.standsIn(n) || name == "Fn::GetAtt" || name == "Fn::Sub" && strings.Contains(textOf(arg), "${")) {
		return true
	}
	for _, m := range n.members {
		if r.turnsOnStandIn(m.value) {
			return true
		}
	}
	for _, i := range n.items {
		if r.turnsOnStandIn(i) {
			return true
		}
	}
	return false
}

// turnsOn returns the values on which a condition depends and that are not given:
// parameters, exports and dynamic references, each once, by the names that Unknown uses.
func (r *resolver) turnsOn(condition string) []string {
	var names, path []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var look func(n *node)
	look = func(n *node) {
		n.each(func(n *node) {
			for _, found := range reference.FindAllString(r.dereferenced(n.text), -1) {
				add(found)
			}
			name, arg, ok := call(n)
			if n.kind == objectKind && len(n.members) == 1 && n.members[0].name == "Condition" {
				if of := n.members[0].value.text; !slices.Contains(path, of) {
					path = append(path, of)
					look(r.conditions.get(of))
				}
				return
			}
			switch {
			case ok && name == "Ref" && (r.free(arg.text) || r.openList(arg.text)):
				add("!Ref " + arg.text)
			case ok && name == "Fn::ImportValue" && arg.kind == textKind:
				if _, given := r.scope.Imports[arg.text]; !given {
					add("!ImportValue " + arg.text)
				}
			case ok && name == "Fn::Sub":
				for _, m := range subVariable.FindAllStringSubmatch(textOf(arg), -1) {
					if v := strings.TrimSpace(m[2]); m[1] == "" && r.free(v) {
						add("!Ref " + v)
					}
				}
			}
		})
	}
	look(function("Condition", condition))
	return names
}

// openList reports whether name is a parameter of several values, and they are not given.
func (r *resolver) openList(name string) bool {
	p := r.parameters.get(name)
	_, given := r.scope.Parameters[name]
	return p != nil && isList(p) && !given && !(r.scope.Defaults && p.has("Default"))
}

// textOf returns all text in n.
func textOf(n *node) string {
	s := n.text
	for _, i := range n.items {
		s += textOf(i)
	}
	return s
}
