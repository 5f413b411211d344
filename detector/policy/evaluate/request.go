package evaluate

import "time"

// A Request is one request to KMS, with everything about it that a key policy
// can test.
type Request struct {
	// Principal is the value of aws:PrincipalArn; for a role session the role's
	// ARN. It is "" if a service calls for itself.
	Principal string
	// Session is the session's own ARN (assumed-role or federated-user); "" for
	// users and the account root.
	Session string
	// UniqueID is the unique id of the user or role (AIDA..., AROA...); "" if it
	// is not known, and for other callers.
	UniqueID string
	// Parent is the ARN of the IAM user whose GetFederationToken call created
	// this federated session; "" if it is not known, and for other callers.
	Parent string
	// Service is the service principal that calls for itself rather than on
	// behalf of a caller, e.g. "cloudtrail.amazonaws.com"; "" for other callers.
	Service string
	// Action is the full name, e.g. "kms:Encrypt".
	Action string
	// Resource is the key's ARN; "" if it is not known.
	Resource string
	// Time is the instant of the request.
	Time time.Time
	// Context maps the request's condition keys to their values. Names are
	// spelled as in AWS's documentation, and free parts, such as the name of a
	// tag, as in the policy; they are compared in any letter case. A key without
	// an entry, or without values, is absent from the request.
	Context map[string][]string

	folded map[string][]string // the names in Context that have values, by foldName
}

// An Answer is the result of evaluating one request. The zero Answer is Maybe.
type Answer int

// Maybe means that AWS does not document the outcome, or that it turns on an
// unknown part of the policy.
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
