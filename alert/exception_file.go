package alert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// An ExceptionError says what is wrong in exceptions.yaml.
type ExceptionError struct {
	Line int    // from 1; 0 when it is not about one line
	Name string // of the entry; "" when it has none or it is not about one entry
	Err  error
}

func (e *ExceptionError) Error() string {
	text := "exceptions"
	if e.Line > 0 {
		text += fmt.Sprintf(": line %d", e.Line)
	}
	if e.Name != "" {
		text += fmt.Sprintf(": entry %q", e.Name)
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the fault itself.
func (e *ExceptionError) Unwrap() error { return e.Err }

// ParseExceptions reads exceptions.yaml: a mapping with one member,
// "exceptions", a list of entries with name, when, reason, owner and expires.
// Empty text has no exceptions. now decides how far ahead an expiry may lie:
// one year. An expired entry is no error; it holds nothing back.
//
// Its errors are *ExceptionError: unknown or repeated members, a missing
// value, a name used twice, a condition that does not type-check, that turns on
// the caller's MFA alone, or that is true for findings of which it names nothing.
func ParseExceptions(text []byte, now time.Time) (*Exceptions, error) {
	list, err := entries(text)
	if err != nil {
		return nil, err
	}
	e := &Exceptions{}
	lines := map[string]int{}
	for _, node := range list {
		x, err := parseException(node, now)
		if err != nil {
			return nil, err
		}
		if before, ok := lines[x.name]; ok {
			return nil, &ExceptionError{node.Line, x.name, fmt.Errorf("want a name of its own, got the name of line %d", before)}
		}
		lines[x.name] = node.Line
		e.list = append(e.list, x)
	}
	return e, nil
}

// entries returns the list's nodes.
func entries(text []byte) ([]*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, &ExceptionError{Err: yamlError(err)}
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &ExceptionError{Line: more.Line, Err: errors.New("want one document, got more")}
	}
	root := doc.Content[0]
	if root.Tag == "!!null" {
		return nil, nil
	}
	members, err := mapping(root, "exceptions")
	if err != nil {
		return nil, &ExceptionError{Line: root.Line, Err: err}
	}
	list := members["exceptions"]
	if list == nil || list.Tag == "!!null" {
		return nil, nil
	}
	if list.Kind != yaml.SequenceNode {
		return nil, &ExceptionError{Line: list.Line, Err: errors.New("want a list of exceptions")}
	}
	return list.Content, nil
}

// yamlError puts the parser's error on one line.
func yamlError(err error) error {
	return errors.New("want YAML: " + strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " "))
}

// mapping returns the members of a mapping that may have only the given names.
func mapping(n *yaml.Node, names ...string) (map[string]*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("want a mapping with %s", strings.Join(names, ", "))
	}
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
	}
	members := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		switch {
		case !known[name]:
			return nil, fmt.Errorf("want one of %s, got %q (line %d)", strings.Join(names, ", "), name, n.Content[i].Line)
		case members[name] != nil:
			return nil, fmt.Errorf("want %q once, got it again on line %d", name, n.Content[i].Line)
		}
		members[name] = n.Content[i+1]
	}
	return members, nil
}

// parseException reads one entry.
func parseException(n *yaml.Node, now time.Time) (exception, error) {
	members, err := mapping(n, "name", "when", "reason", "owner", "expires")
	name := ""
	if members["name"] != nil {
		name = members["name"].Value
	}
	if err != nil {
		return exception{}, &ExceptionError{n.Line, nameIn(n), err}
	}
	values := map[string]string{}
	for _, field := range []string{"name", "when", "reason", "owner", "expires"} {
		m := members[field]
		if m == nil {
			return exception{}, &ExceptionError{n.Line, name, fmt.Errorf("want %s, got none", field)}
		}
		if m.Kind != yaml.ScalarNode || m.Tag == "!!null" || strings.TrimSpace(m.Value) == "" {
			return exception{}, &ExceptionError{m.Line, name, fmt.Errorf("want text for %s, got nothing or a list", field)}
		}
		if !strings.ContainsFunc(m.Value, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			return exception{}, &ExceptionError{m.Line, name, fmt.Errorf("want words for %s, got %q", field, cut(m.Value, maxName))}
		}
		values[field] = strings.TrimSpace(m.Value)
	}
	if !isExceptionName(values["name"]) {
		return exception{}, &ExceptionError{members["name"].Line, "", fmt.Errorf("want a name of letters, digits, spaces, . _ - (at most 64), got %q", values["name"])}
	}
	expires, err := expiry(values["expires"], now)
	if err != nil {
		return exception{}, &ExceptionError{members["expires"].Line, name, err}
	}
	when, err := compile(values["when"])
	if err != nil {
		return exception{}, &ExceptionError{members["when"].Line, name, fmt.Errorf("when: %w", err)}
	}
	return exception{
		name: values["name"], reason: Sanitize(values["reason"], maxText), owner: Sanitize(values["owner"], maxName),
		when: when, expires: expires,
	}, nil
}

// nameIn finds the name of an entry that is otherwise wrong; "" when there is none.
func nameIn(n *yaml.Node) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "name" && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1].Value
		}
	}
	return ""
}

// expiry reads the last day on which an exception holds, in UTC, and returns
// the instant after it.
func expiry(text string, now time.Time) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("expires: want a date such as %s, got %q", now.AddDate(0, 3, 0).Format(time.DateOnly), text)
	}
	if limit := now.UTC().AddDate(1, 0, 0); day.After(limit) {
		return time.Time{}, fmt.Errorf("expires: want a day up to %s, a year from now, got %s", limit.Format(time.DateOnly), text)
	}
	return day.AddDate(0, 0, 1), nil
}
