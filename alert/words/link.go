package words

import (
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// EventLink returns the URL of the event in the CloudTrail console; "" when it cannot
// be built.
func EventLink(f *detector.Finding) string {
	domain := consoleDomain(f.Key.Partition)
	if domain == "" || !safe.IsRegion(f.Event.Region) || !safe.IsUUID(f.Event.ID) {
		return ""
	}
	return "https://" + f.Event.Region + "." + domain + "/cloudtrailv2/home?region=" + f.Event.Region + "#/events/" + f.Event.ID
}

// KeyLink returns the URL of the key in the KMS console; "" when it cannot be built.
func KeyLink(f *detector.Finding) string {
	domain := consoleDomain(f.Key.Partition)
	if domain == "" || !safe.IsRegion(f.Key.Region) || !safe.IsKeyID(f.Key.ID) {
		return ""
	}
	return "https://" + f.Key.Region + "." + domain + "/kms/home?region=" + f.Key.Region + "#/kms/keys/" + f.Key.ID
}

// consoleDomain returns the console's domain in a partition; "" for a partition that
// is not known here.
func consoleDomain(partition string) string {
	switch partition {
	case "aws":
		return "console.aws.amazon.com"
	case "aws-cn":
		return "console.amazonaws.cn"
	case "aws-us-gov":
		return "console.amazonaws-us-gov.com"
	default:
		return ""
	}
}
