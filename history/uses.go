package history

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// A Use is what one principal from outside the owner's account did with a key
// that was open at some time.
type Use struct {
	Type      string         `json:"type"` // "use"
	Key       string         `json:"key"`
	Account   string         `json:"account"`   // the caller's; "" when the record does not say
	Principal string         `json:"principal"` // ARN, else principal id, else "unknown"
	Calls     map[string]int `json:"calls"`     // by eventName, accepted ones
	Count     int            `json:"count"`     // accepted calls
	Refused   int            `json:"refused"`   // refused calls
	Unknown   int            `json:"unknown"`   // calls that ended in an error which leaves open what was done
	First     time.Time      `json:"first"`     // of all of these
	Last      time.Time      `json:"last"`
	Interval  *int           `json:"interval"` // place in the key's timeline, from 0; nil: at a time when it was not open
}

// Uses collects calls of outsiders with the given keys, in any order: the
// answer is the same. It is not safe for concurrent use.
type Uses struct {
	trusted   []string
	timelines map[string]*Timeline // by key ARN
	calls     map[callID]useCall   // each call once
	users     map[user]int32       // place in all
	all       []user
	names     map[string]int16 // of operations; place in named
	named     []string
}

// A callID is an event's id, shortened: what takes most of the memory is held
// once for every call.
type callID [16]byte

// A user is a caller of one of the keys.
type user struct{ key, account, principal string }

// A useCall is what counts of a call.
type useCall struct {
	at      int64 // Unix time
	user    int32
	name    int16
	outcome detector.Outcome
}

// NewUses returns an empty collection for the keys of timelines. The trusted
// accounts, 12 digits each, are no outsiders.
func NewUses(timelines []Timeline, trusted ...string) *Uses {
	u := &Uses{trusted: trusted, timelines: map[string]*Timeline{}, calls: map[callID]useCall{}, users: map[user]int32{}, names: map[string]int16{}}
	u.Retell(timelines)
	return u
}

// Retell replaces the timelines of the keys.
func (u *Uses) Retell(timelines []Timeline) {
	for i := range timelines {
		u.timelines[timelines[i].Key] = &timelines[i]
	}
}

// Last returns when the last of the calls was made; zero when there is none.
func (u *Uses) Last() time.Time {
	var last int64
	for _, c := range u.calls {
		last = max(last, c.at)
	}
	if last == 0 {
		return time.Time{}
	}
	return time.Unix(last, 0).UTC()
}

// Matcher returns the matcher for the second pass.
func (u *Uses) Matcher() Keys {
	k := Keys{}
	for key := range u.timelines {
		if id := afterLast(key, "/"); id != "" {
			k[id] = true
		} else {
			k[key] = true
		}
	}
	return k
}

// isData reports whether a call works with data under a key, or hands such
// work on. Source: KMS API Reference, the operations that work across accounts.
func isData(name string) bool {
	switch name {
	case "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair",
		"GenerateDataKeyPairWithoutPlaintext", "Sign", "Verify", "GenerateMac", "VerifyMac", "DeriveSharedSecret", "CreateGrant", "RetireGrant":
		return true
	default:
		return false
	}
}

// isDataRefusal reports whether an error code of such a call says that KMS did
// nothing. Source: KMS API Reference, Errors of these operations: "The request
// was rejected because ...".
func isDataRefusal(code string) bool {
	switch code {
	case "DryRunOperationException", "IncorrectKeyException", "InvalidCiphertextException", "InvalidGrantIdException", "InvalidGrantTokenException",
		"InvalidKeyUsageException", "KeyUnavailableException", "KMSInvalidMacException", "KMSInvalidSignatureException":
		return true
	default:
		return detector.IsRefusal(code)
	}
}

// A UseRecord is a call with a key, read from a record.
type UseRecord struct {
	id      callID
	user    user
	name    string
	outcome detector.Outcome

	At time.Time // zero when the record has none that parses
}

// ReadUse reads a record; ok is false when it is not a call of an outsider with data
// under one of the keys.
func (u *Uses) ReadUse(text []byte) (use UseRecord, ok bool) {
	r := readMembers(text)
	if r.str("eventSource") != "kms.amazonaws.com" || !isData(r.str("eventName")) {
		return UseRecord{}, false
	}
	use = UseRecord{id: r.callID(text), name: r.str("eventName"), outcome: r.dataOutcome()}
	caller := r.object("userIdentity")
	use.user.account = caller.str("accountId")
	use.user.principal = cmp.Or(caller.str("arn"), caller.str("principalId"), "unknown")
	if at, err := time.Parse(time.RFC3339, r.str("eventTime")); err == nil {
		use.At = at.UTC()
	}
	for _, key := range r.keys() {
		if t := u.timelines[key]; t != nil {
			use.user.key = key
			service := caller.str("type") == "AWSService"
			return use, !service && use.user.account != t.Account && !slices.Contains(u.trusted, use.user.account)
		}
	}
	return UseRecord{}, false
}

