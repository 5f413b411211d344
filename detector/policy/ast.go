package policy

import "strings"

// A Policy is a key policy as Parse read it. The zero Policy has no statements
// and lets nobody in; Parse never returns it.
type Policy struct {
	Version    string // "2008-10-17", "2012-10-17", or "" when the document has none
	ID         string // the document's Id; no effect on decisions
	Statements []Statement
	// Unknown lists the parts that are not known: those that the caller of
	// ParsePartial left open, then those that Parse could not read. It is nil
	// when every part is known. Marks in the texts of the policy index into it.
	Unknown []Unknown

	IsApart bool // see Apart
	IsRCP   bool // a resource control policy
}

// Variables reports whether ${...} in this policy is a policy variable. It is
// plain text unless the Version is 2012-10-17.
// Source: IAM User Guide, reference_policies_variables.html.
func (p *Policy) Variables() bool { return p.Version == Version2012 }

const (
	Version2008 = "2008-10-17"
	Version2012 = "2012-10-17"
)

// An Effect says what a statement does to the requests it applies to.
type Effect int

// The zero Effect is unknown: the statement may allow or deny. Such a statement
// has an unknown condition as well.
const (
	Allow Effect = iota + 1
	Deny
)

// String returns the word of the policy language, or "?" for the zero Effect.
func (e Effect) String() string {
	switch e {
	case Allow:
		return "Allow"
	case Deny:
		return "Deny"
	default:
		return "?"
	}
}

// A Statement is one element of the policy's Statement list.
type Statement struct {
	Index  int    // position in the document, from 0
	Sid    string // "" when absent
	Effect Effect
	Text   string // the statement as written, byte for byte

	Principals   []Principal // the listed principals; never empty, except in the zero Statement
	NotPrincipal bool        // the list is under NotPrincipal

	Actions   []string // as written; nil when the statement has neither Action nor NotAction
	NotAction bool     // the list is under NotAction

	Resources   []string // as written; nil when the statement has neither Resource nor NotResource
	NotResource bool     // the list is under NotResource

	Conditions []Condition // in document order; all must hold
}

// A PrincipalKind is the name under which principals are listed.
type PrincipalKind int

// The kinds of the grammar. Principal: "*" reads as AWS with the value "*",
// which means the same (IAM User Guide, reference_policies_elements_principal.html).
const (
	KindAWS PrincipalKind = iota + 1
	KindService
	KindFederated
	KindCanonicalUser
)

// String returns the kind's name in the policy language, or "?".
func (k PrincipalKind) String() string {
	switch k {
	case KindAWS:
		return "AWS"
	case KindService:
		return "Service"
	case KindFederated:
		return "Federated"
	case KindCanonicalUser:
		return "CanonicalUser"
	default:
		return "?"
	}
}

// A Principal is one listed principal.
type Principal struct {
	Kind  PrincipalKind
	Value string // as written, possibly with marks: "*", an account id, an ARN, a unique id, a service name ...
}

// A Condition is one key under one operator, the smallest unit of a Condition
// block. A Condition whose Operator has the zero Base is unknown: it may hold
// or fail for any request.
type Condition struct {
	Operator Operator
	Key      string   // as written; condition keys are compared in lower case
	Values   []string // numbers and booleans keep their literal text
}

// An Operator is a parsed condition operator.
type Operator struct {
	Text     string    // as written, e.g. "ForAllValues:StringLikeIfExists"
	Base     Base      // the comparison, e.g. StringLike; zero when the condition is unknown
	Negated  bool      // StringNotEquals, NotIpAddress ...
	IfExists bool      // an absent key makes the condition true
	Set      SetPrefix // ForAllValues, ForAnyValue or none
	OddCase  bool      // recognized only by ignoring letter case; AWS does not say whether it accepts that
}

// A SetPrefix qualifies an operator for keys with several values.
type SetPrefix int

// The zero SetPrefix is none.
const (
	NoSet SetPrefix = iota
	ForAllValues
	ForAnyValue
)

// SpelledTwice reports whether the statement also has the operator in another
// letter case. AWS may then read both, or only one of them.
func (s *Statement) SpelledTwice(operator string) bool {
	for i := range s.Conditions {
		if text := s.Conditions[i].Operator.Text; text != operator && strings.EqualFold(text, operator) {
			return true
		}
	}
	return false
}
