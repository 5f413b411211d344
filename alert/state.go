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

// outcomeWord follows the verdict where people read it.
func outcomeWord(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return ", refused by AWS and not in force"
	case outcomeUnknown(f):
		return ", outcome of the call unknown"
	default:
		return ""
	}
}
