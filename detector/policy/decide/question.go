package decide

import (
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A Question is what Decide needs to know besides the policy. The zero
// Question is valid: an unknown owner, an unknown key and the zero instant.
type Question struct {
	// Account is the key owner's account id, 12 digits; "" means the account in
	// KeyARN. If both are empty, every account that the policy names counts as
	// outside, unless it is trusted.
	Account string

	// KeyARN is the key's ARN; "" if unknown. The decision then assumes, for
	// what depends on it, the ARN that is worst for the owner, and says so
	// (FlagKeyDependent).
	KeyARN string

	// At is the time of the requests: the value of aws:CurrentTime and
	// aws:EpochTime. It is truncated to whole seconds.
	At time.Time

	// TrustedAccounts (12 digits) and TrustedOrgs (o-...) do not count as outside.
	TrustedAccounts []string
	TrustedOrgs     []string

	// Key holds what is known about the key.
	Key kmsapi.KeyFacts

	// Stop is called every few thousand steps. If it returns true, Decide gives
	// up as if the bound of work were reached. A caller with a deadline can check
	// its clock there. Nil means never.
	Stop func() bool

	// RCPs are the resource control policies (policy.ParseRCP) that apply to the
	// key owner's account. The caller must know that they do: they never apply to
	// an organization's management account.
	RCPs []*policy.Policy

	// Blame asks for Decision.Opens.
	Blame bool

	// MaxSteps bounds the work, in steps; 0 means the constant MaxSteps. A caller
	// with several questions about one policy may give each a part of that.
	MaxSteps int

	// Explain asks for Decision.Statements, which may double the work.
	Explain bool
}

// about returns what compiling a policy needs to know of q.
func (q *Question) about(partition string) compile.About {
	return compile.About{Account: q.Account, KeyARN: q.KeyARN, Partition: partition, Key: q.Key, TrustedAccounts: q.TrustedAccounts, RCPs: q.RCPs}
}
