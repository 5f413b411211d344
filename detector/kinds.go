package detector

import "github.com/kmsentry/kmsentry/detector/policy/decide"

// The kinds of a finding: what it reports besides its verdict.
const (
	KindLocked    = "locked"     // nobody in the owner's account can change the policy
	KindTakenOver = "taken-over" // locked, and outsiders get in
	KindGuarded   = "guarded"    // resource control policies alone keep outsiders out
	KindBypassed  = "bypassed"   // the lockout check was bypassed, and the owner does not certainly keep the key
	KindRevokes   = "revokes"    // anyone can revoke grants, though the verdict is not public
	KindLater     = "later"      // opens on its own at a time that the policy names
)

// Kinds returns the kinds of the finding in the order above, nil when it has
// none. They say why a policy that keeps outsiders out is reported.
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
