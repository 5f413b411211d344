package exceptions

import (
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// Form returns the narrowest entry that accepts s, as YAML to paste under
// "exceptions:". Reason and owner are empty, for a person to fill in. The entry
// expires three months after now; with the zero now, expires is empty as well. Form
// returns "" when no entry can accept s.
//
// Values are on lines of their own, so that a mail need not wrap them. A value of s
// that is not valid for its member is left out.
func Form(s Subject, now time.Time) string {
	values := formMatch(s)
	if values[policySHA256] == nil && values[resource] == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("  - name: " + formName(s) + "\n    match:\n")
	for i, c := range columns() {
		switch {
		case values[i] == nil:
		case len(values[i]) == 1:
			b.WriteString("      " + c.name + ":\n        " + blockValue(values[i][0]) + "\n")
		default:
			b.WriteString("      " + c.name + ": [" + strings.Join(values[i], ", ") + "]\n")
		}
	}
	b.WriteString("    reason:\n    owner:\n    expires:")
	if !now.IsZero() {
		b.WriteString(" " + now.UTC().AddDate(0, 3, 0).Format(time.DateOnly))
	}
	return b.String() + "\n"
}

// formMatch returns the narrowest match for s: its policy on its key or in its file
// or, without a hash, its key or file with its verdict in its classes.
func formMatch(s Subject) [columnCount][]string {
	var values [columnCount][]string
	if isKeyARN(s.Key) {
		values[key] = []string{s.Key}
	}
	if isSHA256(s.PolicySHA256) {
		values[policySHA256] = []string{s.PolicySHA256}
	}
	if isResource(s.Resource) {
		values[resource] = []string{s.Resource}
	}
	if values[policySHA256] != nil {
		return values
	}
	accepted := worstOf(nil)
	for _, c := range kmsapi.Classes() {
		if v, judged := s.Classes[c]; judged && v.Rank() > 0 {
			accepted = worst(accepted, v)
			values[class] = append(values[class], string(c))
		}
	}
	if s.HashOnly || values[class] == nil {
		return [columnCount][]string{}
	}
	values[verdict] = []string{accepted.String()}
	return values
}

// formName returns a name for the entry, made of the policy's hash or the resource.
func formName(s Subject) string {
	if isSHA256(s.PolicySHA256) {
		return "accepted-" + s.PolicySHA256[:12]
	}
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && only(string(r), 1, 1, "._-") {
			return r
		}
		return '-'
	}, s.Resource)
	return "accepted-" + name[max(0, len(name)-48):]
}

// blockValue returns a value as YAML for a line of its own.
func blockValue(v string) string {
	if isFlowWord(v) && plainKind(v) == textKind {
		return v
	}
	return strconv.QuoteToASCII(v)
}
