package detector

import "github.com/kmsentry/kmsentry/detector/policy/decide"

// The kinds of a finding, besides its verdict.
const (
	KindLocked    = "locked"     // nobody of the owner's account can change the policy
	KindTakenOver = "taken-over" // locked, and outsiders get in
	KindGuarded   = "guarded"    // resource control policies alone keep outsiders out
	KindBypassed  = "bypassed"   // the lockout check was bypassed, and the owner does not certainly keep the key
	KindRevokes   = "revokes"    // anyone can revoke grants, though not everyone gets in otherwise
	KindLater     = "later"      // opens on its own, at an instant that the policy names
)

// Kinds returns what a finding is besides its verdict: why one is reported that
// keeps outsiders out.
func (f *Finding) Kinds() []string {
	var all []string
	for _, k := range []struct {
		kind string
		is   bool
	}{
		{KindLocked, f.OwnerLocked},
		{KindTakenOver, f.TakenOver()},
		{KindGuarded, f.Guarded()},
		{KindBypassed, f.Bypassed()},
		{KindRevokes, f.Revokes() && f.Verdict != decide.Public},
		{KindLater, f.Decision.Future != nil},
	} {
		if k.is {
			all = append(all, k.kind)
		}
	}
	return all
}
