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

// A Result is the outcome of judging one record.
type Result struct {
	Event   Event          // the call, as far as the record describes it
	Key     Key            // the key, as far as the record describes it
	Verdict decide.Verdict // Private when nothing is to be reported; see Quiet
	Quiet   string         // why there is no finding, in a few words; "" when there is one
	Finding *Finding       // nil when there is nothing to report
}

// A Finding describes a key policy that lets outsiders in, now or on its own at
// a later time (then the verdict is private and Decision.Future is set), that
// could not be decided, or that takes the key away from its owner's account.
type Finding struct {
	// UID is the hex SHA-256 of rule, account, Region, event id and key: the same
	// when the event is delivered again.
	UID       string
	Verdict   decide.Verdict
	Severity  Severity
	Attempted bool   // the call was refused (Event.Outcome is Refused): this policy is not in force
	Title     string // one line, e.g. "Anyone in AWS can encrypt with this KMS key"
	Event     Event
	Key       Key
	Actor     Actor
	Source    Source
	Policy    PolicyText
	Decision  decide.Decision // decide.Unread when the policy did not parse
	// Problem says why the policy could not be read, or that it is not in the
	// record (Policy.Missing); "" otherwise.
	Problem string
	// Unreadable has the parts of the policy that could not be read, each with its
	// line and what is wrong with it; nil when all of the policy was read, or none.
	Unreadable []string
	Statements []Statement // the offending statements, in document order
	// OwnerLocked means that the policy is in force and that certainly nobody in the
	// owner's account can change it: only AWS Support can fix that. It is false when
	// the key's ARN, and so the owner, is unknown, or the policy could not be read.
	OwnerLocked bool
	// Repaired is the same policy without the offending grants, as indented JSON; ""
	// when that would lock the owner out or is not certainly private.
	Repaired string
	Splunk   Splunk
	// Notes has one clause for each part of the record that is of another type than
	// expected and counts as unknown, e.g. "resources: expected an array, found a
	// string". They hold no text from the event.
	Notes []string

	trust bool // the detector trusts accounts or organizations besides the owner
}

// An Event identifies the API call.
type Event struct {
	ID           string    // CloudTrail eventID
	RequestID    string    // "" when absent
	Name         string    // "CreateKey", "PutKeyPolicy", "ReplicateKey"
	Source       string    // "kms.amazonaws.com"
	Version      string    // eventVersion
	APIVersion   string    // "" when absent
	Time         time.Time // UTC; zero when the record's time is absent or does not parse
	Region       string    // awsRegion: where the call was made
	Account      string    // recipientAccountId: whose trail recorded it
	Outcome      Outcome   // whether the call took effect; the zero Outcome for calls that set no key policy
	ErrorCode    string    // errorCode as text, or its JSON when it is not a string; "" when the record has none
	ErrorMessage string
	Bypass       bool // bypassPolicyLockoutSafetyCheck was set
	FromConsole  bool // sessionCredentialFromConsole: the call was made in a session of the AWS console
}

// A Key is the KMS key whose policy is judged.
type Key struct {
	ARN       string // "" when it is not known; see Note
	ID        string // the id after "key/", or what the request named
	Account   string // the owner, 12 digits; "" unknown
	Region    string // the key's Region; for ReplicateKey the replica's
	Partition string // "aws", "aws-cn", "aws-us-gov"; never empty ("aws" when unknown)
	Alias     string // the alias by which the request named the key, including "alias/"; "" otherwise
	// PrimaryARN is, for ReplicateKey, the ARN of the key that was replicated; "" for
	// other calls and when it is not known.
	PrimaryARN string
	Spec       string // "" when the record does not say
	Usage      string // "" when the record does not say
	Origin     string // AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE; "" when the record does not say
	// CustomKeyStore is customKeyStoreId (cks-...), of a CloudHSM or an external key
	// store; "" when the record names none.
	CustomKeyStore string
	ExternalKey    string // xksKeyId, the key's id in the external key manager; "" when the record names none
	MultiRegion    *bool  // nil when the record does not say
	Note           string // a sentence on what the record does not say about the key; "" when all is known
}

// An MFA says whether the caller had signed in with multi-factor authentication.
type MFA int

// The zero MFA is unknown.
const (
	MFAUnknown       MFA = iota // the record cannot show it, or does not say; MFANote says why
	MFAYes                      // the session says so, and is of a kind that can show it
	MFANo                       // the session of an IAM user or of the root user says so
	MFANotApplicable            // a long-term access key, or no person: a service, an instance, a function
)

