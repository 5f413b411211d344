package alert

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector"
)

// A command is one shell command, in the pieces between which it may be
// broken with a backslash. Empty means that it could not be built safely.
type command []string

// String returns the command on one line.
func (c command) String() string { return strings.Join(c, " ") }

// block returns the command broken into lines of at most columns where its
// pieces allow it, each line indented.
func (c command) block(indent string) string {
	var b strings.Builder
	used := 0
	for i, piece := range c {
		switch {
		case i == 0:
			b.WriteString(indent + piece)
			used = width(indent) + width(piece)
		case used+1+width(piece)+2 <= columns || i == len(c)-1 && used+1+width(piece) <= columns:
			b.WriteString(" " + piece)
			used += 1 + width(piece)
		default:
			b.WriteString(" \\\n" + indent + "  " + piece)
			used = width(indent) + 2 + width(piece)
		}
	}
	return b.String()
}

// commands holds what a responder may run; each may be empty.
type commands struct {
	savePolicy    command // changes nothing: the policy as it is now
	keyHistory    command // changes nothing: calls on this key
	listGrants    command // changes nothing: grants on this key, which outlive its policy
	actorHistory  command // changes nothing: calls with this access key
	restorePolicy command // puts fixed.json in force
	disableKey    command // last resort
	deactivateKey command // for a long-term access key
}

// commandsFor builds the commands for f from the values that have their exact
// shape. A responder pastes these lines into a shell: what does not fit is left out.
func commandsFor(f *detector.Finding) commands {
	var c commands
	if region, ok := keyRegion(f.Key.ARN); ok {
		arn, in := f.Key.ARN, "--region "+region
		c.savePolicy = command{
			"aws kms get-key-policy", "--key-id " + arn, "--policy-name default", in,
			"--query Policy", "--output text", "> before.json",
		}
		c.keyHistory = command{
			"aws cloudtrail lookup-events", in,
			"--lookup-attributes", "AttributeKey=ResourceName,AttributeValue=" + arn,
		}
		c.listGrants = command{"aws kms list-grants", "--key-id " + arn, in}
		c.restorePolicy = command{
			"aws kms put-key-policy", "--key-id " + arn, "--policy-name default", in,
			"--policy file://fixed.json",
		}
		c.disableKey = command{"aws kms disable-key", "--key-id " + arn, in}
	}
	if isAccessKey(f.Actor.AccessKeyID) && isRegion(f.Event.Region) {
		c.actorHistory = command{
			"aws cloudtrail lookup-events", "--region " + f.Event.Region,
			"--lookup-attributes", "AttributeKey=AccessKeyId,AttributeValue=" + f.Actor.AccessKeyID,
		}
	}
	if f.Actor.Type == "IAMUser" && f.Actor.LongTermKey && isAccessKey(f.Actor.AccessKeyID) && isIAMName(f.Actor.Name) {
		c.deactivateKey = command{
			"aws iam update-access-key", "--user-name " + f.Actor.Name,
			"--access-key-id " + f.Actor.AccessKeyID, "--status Inactive",
		}
	}
	return c
}

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
