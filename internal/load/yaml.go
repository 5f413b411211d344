package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// CloudFormation takes templates of at most 1 MB (CloudFormation User
	// Guide, cloudformation-limits.html); SAM templates can be somewhat larger
	// before they are packaged.
	maxTemplate = 4 << 20
	// maxNodes limits the size to which aliases can expand a template.
	maxNodes = 500_000
)

func fromYAML(data []byte, scope Scope) ([]Document, error) {
	if len(data) > maxTemplate {
		return nil, fmt.Errorf("expected a template of at most %d MiB, found %d bytes that are not JSON", maxTemplate>>20, len(data))
	}
	if hcl.Match(data) {
		return nil, unrecognized("expected the output of terraform show -json, found HCL; run terraform plan -out p && terraform show -json p > plan.json and check that")
	}
	root, err := parseYAML(data)
	if err != nil {
		return nil, err
	}
	switch {
	case root.kind != objectKind:
		return nil, unrecognized("expected a key policy, an answer of get-key-policy, a template or a plan, found %s%s", root.kind, guess(root))
	case root.has("Resources"):
		return fromTemplate(root, scope)
	case root.has("Statement"):
		return nil, errors.New("expected a key policy as JSON, found YAML; convert it with yq -o json FILE")
	default:
		return nil, unrecognized("expected a template with Resources, found YAML with %s%s", names(root), guess(root))
	}
}

// hcl matches a block of Terraform's own language.
var hcl = regexp.MustCompile(`(?m)^\s*(resource|data|module|provider|variable|terraform|locals|output)\s+("[^"]*"\s+)*\{`)

// parseYAML reads exactly one YAML document.
func parseYAML(data []byte) (*node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		return nil, oneLine(err)
	}
	if err := dec.Decode(&more); err != io.EOF {
		return nil, unrecognized("expected one YAML document, found several; a template has one")
	}
	t := &yamlTree{}
	root, err := t.convert(&doc, 0)
	if root != nil {
		root.notes = t.notes
	}
	return root, err
}

// yamlLine matches an error of the YAML package; its groups are the line and
// the message.
var yamlLine = regexp.MustCompile(`^line ([0-9]+): (.*)$`)

// oneLine returns an error of one line for an error of the YAML package.
func oneLine(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	line = strings.TrimPrefix(line, "yaml: ")
	if m := yamlLine.FindStringSubmatch(line); m != nil {
		return fmt.Errorf("expected a key policy or a template, found text that is neither JSON nor YAML at line %s (%s)", m[1], m[2])
	}
	return fmt.Errorf("expected a key policy or a template, found text that is neither JSON nor YAML (%s)", line)
}

// A yamlTree converts a YAML document. It counts the nodes that it makes,
// because aliases multiply them.
type yamlTree struct {
	nodes int
	notes []string
}

// note adds a note about an oddity unless it is already there.
func (t *yamlTree) note(format string, args ...any) {
	if note := fmt.Sprintf(format, args...); !slices.Contains(t.notes, note) {
		t.notes = append(t.notes, note)
	}
}

func (t *yamlTree) convert(y *yaml.Node, depth int) (*node, error) {
	t.nodes++
	if depth > maxDepth || t.nodes > maxNodes {
		return nil, fmt.Errorf("expected at most %d levels and %d values, found more at line %d", maxDepth, maxNodes, y.Line)
	}
	n := &node{at: Region{Line: y.Line, Column: y.Column}}
	var err error
	switch y.Kind {
	case yaml.DocumentNode:
		return t.convert(y.Content[0], depth+1)
	case yaml.AliasNode:
		return t.convert(y.Alias, depth+1)
	case yaml.SequenceNode:
		n.kind = listKind
		err = t.sequence(n, y, depth)
	case yaml.MappingNode:
		n.kind = objectKind
		err = t.mapping(n, y, depth)
	case yaml.ScalarNode:
		n.kind, n.text = t.scalar(y)
	default:
		return nil, fmt.Errorf("expected a value, found none at line %d", y.Line)
	}
	if err != nil {
		return nil, err
	}
	return withTag(n, y), nil
}

