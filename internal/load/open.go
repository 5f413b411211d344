package load

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// A piece is a part of a value: known text, or something that is known only at
// deployment.
type piece struct {
	text   string // the text; for an open piece, what the template calls it
	open   bool
	bounds bounds
}

// bounds is what is known about an open piece.
type bounds struct {
	values []string // all possible texts; nil when unknown
	never  string   // characters that it cannot contain
	min    int      // its minimum length
	many   bool     // it can be a list
}

// pieces returns the pieces of a scalar.
func (n *node) pieces() []piece {
	switch {
	case n.kind == unknownKind && n.parts != nil:
		return n.parts
	case n.kind == unknownKind:
		return []piece{{text: n.text, open: true}}
	default:
		return []piece{{text: n.text}}
	}
}

// joined returns the pieces as one text node at the position of n or, when one
// of them is open, as an unknown value that is called what.
func joined(n *node, what string, parts []piece) *node {
	parts = splitReferences(parts)
	var text strings.Builder
	for _, p := range parts {
		if p.open {
			return &node{kind: unknownKind, text: what, parts: parts, at: n.at}
		}
		text.WriteString(p.text)
	}
	return str(n, text.String())
}

// reference matches a dynamic reference, whose value may be anything.
// Source: CloudFormation User Guide, dynamic-references.html.
var reference = regexp.MustCompile(`\{\{resolve:[^{}]*\}\}`)

// splitReferences returns parts with the dynamic references in known text split
// off as open pieces.
func splitReferences(parts []piece) []piece {
	var out []piece
	for _, p := range parts {
		if p.open || !reference.MatchString(p.text) {
			out = append(out, p)
			continue
		}
		rest := p.text
		for at := reference.FindStringIndex(rest); at != nil; at = reference.FindStringIndex(rest) {
			out = append(out, piece{text: rest[:at[0]]}, piece{text: rest[at[0]:at[1]], open: true})
			rest = rest[at[1]:]
		}
		out = append(out, piece{text: rest})
	}
	return out
}

// A reader turns the tree of a policy into a Reading.
type reader struct {
	account string // the owner
	assumed bool   // the owner's account id is a placeholder
	buf     bytes.Buffer
	open    []policy.Unknown
	unknown []Unknown
}

// reading returns the policy n as text, with marks for the unknown values.
func (r *reader) reading(n *node) Reading {
	if n.kind == objectKind {
		if r.assumed {
			n = n.clone() // ownerDependent changes it, and the template shares nodes
			for _, s := range statementsOf(n) {
				r.ownerDependent(s)
			}
		}
		r.policy(n)
	} else {
		r.write(n, -1, "", "KeyPolicy")
	}
	return Reading{Text: r.buf.Bytes(), Open: r.open}
}

func statementsOf(n *node) []*node {
	st := n.get("Statement")
	switch {
	case st == nil:
		return nil
	case st.kind == listKind:
		return st.items
	default:
		return []*node{st}
	}
}

// policy writes the document member by member, so that each unknown value is
// recorded with its statement.
func (r *reader) policy(n *node) {
	r.buf.WriteByte('{')
	for i, m := range n.known("Id") {
		if i > 0 {
			r.buf.WriteByte(',')
		}
		r.name(m.name)
		if m.name != "Statement" || m.value.kind != listKind {
			index := -1
			if m.name == "Statement" {
				index = 0
			}
			r.statement(m.value, index, m.name)
			continue
		}
		r.buf.WriteByte('[')
		for j, s := range m.value.items {
			if j > 0 {
				r.buf.WriteByte(',')
			}
			r.statement(s, j, m.name)
		}
		r.buf.WriteByte(']')
	}
	r.buf.WriteByte('}')
}

// statement writes a statement or, with index -1, another member.
func (r *reader) statement(s *node, index int, name string) {
	if s.kind != objectKind || index < 0 {
		r.write(s, index, "", name)
		return
	}
	r.write(s, index, s.str("Sid"), "")
}

