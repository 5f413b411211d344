package detector

import "github.com/kmsentry/kmsentry/detector/policy/decide"

// InForce returns the finding of a key policy that is in force, of which no
// call is known: what a sweep reads from KMS. It has the verdict, severity,
// title and decision and nothing of an event. It is nil when the policy keeps
// outsiders out and the key with its owner. trust says that the decision counts
// somebody other than the owner as inside.
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
