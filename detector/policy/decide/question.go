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

	// KeyARN is the key's ARN. "" is unknown: what depends on it is taken at
	// its worst for the owner and flagged.
	KeyARN string

	// At is the instant that aws:CurrentTime has, aws.EpochTime too.
	At time.Time

	// TrustedAccounts (12 digits) and TrustedOrgs (o-...) count as inside.
	TrustedAccounts []string
	TrustedOrgs     []string

	// Key holds what is known of the key.
	Key kmsapi.KeyFacts

	// Stop is asked now and then, every few thousand steps, whether to give up;
	// the answer is then as past the bound of work. Nil: never. A caller that
	// has a deadline looks at its clock here.
	Stop func() bool

	// RCPs are resource control policies (ParseRCP) that apply to the key
	// owner's account; the caller answers for that. They never apply to an
	// organization's management account.
	RCPs []*policy.Policy

	// Blame asks for Decision.Opens.
	Blame bool

	// MaxSteps bounds the work; 0 is the MaxSteps of this package, of which a
	// caller that asks several questions about one policy may give each a part.
	MaxSteps int

	// Explain asks for Decision.Statements, which costs as much again.
	Explain bool
}

// about is the part of q that its policy is compiled with.
func (q *Question) about(partition string) compile.About {
	return compile.About{Account: q.Account, KeyARN: q.KeyARN, Partition: partition, Key: q.Key, TrustedAccounts: q.TrustedAccounts, RCPs: q.RCPs}
}
