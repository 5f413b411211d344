package alert

import "strings"

// The shapes of values that may go into commands, links and settings. They are
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
	parts, rest, more := 1, s, true
	for more && parts <= 5 {
		var part string
		part, rest, more = strings.Cut(rest, "-")
		switch {
		case parts == 1 && !only(part, 2, 4, lower),
			parts > 1 && more && !only(part, 1, 12, lower),
			!more && (parts < 3 || !only(part, 1, 2, digit)):
			return false
		}
		parts++
	}
	return !more
}

// isPartition reports whether s looks like a partition: aws, aws-us-gov.
func isPartition(s string) bool {
	return s == "aws" || strings.HasPrefix(s, "aws-") && only(s, 5, 16, func(c byte) bool { return lower(c) || c == '-' })
}

// isUUID reports whether s is a UUID in lower case, as CloudTrail and KMS write them.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && !lowerHex(s[i]) {
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

// isAlias reports whether s is the name of an alias.
// Source: KMS API Reference, CreateAlias, AliasName.
func isAlias(s string) bool {
	name, ok := strings.CutPrefix(s, "alias/")
	return ok && only(name, 1, 250, func(c byte) bool { return letter(c) || digit(c) || strings.IndexByte("/_-", c) >= 0 })
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
	rest, isARN := strings.CutPrefix(arn, "arn:")
	partition, rest, _ := strings.Cut(rest, ":")
	rest, isKMS := strings.CutPrefix(rest, "kms:")
	region, rest, _ = strings.Cut(rest, ":")
	account, rest, _ := strings.Cut(rest, ":")
	id, isKey := strings.CutPrefix(rest, "key/")
	return region, isARN && isKMS && isKey && isPartition(partition) && isRegion(region) && isAccount(account) && isKeyID(id)
}

// isKeyARN reports whether s is a well-formed key ARN.
func isKeyARN(s string) bool {
	_, ok := keyRegion(s)
	return ok
}

// identityStore takes the ARN of an identity store apart.
// Source: IAM Identity Center, Identity Store API Reference, DescribeUser.
func identityStore(arn string) (id, account string, ok bool) {
	rest, isARN := strings.CutPrefix(arn, "arn:")
	partition, rest, _ := strings.Cut(rest, ":")
	rest, isStore := strings.CutPrefix(rest, "identitystore::")
	account, rest, _ = strings.Cut(rest, ":")
	id, isID := strings.CutPrefix(rest, "identitystore/")
	short, isShort := strings.CutPrefix(id, "d-")
	isShort = isShort && only(short, 10, 10, lowerHex)
	return id, account, isARN && isStore && isID && isPartition(partition) && isAccount(account) && (isShort || isUUID(id))
}

// isUserID reports whether s is the id of a user in an identity store: a UUID,
// with ten digits before it in stores of some age.
func isUserID(s string) bool {
	if len(s) == 47 && s[10] == '-' && only(s[:10], 10, 10, lowerHex) {
		s = s[11:]
	}
	return isUUID(s)
}

// identityRegion returns the Region of IAM Identity Center from the ARN of one
// of its roles; "" when the ARN does not say.
func identityRegion(roleARN string) string {
	_, rest, _ := strings.Cut(roleARN, ":role/aws-reserved/sso.amazonaws.com/")
	region, _, found := strings.Cut(rest, "/")
	if !found || !isRegion(region) {
		return ""
	}
	return region
}
