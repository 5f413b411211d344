package history

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// An Event is a record that was judged: a call that sets a key policy, or one
// that ends or resumes the use of a key.
type Event struct {
	ID        string // eventID; of a later copy the original's; of a record without one a hash
	Name      string
	Time      time.Time // zero when the record has none that parses
	Key       string    // ARN; the bare key id where no ARN could be told; "" unknown
	Account   string    // whose key, else whose trail
	Region    string    // the key's, else the trail's
	Trail     string    // recipientAccountId
	Called    string    // awsRegion
	Actor     string    // short name, never empty
	ActorARN  string    // "" when absent
	Address   string    // "" when absent
	ErrorCode string    // "" when the record has none
	Outcome   detector.Outcome
	Finding   *detector.Finding
	Accepted  string // name of the exception that accepts the finding; "" none
	File      string
	Offset    int64

	sum [sha256.Size]byte // of the record's text: which of two copies counts never depends on their order
}

// Judge judges one record as d does. Its errors are *detector.RecordError.
func Judge(d detector.Detector, text []byte) (*Event, error) {
	result, err := d.Detect(text)
	if err != nil {
		return nil, err
	}
	e := &Event{
		ID: result.Event.ID, Name: result.Event.Name, Time: result.Event.Time, ErrorCode: result.Event.ErrorCode,
		Trail: result.Event.Account, Called: result.Event.Region, Finding: result.Finding, sum: sha256.Sum256(text),
	}
	if result.Event.Source != "kms.amazonaws.com" {
		return nil, nil
	}
	r := readMembers(text)
	if original := r.str("addendum", "originalEventID"); original != "" {
		e.ID = original
	}
	if e.ID == "" {
		e.ID = "sha256:" + hex.EncodeToString(e.sum[:])
		if shared := r.str("sharedEventID"); shared != "" {
			e.ID = shared + "/" + e.Trail
		}
	}
	e.Outcome = outcomeOf(result.Event, r)
	e.Key, e.Account, e.Region = result.Key.ARN, result.Key.Account, result.Key.Region
	if e.Key == "" {
		e.Key = result.Key.ID
	}
	if f := result.Finding; f != nil {
		e.Actor, e.ActorARN, e.Address = f.Actor.Name, f.Actor.ARN, f.Source.Address
	} else {
		r.describe(e)
	}
	if e.Account == "" {
		e.Account = e.Trail
	}
	if e.Region == "" {
		e.Region = e.Called
	}
	return e, nil
}

// outcomeOf tells whether the call took effect. Package detector tells it for the
// calls that set a key policy; but a record with an error beside a response is
// unknown here, where an accepted call can also close a key.
func outcomeOf(event detector.Event, r recordMembers) detector.Outcome {
	code := event.ErrorCode
	switch event.Name {
	case CreateKey, PutKeyPolicy, ReplicateKey:
		if event.Outcome == detector.Accepted && code != "" {
			return detector.OutcomeUnknown
		}
		return event.Outcome
	}
	response := string(r.top["responseElements"])
	switch {
	case code == "":
		return detector.Accepted
	case detector.IsRefusal(code) && decode(r.top["errorCode"]) == code && (response == "" || response == "null" || response == "{}"):
		return detector.Refused
	default:
		return detector.OutcomeUnknown
	}
}

// members are the members of a record, for what package detector does not
// tell of records that are no findings.
type recordMembers struct{ top map[string]json.RawMessage }

func readMembers(text []byte) recordMembers {
	var r recordMembers
	if json.Unmarshal(text, &r.top) != nil {
		r.top = nil // Detect has read it: not reached
	}
	return r
}

// str returns a text by its path; "" when it is not there.
func (r recordMembers) str(path ...string) string {
	m := r.top
	for _, name := range path[:len(path)-1] {
		var inner map[string]json.RawMessage
		if json.Unmarshal(m[name], &inner) != nil {
			return ""
		}
		m = inner
	}
	return decode(m[path[len(path)-1]])
}

// describe fills in key and caller.
func (r recordMembers) describe(e *Event) {
	if e.Key == "" || !strings.HasPrefix(e.Key, "arn:") {
		if arn := r.keyARN(e.Called, e.Trail); arn != "" {
			e.Key = arn
			parts := strings.Split(arn, ":")
			e.Region, e.Account = parts[3], parts[4]
		}
	}
	e.ActorARN = r.str("userIdentity", "arn")
	e.Address = r.str("sourceIPAddress")
	e.Actor = cmp.Or(r.str("userIdentity", "userName"), afterLast(e.ActorARN, "/"), r.str("userIdentity", "invokedBy"), r.str("userIdentity", "principalId"), "unknown")
}

// keyARN finds the key of the call: where the response names it, among the
// resources, or made from the request's key id. "" when it cannot be told.
// Source: KMS Developer Guide, logging-using-cloudtrail.html.
func (r recordMembers) keyARN(region, account string) string {
	named := r.str("requestParameters", "keyId")
	var resources []map[string]json.RawMessage
	_ = json.Unmarshal(r.top["resources"], &resources) // none when it is something else
	arns := []string{r.str("responseElements", "keyId"), named}
	for _, res := range resources {
		arns = append(arns, decode(res["ARN"]))
	}
	for _, arn := range arns {
		if keyARN.FindString(arn) == arn && arn != "" {
			return arn
		}
	}
	if keyID.MatchString(named) && region != "" && account != "" {
		return "arn:" + cmp.Or(detector.PartitionOf(region), "aws") + ":kms:" + region + ":" + account + ":key/" + named
	}
	return ""
}

func afterLast(text, separator string) string {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[i+len(separator):]
	}
	return ""
}

// outranks reports whether e counts rather than other, a copy of the same
// event: the worse one, so that no copy can hide what another shows, then the
// one that tells more.
func (e *Event) outranks(other *Event) bool {
	if a, b := e.rank(), other.rank(); a != b {
		return a > b
	}
	return bytes.Compare(e.sum[:], other.sum[:]) > 0
}

func (e *Event) rank() int {
	if e.Finding == nil {
		return 0
	}
	known := 0
	for _, text := range []string{e.ActorARN, e.Address, e.Finding.Event.RequestID} {
		if text != "" {
			known++
		}
	}
	return 1 + 100*int(e.Finding.Severity) + 10*openness(e.Finding) + known
}

// An Archive collects what was found, in any order: the answer is the same.
// The zero Archive is empty. It is not safe for concurrent use.
type Archive struct {
	events     map[string]*Event
	Duplicates int // copies of events that were there already
}

// Add adds an event. Copies of one event count once.
func (a *Archive) Add(e *Event) {
	if a.events == nil {
		a.events = map[string]*Event{}
	}
	there, ok := a.events[e.ID]
	if ok {
		a.Duplicates++
		if !e.outranks(there) {
			return
		}
	}
	a.events[e.ID] = e
}

// Merge adds what another archive holds.
func (a *Archive) Merge(b *Archive) {
	for _, e := range b.events {
		a.Add(e)
	}
	a.Duplicates += b.Duplicates
}

// Accepted returns how many findings exceptions accept.
func (a *Archive) Accepted() int {
	n := 0
	for _, e := range a.events {
		if e.Accepted != "" {
			n++
		}
	}
	return n
}
