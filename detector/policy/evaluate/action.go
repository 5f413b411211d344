package evaluate

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// isUsable reports whether a key policy can let the caller use the action at
// all. It is Maybe for an action that works within an account only if the
// caller's or the key's account is not known.
func isUsable(r Request) Answer {
	service, _, ok := strings.Cut(r.Action, ":")
	if !ok || !strings.EqualFold(service, "kms") {
		return No
	}
	switch known, _ := kmsapi.FindAction(r.Action); known.Class {
	case kmsapi.ClassIdentity:
		return No
	case kmsapi.ClassControl:
	default:
		return Yes
	}
	caller, owner := CallerAccount(r), KeyAccount(r)
	if caller == "" || owner == "" {
		return Maybe
	}
	return answerOf(caller == owner)
}

// KeyAccount returns the account of the key, "" if it is not known.
func KeyAccount(r Request) string {
	a, _ := awsid.SplitARN(r.Resource)
	return a.Account
}

// MatchesActions reports whether the statement's Action or NotAction covers
// action, a full name. A statement with neither has no effect (KMS API Reference,
// PutKeyPolicy, Policy).
func MatchesActions(st *policy.Statement, action string) Answer {
	if st.Actions == nil {
		return No
	}
	listed := No
	for _, pattern := range st.Actions {
		listed = or(listed, matchesAction(pattern, action))
	}
	if st.NotAction {
		return not(listed)
	}
	return listed
}

// matchesAction reports whether one entry matches action in any letter case. AWS
// documents wildcards after "service:" and a wildcard alone. It does not say what
// wildcards elsewhere do, or white space around an entry.
func matchesAction(pattern, action string) Answer {
	if policy.HasMark(pattern) {
		return and(Maybe, answerOf(matchGlob(plainGlob(strings.ToLower(policy.ReplaceMarks(pattern, "*"))), strings.ToLower(action))))
	}
	trimmed := strings.Trim(pattern, " \t\r\n")
	if !matchGlob(plainGlob(strings.ToLower(trimmed)), strings.ToLower(action)) {
		return No
	}
	service, _, ok := strings.Cut(trimmed, ":")
	documented := ok && !strings.ContainsAny(service, "*?") || strings.Trim(trimmed, "*") == ""
	if trimmed != pattern || !documented {
		return Maybe
	}
	return Yes
}
