package policy

import "time"

// A Question is what Decide needs to know besides the policy. The zero
// Question is valid: an unknown owner, an unknown key and the zero instant.
type Question struct {
	// Account is the key owner's account id, 12 digits. "" takes it from
	// KeyARN. When both are empty every account that the policy names counts
	// as outside.
	Account string

	// KeyARN is the key's ARN. "" is unknown: what depends on it is taken at
	// its worst for the owner and flagged.
	KeyARN string

	// At is the instant that aws:CurrentTime has, aws.EpochTime too.
	At time.Time

	// TrustedAccounts (12 digits) and TrustedOrgs (o-...) count as inside.
	TrustedAccounts []string
	TrustedOrgs     []string

	// Key holds what is known of the key.
	Key KeyFacts

	// Stop is asked now and then, every few thousand steps, whether to give up;
	// the answer is then as past the bound of work. Nil: never. A caller that
	// has a deadline looks at its clock here.
	Stop func() bool

	// RCPs are resource control policies (ParseRCP) that apply to the key
	// owner's account; the caller answers for that. They never apply to an
	// organization's management account.
	RCPs []*Policy

	// Blame asks for Decision.Opens.
	Blame bool

	// MaxSteps bounds the work; 0 is the MaxSteps of this package, of which a
	// caller that asks several questions about one policy may give each a part.
	MaxSteps int

	// Explain asks for Decision.Statements, which costs as much again.
	Explain bool
}

// KeyFacts are properties of a key that conditions can ask for. An empty field
// is unknown: conditions on it are taken at their worst for the owner and the
// decision says so (FlagKeyDependent).
type KeyFacts struct {
	Spec        string            // "SYMMETRIC_DEFAULT", "RSA_2048" ...
	Usage       string            // "ENCRYPT_DECRYPT", "SIGN_VERIFY" ...
	Origin      string            // "AWS_KMS", "EXTERNAL" ...
	MultiRegion *bool             // nil: taken from the ARN (mrk- ids), else unknown
	Org         string            // the owner's organization id; "" unknown
	Tags        map[string]string // nil: unknown; empty: no tags
	Aliases     []string          // "alias/x"; nil: unknown; empty: no aliases
}

// A Request is one request to KMS, with everything about the caller that a key
// policy can ask for.
type Request struct {
	// Principal is what aws:PrincipalArn holds; for a role session the role's ARN.
	// "" when a service calls for itself.
	Principal string
	// Session is the session's own ARN (assumed-role or federated-user); "" for
	// users and the account root.
	Session string
	// UniqueID is the unique id of the user or role (AIDA..., AROA...); "" for others.
	UniqueID string
	// Parent is the ARN of the IAM user whose GetFederationToken call made this
	// federated session; "" for everything else.
	Parent string
	// Service is the service principal that calls for itself, not for a
	// customer, e.g. "cloudtrail.amazonaws.com"; "" for everybody else.
	Service string
	// Action is the full name, e.g. "kms:Encrypt".
	Action string
	// Resource is the key's ARN; "" when it is not known.
	Resource string
	// Time is the instant of the request.
	Time time.Time
	// Context holds the request's condition keys in their canonical spelling
	// (as in AWS's documentation; names behind a colon as the policy writes
	// them) with their values. A key without an entry is absent from the
	// request. Keys are compared without regard to letter case.
	Context map[string][]string

	folded map[string][]string // by lower-case name: the names in Context that have values
}

// An Answer is what the evaluator says of one request. The zero Answer is Maybe.
type Answer int

// Maybe means that AWS does not document the outcome.
const (
	Maybe Answer = iota
	No
	Yes
)

// String returns "yes", "no" or "maybe".
func (a Answer) String() string {
	switch a {
	case Yes:
		return "yes"
	case No:
		return "no"
	default:
		return "maybe"
	}
}
