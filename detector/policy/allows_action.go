package policy

import "strings"

// evalUsable reports whether a key policy can let this caller use the action
// at all. An account that is not known, the caller's or the key's, leaves it open.
func evalUsable(r Request) Answer {
	service, _, ok := strings.Cut(r.Action, ":")
	if !ok || !strings.EqualFold(service, "kms") {
		return No
	}
	switch known, _ := FindAction(r.Action); known.Class {
	case ClassIdentity:
		return No
	case ClassControl:
	default:
		return Yes
	}
	caller, owner := evalAccount(r), evalKeyAccount(r)
	if caller == "" || owner == "" {
		return Maybe
	}
	return evalBool(caller == owner)
}

// evalKeyAccount returns the account of the key, "" when it is not known.
func evalKeyAccount(r Request) string {
	parts := strings.SplitN(r.Resource, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

// evalActions matches Action or NotAction. A statement without either has no
// effect (KMS API Reference, PutKeyPolicy, Policy).
func evalActions(st *Statement, action string) Answer {
	if st.Actions == nil {
		return No
	}
	listed := No
	for _, pattern := range st.Actions {
		listed = evalOr(listed, evalAction(pattern, action))
	}
	if st.NotAction {
		return evalNot(listed)
	}
	return listed
}

// evalAction matches one entry without regard to letter case. AWS documents
// wildcards behind "service:" and alone; it does not say what becomes of them
// elsewhere, nor of white space around an entry.
func evalAction(pattern, action string) Answer {
	if hasMark(pattern) {
		return evalAnd(Maybe, evalBool(evalGlob(evalPlain(strings.ToLower(replaceMarks(pattern, "*"))), strings.ToLower(action))))
	}
	trimmed := strings.Trim(pattern, " \t\r\n")
	if !evalGlob(evalPlain(strings.ToLower(trimmed)), strings.ToLower(action)) {
		return No
	}
	service, _, ok := strings.Cut(trimmed, ":")
	documented := ok && !strings.ContainsAny(service, "*?") || strings.Trim(trimmed, "*") == ""
	if trimmed != pattern || !documented {
		return Maybe
	}
	return Yes
}
