package playbook

import (
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// LockedSteps returns what can still be done when the owner is locked out, one or
// more sentences per step; nil when the owner is not.
func LockedSteps(f *detector.Finding) []string {
	if !f.OwnerLocked {
		return nil
	}
	key := "the key"
	if f.Key.ARN != "" {
		key = safe.Plain(f.Key.ARN, safe.MaxARN)
	}
	steps := []string{"Open a case with AWS Support from the account that owns the key: nobody in it can change the policy of " + key + " since " + safe.OrUnknown(words.Instant(f.Event.Time)) + ". No command can recover it: kms:PutKeyPolicy is refused, and kms:DisableKey and kms:ScheduleKeyDeletion work only if this policy lets your account call them."}
	if d := f.Decision.Owner.Decrypt; d == decide.AccessYes || d == decide.AccessNamed {
		steps = append(steps, "While the account can still decrypt, copy or re-encrypt what this key protects under another key.")
	}
	return steps
}
