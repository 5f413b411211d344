package compile

import (
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// NewPattern returns the pattern of a value under a string or ARN operator. vars
// holds the keys that variables can name; nil if ${...} is plain text.
func NewPattern(value string, base policy.Base, vars *condkey.Table) textsolve.Pattern {
	mode := textMode(base)
	if vars == nil {
		return textsolve.ReadPattern(value, []textsolve.Term{{Text: value}}, mode)
	}
	terms := termsOf(value)
	for i := range terms {
		if v := &terms[i]; v.Variable != "" {
			key, _ := vars.Lookup(v.Variable)
			v.Account, v.Wild = key.Tie == condkey.TieAccount, key.Depends.Wild
		}
	}
	return textsolve.ReadPattern(value, terms, mode)
}

// termsOf splits a value into text and variables.
func termsOf(value string) []textsolve.Term {
	read := policy.SplitVariables(value)
	terms := make([]textsolve.Term, len(read))
	for i, p := range read {
		terms[i] = textsolve.Term{Text: p.Text, Literal: p.Literal, Variable: p.Variable, Default: p.Default, HasDefault: p.HasDefault}
	}
	return terms
}
