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
	// Account is the key owner's account id, 12 digits. "" takes it from
	// KeyARN. When both are empty every account that the policy names counts
	// as outside.
	Account string

	// KeyARN is the key's ARN; "" is unknown. For what depends on it the worst
	// for the owner is then assumed, and the decision is flagged.
	KeyARN string

	// At is the instant of aws:CurrentTime and aws:EpochTime.
	At time.Time

	// TrustedAccounts (12 digits) and TrustedOrgs (o-...) count as inside.
	TrustedAccounts []string
	TrustedOrgs     []string

	// Key holds what is known of the key.
	Key kmsapi.KeyFacts

	// Stop is asked every few thousand steps whether to give up; the answer is
	// then the same as past the bound of work. Nil never gives up. A caller with
	// a deadline looks at its clock here.
	Stop func() bool

	// RCPs are resource control policies (ParseRCP) that apply to the key
	// owner's account. That they apply is up to the caller to know: they never
	// apply to an organization's management account.
	RCPs []*policy.Policy

	// Blame asks for Decision.Opens.
	Blame bool

	// MaxSteps bounds the work; 0 means the package's MaxSteps. A caller with
	// several questions about one policy may give each a share of that.
	MaxSteps int

	// Explain asks for Decision.Statements, which doubles the work.
	Explain bool
}

// about returns the part of q with which the policy is compiled.
func (q *Question) about(partition string) compile.About {
	return compile.About{Account: q.Account, KeyARN: q.KeyARN, Partition: partition, Key: q.Key, TrustedAccounts: q.TrustedAccounts, RCPs: q.RCPs}
}
