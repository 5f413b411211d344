package history

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
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
	First     time.Time      `json:"first"`
	Last      time.Time      `json:"last"`
	Interval  *int           `json:"interval"` // place in the key's timeline, from 0; nil: at a time when it was not open
}

// Uses collects calls of outsiders with the given keys. It is not safe for
// concurrent use.
type Uses struct {
	timelines map[string]*Timeline // by key ARN
	rows      map[useKey]*Use
	seen      map[string]bool // event ids
}

type useKey struct {
	key, account, principal string
	interval                int // -1 for none
}

// NewUses returns an empty collection for the keys of timelines.
func NewUses(timelines []Timeline) *Uses {
	u := &Uses{timelines: map[string]*Timeline{}, rows: map[useKey]*Use{}, seen: map[string]bool{}}
	for i := range timelines {
		u.timelines[timelines[i].Key] = &timelines[i]
	}
	return u
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

// A UseRecord is a call with a key, read from a record.
type UseRecord struct {
	id, key, account, principal, name string
	at                                time.Time
	refused                           bool
}

// ReadUse reads a record; ok is false when it is no call of an outsider with data
// under one of the keys.
func (u *Uses) ReadUse(text []byte) (use UseRecord, ok bool) {
	r := readMembers(text)
	if decode(r.top["eventSource"]) != "kms.amazonaws.com" || !isData(decode(r.top["eventName"])) {
		return UseRecord{}, false
	}
	use = UseRecord{
		id: decode(r.top["eventID"]), name: decode(r.top["eventName"]), account: r.str("userIdentity", "accountId"),
		principal: cmp.Or(r.str("userIdentity", "arn"), r.str("userIdentity", "principalId"), "unknown"),
		refused:   decode(r.top["errorCode"]) != "",
	}
	if use.id == "" {
		sum := sha256.Sum256(text)
		use.id = hex.EncodeToString(sum[:])
	}
	if at, err := time.Parse(time.RFC3339, decode(r.top["eventTime"])); err == nil {
		use.at = at.UTC()
	}
	for _, key := range r.keys() {
		if t := u.timelines[key]; t != nil {
			use.key = key
			service := r.str("userIdentity", "type") == "AWSService"
			return use, !service && use.account != t.Account
		}
	}
	return UseRecord{}, false
}

// keys returns the ARNs of the keys that a call was about: ReEncrypt has two.
func (r recordMembers) keys() []string {
	var keys []string
	if arn := r.keyARN(decode(r.top["awsRegion"]), decode(r.top["recipientAccountId"])); arn != "" {
		keys = append(keys, arn)
	}
	var resources []map[string]json.RawMessage
	_ = json.Unmarshal(r.top["resources"], &resources) // none when it is something else
	for _, res := range resources {
		keys = append(keys, decode(res["ARN"]))
	}
	for _, name := range []string{"destinationKeyId", "sourceKeyId"} {
		keys = append(keys, r.str("requestParameters", name))
	}
	return keys
}

// Add counts a call, once for each event.
func (u *Uses) Add(x UseRecord) {
	if u.seen[x.id] {
		return
	}
	u.seen[x.id] = true
	interval := -1
	for i, span := range u.timelines[x.key].Intervals {
		if !x.at.Before(span.From) && (span.To == nil || x.at.Before(*span.To)) {
			interval = i
		}
	}
	k := useKey{x.key, x.account, x.principal, interval}
	row := u.rows[k]
	if row == nil {
		row = &Use{Type: "use", Key: x.key, Account: x.account, Principal: x.principal, Calls: map[string]int{}, First: x.at, Last: x.at}
		if interval >= 0 {
			row.Interval = &interval
		}
		u.rows[k] = row
	}
	if x.refused {
		row.Refused++
	} else {
		row.Count++
		row.Calls[x.name]++
	}
	if x.at.Before(row.First) {
		row.First = x.at
	}
	if x.at.After(row.Last) {
		row.Last = x.at
	}
}

// Rows returns the uses by key, interval and first time.
func (u *Uses) Rows() []Use {
	rows := make([]Use, 0, len(u.rows))
	for _, k := range slices.SortedFunc(maps.Keys(u.rows), func(x, y useKey) int {
		return cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.interval, y.interval), u.rows[x].First.Compare(u.rows[y].First),
			strings.Compare(x.account, y.account), strings.Compare(x.principal, y.principal))
	}) {
		rows = append(rows, *u.rows[k])
	}
	return rows
}
