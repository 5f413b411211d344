package exceptions

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// oldCondition returns a message on how to write a condition of the earlier form, an
// expression under "when", as match. It translates a conjunction of comparisons that
// match can express; for any other condition it gives an example.
func oldCondition(when string) string {
	if m := translate(when); m != "" {
		return "conditions are no longer read; instead of when write " + m
	}
	return "conditions are no longer read; instead of when write match: {key: ARN, policy_sha256: HASH}, or match: {key: ARN, verdict: WORST-ACCEPTED, class: [encrypt, use, other]}; " +
		"docs/exceptions.md lists the members"
}

// oldNames returns the member of match for each field of an old condition.
func oldNames() map[string]columnID {
	return map[string]columnID{
		"key_arn": key, "policy_sha256": policySHA256, "key_account": account, "key_region": region,
		"verdict": verdict, "role": actorRole, "role_arn": actorRole, "event": eventName,
	}
}

// translate returns a condition as match, in YAML on one line; "" when match cannot
// express it.
func translate(when string) string {
	comparison := regexp.MustCompile(`^\s*([a-z0-9_]+)\s*(?:==\s*("[^"]*"|'[^']*')|in\s*\[([^\]]*)\])\s*`)
	and := regexp.MustCompile(`^(?:&&|and\b)`)
	var values [columnCount][]string
	for rest := when; ; {
		m := comparison.FindStringSubmatch(rest)
		if m == nil {
			return ""
		}
		c, ok := oldNames()[m[1]]
		if !ok || values[c] != nil {
			return ""
		}
		if values[c] = unquoteAll(m[2] + m[3]); values[c] == nil {
			return ""
		}
		if rest = rest[len(m[0]):]; rest == "" {
			break
		}
		operator := and.FindString(rest)
		if operator == "" {
			return ""
		}
		rest = rest[len(operator):]
	}
	return matchLine(values)
}

// unquoteAll returns the texts of a list of string literals; nil when literals has
// anything else.
func unquoteAll(literals string) []string {
	var texts []string
	for literal := range strings.SplitSeq(literals, ",") {
		literal = strings.TrimSpace(literal)
		if len(literal) < 2 || literal[0] != '"' && literal[0] != '\'' || literal[len(literal)-1] != literal[0] {
			return nil
		}
		texts = append(texts, literal[1:len(literal)-1])
	}
	return texts
}

// matchLine returns match on one line; "" when a value is not valid or nothing names
// a policy. Without a hash, match needs the classes and the worst verdict, which
// conditions did not; matchLine then lists all classes and proposes shared.
func matchLine(values [columnCount][]string) string {
	if values[key] == nil && values[policySHA256] == nil {
		return ""
	}
	note := ""
	if values[policySHA256] == nil {
		values[class] = nil
		for _, c := range kmsapi.Classes() {
			values[class] = append(values[class], string(c))
		}
		if values[verdict] == nil {
			values[verdict] = []string{"shared"}
			note = ", with the worst verdict that you accept"
		}
	}
	var members []string
	for i, c := range columns() {
		if values[i] == nil {
			continue
		}
		if slices.ContainsFunc(values[i], func(v string) bool { return !c.valid(v) }) {
			return ""
		}
		members = append(members, c.name+": "+flowValue(values[i]))
	}
	return "match: {" + strings.Join(members, ", ") + "}" + note
}

// flowValue returns values as YAML in flow style.
func flowValue(values []string) string {
	var words []string
	for _, v := range values {
		if !isFlowWord(v) || awsid.IsAccount(v) {
			v = `"` + v + `"` // valid values hold no quotes
		}
		words = append(words, v)
	}
	if len(words) == 1 {
		return words[0]
	}
	return "[" + strings.Join(words, ", ") + "]"
}
