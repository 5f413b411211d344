package words

import (
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A Sweep is what one run of the scheduled sweep reports: the keys that are open in a
// way in which they were not at the previous run, or that their owner has lost since.
type Sweep struct {
	UID   string     // the same when the same news is reported again; never empty
	Since time.Time  // when the previous run was; zero for the first run, which reports everything that is open
	Keys  []SweptKey // at least one
	Quiet int        // the number of keys whose news is held back or below the threshold
}

// A SweptKey is a key with news.
type SweptKey struct {
	Key      detector.Key
	Severity detector.Severity
	State    string            // KMS's KeyState; "" when unknown
	Policy   *detector.Finding // detector.InForce of a policy that is news; nil when only grants are news
	Unread   []string          // the facts about the key that could not be read, for which the worst is assumed
	Grants   []SweptGrant      // new grants to outsiders
	Call     SweptCall         // whether the event of the policy's change arrived
	Heard    time.Time         // for CallHeard, when the detector function logged its finding
	Expired  []string          // names of expired exceptions that would have held the policy back
}

// A SweptGrant is a KMS grant that lets an outsider use a key.
type SweptGrant struct {
	ID         string   `json:"id"`
	Grantee    string   `json:"grantee"`
	Operations []string `json:"operations"`
	Audience   string   `json:"audience"` // "shared"; "undecided" when the grantee's account is not known
}

// A SweptCall says whether the event of the call that changed a policy arrived.
type SweptCall int

// The zero SweptCall is none.
const (
	CallNone    SweptCall = iota // none is expected: the first run, an unchanged policy, or only grants
	CallHeard                    // the detector function has logged a finding about the key since the previous run
	CallMissing                  // it has logged none, though the policy has changed
	CallUnknown                  // its log could not be read
)

// String returns "none", "heard", "missing" or "unknown".
func (c SweptCall) String() string {
	switch c {
	case CallHeard:
		return "heard"
	case CallMissing:
		return "missing"
	case CallUnknown:
		return "unknown"
	default:
		return "none"
	}
}

// Sentence returns a sentence that says whether the event arrived, or "" for
// CallNone. heard is the key's Heard.
func (c SweptCall) Sentence(heard time.Time) string {
	switch c {
	case CallHeard:
		return "The event of the change reached kmsentry at " + Instant(heard) + ". It is still in force."
	case CallMissing:
		return "NO EVENT of this change reached kmsentry: it was lost, is delayed, or is in one of kmsentry's queues. No alert was sent before."
	case CallUnknown:
		return "Whether the event of this change reached kmsentry is not known: the log of its function could not be read."
	default:
		return ""
	}
}

// WorstKey returns the first key, which is the worst when the keys are sorted.
func (s Sweep) WorstKey() SweptKey { return s.Keys[0] }

// Brief returns the sweep in a few ASCII words, without event text.
func (s Sweep) Brief() string {
	n := len(s.Keys)
	text := "Sweep: " + strconv.Itoa(n) + " KMS keys newly open or lost"
	switch {
	case s.Since.IsZero() && n == 1:
		text = "First sweep: 1 KMS key open or lost"
	case s.Since.IsZero():
		text = "First sweep: " + strconv.Itoa(n) + " KMS keys open or lost"
	case n == 1 && s.Keys[0].Policy != nil:
		text = "Sweep: " + Brief(s.Keys[0].Policy)
	case n == 1:
		text = "Sweep: new grant to an outsider on a KMS key"
	}
	switch missing := s.WithoutEvent(); {
	case missing > 0 && n == 1:
		text += ", without an event"
	case missing > 0:
		text += ", " + strconv.Itoa(missing) + " without an event"
	}
	return text
}

// WithoutEvent returns the number of keys whose event has not arrived.
func (s Sweep) WithoutEvent() int {
	n := 0
	for _, k := range s.Keys {
		if k.Call == CallMissing {
			n++
		}
	}
	return n
}

// Verdict returns the worst of the keys' verdicts.
func (s Sweep) Verdict() decide.Verdict {
	worst := decide.Private
	for _, k := range s.Keys {
		if v := k.Verdict(); v.Rank() > worst.Rank() {
			worst = v
		}
	}
	return worst
}

// Verdict returns the worst verdict of the key's news, its policy and its grants.
func (k SweptKey) Verdict() decide.Verdict {
	worst := decide.Private
	if k.Policy != nil {
		worst = k.Policy.Verdict
	}
	for _, g := range k.Grants {
		v := decide.Shared
		if g.Audience == decide.Undecided.String() {
			v = decide.Undecided
		}
		if v.Rank() > worst.Rank() {
			worst = v
		}
	}
	return worst
}

// Title returns the key's news on one line.
func (k SweptKey) Title() string {
	switch {
	case k.Policy != nil:
		return Title(k.Policy)
	case len(k.Grants) == 1:
		return "A new grant lets an outsider use this KMS key"
	default:
		return strconv.Itoa(len(k.Grants)) + " new grants let outsiders use this KMS key"
	}
}

// Ways returns sentences that say who gets in, first by the policy, then by grants: at
// most the given number, and then how many more there are.
func (k SweptKey) Ways(most int) []string {
	var all []string
	if f := k.Policy; f != nil {
		for _, g := range decide.GroupGrants(f.Decision.Grants) {
			all = append(all, Whom(g)+" can call "+ActionsOf(g, 3)+", let in by "+through(g)+".")
		}
		if f.Decision.Future != nil {
			all = append(all, Later(f.Decision))
		}
		for _, open := range f.Decision.Undecided {
			all = append(all, "Not decided: "+StatementName(open.Statement)+": "+safe.Plain(open.Reason, safe.MaxText))
		}
		if len(all) == 0 || f.OwnerLocked {
			all = append(all, Capitalized(Meaning(f)))
		}
	}
	for _, g := range k.Grants {
		all = append(all, "Grant to "+safe.Plain(g.Grantee, safe.MaxARN)+": "+safe.Plain(strings.Join(g.Operations, ", "), safe.MaxName)+" (grant "+safe.Plain(g.ID, 64)+").")
	}
	if more := len(all) - most; more > 0 {
		all = append(all[:most], "And "+strconv.Itoa(more)+" more.")
	}
	return all
}

// ComparedWith returns a sentence that says which earlier sweep this one was compared
// with.
func (s Sweep) ComparedWith() string {
	if s.Since.IsZero() {
		return "This is the first sweep: it reports everything that is open now. Later sweeps report only changes."
	}
	return "Compared with the sweep of " + Instant(s.Since) + "."
}

// CountKeys returns "1 key" or "N keys".
func CountKeys(n int) string {
	if n == 1 {
		return "1 key"
	}
	return strconv.Itoa(n) + " keys"
}
