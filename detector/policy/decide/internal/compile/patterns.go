package compile

import (
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// NewPattern reads a value under a string or ARN operator. vars holds the keys
// that ${...} can name, nil where it is plain text.
func NewPattern(value string, base policy.Base, vars *condkey.Table) textsolve.Pattern {
	mode := textMode(base)
	if vars == nil {
		return textsolve.ReadPattern(value, []textsolve.Part{{Text: value}}, mode)
	}
	parts := partsOf(value)
	for i := range parts {
		if v := &parts[i]; v.Variable != "" {
			key, _ := vars.Lookup(v.Variable)
			v.Account, v.Wild = key.Tie == condkey.TieAccount, key.Depends.Wild
		}
	}
	return textsolve.ReadPattern(value, parts, mode)
}

// partsOf takes a value apart at its variables.
func partsOf(value string) []textsolve.Part {
	read := policy.SplitVariables(value)
	parts := make([]textsolve.Part, len(read))
	for i, p := range read {
		parts[i] = textsolve.Part{Text: p.Text, Literal: p.Literal, Variable: p.Variable, Default: p.Default, HasDefault: p.HasDefault}
	}
	return parts
}
