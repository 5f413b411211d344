package load

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// A bracket encloses a policy with unknown values between two policies without
// any: one that opens at least as little and one that opens at least as much.
//
// A third one leaves out whom the unknown values can only name (see Reading).
//
// Every change works on one statement and in one direction. To widen a
// statement is to let it apply to at least the requests that it can apply to;
// to narrow it, to no more than those that it surely applies to. Most widens
// Allow and narrows Deny, Least the other way round.
type bracket struct {
	account string // the owner
	assumed bool   // the owner's id is made up
	unknown []Unknown
}

// reading brackets the resolved policy n.
func (b *bracket) reading(n *node) Reading {
	if b.assumed {
		n = n.clone() // ownerDependent changes it, and the template shares nodes
	}
	b.find(n)
	if len(b.unknown) == 0 { // perhaps an Id or a Sid, which have no effect
		return sure(render(settle(n, least)))
	}
	if v := n.get("Version"); n.kind != objectKind || n.get("Statement") == nil ||
		n.get("Statement").kind == unknownKind || (v != nil && v.kind == unknownKind) {
		return anything()
	}
	return Reading{Least: render(settle(n, least)), Most: render(settle(n, most)), Strangers: render(settle(n, strangers))}
}

func (n *node) clone() *node {
	out := *n
	out.items, out.members = nil, nil
	for _, item := range n.items {
		out.items = append(out.items, item.clone())
	}
	for _, m := range n.members {
		out.members = append(out.members, member{m.name, m.value.clone()})
	}
	return &out
}

