package detector

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// title returns one line that says what the key policy does. It holds no text
// from the event.
func (f *Finding) title() string {
	switch {
	case f.Attempted:
		return f.attempt()
	case f.Event.Outcome == OutcomeUnknown:
		return f.inForce() + ", if the call took effect"
	default:
		return f.inForce()
	}
}

// inForce returns the title for a policy that is, or may be, in force.
func (f *Finding) inForce() string {
	switch {
	case f.TakenOver():
		return "Outsiders took over this KMS key; its owner is locked out"
	case f.Verdict == decide.Public:
		return "Anyone in AWS can " + f.use() + " this KMS key"
	case f.OwnerLocked:
		return "Nobody in its owner's account can change this KMS key's policy"
	case f.Verdict == decide.Network:
		return "Anyone in a named network can " + f.use() + " this KMS key"
	case f.Verdict == decide.Shared:
		return "Named outsiders can " + f.use() + " this KMS key"
	case f.Verdict == decide.Private:
		return f.closed()
	case f.Policy.Missing != "":
		return "The new policy of this KMS key is not in the record"
	case f.Problem != "":
		return "The policy of this KMS key could not be read"
	case f.Decision.Classes.Of(kmsapi.ClassEncrypt).Verdict == decide.Undecided:
		return "It could not be decided who can encrypt with this KMS key"
	default:
		return "It could not be decided who can decrypt or sign with this KMS key"
	}
}

// attempt returns the title for a refused call. It says "a KMS key" because a
// refused CreateKey leaves no key.
func (f *Finding) attempt() string {
	switch {
	case f.Verdict == decide.Public:
		return "Refused attempt to open a KMS key to anyone in AWS"
	case f.Verdict == decide.Network:
		return "Refused attempt to open a KMS key to named networks"
	case f.Verdict == decide.Shared:
		return "Refused attempt to share a KMS key with named outsiders"
	case f.Verdict != decide.Private && f.Problem != "":
		return "Refused call with a key policy that could not be read"
	case f.Verdict != decide.Private:
		return "Refused call with a key policy that could not be decided"
	case f.locks():
		return "Refused attempt to lock the owner's account out of a KMS key"
	case f.Bypassed():
		return "Refused attempt to set a KMS key policy without the lock-out check"
	case f.Guarded():
		return "Refused attempt to leave a KMS key to a resource control policy"
	case f.Decision.Future != nil:
		return "Refused attempt to open a KMS key at a later time"
	default:
		return "Refused attempt to let anyone in AWS revoke the grants of a KMS key"
	}
}

// closed returns the title for a policy whose verdict is private.
func (f *Finding) closed() string {
	switch {
	case f.Bypassed() && f.Decision.Owner.Decrypt == decide.AccessNo:
		return "The owner's account can no longer decrypt with this KMS key"
	case f.Bypassed() && f.Decision.Owner.Manage == decide.AccessNamed:
		return "Only named principals can still change this KMS key's policy"
	case f.Bypassed():
		return "The owner's account may not be able to change this KMS key's policy"
	case f.Decision.Future != nil:
		return f.later()
	case f.Guarded():
		return "Only a resource control policy keeps outsiders from this KMS key"
	default:
		return "Anyone in AWS can revoke the grants of this KMS key"
	}
}

// later returns the title for a policy that opens on its own at a later time.
func (f *Finding) later() string {
	what := "This KMS key may open to outsiders"
	switch f.Decision.Future.Verdict {
	case decide.Public:
		what = "This KMS key opens to anyone in AWS"
	case decide.Network:
		what = "This KMS key opens to named networks"
	case decide.Shared:
		what = "This KMS key opens to named outsiders"
	}
	return what + " on " + f.Decision.Future.At.UTC().Format("2006-01-02 15:04:05 UTC")
}

// use names what the outsiders of the verdict can do, at most two actions: the
// most serious.
func (f *Finding) use() string {
	var verbs []string
	for _, g := range f.Decision.Grants {
		if g.Audience != f.Verdict || g.Action == createGrant {
			continue
		}
		if a, _ := kmsapi.FindAction(g.Action); !slices.Contains(verbs, a.Verb) {
			verbs = append(verbs, a.Verb)
		}
	}
	switch len(verbs) {
	case 0:
		grant, _ := kmsapi.FindAction(createGrant)
		return grant.Verb
	case 1:
		return verbs[0]
	default:
		return strings.TrimSuffix(verbs[0], " with") + " and " + verbs[1]
	}
}
