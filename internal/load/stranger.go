package load

import "strings"

// asStranger is statement s as it looks to a caller whom no unknown value
// names: an unknown principal is somebody else, and the caller's account is
// not equal to an unknown one. Those values can be left out; others stay. It
// does not apply when nothing is left for it to apply to.
//
// A value is taken to be plain text: one that holds a policy variable, such as
// a parameter with the value ${aws:PrincipalAccount}, names everybody.
func asStranger(s *node) (seen *node, applies bool) {
	if s.kind != objectKind {
		return s, true
	}
	out := &node{kind: objectKind}
	for _, m := range s.members {
		if !m.value.open() {
			out.members = append(out.members, m)
			continue
		}
		switch m.name {
		case "Principal", "NotPrincipal":
			left := withoutNamed(m.value)
			switch {
			case left != nil:
				out.members = append(out.members, member{m.name, left})
			case m.name == "NotPrincipal":
				out.members = append(out.members, field("Principal", "*"))
			default:
				return nil, false
			}
		case "Condition":
			left, holds := callerConditions(m.value)
			if !holds {
				return nil, false
			}
			if len(left.members) > 0 || left.kind != objectKind {
				out.members = append(out.members, member{m.name, left})
			}
		default:
			out.members = append(out.members, m)
		}
	}
	return out, true
}

// withoutNamed returns n without the unknown values that surely name somebody,
// nil when nothing is left.
func withoutNamed(n *node) *node {
	switch {
	case n.kind == unknownKind && n.names:
		return nil
	case n.kind == listKind:
		out := &node{kind: listKind}
		for _, item := range n.items {
			if left := withoutNamed(item); left != nil {
				out.items = append(out.items, left)
			}
		}
		if len(out.items) == 0 {
			return nil
		}
		return out
	case n.kind == objectKind:
		out := &node{kind: objectKind}
		for _, m := range n.members {
			if left := withoutNamed(m.value); left != nil {
				out.members = append(out.members, member{m.name, left})
			}
		}
		if len(out.members) == 0 {
			return nil
		}
		return out
	default:
		return n
	}
}

// callerConditions returns the Condition without the unknown accounts,
// organizations and principals in it. It cannot hold for a stranger when one
// of its keys has to equal one of them and nothing else.
func callerConditions(condition *node) (left *node, holds bool) {
	if condition.kind != objectKind {
		return condition, true
	}
	left = &node{kind: objectKind}
	for _, operator := range condition.members {
		equal, unequal := equality(operator.name)
		if !equal && !unequal || operator.value.kind != objectKind {
			left.members = append(left.members, operator)
			continue
		}
		kept := &node{kind: objectKind}
		for _, key := range operator.value.members {
			value := key.value
			if value.open() && namesCaller(key.name) {
				value = known(value)
			}
			switch {
			case value != nil:
				kept.members = append(kept.members, member{key.name, value})
			case equal:
				return nil, false
			}
		}
		if len(kept.members) > 0 {
			left.members = append(left.members, member{operator.name, kept})
		}
	}
	return left, true
}

// equality tells the operators that compare with plain text. Absent keys make
// them false and true, as comparing with something else does.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html.
func equality(operator string) (equal, unequal bool) {
	switch operator {
	case "StringEquals", "StringEqualsIgnoreCase":
		return true, false
	case "StringNotEquals", "StringNotEqualsIgnoreCase":
		return false, true
	default:
		return false, false
	}
}

// namesCaller reports whether a condition key says who calls.
func namesCaller(key string) bool {
	switch strings.ToLower(key) {
	case "aws:principalaccount", "kms:calleraccount", "aws:principalorgid", "aws:principalarn":
		return true
	default:
		return false
	}
}
