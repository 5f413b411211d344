package alert

import (
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

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

// maxPartition is how long the name of a partition may be, in bytes; the longest
// there is has ten.
const maxPartition = 16

// parseARN takes apart an ARN of one service in one account.
func parseARN(text, service string) (a awsid.ARN, ok bool) {
	a, ok = awsid.ParseARN(text)
	return a, ok && a.Service == service && len(a.Partition) <= maxPartition && awsid.IsPartition(a.Partition) && awsid.IsAccount(a.Account)
}

// keyRegion returns the Region of a well-formed key ARN, and whether arn is one.
func keyRegion(arn string) (region string, ok bool) {
	a, ok := parseARN(arn, "kms")
	id, isKey := strings.CutPrefix(a.Resource, "key/")
	return a.Region, ok && isKey && isRegion(a.Region) && isKeyID(id)
}

// isKeyARN reports whether s is a well-formed key ARN.
func isKeyARN(s string) bool {
	_, ok := keyRegion(s)
	return ok
}

// identityStore takes the ARN of an identity store apart.
// Source: IAM Identity Center, Identity Store API Reference, DescribeUser.
func identityStore(arn string) (id, account string, ok bool) {
	a, ok := parseARN(arn, "identitystore")
	id, isStore := strings.CutPrefix(a.Resource, "identitystore/")
	short, isShort := strings.CutPrefix(id, "d-")
	isShort = isShort && only(short, 10, 10, lowerHex)
	return id, a.Account, ok && a.Region == "" && isStore && (isShort || isUUID(id))
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
	a, _ := awsid.ParseARN(roleARN)
	rest, isSSO := strings.CutPrefix(a.Resource, "role/aws-reserved/sso.amazonaws.com/")
	region, _, found := strings.Cut(rest, "/")
	if !isSSO || !found || !isRegion(region) {
		return ""
	}
	return region
}
