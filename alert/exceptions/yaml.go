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
	items []node // the items of a list, or the alternating names and values of a mapping
}

type kind int

// The kinds of values. Numbers and dates are text, which the member interprets.
const (
	nothingKind kind = iota
	textKind
	truthKind
	listKind
	mappingKind
	aliasKind
	taggedKind
)

// String returns the name of the kind for messages.
func (k kind) String() string {
	return [...]string{"nothing", "text", "true or false", "a list", "a mapping", "an alias", "a value with a tag"}[k]
}

// read reads a file of at most one YAML document; an empty file is the zero node.
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

// oddBreak returns an error for the first character that ends a line in YAML 1.1
// (section 5.4) but in no editor, since the line numbers after it would differ from
// those that the reader sees; nil when there is none.
func oddBreak(data []byte) *Error {
	at := bytes.IndexAny(data, "\u0085\u2028\u2029")
	if at < 0 {
		return nil
	}
	r, _ := utf8.DecodeRune(data[at:])
	line := 1 + bytes.Count(data[:at], []byte("\n"))
	return &Error{Line: line, Err: fmt.Errorf("expected lines that end with a line feed, found the line separator %U", r)}
}

// convert converts the YAML package's tree to nodes.
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

// scalar returns the kind of a scalar with the given tag.
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

// syntaxError returns the YAML package's error on one line, with the line of the
// fault. The package names the line of some faults, the line before others, and no
// line for the rest. So the line is the last one that the package reads before it
// fails, except for faults that it notices only further on.
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

// lineOfFailure returns the last line that the YAML package reads before it fails.
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

// singly is an io.Reader that returns one byte at a time.
type singly struct{ rest []byte }

func (r *singly) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.rest[:1])
	r.rest = r.rest[n:]
	return n, nil
}
