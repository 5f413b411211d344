package awsid

import "strings"

// IsAccount reports whether text is the id of an AWS account: 12 ASCII digits,
// leading zeros among them. "" is none.
// Source: AWS Account Management Reference Guide, manage-acct-identifiers.html.
func IsAccount(text string) bool {
	return len(text) == len("111122223333") && only(text, isDigit)
}

// IsOrganization reports whether text is the id of an organization: "o-", then
// 10 to 32 lower-case ASCII letters and digits. "" is none.
// Source: Organizations API Reference, Organization, Id.
func IsOrganization(text string) bool {
	rest, ok := strings.CutPrefix(text, "o-")
	return ok && len(rest) >= 10 && len(rest) <= 32 && only(rest, isLowerOrDigit)
}

// only reports whether every byte of text is one that is takes; true for "".
func only(text string, is func(byte) bool) bool {
	for i := range len(text) {
		if !is(text[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLowerOrDigit(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'z' }
