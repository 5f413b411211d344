package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A kind is what a node holds.
type kind int

const (
	nullKind kind = iota
	boolKind
	numberKind
	textKind
	listKind
	objectKind
	unknownKind // a value that decides itself at deployment
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object", "an unknown value"}[k]
}

// A node is a value of a JSON or YAML document. Order, duplicates and the text
// of numbers stay as written.
type node struct {
	kind    kind
	text    string // of scalars, as written; of unknown values the construct
	items   []*node
	members []member
	at      Region
	notes   []string // of a root: what is odd in the document
	parts   []piece  // of unknown values: what is known of them; nil when nothing is
}

type member struct {
	name  string
	value *node
}

// get returns the member's value, nil when n is no object or has none of that name.
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

// list returns the items of a list, nil of anything else.
func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

// memberList returns the members of an object, nil of anything else.
func (n *node) memberList() []member {
	if n == nil {
		return nil
	}
	return n.members
}

// each calls f for n and for every node in it, the outer first; not for nil.
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

// hasFold is has for any letter case.
func (n *node) hasFold(name string) bool {
	for _, m := range n.members {
		if strings.EqualFold(m.name, name) {
			return true
		}
	}
	return false
}

// str returns the text of a string member, "" when there is none.
func (n *node) str(name string) string {
	if v := n.get(name); v != nil && v.kind == textKind {
		return v.text
	}
	return ""
}

// scalarText returns the text of a member that is a scalar, "" when there is none.
func (n *node) scalarText(name string) string {
	if v := n.get(name); v != nil && v.kind != listKind && v.kind != objectKind {
		return v.text
	}
	return ""
}

// duplicate returns an error for the first object in n with two members of one name.
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

// takeLast drops every member that has a later one of its name in the same
// object, as CloudFormation does, and notes it.
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

// maxDepth bounds the nesting of documents. Policies need 6 levels, plans with
// deep modules some dozens.
const maxDepth = 200

// A jsonParser builds a tree from tokens and keeps track of places.
type jsonParser struct {
	data         []byte
	dec          *json.Decoder
	seen         int // data[:seen] is counted in line and column
	line, column int
}

// errMore is the kind of error for text after the first JSON value.
var errMore = errors.New("more than one value")

// parseJSON reads exactly one JSON value. More after it is errMore.
func parseJSON(data []byte) (*node, error) {
	p := &jsonParser{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1, column: 1}
	p.dec.UseNumber()
	n, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); err != io.EOF {
		p.place(p.start())
		return nil, fault{kind: errMore, text: fmt.Sprintf("expected one JSON value, found more after it at line %d", p.line)}
	}
	return n, nil
}

// start returns where the next value starts.
func (p *jsonParser) start() int {
	i := int(p.dec.InputOffset())
	for i < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[i]) >= 0 {
		i++
	}
	return i
}

// place moves the count on to the offset.
func (p *jsonParser) place(offset int) (line, column int) {
	for p.seen < offset && p.seen < len(p.data) {
		r, size := utf8.DecodeRune(p.data[p.seen:])
		p.seen += size
		p.column++
		if r == '\n' {
			p.line, p.column = p.line+1, 1
		}
	}
	return p.line, p.column
}

func (p *jsonParser) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("expected at most %d levels of nesting, found more at line %d", maxDepth, p.line)
	}
	n := &node{}
	n.at.Line, n.at.Column = p.place(p.start())
	tok, err := p.dec.Token()
	if err != nil {
		return nil, p.fault(err)
	}
	switch v := tok.(type) {
	case json.Delim:
		err = p.children(n, v, depth)
	case string:
		n.kind, n.text = textKind, v
	case json.Number:
		n.kind, n.text = numberKind, v.String()
	case bool:
		n.kind, n.text = boolKind, fmt.Sprint(v)
	}
	n.at.EndLine, n.at.EndColumn = p.place(int(p.dec.InputOffset()))
	return n, err
}

// children reads the inside of a list or an object, with its end.
func (p *jsonParser) children(n *node, open json.Delim, depth int) error {
	n.kind = listKind
	if open == '{' {
		n.kind = objectKind
	}
	for p.dec.More() {
		name := ""
		if n.kind == objectKind {
			tok, err := p.dec.Token()
			if err != nil {
				return p.fault(err)
			}
			name, _ = tok.(string) // the decoder takes nothing else there
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if n.kind == objectKind {
			n.members = append(n.members, member{name, v})
			continue
		}
		n.items = append(n.items, v)
	}
	if _, err := p.dec.Token(); err != nil {
		return p.fault(err)
	}
	return nil
}

// fault says where the decoder stopped.
func (p *jsonParser) fault(err error) error {
	offset := int(p.dec.InputOffset())
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = int(syntax.Offset)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	found := err.Error()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		found = "the end of the input"
	}
	line, column := p.place(offset)
	return fmt.Errorf("expected JSON, found %s at line %d, column %d", found, line, column)
}

// write appends n as JSON. Scalars become strings, as CloudFormation passes
// them on and as key policies compare them; null stays null.
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