// anything brackets a policy of which nothing is known.
func anything() Reading {
	const nobody = `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}`
	const everybody = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`
	return Reading{Least: []byte(nobody), Most: []byte(everybody), Strangers: []byte(everybody)}
}

// A side says which of a reading's texts is made.
type side int

const (
	least side = iota
	most
	strangers
)

func render(n *node) []byte {
	var buf bytes.Buffer
	n.write(&buf)
	return buf.Bytes()
}

// find lists the unknown values of the policy.
func (b *bracket) find(n *node) {
	for _, m := range n.members {
		if m.name == "Id" {
			continue // has no effect
		}
		if m.name != "Statement" {
			b.walk(m.value, -1, "", m.name)
			continue
		}
		if m.value.kind != listKind {
			b.statement(m.value, 0)
			continue
		}
		for i, s := range m.value.items {
			b.statement(s, i)
		}
	}
}

func (b *bracket) statement(s *node, index int) {
	b.ownerDependent(s)
	if s.kind != objectKind {
		b.walk(s, index, "", "Statement")
		return
	}
	for _, m := range s.members {
		if m.name != "Sid" {
			b.walk(m.value, index, s.str("Sid"), m.name)
		}
	}
}

func (b *bracket) walk(n *node, index int, sid, path string) {
	if n.kind == unknownKind {
		b.unknown = append(b.unknown, Unknown{Statement: index, Sid: sid, Path: path, What: n.text})
	}
	for _, m := range n.members {
		b.walk(m.value, index, sid, path+"."+m.name)
	}
	for i, item := range n.items {
		b.walk(item, index, sid, fmt.Sprintf("%s[%d]", path, i))
	}
}

// kmsResource takes the account out of a key's ARN in Resource.
var kmsResource = regexp.MustCompile(`^arn:[^:]*:kms:[^:]*:([^:]*):`)

// ownerDependent makes the values of s unknown that only hold when the owner,
// whose id is made up, is the account they name: a Resource in another
// account, and conditions on aws:ResourceAccount.
func (b *bracket) ownerDependent(s *node) {
	if !b.assumed {
		return
	}
	for _, m := range s.members {
		switch m.name {
		case "Resource", "NotResource":
			eachText(m.value, func(v *node) {
				found := kmsResource.FindStringSubmatch(v.text)
				if found != nil && found[1] != b.account && strings.Trim(found[1], "*") != "" {
					v.kind, v.text = unknownKind, fmt.Sprintf("%q depends on the owner's account", v.text)
				}
			})
		case "Condition":
			for _, operator := range m.value.members {
				for _, key := range operator.value.members {
					if strings.EqualFold(key.name, "aws:ResourceAccount") {
						b.resourceAccount(key.value)
					}
				}
			}
		}
	}
}

func (b *bracket) resourceAccount(values *node) {
	eachText(values, func(v *node) {
		if v.text != b.account {
			v.kind, v.text = unknownKind, fmt.Sprintf("%q depends on the owner's account", v.text)
		}
	})
}

// eachText calls f for n, or for its items when it is a list.
func eachText(n *node, f func(*node)) {
	if n.kind == textKind {
		f(n)
	}
	for _, item := range n.items {
		if item.kind == textKind {
			f(item)
		}
	}
}

// settle returns the policy without unknown values.
func settle(n *node, to side) *node {
	if n.kind != objectKind {
		return n // no policy; the parser says so
	}
	out := &node{kind: objectKind}
	for _, m := range n.members {
		switch {
		case m.name == "Statement":
			out.members = append(out.members, member{m.name, settleStatements(m.value, to)})
		case !m.value.open():
			out.members = append(out.members, m)
		case m.name != "Id":
			out.members = append(out.members, member{m.name, &node{kind: textKind}})
		}
	}
	return out
}

// open reports whether anything in n is unknown.
func (n *node) open() bool {
	if n.kind == unknownKind {
		return true
	}
	for _, m := range n.members {
		if m.value.open() {
			return true
		}
	}
	for _, item := range n.items {
		if item.open() {
			return true
		}
	}
	return false
}

func settleStatements(n *node, to side) *node {
	if n.kind != listKind {
		return settleStatement(n, to)
	}
	out := &node{kind: listKind}
	for _, s := range n.items {
		out.items = append(out.items, settleStatement(s, to))
	}
	return out
}

// settleStatement returns the statement without unknown values.
func settleStatement(s *node, to side) *node {
	if !s.open() {
		return s
	}
	effect := effectOf(s, to)
	if to == strangers {
		seen, applies := asStranger(s)
		if !applies {
			return without(s, effect)
		}
		return settleStatement(seen, most)
	}
	if s.kind == listKind {
		return &node{kind: listKind} // no statement; the parser says so
	}
	if s.kind != objectKind {
		return object(field("Effect", effect), field("Principal", "*"), field("Action", "*"), field("Resource", "*"))
	}
	out := &node{kind: objectKind}
	widen := (effect == "Allow") == (to != least)
	for _, m := range s.members {
		if m.name == "Effect" {
			out.members = append(out.members, field("Effect", effect))
			continue
		}
		if !m.value.open() {
			out.members = append(out.members, m)
			continue
		}
		settled, ok := settleMember(m, widen)
		if !ok {
			return without(s, effect)
		}
		out.members = append(out.members, settled...)
	}
	return out
}

// effectOf returns the statement's effect; an unknown one is the one that
// leads in the wanted direction.
func effectOf(s *node, to side) string {
	switch e := s.get("Effect"); {
	case e != nil && e.kind != unknownKind:
		return e.text
	case to == least:
		return "Deny"
	default:
		return "Allow"
	}
}

// without is a statement at the same place that has no effect: it names no Resource.
// Source: KMS Developer Guide, key-policy-overview.html.
func without(s *node, effect string) *node {
	out := object(field("Effect", effect), field("Principal", "*"), field("Action", "kms:DescribeKey"))
	if sid := s.str("Sid"); sid != "" {
		out.members = append(out.members, field("Sid", sid))
	}
	return out
}

func object(members ...member) *node { return &node{kind: objectKind, members: members} }

func field(name, value string) member { return member{name, &node{kind: textKind, text: value}} }

// settleMember widens or narrows one member of a statement. Not ok means that
// the statement surely applies to nothing.
func settleMember(m member, widen bool) (settled []member, ok bool) {
	switch m.name {
	case "Sid":
		return nil, true
	case "Principal":
		return settlePrincipal(m, widen)
	case "Action", "Resource":
		if widen {
			return []member{field(m.name, "*")}, true
		}
		return keepKnown(m)
	case "NotPrincipal", "NotAction", "NotResource":
		if !widen {
			return nil, false
		}
		if kept, some := keepKnown(m); some {
			return kept, true
		}
		return []member{field(strings.TrimPrefix(m.name, "Not"), "*")}, true
	case "Condition":
		return settleCondition(m, widen)
	default: // not of the grammar; the parser refuses the member whatever it holds
		return []member{field(m.name, "")}, true
	}
}

// settlePrincipal widens to everybody. A service principal is never an
// outsider, so an unknown one is left out either way.
func settlePrincipal(m member, widen bool) ([]member, bool) {
	principal := m.value
	if principal.kind == objectKind {
		principal = &node{kind: objectKind}
		for _, k := range m.value.members {
			if k.name != "Service" || !k.value.open() {
				principal.members = append(principal.members, k)
				continue
			}
			if kept, some := keepKnown(k); some {
				principal.members = append(principal.members, kept...)
			}
		}
		if len(principal.members) == 0 {
			return nil, false
		}
	}
	switch {
	case !principal.open():
		return []member{{m.name, principal}}, true
	case widen:
		return []member{field(m.name, "*")}, true
	default:
		return keepKnown(member{m.name, principal})
	}
}

// settleCondition drops the conditions with unknown values, which widens.
func settleCondition(m member, widen bool) ([]member, bool) {
	if !widen {
		return nil, false
	}
	out := &node{kind: objectKind}
	for _, operator := range m.value.members {
		kept := &node{kind: objectKind}
		for _, key := range operator.value.members {
			if !key.value.open() {
				kept.members = append(kept.members, key)
			}
		}
		if len(kept.members) > 0 {
			out.members = append(out.members, member{operator.name, kept})
		}
	}
	if len(out.members) == 0 {
		return nil, true
	}
	return []member{{m.name, out}}, true
}

// keepKnown returns the member with only its known values; not ok when none is left.
func keepKnown(m member) ([]member, bool) {
	n := known(m.value)
	if n == nil {
		return nil, false
	}
	return []member{{m.name, n}}, true
}

// known returns n without unknown values, nil when nothing is left.
func known(n *node) *node {
	switch n.kind {
	case unknownKind:
		return nil
	case listKind:
		out := &node{kind: listKind}
		for _, item := range n.items {
			if v := known(item); v != nil {
				out.items = append(out.items, v)
			}
		}
		if len(out.items) == 0 && len(n.items) > 0 {
			return nil
		}
		return out
	case objectKind:
		out := &node{kind: objectKind}
		for _, m := range n.members {
			if v := known(m.value); v != nil {
				out.members = append(out.members, member{m.name, v})
			}
		}
		if len(out.members) == 0 && len(n.members) > 0 {
			return nil
		}
		return out
	default:
		return n
	}
}
