package words

import (
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// OutcomeUnknown reports whether AWS's answer leaves open whether the call took
// effect.
func OutcomeUnknown(f *detector.Finding) bool { return f.Event.Outcome == detector.OutcomeUnknown }

// NotInRecord reports whether the record does not hold the policy.
func NotInRecord(f *detector.Finding) bool { return f.Policy.Missing != "" }

// Unsure reports whether the policy was not read, or may not be in force, so that a
// person has to look at the key.
func Unsure(f *detector.Finding) bool { return f.Problem != "" || OutcomeUnknown(f) }

// InForce returns the outcome of the call in a clause.
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

// Can returns the verb for what the policy allows: " can ", " could " for a refused
// call, or a conditional clause when the outcome is unknown.
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

// OutcomeWord returns a clause to follow the verdict when the call was refused or its
// outcome is unknown; "" otherwise.
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
