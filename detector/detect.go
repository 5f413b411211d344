package detector

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A Detector judges records. The zero Detector trusts only the account that
// owns the key.
type Detector struct {
	TrustedAccounts []string // 12-digit ids of accounts that are not outsiders
	TrustedOrgs     []string // ids (o-...) of organizations that are not outsiders

	// RCPs are resource control policies that apply to the accounts whose keys
	// are judged; see decide.Question.
	RCPs []*policy.Policy

	// Stop is called at intervals while a policy is being decided. When it
	// returns true, the decision ends and the finding is undecided, of severity
	// high. A caller with a deadline checks its clock here. Nil never stops.
	Stop func() bool

	// Now is the current time. An event that has no time, or is more than an
	// hour later than Now, is judged as of Now. With the zero Now every event
	// is judged as of its own time.
	Now time.Time
}

// A RecordError reports bytes that could not be read as a CloudTrail record.
type RecordError struct {
	EventID string // "" when the record has none that could be read
	Err     error
}

func (e *RecordError) Error() string {
	if e.EventID == "" {
		return fmt.Sprintf("record: %v", e.Err)
	}
	return fmt.Sprintf("record %q: %v", e.EventID, e.Err)
}

// Unwrap returns e.Err.
func (e *RecordError) Unwrap() error { return e.Err }

// The reasons for which there is no finding; see Result.Quiet.
const (
	quietOtherCall = "not a call that sets a key policy"
	quietDefault   = "no key policy given: AWS's default, which lets in the owner's account only"
	quietPrivate   = "the key policy keeps outsiders out"
	quietRefused   = "the call was refused, and its key policy keeps outsiders out"
	quietNoPolicy  = "the call was refused, and the record shows no key policy"
	quietMalformed = "the call was refused: what it carried is not a key policy"
)

// malformedPolicy is the error code with which KMS refuses a text that is not a
// valid key policy. Source: KMS API Reference, PutKeyPolicy, Errors.
const malformedPolicy = "MalformedPolicyDocumentException"

// Detect judges one CloudTrail record, a JSON object. Every error is a
// *RecordError: the bytes are not a CloudTrail record, or two readers could read
// the record differently, because an object in it holds a member twice or in
// another letter case. An object or list that is of another JSON type counts as
// unknown, and Finding.Notes names it. The Result has no Finding when the record
// is of another call, or when its policy keeps outsiders out and leaves the key
// to its owner.
//
// The policy is decided as of the event's time (but see Detector.Now), and the
// owner is the key's account. An accepted call whose policy cannot be read, or
// is not in the record, is a finding, since the policy may be open. A call of
// unknown outcome is judged like an accepted one. A refused call whose policy
// would have opened the key is a finding too, Attempted and of severity low; so
// is one whose policy cannot be read, unless AWS refused it for that reason.
//
// One ReplicateKey call leaves two records: ReplicateKey in the primary's
// Region and CreateKey in the replica's. Each is judged, and each finding has
// its own UID, since the records have different event ids; both have the ARN of
// the replica.
func (d Detector) Detect(text []byte) (Result, error) {
	var r record
	if err := r.read(text); err != nil {
		return Result{}, &RecordError{r.event.ID, err}
	}
	if !r.setsPolicy() {
		return Result{Event: r.event, Verdict: decide.Private, Quiet: quietOtherCall}, nil
	}
	f := r.facts()
	if quiet := d.judge(f, &r); quiet != "" {
		return Result{Event: f.Event, Key: f.Key, Verdict: decide.Private, Quiet: quiet}, nil
	}
	f.UID = f.uid()
	f.Splunk = f.splunk()
	return Result{Event: f.Event, Key: f.Key, Verdict: f.Verdict, Finding: f}, nil
}

// facts returns a finding that holds what the record says; its policy is not
// judged yet.
func (r *record) facts() *Finding {
	return &Finding{
		Attempted: r.event.Outcome == Refused,
		Event:     r.event,
		Key:       r.readKey(),
		Actor:     r.readActor(),
		Source:    r.readSource(),
		Notes:     r.odd,
	}
}

