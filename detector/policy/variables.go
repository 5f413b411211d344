package policy

import "strings"

// A TextPart is a part of a value of the policy: text, or a variable.
type TextPart struct {
	Text       string // "" for a variable
	Literal    bool   // the text came from ${*}, ${?} or ${$} and is not a wildcard
	Variable   string // the key that the variable names; "" for text
	Default    string // the variable's value if the request lacks the key
	HasDefault bool
}

// SplitVariables splits a value into text and the variables ${...}. A "${"
// without "}" is text; "" has no parts.
// Source: IAM User Guide, reference_policies_variables.html.
func SplitVariables(value string) []TextPart {
	var parts []TextPart
	for {
		before, rest, ok := strings.Cut(value, "${")
		if before != "" {
			parts = append(parts, TextPart{Text: before})
		}
		if !ok {
			return parts
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return append(parts, TextPart{Text: "${" + rest})
		}
		parts = append(parts, variable(name))
		value = after
	}
}

func variable(name string) TextPart {
	if name == "*" || name == "?" || name == "$" {
		return TextPart{Text: name, Literal: true}
	}
	key, def, hasDefault := strings.Cut(name, ",")
	v := TextPart{Variable: strings.TrimSpace(key)}
	if hasDefault {
		v.HasDefault = true
		v.Default = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(def), "'"), "'")
	}
	return v
}
