package detector

import (
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// RuleID is the id of the Splunk detection that kmsentry started from,
// "AWS Detect Users creating keys with encrypt policy without MFA".
// Source: research.splunk.com/cloud/c79c164f-4b21-4847-98f9-cf6a9f49179e.
const RuleID = "c79c164f-4b21-4847-98f9-cf6a9f49179e"

// A Result is what one record came to.
type Result struct {
	Event   Event          // the call, as far as the record told
	Key     Key            // the key, as far as the record told
	Verdict policy.Verdict // Private when nothing is to be reported; see Quiet
	Quiet   string         // why there is no finding, in a few words; "" when there is one
	Finding *Finding       // nil when there is nothing to report
}

// A Finding is a key policy that lets outsiders in, now or by itself later
// (then the verdict is private and Decision.Future is set), that could not be
// decided, or that takes the key away from its owner's account.
type Finding struct {
	UID         string // hex SHA-256 over rule, account, Region, event id and key: the same when the event comes again
	Verdict     policy.Verdict
	Severity    Severity
	Attempted   bool   // the call was refused: this policy is not in force
	Title       string // one line, e.g. "Anyone in AWS can encrypt with this KMS key"
	Event       Event
	Key         Key
	Actor       Actor
	Source      Source
	Policy      PolicyText
	Decision    policy.Decision // policy.Unread when the policy did not parse
	Problem     string          // why the policy could not be read; "" otherwise
	Unreadable  []string        // the parts of the policy that could not be read, each with its line and what is wrong with it; nil when the whole policy was read, or nothing of it
	Statements  []Statement     // the offending statements, in document order
	OwnerLocked bool            // the policy is in force and surely leaves nobody of the owner's account a way to change it: only AWS Support can mend that. False when the owner is not known or the policy could not be read
	Repaired    string          // the same policy without the offending grants, indented JSON; "" when that would lock the owner out or is not surely private
	Splunk      Splunk

	trust bool // the detector trusts somebody beside the owner
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
	ErrorCode    string    // "" when the call was accepted
	ErrorMessage string
	Bypass       bool // bypassPolicyLockoutSafetyCheck was set
}

// A Key is the KMS key whose policy is judged.
type Key struct {
	ARN         string // "" when it could not be told; see Note
	ID          string // the id behind "key/", or what the request named
	Account     string // the owner, 12 digits; "" unknown
	Region      string // the key's Region; for ReplicateKey the replica's
	Partition   string // "aws", "aws-cn", "aws-us-gov"; never empty ("aws" when unknown)
	Alias       string // the alias by which the request named the key, with "alias/"; "" otherwise
	Spec        string // "" when the record does not tell
	Usage       string // "" when the record does not tell
	Origin      string // "" when the record does not tell
	MultiRegion *bool  // nil when the record does not tell
	Note        string // what could not be told of the key, a sentence; "" when all is known
}

// MFA says whether the caller had signed in with multi-factor authentication.
type MFA int

// The zero MFA is unknown.
const (
	MFAUnknown       MFA = iota // the record does not tell, or the identity provider knows
	MFAYes                      // mfaAuthenticated is "true"
	MFANo                       // mfaAuthenticated is "false"
	MFANotApplicable            // a long-term access key, or an AWS service
)

// An Actor is who made the call.
type Actor struct {
	Type         string // userIdentity.type: IAMUser, AssumedRole, Root, FederatedUser, WebIdentityUser, SAMLUser, AWSAccount, AWSService, IdentityCenterUser, Unknown
	ARN          string // "" when absent
	PrincipalID  string // "" when absent
	Name         string // short name, never empty: user, session, "root", service, or "unknown"
	Role         string // the role's name for AssumedRole; "" otherwise
	RoleARN      string // sessionIssuer.arn; "" otherwise
	Account      string // the caller's account; "" when absent
	AccessKeyID  string // "" when absent
	LongTermKey  bool   // AccessKeyID is a long-term key (AKIA...), or hidden and the record has no session
	MFA          MFA
	MFANote      string    // one clause for people, e.g. "federated, ask your identity provider"; "" when plain
	InvokedBy    string    // the AWS service that made the call for the actor; "" otherwise
	SessionStart time.Time // zero when absent
	SSO          bool      // an AWSReservedSSO_ role or an IdentityCenterUser
	Federated    bool      // signed in through an outside identity provider (SAML, web identity, SSO)
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
	Text   string
	SHA256 string // hex, of Text
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

// Splunk holds the columns of the seed rule and what it would have done.
type Splunk struct {
	Signature          string // eventName
	Dest               string // eventSource
	User               string
	UserAgent          string
	Src                string
	VendorAccount      string
	VendorRegion       string
	VendorProduct      string // "AWS CloudTrail"
	KeyPolicyAction    string
	KeyPolicyPrincipal string
	Count              int // 1
	FirstTime          time.Time
	LastTime           time.Time
	RiskScore          int    // 50, the seed's own
	SeedSeverity       string // "medium", the seed's own
	WouldAlertLiteral  bool   // reading "*" in the search as the character
	WouldAlertWildcard bool   // reading "*" in the search as a wildcard, as SPL does
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