// judge decides the policy of the call and completes f, except for UID and
// Splunk. It returns why there is nothing to report, or "".
func (d Detector) judge(f *Finding, r *record) (quiet string) {
	text, missing := r.readPolicy()
	switch {
	case missing != "" && f.Attempted:
		return quietNoPolicy
	case missing != "":
		f.Policy.Missing, f.Problem = missing, "it is not in the record: "+missing
		f.Decision = decide.Unread()
		f.Severity = f.severity()
	case text == "" && f.Attempted:
		return quietNoPolicy
	case text == "":
		return quietDefault
	default:
		if quiet := d.read(f, text); quiet != "" {
			return quiet
		}
	}
	f.Title = f.title()
	return ""
}

// read parses and decides the policy text. Like judge it returns why there is
// nothing to report, or "".
func (d Detector) read(f *Finding, text string) (quiet string) {
	f.Policy = PolicyText{Text: text, SHA256: hexSum(text)}
	p, err := policy.Parse([]byte(text))
	switch {
	case p != nil && f.Attempted && f.Event.ErrorCode == malformedPolicy && len(p.Unknown) > 0 && !d.opens(f, p):
		return quietMalformed
	case p != nil:
		if quiet := d.decide(f, p); quiet != "" {
			return quiet
		}
	case f.Attempted && f.Event.ErrorCode == malformedPolicy:
		return quietMalformed
	default:
		f.Problem = err.Error()
	}
	if p == nil {
		f.Decision = decide.Unread()
	}
	f.Severity = f.severity()
	return ""
}

// opens reports whether the readable part of p, f's policy, certainly lets
// outsiders in.
func (d Detector) opens(f *Finding, p *policy.Policy) bool {
	return decide.Decide(p, d.question(f)).Least > decide.Private
}

// maxUnreadable is the number of unreadable parts of a policy that a finding lists.
const maxUnreadable = 8

// unreadable describes the parts of a policy that could not be read, at most
// maxUnreadable of them, and then how many more there are.
func unreadable(p *policy.Policy) []string {
	var list []string
	for i, u := range p.Unknown {
		if i == maxUnreadable {
			return append(list, fmt.Sprintf("and %d more", len(p.Unknown)-i))
		}
		list = append(list, fmt.Sprintf("line %d: %s", u.Problem.Line, strings.TrimPrefix(u.Problem.Error(), "key policy: ")))
	}
	return list
}

// decide decides p, f's policy, and finds the offending statements. Like judge
// it returns why there is nothing to report, or "".
func (d Detector) decide(f *Finding, p *policy.Policy) (quiet string) {
	q := d.question(f)
	f.Decision = decide.Decide(p, q)
	f.Verdict = f.Decision.Verdict
	f.Unreadable = unreadable(p)
	if !f.reportable() {
		return f.quietVerdict()
	}
	f.OwnerLocked = !f.Attempted && f.Key.ARN != "" && f.locks()
	f.trust = len(d.TrustedAccounts)+len(d.TrustedOrgs) > 0
	var places []int
	places, f.Repaired = blame(f, p, q)
	f.Statements = statements(p, places)
	return ""
}

// reportable reports whether the decision is worth a finding: outsiders get in,
// or may get in, now or later; only a resource control policy keeps them out;
// anyone can revoke grants; or the owner's account does not keep the key.
func (f *Finding) reportable() bool {
	return f.Verdict != decide.Private || f.Decision.Future != nil || f.locks() || f.Bypassed() || f.Guarded() || f.Revokes()
}

// quietVerdict returns the reason why a private policy is not reported.
func (f *Finding) quietVerdict() string {
	if f.Attempted {
		return quietRefused
	}
	return quietPrivate
}

// question returns the question of who gets to f's key at the event's time.
func (d Detector) question(f *Finding) decide.Question {
	return decide.Question{
		Account:         f.Key.Account,
		KeyARN:          f.Key.ARN,
		At:              d.instant(f.Event.Time),
		TrustedAccounts: d.TrustedAccounts,
		TrustedOrgs:     d.TrustedOrgs,
		RCPs:            d.RCPs,
		Key:             f.Key.facts(),
		Stop:            d.Stop,
		Blame:           true,
	}
}

// instant returns the time as of which an event is judged; see Detector.Now.
func (d Detector) instant(event time.Time) time.Time {
	const skew = time.Hour // allowed between AWS's clock and the caller's
	if !d.Now.IsZero() && (event.IsZero() || event.After(d.Now.Add(skew))) {
		return d.Now.UTC()
	}
	return event
}

// hexSum returns the SHA-256 of text in hex.
func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
