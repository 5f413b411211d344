package detector

import (
	"cmp"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// RuleID is the id of the Splunk detection that kmsentry started from,
// "AWS Detect Users creating keys with encrypt policy without MFA".
// Source: research.splunk.com/cloud/c79c164f-4b21-4847-98f9-cf6a9f49179e.
const RuleID = "c79c164f-4b21-4847-98f9-cf6a9f49179e"

// A Result is what one record came to.
type Result struct {
	Event   Event          // the call, as far as the record told
	Key     Key            // the key, as far as the record told
	Verdict decide.Verdict // Private when nothing is to be reported; see Quiet
	Quiet   string         // why there is no finding, in a few words; "" when there is one
	Finding *Finding       // nil when there is nothing to report
}

// A Finding is a key policy that lets outsiders in, now or by itself later
// (then the verdict is private and Decision.Future is set), that could not be
// decided, or that takes the key away from its owner's account.
type Finding struct {
	UID         string // hex SHA-256 over rule, account, Region, event id and key: the same when the event comes again
	Verdict     decide.Verdict
	Severity    Severity
	Attempted   bool   // the call was refused (Event.Outcome is Refused): this policy is not in force
	Title       string // one line, e.g. "Anyone in AWS can encrypt with this KMS key"
	Event       Event
	Key         Key
	Actor       Actor
	Source      Source
	Policy      PolicyText
	Decision    decide.Decision // decide.Unread when the policy did not parse
	Problem     string          // why the policy could not be read, also when it is not in the record (Policy.Missing); "" otherwise
	Unreadable  []string        // the parts of the policy that could not be read, each with its line and what is wrong with it; nil when the whole policy was read, or nothing of it
	Statements  []Statement     // the offending statements, in document order
	OwnerLocked bool            // the policy is in force and certainly leaves nobody in the owner's account a way to change it: only AWS Support can fix that. False when the key's ARN, and with it the owner, is not known, or the policy could not be read
	Repaired    string          // the same policy without the offending grants, indented JSON; "" when that would lock the owner out or is not certainly private
	Splunk      Splunk
	Notes       []string // what in the record was odd and is taken for unknown, one clause each, e.g. "resources: expected an array, found a string"; they hold no text of the event

	trust bool // the detector trusts somebody other than the owner
}

// An Event identifies the API call.
type Event struct {
	ID           string    // CloudTrail eventID
	RequestID    string    // "" when absent
	Name         string    // "CreateKey", "PutKeyPolicy", "ReplicateKey"
	Source       string    // "kms.amazonaws.com"
	Version      string    // eventVersion
	APIVersion   string    // "" when absent
	Time         time.Time // UTC; zero when the record has none that parses
	Region       string    // awsRegion: where the call was made
	Account      string    // recipientAccountId: whose trail recorded it
	Outcome      Outcome   // whether the call took effect; the zero Outcome for calls that set no key policy
	ErrorCode    string    // errorCode as text, the JSON of one that is not a string; "" when the record has none
	ErrorMessage string
	Bypass       bool // bypassPolicyLockoutSafetyCheck was set
	FromConsole  bool // sessionCredentialFromConsole: the call came out of a session of the AWS console
}

// A Key is the KMS key whose policy is judged.
type Key struct {
	ARN            string // "" when it could not be told; see Note
	ID             string // the id after "key/", or what the request named
	Account        string // the owner, 12 digits; "" unknown
	Region         string // the key's Region; for ReplicateKey the replica's
	Partition      string // "aws", "aws-cn", "aws-us-gov"; never empty ("aws" when unknown)
	Alias          string // the alias by which the request named the key, with "alias/"; "" otherwise
	PrimaryARN     string // for ReplicateKey the ARN of the key that was replicated; "" for other calls and when it could not be told
	Spec           string // "" when the record does not say
	Usage          string // "" when the record does not say
	Origin         string // AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE; "" when the record does not say
	CustomKeyStore string // customKeyStoreId (cks-...), of CloudHSM or outside AWS; "" when the record names none
	ExternalKey    string // xksKeyId, the key's id in the external key manager; "" when the record names none
	MultiRegion    *bool  // nil when the record does not say
	Note           string // what could not be told of the key, a sentence; "" when all is known
}

// MFA says whether the caller had signed in with multi-factor authentication.
type MFA int

// The zero MFA is unknown.
const (
	MFAUnknown       MFA = iota // the record cannot know, or does not say; MFANote says why
	MFAYes                      // the session says so, and is of a kind that can know
	MFANo                       // the session of an IAM user or of root says so
	MFANotApplicable            // a long-term access key, or no person: a service, an instance, a function
)

// An Actor is who made the call. Texts are "" when the record does not have them.
type Actor struct {
	Type              string // userIdentity.type: IAMUser, AssumedRole, Root, FederatedUser, WebIdentityUser, SAMLUser, AWSAccount, AWSService, IdentityCenterUser, Unknown; never empty
	ARN               string
	PrincipalID       string
	Name              string // short name, never empty: user, session, "root", service, or "unknown"
	Role              string // the role's name for AssumedRole and Role
	RoleARN           string // sessionIssuer.arn, the role that the session is of
	ServiceLinked     bool   // the role is a service-linked one: only its service may change it, and its sessions cannot be revoked
	Broker            string // for FederatedUser who asked for the session (GetFederationToken): ARN of an IAM user or root
	Account           string // the caller's account
	AccessKeyID       string
	LongTermKey       bool // AccessKeyID is a long-term key (AKIA...), or hidden and the record has no session
	MFA               MFA
	MFANote           string // one clause for people, e.g. "federated, ask your identity provider"; never empty for MFAUnknown and MFANotApplicable
	InvokedBy         string // the AWS service that made the call for the actor, e.g. "cloudformation.amazonaws.com": userIdentity.invokedBy, else the service that sourceIPAddress names
	InScopeOf         Scope
	EC2RoleDelivery   string // "1.0" or "2.0": an EC2 instance's metadata service gave the credentials, in that version
	SourceIdentity    string // set when the role was assumed and carried on through chained roles
	FederatedProvider string // webIdFederationData.federatedProvider, or userIdentity.identityProvider
	OnBehalfOf        IdentityCenterUser
	AssumedRoot       bool      // a session of sts:AssumeRoot: the management account or its delegate acted as a member's root
	SessionStart      time.Time // zero when absent
	SSO               bool      // an AWSReservedSSO_ role or an IdentityCenterUser
	Federated         bool      // signed in through an outside identity provider (SAML, web identity, SSO) or a broker (FederatedUser)
}

// A Scope is userIdentity.inScopeOf: for which resource of a service the
// credentials were made. Texts are "" when the record does not have them.
// Source: CloudTrail User Guide, cloudtrail-event-reference-user-identity.html.
type Scope struct {
	IssuerType    string // e.g. "AWS::Lambda::Function", "AWS::EC2::Instance"
	IssuedTo      string // credentialsIssuedTo, its ARN
	SourceARN     string // sourceArn, the resource that made the service call
	SourceAccount string // sourceAccount, who owns it
}

// An IdentityCenterUser is userIdentity.onBehalfOf, a person in IAM Identity
// Center: the two ids that aws identitystore describe-user wants. The zero
// value is nobody.
type IdentityCenterUser struct {
	UserID   string
	StoreARN string // identityStoreArn, arn:PARTITION:identitystore::ACCOUNT:identitystore/ID
}

// A Source is where the call came from.
type Source struct {
	Address     string // sourceIPAddress as written: an address, a host or service name; "" when absent
	IsIP        bool   // Address parses as an IP address
	UserAgent   string // "" when absent
	VPCEndpoint string // vpcEndpointId; "" when absent
}

// A PolicyText is the key policy as the record carried it.
type PolicyText struct {
	Text    string // "" when the record does not show the policy
	SHA256  string // hex, of Text; "" without a Text
	Missing string // the clause that says why the record does not show the policy; "" when it does
}

// A Statement is an offending statement as written.
type Statement struct {
	Index     int // from 0
	Count     int // how many statements the policy has
	Sid       string
	Effect    string
	Principal string // the member Principal or NotPrincipal as written, e.g. `"Principal": {"AWS":"*"}` compacted
	Action    string // the member Action or NotAction as written, compacted
	Condition string // the member Condition, compacted; "" when there is none
	Text      string // the whole statement, as written
}

// Splunk holds the columns of the seed rule and what it would have done. The
// rule prints a row for each of Rows, and the other columns are the same in all.
type Splunk struct {
	Signature          string // eventName
	Dest               string // eventSource
	User               string
	UserAgent          string
	Src                string
	VendorAccount      string
	VendorRegion       string
	VendorProduct      string // "AWS CloudTrail"
	FirstTime          time.Time
	LastTime           time.Time
	RiskScore          int         // 50, the seed's own
	SeedSeverity       string      // "medium", the seed's own
	Rows               []SplunkRow // at least one, at most 100; those with kms:Encrypt first, of them those for "*"
	MoreRows           int         // how many rows more than Rows holds there are
	WouldAlertLiteral  bool        // one of the rows fires, reading "*" in the search as the character
	WouldAlertWildcard bool        // one of the rows fires, reading "*" in the search as a wildcard, as SPL does
}

// A SplunkRow is one row that the seed rule prints of the event, or, when it
// prints none, one that shows the offending statement in the rule's columns.
type SplunkRow struct {
	KeyPolicyAction    string // one action as written; "unknown" when the statement has none
	KeyPolicyPrincipal string // one principal as written; "unknown" when the statement has none
	Count              int    // how many statements give this row
}

// A Severity ranks findings.
type Severity int

// The severities; the zero Severity is Low, what every finding has at least.
const (
	Low Severity = iota
	Medium
	High
	Critical
)

// String returns the severity in lower case.
func (s Severity) String() string {
	switch s {
	case Critical:
		return "critical"
	case High:
		return "high"
	case Medium:
		return "medium"
	default:
		return "low"
	}
}

// uid identifies the finding: the same record always gets the same uid, so
// that consumers can drop what EventBridge and Lambda deliver twice. It covers
// rule, account, Region, event id and key. A record without an event id, which
// CloudTrail does not write, is told by its time, call and policy instead.
func (f *Finding) uid() string {
	event := f.Event.ID
	if event == "" {
		event = strings.Join([]string{f.Event.Time.Format("20060102T150405Z"), f.Event.RequestID, f.Event.Name, f.Policy.SHA256}, "\n")
	}
	key := cmp.Or(f.Key.ARN, f.Key.ID)
	return hexSum(strings.Join([]string{RuleID, f.Event.Account, f.Event.Region, event, key}, "\n"))
}
