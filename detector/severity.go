package detector

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A severityRule gives the findings for which is holds their severity.
type severityRule struct {
	severity Severity
	when     string // what the rule covers, in words
	is       func(*Finding) bool
}

// severityRules returns the table of severities. The first rule that fits a
// finding decides; the last one fits every finding.
func severityRules() []severityRule {
	return []severityRule{
		{Low, "refused attempts", func(f *Finding) bool { return f.Attempted }},
		{Critical, "taken over: outsiders get in and the owner's account is locked out", (*Finding).TakenOver},
		{Critical, "anyone can encrypt and not decrypt, what ransomware needs: only the owner can undo it", (*Finding).encryptOnly},
		{Critical, "anyone can encrypt, and the caller signed without MFA", func(f *Finding) bool {
			return f.opensClass(kmsapi.ClassEncrypt, decide.Public) && f.Actor.signedWithoutMFA()
		}},
		{High, "anyone can encrypt, decrypt or sign", func(f *Finding) bool { return f.Verdict == decide.Public }},
		{High, "locked: nobody of the owner's account can change the policy", func(f *Finding) bool { return f.OwnerLocked }},
		{High, "too intricate to decide, which an ordinary policy never is", func(f *Finding) bool { return f.Decision.TooIntricate }},
		{Medium, "open to named networks", func(f *Finding) bool { return f.Verdict == decide.Network }},
		{Medium, "undecided, which may be worse", func(f *Finding) bool { return f.Verdict == decide.Undecided }},
		{Medium, "set with the lock-out check bypassed, and the owner does not surely keep the key", (*Finding).Bypassed},
		{Medium, "open to strangers or named networks by itself later", (*Finding).opensLater},
		{Medium, "shared, now or later, with somebody else than those trusted", func(f *Finding) bool {
			later := f.Decision.Future
			return f.trust && (f.Verdict == decide.Shared || later != nil && later.Verdict == decide.Shared)
		}},
		{Low, "shared; closed only by a resource control policy; anyone can revoke grants", func(*Finding) bool { return true }},
	}
}

// severity returns the severity of the finding.
func (f *Finding) severity() Severity {
	for _, rule := range severityRules() {
		if rule.is(f) {
			return rule.severity
		}
	}
	return Low
}

// TakenOver reports whether the policy is in force, certainly lets outsiders in,
// and certainly lets nobody in the owner's account change it.
func (f *Finding) TakenOver() bool { return f.OwnerLocked && f.Decision.Least > decide.Private }

// Bypassed reports whether the call told KMS not to check that its caller can
// change the policy again, and the owner's account does not certainly keep full
// use of the key. Attackers do that, and so do some tools.
func (f *Finding) Bypassed() bool {
	o := f.Decision.Owner
	return f.Event.Bypass && (o.Manage == decide.AccessNo || o.Manage == decide.AccessNamed || o.Decrypt == decide.AccessNo ||
		o.Manage == decide.AccessUndecided && f.Key.Account != "")
}

// locks reports whether the policy, once in force, certainly lets nobody in the
// owner's account change it. It is false when only a resource control policy
// prevents the change, since that can be detached, and when the key has no ARN,
// since its owner is not known.
func (f *Finding) locks() bool {
	d := &f.Decision
	return f.Key.ARN != "" && d.Owner.Manage == decide.AccessNo && (d.Unguarded == nil || d.Unguarded.Owner.Manage == decide.AccessNo)
}

// Guarded reports whether resource control policies alone keep outsiders out.
func (f *Finding) Guarded() bool {
	u := f.Decision.Unguarded
	return u != nil && f.Verdict == decide.Private && u.Verdict != decide.Private
}

// Revokes reports whether anyone can revoke the key's grants.
func (f *Finding) Revokes() bool {
	return slices.ContainsFunc(f.Decision.Others, func(g decide.Grant) bool {
		return g.Action == revokeGrant && g.Audience == decide.Public
	})
}

// opensLater reports whether others than named outsiders get in, or may get in,
// at a later time.
func (f *Finding) opensLater() bool {
	later := f.Decision.Future
	return later != nil && later.Verdict != decide.Shared && later.Verdict != decide.Private
}

// encryptOnly reports whether anyone can encrypt under the key but not decrypt.
// What only named outsiders can do does not count.
func (f *Finding) encryptOnly() bool {
	return f.opensClass(kmsapi.ClassEncrypt, decide.Public) && !f.opens(decide.Public, "kms:Decrypt", "kms:ReEncryptFrom")
}

// opensClass reports whether an audience certainly has an action of a class.
func (f *Finding) opensClass(class kmsapi.Class, audience decide.Verdict) bool {
	return slices.ContainsFunc(f.Decision.Grants, func(g decide.Grant) bool { return g.Class == class && g.Audience == audience })
}

// opens reports whether an audience certainly has one of actions, directly or
// through a grant that it may create.
func (f *Finding) opens(audience decide.Verdict, actions ...string) bool {
	return slices.ContainsFunc(f.Decision.Grants, func(g decide.Grant) bool {
		if g.Audience != audience {
			return false
		}
		return slices.Contains(actions, g.Action) || slices.ContainsFunc(g.Witness.Context[grantOperations], func(op string) bool {
			return slices.Contains(actions, "kms:"+op)
		})
	})
}

const (
	// grantOperations is the condition key for the operations of a new grant.
	// Source: Service Authorization Reference, AWS Key Management Service.
	grantOperations = "kms:GrantOperations"
	createGrant     = "kms:CreateGrant"
	revokeGrant     = "kms:RevokeGrant"
)
