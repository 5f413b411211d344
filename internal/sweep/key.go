package sweep

import (
	"github.com/kmsentry/kmsentry/detector/policy"
)

// A Key is what a sweep found out about one key.
type Key struct {
	ARN, Account, Region string
	State                string // "Enabled", "Disabled", "PendingDeletion" ...; "" unknown
	Managed              bool   // one of AWS's own: not judged
	Gone                 bool   // deleted while the sweep ran: not judged
	Facts                policy.KeyFacts
	Replicas             []string // ARNs of all the keys with the same material, this one too; nil for others
	PolicySHA256         string   // hex; "" when the policy was not read
	// Decision is about the key policy alone; that of policy.Unread when it could not be read.
	Decision policy.Decision
	// GrantsOut are the grants to outsiders. GrantsRead says that all grants were read.
	GrantsOut  []Grant
	GrantsRead bool
	// Unread says what could not be read, one line each.
	Unread []string
}

// Usable reports whether the key can be used now, or may be.
func (k *Key) Usable() bool {
	return !k.Gone && (k.State == "" || k.State == "Enabled" || k.State == "Updating")
}

// Judged reports whether the key was for the sweep to judge.
func (k *Key) Judged() bool { return !k.Managed && !k.Gone }

// Bounds are the verdict of policy and grants together. Grants that were not
// read may let somebody in, but only somebody named.
func (k *Key) Bounds() policy.Bounds {
	least, most := k.Decision.Least, k.Decision.Most
	if !k.GrantsRead {
		most = max(most, policy.Shared)
	}
	for _, g := range k.GrantsOut {
		if !g.decides() {
			continue
		}
		most = max(most, policy.Shared)
		if g.Audience == policy.Shared {
			least = max(least, policy.Shared)
		}
	}
	return policy.Between(least, most)
}
