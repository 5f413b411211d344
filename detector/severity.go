package detector

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// severity ranks the finding.
//
//	critical  public and in force, and strangers can encrypt but not decrypt
//	          (what ransomware needs: only the owner can undo it), or the
//	          caller signed without MFA
//	high      public and in force otherwise; too intricate to decide, or not
//	          decided in time: somebody may hide an open key so
//	medium    network; undecided, which may be public; private now but public or
//	          network by itself later
//	low       shared; every refused attempt
//
// What the decision left open never ranks below medium.
func (f *Finding) severity() Severity {
	switch {
	case f.Attempted:
		return Low
	case f.Verdict == policy.Public && (f.Actor.signedWithoutMFA() || f.encryptOnly()):
		return Critical
	case f.Verdict == policy.Public, f.Decision.TooIntricate:
		return High
	case f.Verdict == policy.Shared && len(f.Decision.Undecided) == 0 && !f.opensLater():
		return Low
	case f.Verdict == policy.Private && !f.opensLater():
		return Low // shared, later
	default:
		return Medium
	}
}

// opensLater reports whether strangers get in at a later instant.
func (f *Finding) opensLater() bool {
	later := f.Decision.Future
	return later != nil && later.Verdict != policy.Shared && later.Verdict != policy.Private
}

// encryptOnly reports whether strangers can make ciphertext under the key that
// they cannot decrypt themselves. What only named outsiders can do plays no
// part.
func (f *Finding) encryptOnly() bool {
	return f.Decision.Classes.Encrypt.Least == policy.Public && !f.opens(policy.Public, "kms:Decrypt", "kms:ReEncryptFrom")
}

// opens reports whether an audience surely gets to one of actions, by itself or
// through a grant that it may create.
func (f *Finding) opens(audience policy.Verdict, actions ...string) bool {
	return slices.ContainsFunc(f.Decision.Grants, func(g policy.Grant) bool {
		if g.Audience != audience {
			return false
		}
		return slices.Contains(actions, g.Action) || slices.ContainsFunc(g.Witness.Context[grantOperations], func(op string) bool {
			return slices.Contains(actions, "kms:"+op)
		})
	})
}

// grantOperations is the condition key for the operations of a new grant.
// Source: Service Authorization Reference, AWS Key Management Service.
const grantOperations = "kms:GrantOperations"
