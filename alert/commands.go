package alert

import (
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// A command is one shell command, in the pieces between which it may be
// broken with a backslash. Empty means that it could not be built safely.
type command []string

// String returns the command on one line.
func (c command) String() string { return strings.Join(c, " ") }

// commands holds what a responder may run; each may be empty. The first ones
// change nothing.
type commands struct {
	newestKeys     command // the keys made last, where it is not known whether one was made
	findKey        command // the ARN of the key that the request named by an alias
	savePolicy     command // the policy in force, into before.json
	checkPolicy    command // whom the policy in before.json lets in
	previousPolicy command // the last PutKeyPolicy before this call
	keyHistory     command // calls on this key
	listGrants     command // grants on this key, which outlive its policy
	actorHistory   command // calls with this access key
	describeUser   command // the person behind an Identity Center user id
	stack          command // the CloudFormation stack that holds the key
	stackChanges   command // calls of CloudFormation in the hour before
	restorePolicy  command // puts fixed.json in force
	disableKey     command // last resort
	deactivateKey  command // for a long-term access key
}

// commandsFor builds the commands for f from the values that have their exact
// shape. A responder pastes these lines into a shell: what does not fit is left out.
func commandsFor(f *detector.Finding) commands {
	var c commands
	if region, ok := keyRegion(f.Key.ARN); ok && !f.NoKey() {
		c.forKey(f, region)
	}
	a := f.Actor
	if store, _, ok := identityStore(a.OnBehalfOf.StoreARN); ok && isUserID(a.OnBehalfOf.UserID) {
		c.describeUser = command{"aws identitystore describe-user", "--identity-store-id " + store, "--user-id " + a.OnBehalfOf.UserID}
		if region := identityRegion(a.RoleARN); region != "" {
			c.describeUser = append(c.describeUser, "--region "+region)
		}
	}
	if f.Event.Name == "CreateKey" && f.MaybeNoKey() && isRegion(f.Event.Region) {
		in := "--region " + f.Event.Region
		c.newestKeys = command{
			"for k in $(aws kms list-keys", in, "--query 'Keys[].KeyId'", "--output text); do", "aws kms describe-key", in, "--key-id $k",
			"--query 'KeyMetadata.[CreationDate,KeyId]'", "--output text; done", "| sort | tail -3",
		}
	}
	if f.Key.ARN == "" && isAlias(f.Key.Alias) && isRegion(f.Event.Region) {
		c.findKey = command{"aws kms describe-key", "--region " + f.Event.Region, "--key-id " + f.Key.Alias, "--query KeyMetadata.Arn", "--output text"}
	}
	if isAccessKey(a.AccessKeyID) && isRegion(f.Event.Region) {
		c.actorHistory = command{
			"aws cloudtrail lookup-events", "--region " + f.Event.Region,
			"--lookup-attributes", "AttributeKey=AccessKeyId,AttributeValue=" + a.AccessKeyID,
		}
	}
	if a.Type == "IAMUser" && a.LongTermKey && !a.ByService() && isAccessKey(a.AccessKeyID) && isIAMName(a.Name) {
		c.deactivateKey = command{
			"aws iam update-access-key", "--user-name " + a.Name,
			"--access-key-id " + a.AccessKeyID, "--status Inactive",
		}
	}
	return c
}

// forKey builds the commands about the key, which is in that Region. The key is
// named by its id, which fits the line; the ARN stands where only it will do.
func (c *commands) forKey(f *detector.Finding, region string) {
	arn, in := f.Key.ARN, "--region "+region
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	key := "--key-id " + id
	c.savePolicy = command{"aws kms get-key-policy", in, key, "--policy-name default", "--query Policy", "--output text", "> before.json"}
	c.checkPolicy = command{"kmsentry check", "--key-arn " + arn, "before.json"}
	c.keyHistory = command{"aws cloudtrail lookup-events", in, "--lookup-attributes", "AttributeKey=ResourceName,AttributeValue=" + arn}
	c.listGrants = command{"aws kms list-grants", in, key}
	c.restorePolicy = command{"aws kms put-key-policy", in, key, "--policy-name default", "--policy file://fixed.json"}
	c.disableKey = command{"aws kms disable-key", in, key}
	if strings.HasSuffix(f.Deployer(), "cloudformation.amazonaws.com") {
		c.stack = command{"aws cloudformation describe-stack-resources", in, "--physical-resource-id " + id}
		if at := f.Event.Time; !at.IsZero() {
			c.stackChanges = command{
				"aws cloudtrail lookup-events", in, "--output text",
				"--start-time " + at.Add(-time.Hour).UTC().Format(time.RFC3339), "--end-time " + at.UTC().Format(time.RFC3339),
				`--query "Events[].[EventTime,EventName,Username]"`,
				"--lookup-attributes", "AttributeKey=EventSource,AttributeValue=cloudformation.amazonaws.com",
			}
		}
	}
	if !f.Event.Time.IsZero() && f.Event.Name == "PutKeyPolicy" {
		before := f.Event.Time.Add(-time.Second).UTC().Format(time.RFC3339)
		c.previousPolicy = command{ // a backslash before a line's end continues it in double quotes too
			"aws cloudtrail lookup-events", in, "--end-time " + before, "--output text",
			"--lookup-attributes", "AttributeKey=EventName,AttributeValue=PutKeyPolicy",
			`--query "Events[?contains(CloudTrailEvent,`, "'" + id + `')].CloudTrailEvent"`,
		}
	}
}
