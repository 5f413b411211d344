package exceptions

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A node is a value of the file.
type node struct {
	kind  kind
	line  int // from 1
	text  string
	items []node // of a list; of a mapping the names and values in turn
}

type kind int

// The kinds of values. Numbers and dates are text: what they mean is for the
// member to say.
const (
	nothingKind kind = iota
	textKind
	truthKind
	listKind
	mappingKind
	aliasKind
	taggedKind
)

// String names the kind for messages.
func (k kind) String() string {
	return [...]string{"nothing", "text", "true or false", "a list", "a mapping", "an alias", "a value with a tag"}[k]
}

// read reads a file of at most one YAML document.
func read(data []byte) (node, *Error) {
	if fault := oddBreak(data); fault != nil {
		return node{}, fault
	}
	if root, ok := plain(string(data)); ok {
		return root, nil
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return node{}, nil
	} else if err != nil {
		return node{}, syntaxError(data, err)
	}
	if err := d.Decode(&more); err == nil {
		return node{}, &Error{Line: max(more.Line, 1), Err: errors.New("expected one YAML document, found another")}
	} else if !errors.Is(err, io.EOF) {
		return node{}, syntaxError(data, err)
	}
	return convert(&doc), nil
}

// oddBreak finds the first character that ends a line in YAML 1.1 (5.4) and in
// no editor: after it our line numbers would not be the reader's.
func oddBreak(data []byte) *Error {
	at := bytes.IndexAny(data, "\u0085\u2028\u2029")
	if at < 0 {
		return nil
	}
	r, _ := utf8.DecodeRune(data[at:])
	line := 1 + bytes.Count(data[:at], []byte("\n"))
	return &Error{Line: line, Err: fmt.Errorf("expected lines that end with a line feed, found the line separator %U", r)}
}

// convert takes what is needed from the YAML package's tree.
func convert(y *yaml.Node) node {
	n := node{line: max(y.Line, 1)}
	switch y.Kind {
	case yaml.DocumentNode:
		return convert(y.Content[0])
	case yaml.SequenceNode:
		n.kind = listKind
	case yaml.MappingNode:
		n.kind = mappingKind
	case yaml.AliasNode:
		n.kind = aliasKind
		return n
	default:
		n.kind, n.text = scalar(y.ShortTag()), y.Value
	}
	if len(y.Content) > 0 {
		n.items = make([]node, len(y.Content))
	}
	for i, c := range y.Content {
		n.items[i] = convert(c)
	}
	return n
}

// scalar is the kind of a scalar with a tag.
func scalar(tag string) kind {
	switch tag {
	case "!!null":
		return nothingKind
	case "!!bool":
		return truthKind
	case "!!str", "!!int", "!!float", "!!timestamp", "!!merge":
		return textKind
	default:
		return taggedKind
	}
}

// syntaxError puts the YAML package's error on one line. The package names the
// line of some faults, one before it of others, and none of others again. So
// the line here is the one up to which the package asks for text before it
// fails, but for the faults that it sees only when it has read on.
func syntaxError(data []byte, err error) *Error {
	message := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
	line := lineOfFailure(data)
	if before, after, found := strings.Cut(message, ": "); found && strings.HasPrefix(before, "line ") {
		message = after
		named, err := strconv.Atoi(strings.TrimPrefix(before, "line "))
		if err == nil && (message == "could not find expected ':'" || message == "found unexpected end of stream") {
			line = named
		}
	}
	if _, name, found := strings.Cut(message, "unknown anchor '"); found {
		name, _, _ = strings.Cut(name, "'")
		line = 1 + bytes.Count(data[:max(0, bytes.Index(data, []byte("*"+name)))], []byte("\n"))
	}
	return &Error{Line: line, Err: fmt.Errorf("expected YAML: %s", message)}
}

// lineOfFailure returns the line up to which the YAML package asks for text.
func lineOfFailure(data []byte) int {
	r := &singly{rest: data}
	d := yaml.NewDecoder(r)
	for {
		var doc yaml.Node
		if d.Decode(&doc) != nil {
			break
		}
	}
	seen := bytes.TrimRight(data[:len(data)-len(r.rest)], " \r\n")
	return 1 + bytes.Count(seen, []byte("\n"))
}

// singly is a Reader that gives one byte at a time.
type singly struct{ rest []byte }

func (r *singly) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.rest[:1])
	r.rest = r.rest[n:]
	return n, nil
}
