package awsid

import "strings"

// An ARN is an Amazon Resource Name, split into its fields, any of which may be "".
// The fields are not validated, except that only the resource may hold colons; see
// [IsAccount] for the account.
// Source: IAM User Guide, reference-arns.html.
type ARN struct {
	Partition string // e.g. "aws-cn"
	Service   string // e.g. "kms"
	Region    string // "" for a global resource
	Account   string // "" for a resource without one, such as a bucket
	Resource  string // everything that follows, including colons, e.g. "key/1234abcd-..."
}

// ParseARN splits "arn:" and five more fields, separated by colons. For any other text
// ok is false and the ARN is zero. String of the result returns text.
func ParseARN(text string) (a ARN, ok bool) {
	if !strings.HasPrefix(text, "arn:") {
		return ARN{}, false
	}
	return SplitARN(text)
}

// SplitARN is like ParseARN but accepts any text as the first field. It is for reading
// a field of what AWS gave as an ARN.
func SplitARN(text string) (a ARN, ok bool) {
	_, rest, ok := strings.Cut(text, ":")
	for _, field := range [...]*string{&a.Partition, &a.Service, &a.Region, &a.Account} {
		if ok {
			*field, rest, ok = strings.Cut(rest, ":")
		}
	}
	if !ok {
		return ARN{}, false
	}
	a.Resource = rest
	return a, true
}

// Head returns the part of text, an ARN or a pattern for ARNs, before the fifth
// colon, that is, without the resource. It returns all of a text with fewer colons.
func Head(text string) string {
	at := 0
	for range 5 {
		n := strings.IndexByte(text[at:], ':')
		if n < 0 {
			return text
		}
		at += n + 1
	}
	return text[:at-1]
}

// PartitionIn returns the second field of a text that begins with "arn:" and has at
// least two colons, or "" for any other text.
func PartitionIn(text string) string {
	rest, isARN := strings.CutPrefix(text, "arn:")
	partition, _, more := strings.Cut(rest, ":")
	if !isARN || !more {
		return ""
	}
	return partition
}

// String returns the ARN as AWS writes it; "arn:::::" for the zero ARN.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// ParseKeyARN is like ParseARN but for the ARN of a KMS key; ok is false for any other
// ARN, including that of an alias. Key ids are UUIDs, or "mrk-" and 32 hexadecimal
// digits for multi-Region keys; ParseKeyARN accepts any ASCII letters, digits and
// hyphens.
// Source: KMS Developer Guide, concepts.html.
func ParseKeyARN(text string) (a ARN, ok bool) {
	a, ok = ParseARN(text)
	id, isKey := strings.CutPrefix(a.Resource, "key/")
	partition, isAWS := strings.CutPrefix(a.Partition, "aws")
	if !ok || a.Service != "kms" || !isKey || id == "" || !isAWS || a.Region == "" || !IsAccount(a.Account) ||
		!only(partition, isLowerOrHyphen) || !only(a.Region, isLowerDigitOrHyphen) || !only(id, isIDByte) {
		return ARN{}, false
	}
	return a, true
}

func isLowerOrHyphen(c byte) bool { return c == '-' || 'a' <= c && c <= 'z' }

func isLowerDigitOrHyphen(c byte) bool { return isDigit(c) || isLowerOrHyphen(c) }

func isIDByte(c byte) bool { return isLowerDigitOrHyphen(c) || 'A' <= c && c <= 'Z' }
