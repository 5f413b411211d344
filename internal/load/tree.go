package load

import (
	"bytes"
	"fmt"
	"strings"
)

// A kind is the kind of value that a node holds.
type kind int

const (
	nullKind kind = iota
	boolKind
	numberKind
	textKind
	listKind
	objectKind
	unknownKind // a value that is known only at deployment
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object", "an unknown value"}[k]
}

// A node is a value of a JSON or YAML document. Order, duplicates and the text
// of numbers are kept as written.
type node struct {
	kind    kind
	text    string // of a scalar, as written; of an unknown value, the construct
	items   []*node
	members []member
	at      Region
	notes   []string // of a root: oddities of the document
	parts   []piece  // of an unknown value: what is known about it; nil when nothing is
}

type member struct {
	name  string
	value *node
}

// get returns the value of the member with the name, or nil if n is nil, not an
// object, or has no such member.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

func (n *node) has(name string) bool { return n.get(name) != nil }

// list returns the items of a list, or nil for anything else.
func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

// memberList returns the members of an object, or nil for anything else.
func (n *node) memberList() []member {
	if n == nil {
		return nil
	}
	return n.members
}

// each calls f for n and for every node in it, outer nodes first. It does
// nothing if n is nil.
func (n *node) each(f func(*node)) {
	if n == nil {
		return
	}
	f(n)
	for _, m := range n.members {
		m.value.each(f)
	}
	for _, i := range n.items {
		i.each(f)
	}
}

// hasFold is like has but ignores letter case.
func (n *node) hasFold(name string) bool {
	for _, m := range n.members {
		if strings.EqualFold(m.name, name) {
			return true
		}
	}
	return false
}

// str returns the text of a string member, or "" if there is none.
func (n *node) str(name string) string {
	if v := n.get(name); v != nil && v.kind == textKind {
		return v.text
	}
	return ""
}

// scalarText returns the text of a scalar member, or "" if there is none.
func (n *node) scalarText(name string) string {
	if v := n.get(name); v != nil && v.kind != listKind && v.kind != objectKind {
		return v.text
	}
	return ""
}

// duplicate returns an error for the first object in n that has two members of
// the same name.
func (n *node) duplicate() error {
	seen := map[string]bool{}
	for _, m := range n.members {
		if seen[m.name] {
			return fmt.Errorf("expected each member once, found %.60q twice in one object at line %d", m.name, m.value.at.Line)
		}
		seen[m.name] = true
		if err := m.value.duplicate(); err != nil {
			return err
		}
	}
	for _, i := range n.items {
		if err := i.duplicate(); err != nil {
			return err
		}
	}
	return nil
}

// takeLast drops every member that a later one of the same name in the same
// object overrides, as CloudFormation does, and calls note for each.
func (n *node) takeLast(note func(string)) {
	last := map[string]int{}
	for i, m := range n.members {
		if _, again := last[m.name]; again {
			note(fmt.Sprintf("line %d: member %.60q occurs twice; CloudFormation uses the last", m.value.at.Line, m.name))
		}
		last[m.name] = i
	}
	if len(last) < len(n.members) {
		var kept []member
		for i, m := range n.members {
			if last[m.name] == i {
				kept = append(kept, m)
			}
		}
		n.members = kept
	}
	for _, m := range n.members {
		m.value.takeLast(note)
	}
	for _, i := range n.items {
		i.takeLast(note)
	}
}

// write appends n to buf as JSON. Scalars become strings, as CloudFormation
// passes them on and as key policies compare them; null stays null.
func (n *node) write(buf *bytes.Buffer) {
	switch n.kind {
	case nullKind:
		buf.WriteString("null")
	case listKind:
		buf.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				buf.WriteByte(',')
			}
			item.write(buf)
		}
		buf.WriteByte(']')
	case objectKind:
		buf.WriteByte('{')
		for i, m := range n.members {
			if i > 0 {
				buf.WriteByte(',')
			}
			buf.Write(quote(m.name))
			buf.WriteByte(':')
			m.value.write(buf)
		}
		buf.WriteByte('}')
	case boolKind:
		buf.Write(quote(fmt.Sprint(n.isTrue())))
	default:
		buf.Write(quote(n.text))
	}
}

// isTrue reports whether n is a true boolean. CloudFormation reads YAML 1.1,
// where yes and on are true as well.
func (n *node) isTrue() bool {
	if n == nil || n.kind != boolKind {
		return false
	}
	switch strings.ToLower(n.text) {
	case "true", "yes", "on":
		return true
	default:
		return false
	}
}
