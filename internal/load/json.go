package load

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// maxDepth is the deepest nesting of a document. Policies need 6 levels, plans with deep
// modules a few dozen.
const maxDepth = 200

// errMore is the kind of error for data after the first JSON value.
var errMore = errors.New("more than one value")

// parseJSON parses exactly one JSON value. The error is errMore when more follows it. It
// keeps members that are there twice, since what they mean depends on the format.
func parseJSON(data []byte) (*node, error) {
	p := &places{data: data, line: 1, column: 1}
	v, err := strictjson.Parse(data)
	if err != nil {
		return nil, p.fault(err)
	}
	return p.tree(v, 0)
}

// places converts offsets in data, in ascending order, to lines and columns.
type places struct {
	data         []byte
	seen         int // data[:seen] has been counted in line and column
	line, column int
}

// at returns the line and the column of an offset, which must not be before the last one.
func (p *places) at(offset int) (line, column int) {
	for p.seen < offset {
		r, size := utf8.DecodeRune(p.data[p.seen:])
		p.seen += size
		p.column++
		if r == '\n' {
			p.line, p.column = p.line+1, 1
		}
	}
	return p.line, p.column
}

// tree returns the tree of a value at the given depth of nesting.
func (p *places) tree(v strictjson.Value, depth int) (*node, error) {
	start, end := v.Place()
	n := &node{}
	n.at.Line, n.at.Column = p.at(start)
	if depth > maxDepth {
		return nil, tooDeep(n.at.Line)
	}
	switch v.Kind() {
	case strictjson.Object:
		n.kind = objectKind
		for name, value := range v.AllMembers() {
			inner, err := p.tree(value, depth+1)
			if err != nil {
				return nil, err
			}
			n.members = append(n.members, member{name, inner})
		}
	case strictjson.Array:
		n.kind = listKind
		for element := range v.Elements() {
			inner, err := p.tree(element, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, inner)
		}
	case strictjson.String:
		n.kind, n.text = textKind, v.Text()
	case strictjson.Number:
		n.kind, n.text = numberKind, v.Text()
	case strictjson.Boolean:
		n.kind, n.text = boolKind, v.Text()
	}
	n.at.EndLine, n.at.EndColumn = p.at(end)
	return n, nil
}

func tooDeep(line int) error {
	return fmt.Errorf("expected at most %d levels of nesting, found more at line %d", maxDepth, line)
}

// fault returns an error that says where data is not one JSON value.
func (p *places) fault(err error) error {
	var syntax *strictjson.SyntaxError
	if !errors.As(err, &syntax) {
		return err // not reached: Parse returns no other error
	}
	line, column := p.at(syntax.Offset)
	found := err.Error()
	switch syntax.Fault {
	case strictjson.TooDeep:
		return tooDeep(line)
	case strictjson.Trailing:
		return fault{kind: errMore, text: "expected one JSON value, found more after it at line " + strconv.Itoa(line)}
	case strictjson.Cut:
		found = "the end of the input"
	}
	return fmt.Errorf("expected JSON, found %s at line %d, column %d", found, line, column)
}
