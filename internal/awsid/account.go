package awsid

import "strings"

// IsAccount reports whether text has the form of an AWS account id: 12 ASCII digits,
// including leading zeros.
// Source: AWS Account Management Reference Guide, manage-acct-identifiers.html.
func IsAccount(text string) bool {
	return len(text) == len("111122223333") && only(text, isDigit)
}

// IsOrganization reports whether text has the form of an organization id: "o-", then
// 10 to 32 lower-case ASCII letters and digits.
// Source: Organizations API Reference, Organization, Id.
func IsOrganization(text string) bool {
	rest, ok := strings.CutPrefix(text, "o-")
	return ok && len(rest) >= 10 && len(rest) <= 32 && only(rest, isLowerOrDigit)
}

// only reports whether is returns true for every byte of text; true for "".
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
