package alert

import (
	"regexp"
	"strings"

	"github.com/kmsentry/kmsentry/detector"
)

// The shapes of values that may stand in a command or a link. What does not
// match is left out: a responder pastes these lines into a shell.
var (
	shapeKeyARN    = regexp.MustCompile(`^arn:(aws|aws-[a-z-]{1,12}):kms:([a-z]{2}(?:-[a-z]{1,12}){1,3}-\d):(\d{12}):key/(` + keyIDs + `)$`)
	shapeKeyID     = regexp.MustCompile(`^(` + keyIDs + `)$`)
	shapeRegion    = regexp.MustCompile(`^[a-z]{2}(-[a-z]{1,12}){1,3}-\d$`)
	shapeEventID   = regexp.MustCompile(`^` + uuids + `$`)
	shapeAccessKey = regexp.MustCompile(`^(AKIA|ASIA)[A-Z0-9]{12,20}$`)
	// Source: IAM User Guide, reference_iam-quotas.html: [\w+=,.@-], at most 64.
	shapeIAMName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
)

const (
	uuids  = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	keyIDs = uuids + `|mrk-[0-9a-f]{32}`
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

// commandsFor builds the commands for f from the values that match their patterns.
func commandsFor(f *detector.Finding) commands {
	var c commands
	if m := shapeKeyARN.FindStringSubmatch(f.Key.ARN); m != nil {
		arn, in := m[0], "--region "+m[2]
		c.savePolicy = command{"aws kms get-key-policy", "--key-id " + arn, "--policy-name default", in,
			"--query Policy", "--output text", "> before.json"}
		c.keyHistory = command{"aws cloudtrail lookup-events", in,
			"--lookup-attributes", "AttributeKey=ResourceName,AttributeValue=" + arn}
		c.listGrants = command{"aws kms list-grants", "--key-id " + arn, in}
		c.restorePolicy = command{"aws kms put-key-policy", "--key-id " + arn, "--policy-name default", in,
			"--policy file://fixed.json"}
		c.disableKey = command{"aws kms disable-key", "--key-id " + arn, in}
	}
	if shapeAccessKey.MatchString(f.Actor.AccessKeyID) && shapeRegion.MatchString(f.Event.Region) {
		c.actorHistory = command{"aws cloudtrail lookup-events", "--region " + f.Event.Region,
			"--lookup-attributes", "AttributeKey=AccessKeyId,AttributeValue=" + f.Actor.AccessKeyID}
	}
	if f.Actor.Type == "IAMUser" && f.Actor.LongTermKey && shapeAccessKey.MatchString(f.Actor.AccessKeyID) && shapeIAMName.MatchString(f.Actor.Name) && !strings.HasPrefix(f.Actor.Name, "-") {
		c.deactivateKey = command{"aws iam update-access-key", "--user-name " + f.Actor.Name,
			"--access-key-id " + f.Actor.AccessKeyID, "--status Inactive"}
	}
	return c
}

// eventLink is the CloudTrail console page of the event; "" when it cannot be built.
func eventLink(f *detector.Finding) string {
	domain := consoleDomain(f.Key.Partition)
	if domain == "" || !shapeRegion.MatchString(f.Event.Region) || !shapeEventID.MatchString(f.Event.ID) {
		return ""
	}
	return "https://" + f.Event.Region + "." + domain + "/cloudtrailv2/home?region=" + f.Event.Region + "#/events/" + f.Event.ID
}

// keyLink is the KMS console page of the key; "" when it cannot be built.
func keyLink(f *detector.Finding) string {
	domain := consoleDomain(f.Key.Partition)
	if domain == "" || !shapeRegion.MatchString(f.Key.Region) || !shapeKeyID.MatchString(f.Key.ID) {
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
