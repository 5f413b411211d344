package words

import (
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// EventLink is the CloudTrail console page of the event; "" when it cannot be built.
func EventLink(f *detector.Finding) string {
	domain := consoleDomain(f.Key.Partition)
	if domain == "" || !safe.IsRegion(f.Event.Region) || !safe.IsUUID(f.Event.ID) {
		return ""
	}
	return "https://" + f.Event.Region + "." + domain + "/cloudtrailv2/home?region=" + f.Event.Region + "#/events/" + f.Event.ID
}

// KeyLink is the KMS console page of the key; "" when it cannot be built.
func KeyLink(f *detector.Finding) string {
	domain := consoleDomain(f.Key.Partition)
	if domain == "" || !safe.IsRegion(f.Key.Region) || !safe.IsKeyID(f.Key.ID) {
		return ""
	}
	return "https://" + f.Key.Region + "." + domain + "/kms/home?region=" + f.Key.Region + "#/kms/keys/" + f.Key.ID
}

// consoleDomain returns the console's domain in a partition; "" when the
// partition has none that is known here.
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
