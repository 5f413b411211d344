package detector

import (
	"net/netip"
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A keyARN holds the parts of the ARN of a KMS key or alias.
// Source: Service Authorization Reference, AWS Key Management Service, resource types.
type keyARN struct {
	partition, region, account string
	id                         string // after "key/"; "" for an alias
	alias                      string // including "alias/"; "" for a key
}

// parseKeyARN reads the ARN of a key or an alias; ok is false for other text.
func parseKeyARN(text string) (a keyARN, ok bool) {
	named, ok := awsid.ParseARN(text)
	if !ok || named.Service != "kms" {
		return keyARN{}, false
	}
	a = keyARN{partition: named.Partition, region: named.Region, account: named.Account}
	if !isName(a.partition, "-") || !awsid.IsRegion(a.region) || !awsid.IsAccount(a.account) {
		return keyARN{}, false
	}
	if id, found := strings.CutPrefix(named.Resource, "key/"); found {
		a.id = id
		return a, isKeyID(id)
	}
	a.alias = named.Resource
	return a, isAlias(a.alias)
}

// String returns the ARN of the key; "" for an alias.
func (a keyARN) String() string {
	if a.id == "" {
		return ""
	}
	return awsid.ARN{Partition: a.partition, Service: "kms", Region: a.region, Account: a.account, Resource: "key/" + a.id}.String()
}

// isKeyID reports whether text can follow "key/" in an ARN: ASCII letters,
// digits and "-", at least one.
func isKeyID(text string) bool { return isName(text, "-") }

// isAlias reports whether text is "alias/" followed by a name.
// Source: KMS API Reference, CreateAlias, AliasName.
func isAlias(text string) bool {
	name, found := strings.CutPrefix(text, "alias/")
	return found && isName(name, "-_/")
}

// isUUID reports whether id is a UUID, the form of a single-Region key's id.
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

// isName reports whether text is not empty and consists only of ASCII letters,
// digits and the characters in others.
func isName(text, others string) bool {
	for _, c := range text {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune(others, c) {
			return false
		}
	}
	return text != ""
}

// isAddress reports whether text is an IP address.
func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
