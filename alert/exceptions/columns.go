package exceptions

import (
	"slices"
	"strings"
	"unicode"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A columnID is a member of match.
type columnID int

// The members of match, in the order in which Form and messages name them.
const (
	key columnID = iota
	policySHA256
	resource
	account
	region
	verdict
	class
	statementSid
	actorRole
	eventName
	columnCount
)

// A column describes a member of match.
type column struct {
	name  string
	want  string // what a value must be, for messages
	valid func(string) bool
}

// columns returns the members of match by columnID.
func columns() [columnCount]column {
	return [columnCount]column{
		key:          {"key", "the ARN of a key, such as arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", isKeyARN},
		policySHA256: {"policy_sha256", "64 hexadecimal digits in lower case", isSHA256},
		resource:     {"resource", "FILE or FILE#LOGICAL-ID, as kmsentry check prints it", isResource},
		account:      {"account", "12 digits", awsid.IsAccount},
		region:       {"region", "a Region, such as eu-west-1", isRegion},
		verdict:      {"verdict", "public, undecided, network, shared or private", isVerdict},
		class:        {"class", "encrypt, use or other", isClass},
		statementSid: {"statement_sid", "the Sid of a statement", isLine},
		actorRole:    {"actor_role", "the name or the ARN of a role", isRole},
		eventName:    {"event_name", "CreateKey, PutKeyPolicy or ReplicateKey", isEventName},
	}
}

// The functions below use loops, not regular expressions, which would have to be
// compiled at every start of the Lambda function.

// only reports whether s has least to most bytes, each an ASCII letter, a digit or
// one of others.
func only(s string, least, most int, others string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && !isDigit(c) && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return len(s) >= least && len(s) <= most
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLower(s string) bool { return s == strings.ToLower(s) }

// isRegion reports whether s has the form of a Region, such as us-west-2,
// us-gov-east-1 or eusc-de-east-1.
func isRegion(s string) bool {
	parts := strings.Split(s, "-")
	for _, part := range parts {
		if part == "" {
			return false
		}
	}
	return len(parts) >= 3 && only(s, 1, 32, "-") && isLower(s) && isDigit(s[len(s)-1]) && !isDigit(s[0])
}

func isPartition(s string) bool {
	return s == "aws" || strings.HasPrefix(s, "aws-") && only(s, 5, 16, "-") && isLower(s)
}

// arnFields splits an ARN of a service; resource is what follows kind and "/". ok is
// false when s is not such an ARN.
func arnFields(s, service, kind string) (region, account, resource string, ok bool) {
	a, ok := awsid.ParseARN(s)
	if !ok || !isPartition(a.Partition) || a.Service != service || !awsid.IsAccount(a.Account) {
		return "", "", "", false
	}
	resource, ok = strings.CutPrefix(a.Resource, kind+"/")
	return a.Region, a.Account, resource, ok
}

// isKeyARN reports whether s is the ARN of a key. The ARN of an alias is not, since
// an alias can be pointed at another key.
func isKeyARN(s string) bool {
	where, _, id, ok := arnFields(s, "kms", "key")
	return ok && isRegion(where) && only(id, 1, 64, "-")
}

// isRoleARN reports whether s is the ARN of an IAM role.
// Source: IAM User Guide, reference_iam-quotas.html: role names have at most
// 64 of [\w+=,.@-], paths at most 512 characters.
func isRoleARN(s string) bool {
	where, _, path, ok := arnFields(s, "iam", "role")
	return ok && where == "" && isRoleName(path[strings.LastIndexByte(path, '/')+1:]) && len(path) <= 576 && isLine(path)
}

func isRoleName(s string) bool { return only(s, 1, 64, "_+=,.@-") }

func isRole(s string) bool { return isRoleARN(s) || isRoleName(s) }

func isSHA256(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) && (s[i] < 'a' || s[i] > 'f') {
			return false
		}
	}
	return len(s) == 64
}

func isResource(s string) bool {
	file, id, has := strings.Cut(s, "#")
	return isLine(s) && file != "" && (id != "" || !has)
}

// isLine reports whether s is printable text on one line, not empty, without space
// at its ends.
func isLine(s string) bool {
	return s != "" && s == strings.TrimSpace(s) && !strings.ContainsFunc(s, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) })
}

func isVerdict(s string) bool {
	var v decide.Verdict
	return v.UnmarshalText([]byte(s)) == nil
}

func isClass(s string) bool { return kmsapi.Class(s).Index() >= 0 }

func isEventName(s string) bool { return slices.Contains(detector.PolicyCalls(), s) }

// isName reports whether s is a valid name of an entry.
func isName(s string) bool { return only(s, 1, 64, " ._-") && only(s[:1], 1, 1, "") }

// hasWords reports whether s holds a letter or a digit.
func hasWords(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
