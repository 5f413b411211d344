package detector

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// title says in one line what the key policy does. It holds no text of the event.
func (f *Finding) title() string {
	switch {
	case f.Attempted:
		return f.attempt()
	case f.Event.Outcome == OutcomeUnknown:
		return f.inForce() + ", if the call took effect"
	default:
		return f.inForce()
	}
}

// inForce words a policy that is, or may be, in force.
func (f *Finding) inForce() string {
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
		switch {
		case f.Policy.Missing != "":
			return "The new policy of this KMS key is not in the record"
		case f.Problem != "":
			return "The policy of this KMS key could not be read"
		}
		return "It could not be decided who can encrypt with this KMS key"
	}
}

// attempt words a refused call. When it was CreateKey there is no key, hence "a".
func (f *Finding) attempt() string {
	switch f.Verdict {
	case policy.Public:
		return "Refused attempt to open a KMS key to anyone in AWS"
	case policy.Network:
		return "Refused attempt to open a KMS key to named networks"
	case policy.Shared:
		return "Refused attempt to share a KMS key with named outsiders"
	case policy.Private:
		return "Refused attempt to open a KMS key at a later time"
	default:
		if f.Problem != "" {
			return "Refused call with a key policy that could not be read"
		}
		return "Refused call with a key policy that could not be decided"
	}
}

// later words a policy that opens by itself.
func (f *Finding) later() string {
	what := "This KMS key may open to outsiders"
	switch f.Decision.Future.Verdict {
	case policy.Public:
		what = "This KMS key opens to anyone in AWS"
	case policy.Network:
		what = "This KMS key opens to named networks"
	case policy.Shared:
		what = "This KMS key opens to named outsiders"
	}
	return what + " on " + f.Decision.Future.At.UTC().Format("2006-01-02 15:04:05 UTC")
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
