package alert

import (
	"github.com/kmsentry/kmsentry/detector"
)

// outcomeUnknown reports whether AWS's answer leaves open what came of the call.
func outcomeUnknown(*detector.Finding) bool { return false }

// notInRecord reports whether the record leaves the policy out.
func notInRecord(*detector.Finding) bool { return false }

// foreignKey reports whether a refused call was about a key of another account
// than the one whose trail has it. KMS records such a call in the caller's
// account only.
// Source: KMS Developer Guide, key-policy-modifying-external-accounts.html.
func foreignKey(f *detector.Finding) bool {
	return f.Attempted && isAccount(f.Key.Account) && isAccount(f.Event.Account) && f.Key.Account != f.Event.Account
}

// inForce says in a clause what came of the call.
func inForce(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return "refused by AWS (" + orUnknown(plain(f.Event.ErrorCode, 64)) + "), nothing changed"
	case outcomeUnknown(f):
		return "may be in force: AWS answered " + orUnknown(plain(f.Event.ErrorCode, 64))
	default:
		return "in force"
	}
}

// can is the verb of what a policy gives, as far as it is in force.
func can(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return " could "
	case outcomeUnknown(f):
		return ", if it is in force, can "
	default:
		return " can "
	}
}

// material says where key material comes from that is not AWS's own; "" for
// AWS's own and when the record does not say. Whoever holds it can take it
// away from one moment to the next, which is how a key becomes a lever for
// ransom.
// Source: KMS Developer Guide, importing-keys.html and custom-key-store-overview.html.
func material(k detector.Key) string {
	switch k.Origin {
	case "EXTERNAL":
		return "imported from outside AWS (EXTERNAL); whoever holds it can withdraw it at once"
	case "EXTERNAL_KEY_STORE":
		return "outside AWS, in an external key store; whoever runs it can cut it off at once"
	case "AWS_CLOUDHSM":
		return "in a CloudHSM cluster of a custom key store"
	}
	return ""
}