// callID identifies the call. Of a call across accounts each has a record with
// an id of its own in its trail, and both have the same shared id.
// Source: CloudTrail User Guide, cloudtrail-event-reference-record-contents.html,
// sharedEventID.
func (r recordMembers) callID(text []byte) callID {
	id := cmp.Or(r.str("sharedEventID"), r.str("eventID"), string(text))
	sum := sha256.Sum256([]byte(id))
	return callID(sum[:])
}

// dataOutcome says whether KMS did what was asked.
func (r recordMembers) dataOutcome() detector.Outcome {
	code := r.top["errorCode"]
	switch {
	case len(code) == 0 || string(code) == "null" || string(code) == `""`:
		return detector.Accepted
	case isDataRefusal(decode(code)):
		return detector.Refused
	default:
		return detector.OutcomeUnknown
	}
}

// keys returns the ARNs of the keys that a call was about: ReEncrypt has two.
func (r recordMembers) keys() []string {
	var keys []string
	if arn := r.keyARN(r.str("awsRegion"), r.str("recipientAccountId")); arn != "" {
		keys = append(keys, arn)
	}
	var resources []map[string]json.RawMessage
	_ = json.Unmarshal(r.top["resources"], &resources) // none when it is something else
	for _, res := range resources {
		keys = append(keys, decode(res["ARN"]))
	}
	request := r.object("requestParameters")
	return append(keys, request.str("destinationKeyId"), request.str("sourceKeyId"))
}

// Add counts a call, once for each event. Of two copies that differ the worse
// counts, then the one that names the caller by ARN.
func (u *Uses) Add(x UseRecord) {
	c := useCall{at: x.At.Unix(), user: u.user(x.user), name: u.name(x.name), outcome: x.outcome}
	if before, ok := u.calls[x.id]; ok && u.compare(before, c) >= 0 {
		return
	}
	u.calls[x.id] = c
}

// compare orders copies of a call by what counts.
func (u *Uses) compare(x, y useCall) int {
	rank := func(c useCall) int {
		return slices.Index([]detector.Outcome{detector.Refused, detector.OutcomeUnknown, detector.Accepted}, c.outcome)
	}
	named := func(c useCall) int { return strings.Index(u.all[c.user].principal, "arn:") }
	a, b := u.all[x.user], u.all[y.user]
	return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(named(x), named(y)), cmp.Compare(a.principal, b.principal), cmp.Compare(a.account, b.account),
		cmp.Compare(a.key, b.key), cmp.Compare(x.at, y.at), cmp.Compare(u.named[x.name], u.named[y.name]))
}

func (u *Uses) user(x user) int32 {
	i, ok := u.users[x]
	if !ok {
		i = int32(len(u.all))
		u.users[x], u.all = i, append(u.all, x)
	}
	return i
}

func (u *Uses) name(x string) int16 {
	i, ok := u.names[x]
	if !ok {
		i = int16(len(u.named))
		u.names[x], u.named = i, append(u.named, x)
	}
	return i
}

// interval returns the place of the interval in which a call was made, -1 for none.
func (t *Timeline) interval(at time.Time) int {
	i, found := slices.BinarySearchFunc(t.Intervals, at, func(span Interval, at time.Time) int { return span.From.Compare(at) })
	for found && i+1 < len(t.Intervals) && t.Intervals[i+1].From.Equal(at) {
		i++ // the ones before lasted less than a second
	}
	if !found {
		i--
	}
	if i >= 0 && (t.Intervals[i].To == nil || at.Before(*t.Intervals[i].To)) {
		return i
	}
	return -1
}

// useKey is what makes a row.
type useKey struct {
	user     int32
	interval int
}

// Rows returns the uses by key, interval and first time.
func (u *Uses) Rows() []Use {
	rows := map[useKey]*Use{}
	for _, c := range u.calls {
		who, at := u.all[c.user], time.Unix(c.at, 0).UTC()
		k := useKey{c.user, u.timelines[who.key].interval(at)}
		row := rows[k]
		if row == nil {
			row = &Use{Type: "use", Key: who.key, Account: who.account, Principal: who.principal, Calls: map[string]int{}, First: at, Last: at}
			if k.interval >= 0 {
				row.Interval = &k.interval
			}
			rows[k] = row
		}
		row.add(c.outcome, u.named[c.name], at)
	}
	all := make([]Use, 0, len(rows))
	for _, k := range slices.SortedFunc(maps.Keys(rows), func(x, y useKey) int {
		a, b := u.all[x.user], u.all[y.user]
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(x.interval, y.interval), rows[x].First.Compare(rows[y].First),
			strings.Compare(a.account, b.account), strings.Compare(a.principal, b.principal))
	}) {
		all = append(all, *rows[k])
	}
	return all
}

func (u *Use) add(outcome detector.Outcome, name string, at time.Time) {
	switch outcome {
	case detector.Accepted:
		u.Count++
		u.Calls[name]++
	case detector.Refused:
		u.Refused++
	default:
		u.Unknown++
	}
	if at.Before(u.First) {
		u.First = at
	}
	if at.After(u.Last) {
		u.Last = at
	}
}
