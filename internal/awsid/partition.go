// Package awsid parses and recognizes the identifiers of AWS: partitions, Regions,
// accounts, organizations and ARNs. It checks only their form and does not know
// whether anything of that name exists.
package awsid

import "strings"

// A Partition is a group of Regions with its own accounts and ARNs.
type Partition struct {
	Name   string // as in ARNs, e.g. "aws-cn"
	Region string // one of its Regions
	prefix string // the prefix of the names of its Regions; "" for "aws"
}

// Partitions returns all partitions: "aws", then the other public ones, then the
// isolated ones.
// Source: AWS SDK, partitions.json.
func Partitions() []Partition {
	return []Partition{
		{"aws", "us-east-1", ""},
		{"aws-us-gov", "us-gov-west-1", "us-gov-"},
		{"aws-cn", "cn-north-1", "cn-"},
		{"aws-eusc", "eusc-de-east-1", "eusc-"},
		{"aws-iso", "us-iso-east-1", "us-iso-"},
		{"aws-iso-b", "us-isob-east-1", "us-isob-"},
		{"aws-iso-e", "eu-isoe-west-1", "eu-isoe-"},
		{"aws-iso-f", "us-isof-south-1", "us-isof-"},
	}
}

// IsPartition reports whether text has the form of a partition's name, e.g. aws,
// aws-cn, aws-us-gov or aws-iso-b: "aws", which may be followed by a hyphen and
// lower-case ASCII letters, digits and hyphens, with no hyphen at the end. It also
// accepts partitions that are not among [Partitions] yet.
// Source: IAM User Guide, reference-arns.html.
func IsPartition(text string) bool {
	rest, ok := strings.CutPrefix(text, "aws")
	if !ok || strings.HasSuffix(rest, "-") || rest != "" && rest[0] != '-' {
		return false
	}
	return only(rest, func(c byte) bool { return c == '-' || isLowerOrDigit(c) })
}

// PartitionOf returns the partition of a Region by its name; "" when region does not
// have the form of a Region's name.
func PartitionOf(region string) string {
	if !IsRegion(region) {
		return ""
	}
	all := Partitions()
	for _, p := range all[1:] {
		if strings.HasPrefix(region, p.prefix) {
			return p.Name
		}
	}
	return all[0].Name
}

// IsRegion reports whether text has the form of a Region's name, e.g. us-east-1: ASCII
// letters, digits and hyphens, with at least one hyphen.
func IsRegion(text string) bool {
	odd := func(c rune) bool {
		return c != '-' && (c < 'a' || 'z' < c) && (c < 'A' || 'Z' < c) && (c < '0' || '9' < c)
	}
	return strings.Contains(text, "-") && !strings.ContainsFunc(text, odd)
}
