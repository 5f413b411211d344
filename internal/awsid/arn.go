package awsid

import "strings"

// An ARN is an Amazon Resource Name, taken apart into its fields, which may be
// "". Nothing is known of them but that all except the resource are without
// colons: whether the account is one, IsAccount knows.
// Source: IAM User Guide, reference-arns.html.
type ARN struct {
	Partition string // e.g. "aws-cn"
	Service   string // e.g. "kms"
	Region    string // "" for what no Region holds
	Account   string // "" for what belongs to none, such as a bucket
	Resource  string // all that follows, colons included, e.g. "key/1234abcd-..."
}

// ParseARN takes apart "arn:" and five more fields between colons; ok is false,
// and the ARN zero, for any other text. For an ARN that ParseARN gives, String
// gives the text again.
func ParseARN(text string) (a ARN, ok bool) {
	if !strings.HasPrefix(text, "arn:") {
		return ARN{}, false
	}
	return SplitARN(text)
}

// SplitARN is ParseARN without a look at the first field, which may be any
// text. It is for what AWS gave as an ARN and of which one field is wanted.
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

// Head returns what comes before the fifth colon of text, an ARN or a pattern
// for some: all but the resource. It is the whole of a text with fewer colons.
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

// PartitionIn returns the second field of a text that begins with "arn:" and
// has two colons or more, whatever follows; "" for any other text.
func PartitionIn(text string) string {
	rest, isARN := strings.CutPrefix(text, "arn:")
	partition, _, more := strings.Cut(rest, ":")
	if !isARN || !more {
		return ""
	}
	return partition
}

// String returns the ARN as AWS writes it. That of the zero ARN is "arn:::::".
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// ParseKeyARN is ParseARN for the ARN of a KMS key; ok is false for that of
// anything else, an alias too. Key ids are UUIDs, or mrk- and 32 hexadecimal
// digits for multi-Region keys; any letters, digits and hyphens pass as one.
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
