package load

import "strings"

// maxFree bounds the conditions that are tried both ways: 2^maxFree readings.
const maxFree = 5

// branch resolves Fn::If: [condition, then, else].
func (r *resolver) branch(n, arg *node) *node {
	if arg.kind != listKind || len(arg.items) != 3 {
		return open(n, "!If")
	}
	name := arg.items[0].text
	holds, known := r.condition(name)
	if !known {
		holds, known = r.choice[name]
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

// freeConditions returns the conditions in n that nothing decides, in order of
// appearance, at most maxFree. Those beyond stay unknown values.
func (r *resolver) freeConditions(n *node) []string {
	var names []string
	seen := map[string]bool{}
	var walk func(*node)
	walk = func(n *node) {
		if name, arg, ok := call(n); ok && name == "Fn::If" && arg.kind == listKind && len(arg.items) == 3 {
			condition := arg.items[0].text
			if _, known := r.condition(condition); !known && !seen[condition] && len(names) < maxFree {
				seen[condition] = true
				names = append(names, condition)
			}
		}
		for _, m := range n.members {
			walk(m.value)
		}
		for _, i := range n.items {
			walk(i)
		}
	}
	if n != nil {
		walk(n)
	}
	return names
}

// A truth is what a condition comes to. The zero truth is unknown.
type truth struct{ holds, known bool }

// condition evaluates a condition of the template as far as it is known. One
// that refers to itself is unknown.
func (r *resolver) condition(name string) (holds, known bool) {
	c := r.conditions.get(name)
	if c == nil {
		return false, false
	}
	if t, done := r.evaluated[name]; done {
		return t.holds, t.known
	}
	r.evaluated[name] = truth{} // until it is known, and in case it comes back to itself
	holds, known = r.evaluate(c)
	r.evaluated[name] = truth{holds, known}
	return holds, known
}

// evaluate works out one condition function.
// Source: CloudFormation User Guide, intrinsic-function-reference-conditions.html.
func (r *resolver) evaluate(c *node) (holds, known bool) {
	if c.kind != objectKind || len(c.members) != 1 {
		return false, false
	}
	name, arg := c.members[0].name, c.members[0].value
	switch name {
	case "Condition":
		return r.condition(arg.text)
	case "Fn::Equals":
		return r.equals(arg)
	case "Fn::Not":
		if len(arg.items) != 1 {
			return false, false
		}
		holds, known = r.evaluate(arg.items[0])
		return !holds, known
	case "Fn::And":
		return r.fold(arg, false)
	case "Fn::Or":
		return r.fold(arg, true)
	default:
		return false, false
	}
}

// equals compares two values when both are really known.
func (r *resolver) equals(arg *node) (holds, known bool) {
	if arg.kind != listKind || len(arg.items) != 2 || r.turnsOnStandIn(arg) {
		return false, false
	}
	a, b := r.resolve(arg.items[0]), r.resolve(arg.items[1])
	for _, v := range []*node{a, b} {
		if v == nil || v.kind == unknownKind || v.kind == listKind || v.kind == objectKind {
			return false, false
		}
	}
	return a.text == b.text, true
}

// turnsOnStandIn reports whether anything in n is only stood in for.
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

// textOf returns all text in n.
func textOf(n *node) string {
	s := n.text
	for _, i := range n.items {
		s += textOf(i)
	}
	return s
}

// fold combines conditions: one that equals decisive decides, and without one
// all must be known.
func (r *resolver) fold(arg *node, decisive bool) (holds, known bool) {
	known = len(arg.items) > 0
	for _, c := range arg.items {
		h, k := r.evaluate(c)
		if k && h == decisive {
			return decisive, true
		}
		known = known && k
	}
	return !decisive, known
}
