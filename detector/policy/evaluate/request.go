package evaluate

import "time"

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
	// (as in AWS's documentation; names after a colon as the policy writes
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
