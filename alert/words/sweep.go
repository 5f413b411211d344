package words

import (
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A Sweep is what one run of the scheduled sweep tells: the keys that are open
// in a way in which they were not at the run before, or which their owner lost.
type Sweep struct {
	UID   string     // the same when the same news is told again; never empty
	Since time.Time  // of the run before; zero for the first run, whose news is all that is open
	Keys  []SweptKey // at least one
	Quiet int        // keys with news that is held back or below the threshold
}

// A SweptKey is a key with news.
type SweptKey struct {
	Key      detector.Key
	Severity detector.Severity
	State    string            // KMS's KeyState; "" unknown
	Policy   *detector.Finding // detector.InForce of a policy with news; nil when only grants are news
	Unread   []string          // what of the key could not be read, so that it counts at its worst
	Grants   []SweptGrant      // new grants to outsiders
	Call     SweptCall         // of the policy's change
	Heard    time.Time         // for CallHeard when the detector's function logged its finding
	Expired  []string          // names of expired exceptions that would have held the policy back
}

// A SweptGrant is a grant that lets one party beside the owner use a key.
type SweptGrant struct {
	ID         string   `json:"id"`
	Grantee    string   `json:"grantee"`
	Operations []string `json:"operations"`
	Audience   string   `json:"audience"` // "shared"; "undecided" when AWS does not say whose the grantee is
}

// A SweptCall says what became of the event of the call that changed a policy.
type SweptCall int

// The zero SweptCall is none.
const (
	CallNone    SweptCall = iota // none was to come: the first run, the same policy as before, or grants alone
	CallHeard                    // the detector's function logged a finding about the key since the run before
	CallMissing                  // it logged none, though the policy has changed
	CallUnknown                  // its log could not be read
)

// String returns the word for machines.
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

// Sentence says it to people; "" for none. heard is the key's Heard.
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

// WorstKey is the first key: the worst, once they are sorted.
func (s Sweep) WorstKey() SweptKey { return s.Keys[0] }

// Brief is the sweep in a few ASCII words of ours.
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

// WithoutEvent counts the keys whose event never came.
func (s Sweep) WithoutEvent() int {
	n := 0
	for _, k := range s.Keys {
		if k.Call == CallMissing {
			n++
		}
	}
	return n
}

// Verdict is the worst of the keys' verdicts.
func (s Sweep) Verdict() decide.Verdict {
	worst := decide.Private
	for _, k := range s.Keys {
		if v := k.Verdict(); v.Rank() > worst.Rank() {
			worst = v
		}
	}
	return worst
}

// Verdict is that of the key's news.
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

// Title is the key's news in one line.
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

// Ways says who gets in, at most so many sentences and how many there are more:
// by the policy, then by grants.
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

// ComparedWith says against what the sweep compared.
func (s Sweep) ComparedWith() string {
	if s.Since.IsZero() {
		return "This is the first sweep: it reports everything that is open now. Later sweeps report only changes."
	}
	return "Compared with the sweep of " + Instant(s.Since) + "."
}

// CountKeys counts them in words.
func CountKeys(n int) string {
	if n == 1 {
		return "1 key"
	}
	return strconv.Itoa(n) + " keys"
}
