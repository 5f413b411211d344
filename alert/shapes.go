package alert

import "strings"

// The shapes of values that may stand in commands, links and settings. They are
// plain loops: regexps that count are slow to compile, and every start of the
// Lambda would pay for them.

// only reports whether s has from least to most bytes, all of them ok.
func only(s string, least, most int, ok func(byte) bool) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func digit(c byte) bool    { return c >= '0' && c <= '9' }
func lower(c byte) bool    { return c >= 'a' && c <= 'z' }
func upper(c byte) bool    { return c >= 'A' && c <= 'Z' }
func lowerHex(c byte) bool { return digit(c) || c >= 'a' && c <= 'f' }
func letter(c byte) bool   { return lower(c) || upper(c) }

// isAccount reports whether s is an AWS account id.
func isAccount(s string) bool { return only(s, 12, 12, digit) }

// isRegion reports whether s looks like a Region: us-west-2, us-gov-east-1.
func isRegion(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) < 3 || len(parts) > 5 || !only(parts[0], 2, 4, lower) {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		if !only(part, 1, 12, lower) {
			return false
		}
	}
	return only(parts[len(parts)-1], 1, 2, digit)
}

// isPartition reports whether s looks like a partition: aws, aws-us-gov.
func isPartition(s string) bool {
	return s == "aws" || strings.HasPrefix(s, "aws-") && only(s, 5, 16, func(c byte) bool { return lower(c) || c == '-' })
}

// isUUID reports whether s is a UUID in lower case, as CloudTrail and KMS write them.
func isUUID(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != 5 {
		return false
	}
	for i, n := range []int{8, 4, 4, 4, 12} {
		if !only(parts[i], n, n, lowerHex) {
			return false
		}
	}
	return true
}

// isKeyID reports whether s is the id of a KMS key: a UUID, or mrk- and 32
// digits for a multi-Region key.
func isKeyID(s string) bool {
	multi, ok := strings.CutPrefix(s, "mrk-")
	return isUUID(s) || ok && only(multi, 32, 32, lowerHex)
}

// isAccessKey reports whether s is the id of an access key.
func isAccessKey(s string) bool {
	return (strings.HasPrefix(s, "AKIA") || strings.HasPrefix(s, "ASIA")) &&
		only(s, 16, 24, func(c byte) bool { return upper(c) || digit(c) })
}

// isIAMName reports whether s is the name of a user that no shell and no
// option parser reads as something else.
// Source: IAM User Guide, reference_iam-quotas.html: [\w+=,.@-], at most 64.
func isIAMName(s string) bool {
	return !strings.HasPrefix(s, "-") && only(s, 1, 64, func(c byte) bool { return letter(c) || digit(c) || strings.IndexByte("_+=,.@-", c) >= 0 })
}

// isSlackGroup reports whether s is the id of a Slack user group.
func isSlackGroup(s string) bool {
	return strings.HasPrefix(s, "S") && only(s, 7, 21, func(c byte) bool { return upper(c) || digit(c) })
}

// isBare reports whether s leaves out whatever begins markup, an emoji, a
// mention or a domain in a chat program.
func isBare(s string) bool {
	ok := func(c byte) bool { return letter(c) || digit(c) || strings.IndexByte(" ,;()'/-", c) >= 0 }
	return s != "" && (letter(s[0]) || digit(s[0])) && only(s, 1, len(s), ok)
}

// keyRegion returns the Region of a well-formed key ARN, and whether arn is one.
func keyRegion(arn string) (region string, ok bool) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "kms" {
		return "", false
	}
	id, isKey := strings.CutPrefix(parts[5], "key/")
	ok = isKey && isPartition(parts[1]) && isRegion(parts[3]) && isAccount(parts[4]) && isKeyID(id)
	return parts[3], ok
}

// isKeyARN reports whether s is a well-formed key ARN.
func isKeyARN(s string) bool {
	_, ok := keyRegion(s)
	return ok
}