func (t *yamlTree) sequence(n *node, y *yaml.Node, depth int) error {
	for _, c := range y.Content {
		item, err := t.convert(c, depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	return nil
}

// mapping converts the members and merges of a mapping. Members of the mapping
// itself take precedence over merged ones, and the last of two with the same
// name over the first, as in CloudFormation.
func (t *yamlTree) mapping(n *node, y *yaml.Node, depth int) error {
	var merged []*node
	names := map[string]bool{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("expected a name before the colon, found a list or an object at line %d", key.Line)
		}
		v, err := t.convert(y.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, v)
			continue
		}
		_, name := t.scalar(key)
		if key.ShortTag() == "!!null" {
			name = key.Value
		}
		if names[name] {
			t.note("line %d: member %.60q occurs twice; CloudFormation uses the last", key.Line, name)
			n.members = slices.DeleteFunc(n.members, func(m member) bool { return m.name == name })
		}
		names[name] = true
		n.members = append(n.members, member{name, v})
	}
	for _, m := range merged {
		if err := n.merge(m, names); err != nil {
			return err
		}
	}
	return nil
}

// merge adds to n the members of m, an object or a list of objects, whose names
// are not yet in names, the names of n's members.
func (n *node) merge(m *node, names map[string]bool) error {
	switch m.kind {
	case objectKind:
		for _, mm := range m.members {
			if !names[mm.name] {
				names[mm.name] = true
				n.members = append(n.members, mm)
			}
		}
		return nil
	case listKind:
		for _, item := range m.items {
			if err := n.merge(item, names); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("expected a mapping to merge, found %s at line %d", m.kind, m.at.Line)
	}
}

// scalar returns the kind and text of a scalar. A date stays text, and an
// integer is read as in YAML 1.1, as CloudFormation does, and returned in
// decimal.
func (t *yamlTree) scalar(y *yaml.Node) (kind, string) {
	if y.Style == 0 {
		if text, ok := integer11(y.Value); ok {
			if text != y.Value {
				t.note("line %d: %s without quotes is the number %s in YAML 1.1, which CloudFormation reads", y.Line, y.Value, text)
			}
			return numberKind, text
		}
	}
	switch y.ShortTag() {
	case "!!null":
		return nullKind, ""
	case "!!bool":
		return boolKind, y.Value
	case "!!int", "!!float":
		return numberKind, y.Value
	}
	if y.Style == 0 { // plain; CloudFormation reads YAML 1.1, where these are booleans
		switch strings.ToLower(y.Value) {
		case "yes", "no", "on", "off":
			return boolKind, y.Value
		}
	}
	return textKind, y.Value
}

// integer11 returns in decimal an integer of YAML 1.1 that YAML 1.2 reads
// differently or as text: octal with a leading zero, hexadecimal, binary, and
// with underscores. ok is false for any other text.
// Source: yaml.org/type/int.html; integers in base 60 are left out, because an
// account id has no colons.
func integer11(text string) (decimal string, ok bool) {
	sign, digits := "", text
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") {
		sign, digits = text[:1], text[1:]
	}
	m := oddInteger.FindString(digits)
	if m == "" {
		return "", false
	}
	digits = strings.ReplaceAll(digits, "_", "")
	n, good := new(big.Int).SetString(digits, 0) // Go's prefixes are those of YAML 1.1
	if !good {
		return "", false
	}
	return strings.TrimPrefix(sign, "+") + n.String(), true
}

var oddInteger = regexp.MustCompile(`^(0b[01_]+|0[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9]*_[0-9_]*)$`)

// withTag turns the short form of an intrinsic function into the long one:
// !Ref X is {"Ref": "X"}, !Sub "..." is {"Fn::Sub": "..."}.
func withTag(n *node, y *yaml.Node) *node {
	if y.Kind == yaml.AliasNode || !strings.HasPrefix(y.Tag, "!") || strings.HasPrefix(y.Tag, "!!") || y.Tag == "!" {
		return n
	}
	if n.kind == nullKind || n.kind == numberKind || n.kind == boolKind {
		n.kind, n.text = textKind, y.Value
	}
	name := strings.TrimPrefix(y.Tag, "!")
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	return &node{kind: objectKind, members: []member{{name, n}}, at: n.at}
}
