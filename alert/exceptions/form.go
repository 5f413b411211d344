package exceptions

import (
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// Form returns the entry that accepts s and nothing wider, as YAML to paste
// under "exceptions:", without reason and owner, which a person has to fill in.
// It expires three months after now; with the zero now that is left to fill in
// as well. It is "" when nothing can accept s.
//
// Values stand on lines of their own, so that a mail need not wrap them. None
// of them is taken over that is not of its shape.
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

// formMatch is the narrowest match for s: its policy on its key or in its
// file. Without a hash it is the key or file at its verdict in its classes.
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

// formName proposes a name: unique as far as hash or resource are.
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

// blockValue writes a value on a line of its own.
func blockValue(v string) string {
	if isFlowWord(v) && plainKind(v) == textKind {
		return v
	}
	return strconv.QuoteToASCII(v)
}
