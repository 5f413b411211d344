package detector

import "github.com/kmsentry/kmsentry/detector/policy/decide"

// InForce returns the finding about a key policy that is in force and that was
// read from KMS, as a sweep does, not from the record of a call. It has a
// verdict, a severity, a title and the decision d, but nothing of an event. It is
// nil when the policy keeps outsiders out and leaves the key to its owner. trust
// says whether the decision trusts accounts or organizations besides the owner.
func InForce(k Key, d decide.Decision, trust bool) *Finding {
	f := &Finding{Verdict: d.Verdict, Event: Event{Outcome: Accepted}, Key: k, Decision: d, trust: trust}
	if !f.reportable() {
		return nil
	}
	f.OwnerLocked = f.locks()
	f.Severity = f.severity()
	f.Title = f.title()
	return f
}
