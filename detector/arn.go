package detector

import (
	"net/netip"
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A keyARN is the ARN of a KMS key or alias, taken apart.
// Source: Service Authorization Reference, AWS Key Management Service, resource types.
type keyARN struct {
	partition, region, account string
	id                         string // after "key/"; "" for an alias
	alias                      string // with "alias/"; "" for a key
}

// parseKeyARN reads the ARN of a key or an alias; ok is false for other text.
func parseKeyARN(text string) (a keyARN, ok bool) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "kms" {
		return keyARN{}, false
	}
	a = keyARN{partition: parts[1], region: parts[3], account: parts[4]}
	if !isName(a.partition, "-") || !awsid.IsRegion(a.region) || !isAccount(a.account) {
		return keyARN{}, false
	}
	if id, found := strings.CutPrefix(parts[5], "key/"); found {
		a.id = id
		return a, isKeyID(id)
	}
	a.alias = parts[5]
	return a, isAlias(a.alias)
}

// String returns the ARN of the key; "" for an alias.
func (a keyARN) String() string {
	if a.id == "" {
		return ""
	}
	return "arn:" + a.partition + ":kms:" + a.region + ":" + a.account + ":key/" + a.id
}

// isKeyID reports whether text can follow "key/": letters, digits and "-".
func isKeyID(text string) bool { return isName(text, "-") }

// isAlias reports whether text is "alias/" and a name.
// Source: KMS API Reference, CreateAlias, AliasName.
func isAlias(text string) bool {
	name, found := strings.CutPrefix(text, "alias/")
	return found && isName(name, "-_/")
}

// isUUID reports whether a key id has the form of a single-Region key's.
// Source: KMS Developer Guide, concepts, key identifiers.
func isUUID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i, c := range id {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
				return false
			}
		}
	}
	return true
}

// isName reports whether text is not empty and holds only ASCII letters,
// digits and the characters of others.
func isName(text, others string) bool {
	for _, c := range text {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune(others, c) {
			return false
		}
	}
	return text != ""
}

// isAccount reports whether text is an account id, 12 digits.
func isAccount(text string) bool {
	if len(text) != 12 {
		return false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isAddress reports whether text is an IP address.
func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
