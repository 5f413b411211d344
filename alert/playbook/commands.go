package playbook

import (
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// A Command is one shell command, as pieces between which a line may be broken with a
// backslash. An empty Command could not be built safely.
type Command []string

// String returns the command on one line.
func (c Command) String() string { return strings.Join(c, " ") }

// SavePolicy returns the command that saves the policy in force on the finding's key
// to before.json; nil when the record does not name the key by a well-formed ARN.
func SavePolicy(f *detector.Finding) Command { return commandsFor(f).savePolicy }

// commands holds the commands that a responder may run; any of them may be empty.
// Those before restorePolicy change nothing.
type commands struct {
	newestKeys     Command // lists the newest keys, when it is not known whether one was created
	findKey        Command // prints the ARN of the key that the request named by an alias
	savePolicy     Command // saves the policy in force to before.json
	checkPolicy    Command // says whom the policy in before.json lets in
	previousPolicy Command // lists the PutKeyPolicy calls before this one
	keyHistory     Command // lists calls on this key
	listGrants     Command // lists grants on this key, which outlast its policy
	actorHistory   Command // lists calls with this access key
	describeUser   Command // describes the person with an Identity Center user id
	stack          Command // finds the CloudFormation stack that holds the key
	stackChanges   Command // lists CloudFormation calls in the hour before
	restorePolicy  Command // puts fixed.json in force
	disableKey     Command // disables the key, as a last resort
	deactivateKey  Command // deactivates a long-term access key
}

// commandsFor returns the commands for f. A responder pastes them into a shell, so
// they are built only from values that match their exact format; a command that needs
// any other value is left out.
func commandsFor(f *detector.Finding) commands {
	var c commands
	if region, ok := safe.KeyRegion(f.Key.ARN); ok && !f.NoKey() {
		c.forKey(f, region)
	}
	a := f.Actor
	if store, _, ok := safe.IdentityStore(a.OnBehalfOf.StoreARN); ok && safe.IsUserID(a.OnBehalfOf.UserID) {
		c.describeUser = Command{"aws identitystore describe-user", "--identity-store-id " + store, "--user-id " + a.OnBehalfOf.UserID}
		if region := safe.IdentityRegion(a.RoleARN); region != "" {
			c.describeUser = append(c.describeUser, "--region "+region)
		}
	}
	if f.Event.Name == "CreateKey" && f.MaybeNoKey() && safe.IsRegion(f.Event.Region) {
		in := "--region " + f.Event.Region
		c.newestKeys = Command{
			"for k in $(aws kms list-keys", in, "--query 'Keys[].KeyId'", "--output text); do", "aws kms describe-key", in, "--key-id $k",
			"--query 'KeyMetadata.[CreationDate,KeyId]'", "--output text; done", "| sort | tail -3",
		}
	}
	if f.Key.ARN == "" && safe.IsAlias(f.Key.Alias) && safe.IsRegion(f.Event.Region) {
		c.findKey = Command{"aws kms describe-key", "--region " + f.Event.Region, "--key-id " + f.Key.Alias, "--query KeyMetadata.Arn", "--output text"}
	}
	if safe.IsAccessKey(a.AccessKeyID) && safe.IsRegion(f.Event.Region) {
		c.actorHistory = Command{
			"aws cloudtrail lookup-events", "--region " + f.Event.Region,
			"--lookup-attributes", "AttributeKey=AccessKeyId,AttributeValue=" + a.AccessKeyID,
		}
	}
	if a.Type == "IAMUser" && a.LongTermKey && !a.ByService() && safe.IsAccessKey(a.AccessKeyID) && safe.IsIAMName(a.Name) {
		c.deactivateKey = Command{
			"aws iam update-access-key", "--user-name " + a.Name,
			"--access-key-id " + a.AccessKeyID, "--status Inactive",
		}
	}
	return c
}

// forKey builds the commands about the key, which is in region. They name the key by
// its id, which is short, and by its ARN only where an id is not enough.
func (c *commands) forKey(f *detector.Finding, region string) {
	arn, in := f.Key.ARN, "--region "+region
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	key := "--key-id " + id
	c.savePolicy = Command{"aws kms get-key-policy", in, key, "--policy-name default", "--query Policy", "--output text", "> before.json"}
	c.checkPolicy = Command{"kmsentry check", "--key-arn " + arn, "before.json"}
	c.keyHistory = Command{"aws cloudtrail lookup-events", in, "--lookup-attributes", "AttributeKey=ResourceName,AttributeValue=" + arn}
	c.listGrants = Command{"aws kms list-grants", in, key}
	c.restorePolicy = Command{"aws kms put-key-policy", in, key, "--policy-name default", "--policy file://fixed.json"}
	c.disableKey = Command{"aws kms disable-key", in, key}
	if strings.HasSuffix(f.Deployer(), "cloudformation.amazonaws.com") {
		c.stack = Command{"aws cloudformation describe-stack-resources", in, "--physical-resource-id " + id}
		if at := f.Event.Time; !at.IsZero() {
			c.stackChanges = Command{
				"aws cloudtrail lookup-events", in, "--output text",
				"--start-time " + at.Add(-time.Hour).UTC().Format(time.RFC3339), "--end-time " + at.UTC().Format(time.RFC3339),
				`--query "Events[].[EventTime,EventName,Username]"`,
				"--lookup-attributes", "AttributeKey=EventSource,AttributeValue=cloudformation.amazonaws.com",
			}
		}
	}
	if !f.Event.Time.IsZero() && f.Event.Name == "PutKeyPolicy" {
		before := f.Event.Time.Add(-time.Second).UTC().Format(time.RFC3339)
		c.previousPolicy = Command{ // within double quotes, too, a backslash at the end of a line continues it
			"aws cloudtrail lookup-events", in, "--end-time " + before, "--output text",
			"--lookup-attributes", "AttributeKey=EventName,AttributeValue=PutKeyPolicy",
			`--query "Events[?contains(CloudTrailEvent,`, "'" + id + `')].CloudTrailEvent"`,
		}
	}
}
