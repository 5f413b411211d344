package words

import (
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// OutcomeUnknown reports whether AWS's answer leaves open what came of the call.
func OutcomeUnknown(f *detector.Finding) bool { return f.Event.Outcome == detector.OutcomeUnknown }

// NotInRecord reports whether the record does not hold the policy.
func NotInRecord(f *detector.Finding) bool { return f.Policy.Missing != "" }

// Unsure reports whether somebody must look before the key can be said to be open.
func Unsure(f *detector.Finding) bool { return f.Problem != "" || OutcomeUnknown(f) }

// InForce says in a clause what came of the call.
func InForce(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return "refused by AWS (" + safe.OrUnknown(safe.Plain(f.Event.ErrorCode, 64)) + "), nothing changed"
	case OutcomeUnknown(f):
		return "outcome unknown, may be in force (AWS answered " + safe.OrUnknown(safe.Plain(f.Event.ErrorCode, 64)) + ")"
	default:
		return "in force"
	}
}

// Can is the verb of what a policy gives, as far as it is in force.
func Can(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return " could "
	case OutcomeUnknown(f):
		return ", if this is in force, can "
	default:
		return " can "
	}
}

// OutcomeWord follows the verdict where people read it.
func OutcomeWord(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return ", refused by AWS and not in force"
	case OutcomeUnknown(f):
		return ", outcome of the call unknown"
	default:
		return ""
	}
}
