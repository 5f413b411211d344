package words

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// ownerBrief returns a few words for a finding about what the owner loses, about what
// keeps the key closed, or about revoking grants; "" for other findings.
func ownerBrief(f *detector.Finding) string {
	switch {
	case f.TakenOver():
		return "KMS key taken over"
	case f.Verdict == decide.Public:
		return ""
	case f.OwnerLocked:
		return "KMS key locked to its owner"
	case f.Verdict != decide.Private:
		return ""
	case f.Attempted && f.Decision.Owner.Manage == decide.AccessNo:
		return "locking a KMS key"
	case f.Bypassed():
		return "KMS key policy set without lockout check"
	case f.Decision.Future != nil:
		return ""
	case f.Guarded():
		return "KMS key kept closed by an RCP only"
	case f.Revokes():
		return "KMS key: anyone can revoke its grants"
	default:
		return ""
	}
}

// ownerMeaning explains what the finding means for the owner of the key; "" when the
// owner keeps it.
func ownerMeaning(f *detector.Finding) string {
	o := f.Decision.Owner
	account := "the owner's account"
	if f.Key.Account != "" {
		account = "account " + safe.Plain(f.Key.Account, safe.MaxName)
	}
	switch {
	case f.TakenOver():
		return "outsiders get in, and nobody in " + account + ", not even its root user, can change the policy: the key is in other hands, and what is encrypted under it can be held to ransom. " + ownerDecrypts(o) + " Only AWS Support can give the key back."
	case o.Manage == decide.AccessNo:
		return "nobody in " + account + ", not even its root user, can change the policy of this key any more. " + ownerDecrypts(o) + " Only AWS Support can undo that."
	case f.Bypassed() && o.Decrypt == decide.AccessNo:
		return "nobody in " + account + " can decrypt with the key, but it can change the policy: put one in force that allows kms:Decrypt."
	case f.Bypassed() && o.Manage == decide.AccessNamed:
		return "only " + NamedOf(o.Named) + " can still change the policy. Once they are deleted, only AWS Support can help."
	case f.Bypassed():
		return "whether anybody in " + account + " can still change the policy could not be decided. Try it before you need it: one of your own callers must meet the policy's conditions."
	default:
		return ""
	}
}

const bypassed = "the caller told KMS not to check that it can change the policy again (BypassPolicyLockoutSafetyCheck)."

// BypassNote returns a sentence that says that the call, which takes something from
// the owner, bypassed the lockout check. It returns "" for other calls.
func BypassNote(f *detector.Finding) string {
	if !f.Bypassed() {
		return ""
	}
	return Capitalized(bypassed)
}

// ownerDecrypts returns a sentence that says whether the owner can still read its
// data.
func ownerDecrypts(o decide.Owner) string {
	switch o.Decrypt {
	case decide.AccessNo:
		return "Nobody in the account can decrypt with it either: its data is out of reach."
	case decide.AccessYes, decide.AccessNamed:
		return "The account can still decrypt with it: copy or re-encrypt its data under another key while it can."
	case decide.AccessNotApplicable:
		return "The key does not decrypt; what it signed stays valid."
	default:
		return "Whether the account can still decrypt with it could not be decided."
	}
}

// NamedOf returns a text that names at most three of the principals, and says if
// there are others.
func NamedOf(names []string) string {
	const most = 3
	if len(names) == 0 {
		return "principals that the policy names"
	}
	var shown []string
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, safe.Plain(name, safe.MaxARN))
	}
	text := strings.Join(shown, ", ")
	if len(names) > most {
		text += " and others"
	}
	return text
}

// OwnerCause returns a sentence that says which statement is to blame for what the
// owner lost, or "" if the owner lost nothing that is reported.
func OwnerCause(f *detector.Finding) string {
	o := f.Decision.Owner
	blame := o.ManageBlame
	switch {
	case o.Manage == decide.AccessNo, f.Bypassed() && o.Manage != decide.AccessYes:
	case f.Bypassed():
		blame = o.DecryptBlame
	default:
		return ""
	}
	if blame.Reason == "" {
		return ""
	}
	if blame.Statement.Index < 0 {
		return "The owner: " + safe.Plain(blame.Reason, safe.MaxText) + "."
	}
	return "The owner, " + StatementName(blame.Statement) + ": " + safe.Plain(blame.Reason, safe.MaxText) + "."
}

// OwnerDoubt returns a sentence that says that the owner's account may not be able to
// change the policy in force. It returns "" if it certainly can or certainly cannot,
// and for a refused call.
func OwnerDoubt(f *detector.Finding) string {
	const text = "The policy in force may not let the key's own account change it again"
	switch o := f.Decision.Owner; {
	case f.Attempted || o.ManageBlame.Reason == "":
		return ""
	case o.Manage == decide.AccessNamed:
		return text + ": only " + NamedOf(o.Named) + " can, while they exist."
	case o.Manage == decide.AccessUndecided && f.Key.Account != "":
		return text + ": " + safe.Plain(o.ManageBlame.Reason, safe.MaxText) + "."
	default:
		return ""
	}
}

// GuardCause returns a sentence that says that only a resource control policy keeps
// the key closed, or "" if that is not so.
func GuardCause(f *detector.Finding) string {
	if !f.Guarded() {
		return ""
	}
	return "The key policy alone would be " + f.Decision.Unguarded.Verdict.String() + ". Only a resource control policy closes it, and that can be detached. Close the key policy as well."
}
