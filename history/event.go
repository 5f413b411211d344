package history

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// An Event is a record that was judged: a call that sets a key policy, or one
// that ends or resumes the use of a key.
type Event struct {
	ID       string // eventID; of a later copy the original's; of a record without one a hash
	Name     string
	Time     time.Time // zero when the record has none that parses
	Key      string    // ARN; the bare key id where no ARN could be told; "" unknown
	Account  string    // whose key, else whose trail
	Region   string    // the key's, else the trail's
	Trail    string    // recipientAccountId
	Called   string    // awsRegion
	Actor    string    // short name, never empty
	ActorARN string    // "" when absent
	Address  string    // "" when absent
	Outcome  detector.Outcome
	Finding  *detector.Finding
	Kinds    []string // what the finding is besides its verdict
	Light    bool     // the finding was lightened
	Accepted string   // name of the exception that accepts the finding; "" none
	File     string
	Offset   int64

	sum [sha256.Size]byte // of the record's text; zero where there is no finding
}

// Judge judges one record as d does. Its errors are *detector.RecordError.
func Judge(d detector.Detector, text []byte) (*Event, error) {
	result, err := d.Detect(text)
	if err != nil {
		return nil, err
	}
	e := &Event{
		ID: result.Event.ID, Name: result.Event.Name, Time: result.Event.Time,
		Trail: result.Event.Account, Called: result.Event.Region, Finding: result.Finding,
	}
	if result.Event.Source != "kms.amazonaws.com" {
		return nil, nil
	}
	r := readMembers(text)
	if original := r.object("addendum").str("originalEventID"); original != "" {
		e.ID = original
	}
	if e.ID == "" {
		sum := sha256.Sum256(text)
		e.ID = "sha256:" + hex.EncodeToString(sum[:])
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
		e.Kinds, e.sum = f.Kinds(), sha256.Sum256(text)
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

// Lighten lets go of what groups and timelines do not need of a finding, which is
// most of it: the policy, and how it was decided.
func (e *Event) Lighten() {
	f := e.Finding
	if f == nil {
		return
	}
	for _, text := range []*string{&e.ID, &e.Name, &e.Key, &e.Account, &e.Region, &e.Trail, &e.Called, &e.Actor, &e.ActorARN, &e.Address} {
		*text = strings.Clone(*text) // what was part of the record's text would keep all of it
	}
	light := &detector.Finding{
		Verdict: f.Verdict, Severity: f.Severity, Attempted: f.Attempted, Title: strings.Clone(f.Title), Splunk: f.Splunk,
		Event: detector.Event{RequestID: strings.Clone(f.Event.RequestID)}, Policy: detector.PolicyText{SHA256: f.Policy.SHA256},
	}
	c := &light.Splunk
	for _, text := range []*string{&c.Signature, &c.Dest, &c.User, &c.UserAgent, &c.Src, &c.VendorAccount, &c.VendorRegion} {
		*text = strings.Clone(*text)
	}
	c.Rows = slices.Clone(c.Rows)
	for i := range c.Rows {
		c.Rows[i].KeyPolicyAction, c.Rows[i].KeyPolicyPrincipal = strings.Clone(c.Rows[i].KeyPolicyAction), strings.Clone(c.Rows[i].KeyPolicyPrincipal)
	}
	light.Decision.Classes = f.Decision.Classes
	if later := f.Decision.Future; later != nil {
		light.Decision.Future = &decide.Exposure{At: later.At, Verdict: later.Verdict}
	}
	e.Finding, e.Light = light, true
}

// outcomeOf says whether the call took effect. Package detector tells it for the
// calls that set a key policy; but a record with an error next to a response is
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

// recordMembers are the members of a record, or of an object in it, for what
// package detector does not read: the caller and key of a record without a finding.
type recordMembers struct{ top map[string]json.RawMessage }

func readMembers(text []byte) recordMembers {
	var r recordMembers
	if json.Unmarshal(text, &r.top) != nil {
		r.top = nil // of a record, which Detect has read, not reached
	}
	return r
}

// str returns a text; "" when it is not there.
func (r recordMembers) str(name string) string { return decode(r.top[name]) }

// object returns the members of an object in the record, none when it is not there.
func (r recordMembers) object(name string) recordMembers { return readMembers(r.top[name]) }

// describe fills in key and caller.
func (r recordMembers) describe(e *Event) {
	if e.Key == "" || !strings.HasPrefix(e.Key, "arn:") {
		if arn := r.keyARN(e.Called, e.Trail); arn != "" {
			e.Key = arn
			named, _ := awsid.ParseARN(arn) // keyARN gives nothing else
			e.Region, e.Account = named.Region, named.Account
		}
	}
	caller := r.object("userIdentity")
	e.ActorARN = caller.str("arn")
	e.Address = r.str("sourceIPAddress")
	e.Actor = cmp.Or(caller.str("userName"), afterLast(e.ActorARN, "/"), caller.str("invokedBy"), caller.str("principalId"), "unknown")
}

// keyARN finds the key of the call: where the response names it, among the
// resources, or made from the request's key id. "" when it is not known.
// Source: KMS Developer Guide, logging-using-cloudtrail.html.
func (r recordMembers) keyARN(region, account string) string {
	named := r.object("requestParameters").str("keyId")
	var resources []map[string]json.RawMessage
	_ = json.Unmarshal(r.top["resources"], &resources) // none when it is something else
	arns := []string{r.object("responseElements").str("keyId"), named}
	for _, res := range resources {
		arns = append(arns, decode(res["ARN"]))
	}
	for _, arn := range arns {
		if keyARN.FindString(arn) == arn && arn != "" {
			return arn
		}
	}
	if keyID.MatchString(named) && region != "" && account != "" {
		partition := cmp.Or(awsid.PartitionOf(region), "aws")
		return awsid.ARN{Partition: partition, Service: "kms", Region: region, Account: account, Resource: "key/" + named}.String()
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
// one that says more. Of copies that say the same it is the one whose place
// comes first, so that the order in which they are read changes nothing.
func (e *Event) outranks(other *Event) bool {
	return cmp.Or(cmp.Compare(e.rank(), other.rank()), e.Time.Compare(other.Time), cmp.Compare(e.about().text(), other.about().text()),
		bytes.Compare(e.sum[:], other.sum[:]), cmp.Compare(other.File, e.File), cmp.Compare(other.Offset, e.Offset)) > 0
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
