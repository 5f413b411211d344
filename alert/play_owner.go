package alert

import (
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// lockedSteps are what is left to do when the owner is locked out.
func lockedSteps(f *detector.Finding) []string {
	if !f.OwnerLocked {
		return nil
	}
	key := "the key"
	if f.Key.ARN != "" {
		key = plain(f.Key.ARN, maxARN)
	}
	steps := []string{"Open a case with AWS Support from the account that owns the key: nobody in it can change the policy of " + key + " since " + orUnknown(instant(f.Event.Time)) + ". No command of yours gives it back: kms:PutKeyPolicy is refused, and kms:DisableKey and kms:ScheduleKeyDeletion work only if this policy lets your account call them."}
	if d := f.Decision.Owner.Decrypt; d == decide.AccessYes || d == decide.AccessNamed {
		steps = append(steps, "While the account can still decrypt, copy or re-encrypt what this key protects under another key.")
	}
	return steps
}
