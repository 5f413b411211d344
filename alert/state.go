package alert

import "github.com/kmsentry/kmsentry/detector"

// outcomeUnknown reports whether AWS's answer leaves open what came of the call.
func outcomeUnknown(f *detector.Finding) bool { return f.Event.Outcome == detector.OutcomeUnknown }

// notInRecord reports whether the record does not hold the policy.
func notInRecord(f *detector.Finding) bool { return f.Policy.Missing != "" }

// unsure reports whether somebody must look before the key can be said to be open.
func unsure(f *detector.Finding) bool { return f.Problem != "" || outcomeUnknown(f) }

// inForce says in a clause what came of the call.
func inForce(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return "refused by AWS (" + orUnknown(plain(f.Event.ErrorCode, 64)) + "), nothing changed"
	case outcomeUnknown(f):
		return "outcome unknown, may be in force (AWS answered " + orUnknown(plain(f.Event.ErrorCode, 64)) + ")"
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
		return ", if this is in force, can "
	default:
		return " can "
	}
}

// material says where key material is that is not with AWS alone; "" when AWS
// keeps it and when the record does not say. Whoever holds it can take it away
// from one moment to the next, and with it every byte encrypted under the key.
// Source: KMS Developer Guide, importing-keys.html, keystore-external.html and
// keystore-cloudhsm.html.
func material(k detector.Key) string {
	kept := k.OutsideMaterial()
	if kept == "" {
		return ""
	}
	text := "in " + kept
	if k.Origin == "EXTERNAL" {
		text = "imported from outside AWS"
	}
	if k.CustomKeyStore != "" {
		text += " (" + plain(k.CustomKeyStore, 64) + ")"
	}
	return text + "; whoever holds it can take it away at once"
}
