package detector

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// title says in one line what the key policy does. It holds no text of the event.
func (f *Finding) title() string {
	if f.Attempted {
		return "Refused: " + f.attempt()
	}
	switch f.Verdict {
	case policy.Public:
		return "Anyone in AWS can " + f.use() + " this KMS key"
	case policy.Network:
		return "Anyone in a named network can " + f.use() + " this KMS key"
	case policy.Shared:
		return "Named outsiders can " + f.use() + " this KMS key"
	case policy.Private:
		return f.later()
	default:
		if f.Problem != "" {
			return "The policy of this KMS key could not be read"
		}
		return "It could not be decided who can encrypt with this KMS key"
	}
}

// attempt words a refused call.
func (f *Finding) attempt() string {
	switch f.Verdict {
	case policy.Public:
		return "a key policy that would let anyone in AWS " + f.use() + " this KMS key"
	case policy.Network:
		return "a key policy that would let anyone in a named network " + f.use() + " this KMS key"
	case policy.Shared:
		return "a key policy that would let named outsiders " + f.use() + " this KMS key"
	case policy.Private:
		return "a key policy that would open this KMS key at a later time"
	default:
		if f.Problem != "" {
			return "a key policy that could not be read"
		}
		return "a key policy that could not be decided"
	}
}

// later words a policy that opens by itself.
func (f *Finding) later() string {
	who := "Named outsiders"
	switch f.Decision.Future.Verdict {
	case policy.Public:
		who = "Anyone in AWS"
	case policy.Network:
		who = "Anyone in a named network"
	case policy.Undecided:
		who = "Outsiders, as far as can be told,"
	}
	return who + " can encrypt with this KMS key from " + f.Decision.Future.At.UTC().Format("2006-01-02 15:04:05 UTC") + " on"
}

// use names the worst that the outsiders of the verdict can do.
func (f *Finding) use() string {
	encrypts := slices.ContainsFunc(f.Decision.Grants, func(g policy.Grant) bool {
		return g.Audience == f.Verdict && g.Action != createGrant
	})
	decrypts := slices.ContainsFunc(f.Decision.Others, func(g policy.Grant) bool {
		return g.Audience == f.Verdict && g.Action == "kms:Decrypt"
	})
	switch {
	case encrypts && decrypts:
		return "encrypt and decrypt with"
	case encrypts || len(f.Decision.Grants) == 0:
		return "encrypt with"
	default:
		return "create grants on"
	}
}

// createGrant is the one action of the encrypt class that makes no ciphertext itself.
const createGrant = "kms:CreateGrant"
