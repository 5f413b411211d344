package alert

import "github.com/kmsentry/kmsentry/detector"

// eventLink is the CloudTrail console page of the event; "" when it cannot be built.
func eventLink(f *detector.Finding) string {
	domain := consoleDomain(f.Key.Partition)
	if domain == "" || !isRegion(f.Event.Region) || !isUUID(f.Event.ID) {
		return ""
	}
	return "https://" + f.Event.Region + "." + domain + "/cloudtrailv2/home?region=" + f.Event.Region + "#/events/" + f.Event.ID
}

// keyLink is the KMS console page of the key; "" when it cannot be built.
func keyLink(f *detector.Finding) string {
	domain := consoleDomain(f.Key.Partition)
	if domain == "" || !isRegion(f.Key.Region) || !isKeyID(f.Key.ID) {
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