// An Actor is the caller. Strings are "" when the record does not have them.
type Actor struct {
	// Type is userIdentity.type, e.g. IAMUser, AssumedRole, Root, FederatedUser,
	// WebIdentityUser, SAMLUser, AWSAccount, AWSService or IdentityCenterUser; Unknown
	// when the record has none.
	Type        string
	ARN         string
	PrincipalID string
	Name        string // short name, never empty: user, session, "root", service, or "unknown"
	Role        string // the role's name for AssumedRole and Role
	RoleARN     string // sessionIssuer.arn, the role whose session this is
	// ServiceLinked means that the role is a service-linked role: only its service
	// may change it, and its sessions cannot be revoked.
	ServiceLinked bool
	// Broker is, for FederatedUser, the caller of GetFederationToken: the ARN, name or
	// principal id of an IAM user or the root user.
	Broker      string
	Account     string // the caller's account
	AccessKeyID string
	LongTermKey bool // AccessKeyID is a long-term key (AKIA...), or it is hidden and the record has no session
	MFA         MFA
	// MFANote is a clause that explains MFA, e.g. "federated, ask your identity
	// provider"; never empty for MFAUnknown and MFANotApplicable.
	MFANote string
	// InvokedBy is the AWS service that made the call for the actor, e.g.
	// "cloudformation.amazonaws.com": userIdentity.invokedBy or, when the record has
	// none, the service that sourceIPAddress names.
	InvokedBy string
	InScopeOf Scope
	// EC2RoleDelivery is "1.0" or "2.0": the version of the instance metadata service
	// that gave an EC2 instance the credentials.
	EC2RoleDelivery   string
	SourceIdentity    string // set when the role was assumed, and kept through chained roles
	FederatedProvider string // webIdFederationData.federatedProvider, or userIdentity.identityProvider
	OnBehalfOf        IdentityCenterUser
	// AssumedRoot means a session of sts:AssumeRoot: the management account or a
	// delegated administrator acted as the root user of a member account.
	AssumedRoot  bool
	SessionStart time.Time // zero when absent
	SSO          bool      // an AWSReservedSSO_ role or an IdentityCenterUser
	// Federated means signed in through an outside identity provider (SAML, web
	// identity, SSO) or a broker (FederatedUser).
	Federated bool
}

// A Scope is userIdentity.inScopeOf: the resource of a service for which the
// credentials were issued. Strings are "" when the record does not have them.
// Source: CloudTrail User Guide, cloudtrail-event-reference-user-identity.html.
type Scope struct {
	IssuerType    string // e.g. "AWS::Lambda::Function", "AWS::EC2::Instance"
	IssuedTo      string // credentialsIssuedTo, the ARN of that resource
	SourceARN     string // sourceArn, the resource on whose behalf the service called
	SourceAccount string // sourceAccount, the account that owns SourceARN
}

// An IdentityCenterUser is userIdentity.onBehalfOf, a person in IAM Identity
// Center, by the two ids that aws identitystore describe-user takes. The zero
// value is nobody.
type IdentityCenterUser struct {
	UserID   string
	StoreARN string // identityStoreArn, arn:PARTITION:identitystore::ACCOUNT:identitystore/ID
}

// A Source is where the call came from.
type Source struct {
	Address     string // sourceIPAddress as written: an IP address, a host name or a service name; "" when absent
	IsIP        bool   // Address parses as an IP address
	UserAgent   string // "" when absent
	VPCEndpoint string // vpcEndpointId; "" when absent
}

// A PolicyText is the key policy as it is in the record.
type PolicyText struct {
	Text    string // "" when the record does not show the policy
	SHA256  string // hex SHA-256 of Text; "" when Text is ""
	Missing string // a clause that says why the record does not show the policy; "" when it does
}

// A Statement is an offending statement as written.
type Statement struct {
	Index     int // from 0
	Count     int // the number of statements in the policy
	Sid       string
	Effect    string
	Principal string // the member Principal or NotPrincipal, its value compacted, e.g. `"Principal": {"AWS":"*"}`
	Action    string // the member Action or NotAction, its value compacted
	Condition string // the member Condition, its value compacted; "" when there is none
	Text      string // the whole statement, as written
}

// A Splunk holds the columns that the seed rule, the Splunk detection RuleID,
// prints, and says whether it would have fired. The rule prints one row for each
// of Rows; the other columns are the same in every row.
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
	RiskScore          int         // 50, the seed rule's
	SeedSeverity       string      // "medium", the seed rule's
	Rows               []SplunkRow // 1 to 100; those with kms:Encrypt first, and among them those for "*"
	MoreRows           int         // the number of rows that Rows leaves out
	WouldAlertLiteral  bool        // one of the rows fires when "*" in the search is a literal character
	WouldAlertWildcard bool        // one of the rows fires when "*" in the search is a wildcard, as it is in SPL
}

// A SplunkRow is one row that the seed rule prints for the event or, when it
// prints none, a row that shows the offending statement in the rule's columns.
type SplunkRow struct {
	KeyPolicyAction    string // one action as written; "unknown" when the statement has none
	KeyPolicyPrincipal string // one principal as written; "unknown" when the statement has none
	Count              int    // the number of statements that give this row
}

// A Severity ranks findings.
type Severity int

// The severities, in ascending order. The zero Severity is Low.
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

// uid returns the id of the finding, the hex SHA-256 of rule, account, Region,
// event id and key. The same record always gets the same id, so that consumers
// can drop what EventBridge and Lambda deliver twice. For a record without an
// event id, which CloudTrail does not write, time, request id, call and policy
// replace the event id.
func (f *Finding) uid() string {
	event := f.Event.ID
	if event == "" {
		event = strings.Join([]string{f.Event.Time.Format("20060102T150405Z"), f.Event.RequestID, f.Event.Name, f.Policy.SHA256}, "\n")
	}
	key := cmp.Or(f.Key.ARN, f.Key.ID)
	return hexSum(strings.Join([]string{RuleID, f.Event.Account, f.Event.Region, event, key}, "\n"))
}
