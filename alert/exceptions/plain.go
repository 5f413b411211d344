package exceptions

import (
	"strings"
	"unicode/utf8"
)

// plain reads the plain form of YAML in which people and Form write this file:
// mappings and lists in block style, a value on one line, without quotes or in
// quotes that hold no escape, lists of such values in brackets, comments. ok is
// false when the text has anything else, also when it is no YAML: the YAML
// package reads it then.
//
// It is here for its speed. The YAML package makes some 90 allocations for an
// entry, 56 ms for 5,000 of them where this takes 5. Whatever it accepts, it
// must read as the YAML package does; FuzzPlain holds it to that.
func plain(source string) (root node, ok bool) {
	p := reader{ok: true}
	if !p.split(source) {
		return node{}, false
	}
	if len(p.lines) > 0 {
		root = p.block(0)
	}
	return root, p.ok && p.at == len(p.lines)
}

// A line is what a line holds beside indentation, trailing blanks and comments.
type line struct {
	indent, number int
	text           string
}

// A reader reads lines one after the other; ok becomes false at the first
// thing that is not plain.
type reader struct {
	lines []line
	at    int
	ok    bool
}

// split finds the lines that hold something.
func (p *reader) split(source string) bool {
	if !printable(source) {
		return false
	}
	p.lines = make([]line, 0, strings.Count(source, "\n")+1)
	number := 0
	for raw := range strings.SplitSeq(source, "\n") {
		number++
		trimmed := strings.TrimLeft(raw, " ")
		if trimmed != "" && trimmed[0] != '#' {
			p.lines = append(p.lines, line{len(raw) - len(trimmed), number, strings.TrimRight(trimmed, " ")})
		}
	}
	return true
}

// printable reports whether s is UTF-8 without what YAML breaks lines at
// beside "\n", and without what it forbids.
func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			return wide(s[i:])
		}
		if c < ' ' && c != '\n' || c == 0x7f {
			return false
		}
	}
	return true
}

// wide is printable for text beyond ASCII.
func wide(s string) bool {
	for _, r := range s {
		switch {
		case r < ' ' && r != '\n', r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff, r == utf8.RuneError:
			return false
		}
	}
	return true
}

// fail gives the text up to the YAML package.
func (p *reader) fail() node {
	p.ok = false
	return node{}
}

// next is the line to read; its indent is -1 when there is none.
func (p *reader) next() line {
	if !p.ok || p.at == len(p.lines) {
		return line{indent: -1}
	}
	return p.lines[p.at]
}

// block reads the value that begins with the next line.
func (p *reader) block(least int) node {
	l := p.next()
	if strings.HasPrefix(l.text, "- ") {
		return p.sequence(l.indent)
	}
	if name, _ := member(l.text); name != "" {
		return p.mapping(l.indent)
	}
	p.at++
	n := p.value(l.text, l.number)
	if p.next().indent >= least {
		return p.fail() // goes on on the next line
	}
	return n
}

// sequence reads the list whose dashes stand at indent.
func (p *reader) sequence(indent int) node {
	n := node{kind: listKind, line: p.next().number}
	for l := p.next(); l.indent == indent && strings.HasPrefix(l.text, "- "); l = p.next() {
		rest := strings.TrimLeft(l.text[1:], " ")
		if rest == "" || rest[0] == '#' {
			return p.fail()
		}
		p.lines[p.at] = line{indent + len(l.text) - len(rest), l.number, rest}
		n.items = append(n.items, p.block(indent+1))
	}
	return n
}

// mapping reads the mapping whose names stand at indent.
func (p *reader) mapping(indent int) node {
	n := node{kind: mappingKind, line: p.next().number, items: make([]node, 0, 10)}
	for l := p.next(); l.indent == indent; l = p.next() {
		name, rest := member(l.text)
		if name == "" {
			break
		}
		p.at++
		n.items = append(n.items, node{kind: textKind, line: l.number, text: name}, p.memberValue(l, rest))
	}
	if p.next().indent > indent {
		return p.fail()
	}
	return n
}

// memberValue reads the value of the member on line l: the rest of the line,
// or what follows.
func (p *reader) memberValue(l line, rest string) node {
	if rest != "" {
		return p.value(rest, l.number)
	}
	below := p.next()
	switch {
	case below.indent > l.indent:
		return p.block(l.indent + 1)
	case below.indent == l.indent && strings.HasPrefix(below.text, "- "):
		return p.sequence(l.indent)
	default:
		return node{kind: nothingKind, line: l.number}
	}
}

// member splits "name: rest"; name is "" when the line is not of that form.
func member(s string) (name, rest string) {
	i := 0
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || isDigit(s[i]) || s[i] == '_') {
		i++
	}
	if i == 0 || i > 64 || i == len(s) || s[i] != ':' || i+1 < len(s) && s[i+1] != ' ' {
		return "", ""
	}
	rest = strings.TrimLeft(s[i+1:], " ")
	if strings.HasPrefix(rest, "#") {
		rest = ""
	}
	return s[:i], rest
}

// value reads a value that stands on one line.
func (p *reader) value(s string, number int) node {
	switch s[0] {
	case '\'', '"':
		return p.quoted(s, number)
	case '[':
		return p.flow(s, number)
	}
	s, _, _ = strings.Cut(s, " #")
	s = strings.TrimRight(s, " ")
	if strings.IndexByte("-?:,[]{}#&*!|>%@`'\"", s[0]) >= 0 || s[len(s)-1] == ':' || strings.Contains(s, ": ") || s[0] == '.' || s[0] == '=' || s[0] == '<' {
		return p.fail()
	}
	return node{kind: plainKind(s), line: number, text: s}
}

// plainKind is what YAML takes a word without quotes for.
func plainKind(s string) kind {
	switch s {
	case "~", "null", "Null", "NULL":
		return nothingKind
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return truthKind
	}
	return textKind
}

// quoted reads text in quotes, and a comment after it.
func (p *reader) quoted(s string, number int) node {
	end := strings.IndexByte(s[1:], s[0]) + 1
	if end == 0 || strings.IndexByte(s[:end], '\\') >= 0 && s[0] == '"' || !isTail(s[end+1:]) {
		return p.fail()
	}
	return node{kind: textKind, line: number, text: s[1:end]}
}

// isTail reports whether nothing but a comment follows a value.
func isTail(s string) bool {
	trimmed := strings.TrimLeft(s, " ")
	return trimmed == "" || trimmed[0] == '#' && len(trimmed) < len(s)
}

// flow reads a list in brackets on one line.
func (p *reader) flow(s string, number int) node {
	end := strings.IndexByte(s, ']')
	if end < 0 || !isTail(s[end+1:]) {
		return p.fail()
	}
	n := node{kind: listKind, line: number}
	inner := strings.Trim(s[1:end], " ")
	if inner == "" {
		return n
	}
	for item := range strings.SplitSeq(inner, ",") {
		item = strings.Trim(item, " ")
		switch {
		case item == "":
			return p.fail()
		case item[0] == '\'' || item[0] == '"':
			n.items = append(n.items, p.quoted(item, number))
		case isFlowWord(item):
			n.items = append(n.items, node{kind: plainKind(item), line: number, text: item})
		default:
			return p.fail()
		}
	}
	return n
}

// isFlowWord takes the words of names, ids and ARNs.
func isFlowWord(s string) bool {
	return only(s, 1, 2048, "_./@+=-:#") && only(s[:1], 1, 1, "/") && s[len(s)-1] != ':'
}
