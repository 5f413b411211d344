package detector

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// severity ranks the finding.
//
//	critical  public and in force, and strangers can encrypt but not decrypt
//	          (what ransomware needs: only the owner can undo it), or the
//	          caller surely signed without MFA
//	high      public and in force otherwise
//	medium    network; undecided, which may be public; private now but public or
//	          network by itself later; shared with others than the trusted ones,
//	          where somebody said whom to trust
//	low       shared otherwise; every refused attempt
//
// What the decision left open never ranks below medium, and a call of unknown
// outcome ranks as one in force. p is the parsed policy, nil when it did not parse.
func (d Detector) severity(f *Finding, p *policy.Policy) Severity {
	switch {
	case f.Attempted:
		return Low
	case f.Verdict == policy.Public && (f.Actor.signedWithoutMFA() || f.encryptOnly(p)):
		return Critical
	case f.Verdict == policy.Public:
		return High
	case d.trusts():
		return Medium
	case f.Verdict == policy.Shared && len(f.Decision.Undecided) == 0 && !f.opensLater():
		return Low
	case f.Verdict == policy.Private && !f.opensLater():
		return Low // shared, later
	default:
		return Medium
	}
}

// trusts reports whether somebody said which outsiders to trust.
func (d Detector) trusts() bool { return len(d.TrustedAccounts)+len(d.TrustedOrgs) > 0 }

// opensLater reports whether strangers get in at a later instant.
func (f *Finding) opensLater() bool {
	later := f.Decision.Future
	return later != nil && later.Verdict != policy.Shared && later.Verdict != policy.Private
}

// encryptOnly reports whether strangers can make ciphertext under the key that
// they cannot decrypt themselves. What only named outsiders can do plays no
// part.
func (f *Finding) encryptOnly(p *policy.Policy) bool {
	for _, g := range f.Decision.Others {
		if g.Audience == policy.Public && (g.Action == "kms:Decrypt" || g.Action == "kms:ReEncryptFrom") {
			return false
		}
	}
	for _, g := range f.Decision.Grants {
		if g.Audience == policy.Public && g.Action == "kms:CreateGrant" && grantsDecrypt(p, g.Witness) {
			return false
		}
	}
	return true
}

// grantsDecrypt reports whether the witness of CreateGrant could grant Decrypt
// as well, which strangers would then grant to themselves.
func grantsDecrypt(p *policy.Policy, witness policy.Request) bool {
	context := map[string][]string{grantOperations: {"Decrypt"}}
	for key, values := range witness.Context {
		if !strings.EqualFold(key, grantOperations) {
			context[key] = values
		}
	}
	witness.Context = context
	return p.Allows(witness) == policy.Yes
}

// grantOperations is the condition key for the operations of a new grant.
// Source: Service Authorization Reference, AWS Key Management Service.
const grantOperations = "kms:GrantOperations"
