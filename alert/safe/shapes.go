package safe

import (
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// The functions below check the form of values that go into commands, links and
// settings. They are plain loops, since regular expressions with counts are slow to
// compile, which every start of the Lambda function would have to do.

// only reports whether s has least to most bytes, for all of which ok returns true.
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

// IsRegion reports whether s has the form of a Region, such as us-west-2 or
// us-gov-east-1.
func IsRegion(s string) bool {
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

// IsUUID reports whether s is a UUID in lower case, as CloudTrail and KMS write them.
func IsUUID(s string) bool {
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

// IsKeyID reports whether s is the id of a KMS key: a UUID or, for a multi-Region
// key, "mrk-" and 32 hexadecimal digits.
func IsKeyID(s string) bool {
	multi, ok := strings.CutPrefix(s, "mrk-")
	return IsUUID(s) || ok && only(multi, 32, 32, lowerHex)
}

// IsAlias reports whether s is the name of an alias.
// Source: KMS API Reference, CreateAlias, AliasName.
func IsAlias(s string) bool {
	name, ok := strings.CutPrefix(s, "alias/")
	return ok && only(name, 1, 250, func(c byte) bool { return letter(c) || digit(c) || strings.IndexByte("/_-", c) >= 0 })
}

// IsAccessKey reports whether s is the id of an access key.
func IsAccessKey(s string) bool {
	return (strings.HasPrefix(s, "AKIA") || strings.HasPrefix(s, "ASIA")) &&
		only(s, 16, 24, func(c byte) bool { return upper(c) || digit(c) })
}

// IsIAMName reports whether s is the name of an IAM user that neither a shell nor an
// option parser interprets.
// Source: IAM User Guide, reference_iam-quotas.html: [\w+=,.@-], at most 64.
func IsIAMName(s string) bool {
	return !strings.HasPrefix(s, "-") && only(s, 1, 64, func(c byte) bool { return letter(c) || digit(c) || strings.IndexByte("_+=,.@-", c) >= 0 })
}

// IsSlackGroup reports whether s is the id of a Slack user group.
func IsSlackGroup(s string) bool {
	return strings.HasPrefix(s, "S") && only(s, 7, 21, func(c byte) bool { return upper(c) || digit(c) })
}

// IsBare reports whether s is not empty and has no character that could begin markup,
// an emoji, a mention or a domain name in a chat program.
func IsBare(s string) bool {
	ok := func(c byte) bool { return letter(c) || digit(c) || strings.IndexByte(" ,;()'/-", c) >= 0 }
	return s != "" && (letter(s[0]) || digit(s[0])) && only(s, 1, len(s), ok)
}

// maxPartition is the longest name of a partition, in bytes; the longest so far has
// ten.
const maxPartition = 16

// parseARN parses an ARN of a service; ok is false when the service, the partition or
// the account is not valid.
func parseARN(text, service string) (a awsid.ARN, ok bool) {
	a, ok = awsid.ParseARN(text)
	return a, ok && a.Service == service && len(a.Partition) <= maxPartition && awsid.IsPartition(a.Partition) && awsid.IsAccount(a.Account)
}

// KeyRegion returns the Region of a key ARN; ok is false when arn is not a
// well-formed one.
func KeyRegion(arn string) (region string, ok bool) {
	a, ok := parseARN(arn, "kms")
	id, isKey := strings.CutPrefix(a.Resource, "key/")
	return a.Region, ok && isKey && IsRegion(a.Region) && IsKeyID(id)
}

// IsKeyARN reports whether s is a well-formed key ARN.
func IsKeyARN(s string) bool {
	_, ok := KeyRegion(s)
	return ok
}

// IdentityStore returns the id and the account in the ARN of an identity store; ok is
// false when arn is not a well-formed one.
// Source: IAM Identity Center, Identity Store API Reference, DescribeUser.
func IdentityStore(arn string) (id, account string, ok bool) {
	a, ok := parseARN(arn, "identitystore")
	id, isStore := strings.CutPrefix(a.Resource, "identitystore/")
	short, isShort := strings.CutPrefix(id, "d-")
	isShort = isShort && only(short, 10, 10, lowerHex)
	return id, a.Account, ok && a.Region == "" && isStore && (isShort || IsUUID(id))
}

// IsUserID reports whether s is the id of a user in an identity store: a UUID which,
// in older stores, follows ten hexadecimal digits and "-".
func IsUserID(s string) bool {
	if len(s) == 47 && s[10] == '-' && only(s[:10], 10, 10, lowerHex) {
		s = s[11:]
	}
	return IsUUID(s)
}

// IdentityRegion returns the Region of IAM Identity Center, as in the ARN of one of
// its roles; "" when the ARN does not have it.
func IdentityRegion(roleARN string) string {
	a, _ := awsid.ParseARN(roleARN)
	rest, isSSO := strings.CutPrefix(a.Resource, "role/aws-reserved/sso.amazonaws.com/")
	region, _, found := strings.Cut(rest, "/")
	if !isSSO || !found || !IsRegion(region) {
		return ""
	}
	return region
}