func (r *reader) name(s string) {
	r.buf.Write(quote(s))
	r.buf.WriteByte(':')
}

// write writes n as JSON; path leads to it within statement index.
func (r *reader) write(n *node, index int, sid, path string) {
	switch n.kind {
	case unknownKind:
		r.mark(n, index, sid, path)
	case listKind:
		r.buf.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				r.buf.WriteByte(',')
			}
			r.write(item, index, sid, fmt.Sprintf("%s[%d]", path, i))
		}
		r.buf.WriteByte(']')
	case objectKind:
		members := n.members
		if path == "" {
			members = n.known("Sid")
		}
		r.buf.WriteByte('{')
		for i, m := range members {
			if i > 0 {
				r.buf.WriteByte(',')
			}
			r.name(m.name)
			r.write(m.value, index, sid, strings.TrimPrefix(path+"."+m.name, "."))
		}
		r.buf.WriteByte('}')
	default:
		n.write(&r.buf)
	}
}

// known returns the members of n. It leaves out the member named idle, whose
// value has no effect, when that value is unknown.
func (n *node) known(idle string) []member {
	if v := n.get(idle); v == nil || v.kind != unknownKind {
		return n.members
	}
	var kept []member
	for _, m := range n.members {
		if m.name != idle {
			kept = append(kept, m)
		}
	}
	return kept
}

// mark writes an unknown value as a text with marks, and records it.
func (r *reader) mark(n *node, index int, sid, path string) {
	r.unknown = append(r.unknown, Unknown{Statement: index, Sid: sid, Path: path, What: n.text})
	var text strings.Builder
	for _, p := range n.pieces() {
		if !p.open {
			text.WriteString(p.text)
			continue
		}
		text.WriteString(policy.Mark(len(r.open)))
		r.open = append(r.open, policy.Unknown{
			Statement: index, Path: path, Name: p.text,
			Values: p.bounds.values, Never: p.bounds.never, Min: p.bounds.min, Many: p.bounds.many,
		})
	}
	r.buf.Write(quote(text.String()))
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

// kmsResource matches a KMS ARN in Resource; its group is the account.
var kmsResource = regexp.MustCompile(`^arn:[^:]*:kms:[^:]*:([^:]*):`)

// ownerDependent marks as unknown the values of s that have an effect only when
// the owner, whose id is a placeholder, is the account they name: a Resource in
// another account, and the values of conditions on aws:ResourceAccount.
func (r *reader) ownerDependent(s *node) {
	for _, m := range s.members {
		switch m.name {
		case "Resource", "NotResource":
			eachText(m.value, func(v *node) {
				found := kmsResource.FindStringSubmatch(v.text)
				if found != nil && found[1] != r.account && strings.Trim(found[1], "*") != "" {
					v.dependOnOwner()
				}
			})
		case "Condition":
			for _, operator := range m.value.members {
				for _, key := range operator.value.members {
					if strings.EqualFold(key.name, "aws:ResourceAccount") {
						eachText(key.value, func(v *node) {
							if v.text != r.account {
								v.dependOnOwner()
							}
						})
					}
				}
			}
		}
	}
}

func (n *node) dependOnOwner() {
	n.kind, n.text = unknownKind, fmt.Sprintf("%q depends on the owner's account", n.text)
}

// eachText calls f for n if it is a text, and for each text in n if it is a
// list.
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

// without returns a statement with the Sid of s that has no effect, because it
// names no Resource.
// Source: KMS Developer Guide, key-policy-overview.html.
func without(s *node, effect string) *node {
	out := &node{kind: objectKind, members: []member{field("Effect", effect), field("Principal", "*"), field("Action", "kms:DescribeKey")}}
	if sid := s.str("Sid"); sid != "" {
		out.members = append(out.members, field("Sid", sid))
	}
	return out
}

func field(name, value string) member { return member{name, &node{kind: textKind, text: value}} }
