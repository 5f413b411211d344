package exceptions

import (
	"strings"
	"unicode/utf8"
)

// plain reads the subset of YAML in which people and Form write this file: mappings
// and lists in block style or, on one line, in flow style; values without quotes,
// or in quotes without escapes; comments. ok is false when the text has anything
// else or is not YAML; the YAML package must then read it.
//
// It exists for speed: it makes 7 allocations per entry where the YAML package,
// which spends most of its time scanning character by character, makes 96. What
// plain accepts it must read as the YAML package does; FuzzPlain checks that.
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

// A line is a line of the file without indentation and trailing blanks. Blank lines
// and lines that are only a comment are left out.
type line struct {
	indent, number int
	text           string
}

// A reader reads lines in order; ok becomes false at the first thing that is not
// plain.
type reader struct {
	lines []line
	at    int
	depth int // nesting of lists and mappings
	ok    bool
}

// maxDepth is deeper than a valid file is nested; anything deeper is left to the
// YAML package, which has its own limit.
const maxDepth = 16

// enter goes one level deeper; it returns false when that is too deep. Every call
// needs a call of leave.
func (p *reader) enter() bool {
	p.depth++
	p.ok = p.ok && p.depth <= maxDepth
	return p.ok
}

func (p *reader) leave() { p.depth-- }

// split stores in p.lines the lines that are neither blank nor only a comment. It
// returns false when the text is not printable.
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

// printable reports whether s is UTF-8 without characters that YAML forbids, and
// without line breaks other than "\n".
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

// wide is like printable, for text that is not all ASCII.
func wide(s string) bool {
	for _, r := range s {
		switch {
		case r < ' ' && r != '\n', r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff, r == utf8.RuneError:
			return false
		}
	}
	return true
}

// fail leaves the text to the YAML package.
func (p *reader) fail() node {
	p.ok = false
	return node{}
}

// next returns the next line to read; its indent is -1 when there is none.
func (p *reader) next() line {
	if !p.ok || p.at == len(p.lines) {
		return line{indent: -1}
	}
	return p.lines[p.at]
}

// block reads the value that begins on the next line. Text that is not quoted
// continues on lines with an indent of least or more.
func (p *reader) block(least int) node {
	defer p.leave()
	if !p.enter() {
		return p.fail()
	}
	l := p.next()
	if strings.HasPrefix(l.text, "- ") {
		return p.sequence(l.indent)
	}
	if name, _ := member(l.text); name != "" {
		return p.mapping(l.indent)
	}
	p.at++
	return p.value(l.text, l.number, least)
}

// sequence reads the list whose dashes are at indent.
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

// mapping reads the mapping whose names are at indent.
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
	return n
}

// memberValue reads the value of the member on line l: the rest of the line or, when
// that is "", the lines that follow.
func (p *reader) memberValue(l line, rest string) node {
	if rest != "" {
		return p.value(rest, l.number, l.indent+1)
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

// member splits "name: rest"; name is "" when s does not have that form.
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

// value reads s, the value at the end of a line. Lines with an indent of least or
// more continue it.
func (p *reader) value(s string, number, least int) node {
	var n node
	switch s[0] {
	case '\'', '"':
		n = p.quoted(s, number)
	case '[', '{':
		n = p.flow(s, number)
	default:
		return p.words(s, number, least)
	}
	if p.next().indent >= least {
		return p.fail()
	}
	return n
}

// words reads text without quotes, whose lines YAML joins with spaces.
func (p *reader) words(s string, number, least int) node {
	first, comment := p.word(s)
	all := []string{first}
	for l := p.next(); l.indent >= least; l = p.next() {
		if comment || l.number != number+len(all) {
			return p.fail() // a comment ends the text, and a blank line in it is significant
		}
		p.at++
		first, comment = p.word(l.text)
		all = append(all, first)
	}
	if len(all) > 1 {
		return node{kind: textKind, line: number, text: strings.Join(all, " ")}
	}
	return node{kind: plainKind(first), line: number, text: first}
}

// word removes the comment from text without quotes. It sets p.ok to false when YAML
// might not take the text literally.
func (p *reader) word(s string) (word string, comment bool) {
	word, _, comment = strings.Cut(s, " #")
	word = strings.TrimRight(word, " ")
	if strings.IndexByte("-?:,[]{}#&*!|>%@`'\".=<", word[0]) >= 0 || word[len(word)-1] == ':' || strings.Contains(word, ": ") {
		p.ok = false
	}
	return word, comment
}

// plainKind returns the kind that YAML gives a word without quotes.
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
	return trimmed == "" || trimmed[0] == '#'
}

// flow reads a list in brackets or a mapping in braces that ends on its line.
func (p *reader) flow(s string, number int) node {
	n, rest := p.flowValue(s, number)
	if !isTail(rest) {
		return p.fail()
	}
	return n
}

// flowValue reads the value at the start of s and returns what follows it.
func (p *reader) flowValue(s string, number int) (n node, rest string) {
	switch {
	case !p.ok || s == "":
		return p.fail(), ""
	case s[0] == '[' || s[0] == '{':
		return p.flowItems(s, number)
	case s[0] == '\'' || s[0] == '"':
		end := strings.IndexByte(s[1:], s[0]) + 2
		if end == 1 {
			return p.fail(), ""
		}
		return p.quoted(s[:end], number), s[end:]
	}
	end := strings.IndexAny(s, ",]}")
	if end < 0 || !isFlowWord(strings.TrimRight(s[:end], " ")) {
		return p.fail(), ""
	}
	word := strings.TrimRight(s[:end], " ")
	return node{kind: plainKind(word), line: number, text: word}, s[end:]
}

// flowItems reads the items between brackets or braces and returns what follows
// them.
func (p *reader) flowItems(s string, number int) (n node, rest string) {
	defer p.leave()
	if !p.enter() {
		return p.fail(), ""
	}
	n = node{kind: listKind, line: number}
	closing := byte(']')
	if s[0] == '{' {
		n.kind, closing = mappingKind, '}'
	}
	rest = strings.TrimLeft(s[1:], " ")
	if rest != "" && rest[0] == closing {
		return n, rest[1:]
	}
	for {
		if n.kind == mappingKind {
			var name string
			if name, rest = member(rest); name == "" {
				return p.fail(), ""
			}
			n.items = append(n.items, node{kind: textKind, line: number, text: name})
		}
		var item node
		item, rest = p.flowValue(rest, number)
		n.items = append(n.items, item)
		rest = strings.TrimLeft(rest, " ")
		switch {
		case !p.ok || rest == "":
			return p.fail(), ""
		case rest[0] == closing:
			return n, rest[1:]
		case rest[0] != ',':
			return p.fail(), ""
		}
		rest = strings.TrimLeft(rest[1:], " ")
	}
}

// isFlowWord reports whether s has only characters of names, ids and ARNs and needs
// no quotes in flow style.
func isFlowWord(s string) bool {
	return only(s, 1, 2048, "_./@+=-:#") && only(s[:1], 1, 1, "/") && s[len(s)-1] != ':'
}
