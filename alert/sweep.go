package alert

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

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

// sentence says it to people; "" for none.
func (c SweptCall) sentence(heard time.Time) string {
	switch c {
	case CallHeard:
		return "The event of the change reached kmsentry at " + instant(heard) + ". It is still in force."
	case CallMissing:
		return "NO EVENT of this change reached kmsentry: it was lost, is delayed, or is in one of kmsentry's queues. No alert was sent before."
	case CallUnknown:
		return "Whether the event of this change reached kmsentry is not known: the log of its function could not be read."
	default:
		return ""
	}
}

// How many keys each channel names, the worst first.
const (
	sweptInMail = 20
	sweptInChat = 5
)

// ComposeSweep returns the SNS message for a sweep, in the form of Compose's:
// an OCSF finding with one resource and one evidence for each key, and text for
// people. All of it together takes at most 240 KiB; what does not fit is left to
// the log, and the message says so.
//
// It fails when o is invalid or s has no key.
func ComposeSweep(s Sweep, o Options) (Message, error) {
	if err := o.Check(); err != nil {
		return Message{}, err
	}
	if len(s.Keys) == 0 {
		return Message{}, fmt.Errorf("sweep: expected at least one key with news, found none")
	}
	s.Keys = slices.Clone(s.Keys)
	slices.SortStableFunc(s.Keys, func(a, b SweptKey) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Call, a.Call), cmp.Compare(a.Key.ARN, b.Key.ARN))
	})
	chat, err := sweepChat(s, o)
	if err != nil {
		return Message{}, err
	}
	m := Message{Subject: cut(sweepSubject(s, o), maxSubject), Attributes: sweepAttributes(s, o)}
	rest := []body{{"email", sweepMail(s, o)}, {"https", chat}, {"sms", cut(sweepSubject(s, o), maxSMS)}}
	if o.HTTPSBody == "finding" {
		rest = slices.Delete(rest, 1, 2)
	}
	for _, fits := range sweepNarrowing() {
		if m.Body, err = join(sweepOCSF(s, o, min(fits.keys, len(s.Keys)), fits.each), rest); err != nil || m.size() <= maxMessage {
			return m, err
		}
	}
	return m, nil
}

// A sweepLimit bounds the finding: how many keys, and what of each.
type sweepLimit struct {
	keys int
	each limits
}

// sweepNarrowing is what ComposeSweep tries in order until the message fits:
// fewer keys before less of each, since the log names every key.
func sweepNarrowing() []sweepLimit {
	var all []sweepLimit
	for _, n := range []int{200, 50, 20, 5} {
		all = append(all, sweepLimit{n, narrowing[2]}, sweepLimit{n, narrowing[3]})
	}
	for _, l := range narrowing[3:] {
		all = append(all, sweepLimit{1, l})
	}
	return all
}

// worst is the severity of the worst key: the first, once they are sorted.
func (s Sweep) worst() SweptKey { return s.Keys[0] }

// brief is the sweep in a few ASCII words of ours.
func (s Sweep) brief() string {
	n := len(s.Keys)
	text := "Sweep: " + strconv.Itoa(n) + " KMS keys newly open or lost"
	switch {
	case s.Since.IsZero() && n == 1:
		text = "First sweep: 1 KMS key open or lost"
	case s.Since.IsZero():
		text = "First sweep: " + strconv.Itoa(n) + " KMS keys open or lost"
	case n == 1 && s.Keys[0].Policy != nil:
		text = "Sweep: " + brief(s.Keys[0].Policy)
	case n == 1:
		text = "Sweep: new grant to an outsider on a KMS key"
	}
	switch missing := s.missing(); {
	case missing > 0 && n == 1:
		text += ", without an event"
	case missing > 0:
		text += ", " + strconv.Itoa(missing) + " without an event"
	}
	return text
}

// missing counts the keys whose event never came.
func (s Sweep) missing() int {
	n := 0
	for _, k := range s.Keys {
		if k.Call == CallMissing {
			n++
		}
	}
	return n
}

// one returns what all keys have in common; "several" when they differ.
func (s Sweep) one(of func(SweptKey) string) string {
	first := of(s.Keys[0])
	for _, k := range s.Keys {
		if of(k) != first {
			return "several"
		}
	}
	return orUnknown(ascii(first, 256))
}

func keyARNOf(k SweptKey) string     { return k.Key.ARN }
func keyAccountOf(k SweptKey) string { return k.Key.Account }
func keyRegionOf(k SweptKey) string  { return k.Key.Region }

// verdict is the worst of the keys' verdicts.
func (s Sweep) verdict() decide.Verdict {
	worst := decide.Private
	for _, k := range s.Keys {
		if v := k.verdict(); v.Rank() > worst.Rank() {
			worst = v
		}
	}
	return worst
}

// verdict is that of the key's news.
func (k SweptKey) verdict() decide.Verdict {
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

// title is the key's news in one line.
func (k SweptKey) title() string {
	switch {
	case k.Policy != nil:
		return title(k.Policy)
	case len(k.Grants) == 1:
		return "A new grant lets an outsider use this KMS key"
	default:
		return strconv.Itoa(len(k.Grants)) + " new grants let outsiders use this KMS key"
	}
}

// sweepSubject is the sweep's line for mail and sms.
func sweepSubject(s Sweep, o Options) string {
	f := &detector.Finding{Severity: s.worst().Severity}
	return tag(f, o) + s.brief() + " " + s.one(keyAccountOf) + " " + s.one(keyRegionOf)
}

// sweepAttributes are what subscriptions filter on, under the same names as a
// finding's.
func sweepAttributes(s Sweep, o Options) map[string]string {
	return map[string]string{
		"verdict":  s.verdict().String(),
		"severity": s.worst().Severity.String(),
		"account":  s.one(keyAccountOf),
		"region":   s.one(keyRegionOf),
		"event":    "Sweep",
		"key":      s.one(keyARNOf),
		"actor":    "unknown",
		"mfa":      "unknown",
		"in_force": "true",
		"test":     strconv.FormatBool(o.Test),
	}
}

// ways says who gets in, one sentence each: by the policy, then by grants.
func (k SweptKey) ways(most int) []string {
	var all []string
	if f := k.Policy; f != nil {
		for _, g := range groupGrants(f.Decision.Grants) {
			all = append(all, g.audience()+" can call "+actionsOf(g.grants, 3)+", let in by "+g.through()+".")
		}
		if f.Decision.Future != nil {
			all = append(all, later(f.Decision))
		}
		for _, open := range f.Decision.Undecided {
			all = append(all, "Not decided: "+statementName(open.Statement)+": "+plain(open.Reason, maxText))
		}
		if len(all) == 0 || f.OwnerLocked {
			all = append(all, sentence(meaning(f)))
		}
	}
	for _, g := range k.Grants {
		all = append(all, "Grant to "+plain(g.Grantee, maxARN)+": "+plain(strings.Join(g.Operations, ", "), maxName)+" (grant "+plain(g.ID, 64)+").")
	}
	if more := len(all) - most; more > 0 {
		all = append(all[:most], "And "+strconv.Itoa(more)+" more.")
	}
	return all
}
