package alerttest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// Statements of the swept keys' policies.
const (
	SweptOwner = `{"Sid":"Owner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
	SweptOpen  = `{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`
	SweptShare = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*"}`
	sweptLost  = `{"Sid":"Nobody","Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}`
)

// Swept returns the nth key, with news: a policy of the given statements.
func Swept(t testing.TB, n int, call words.SweptCall, statements ...string) words.SweptKey {
	t.Helper()
	p, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("%08d-12ab-34cd-56ef-1234567890ab", n)
	k := detector.Key{ARN: "arn:aws:kms:eu-west-1:111122223333:key/" + id, ID: id, Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
	f := detector.InForce(k, decide.Decide(p, decide.Question{Account: k.Account, KeyARN: k.ARN}), false)
	if f == nil {
		t.Fatal("the fixture is nothing to report")
	}
	return words.SweptKey{Key: k, Severity: f.Severity, State: "Enabled", Policy: f, Call: call, Heard: SweptAt.Add(-3 * time.Hour)}
}

// SweptAt is when the sweeps ran.
var SweptAt = time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)

// sweptGrant is a KMS grant to an outsider.
var sweptGrant = words.SweptGrant{ID: "abcd1234", Grantee: "arn:aws:iam::444455556666:role/backup", Operations: []string{"Decrypt", "GenerateDataKey"}, Audience: "shared"}

// Sweeps returns sweeps of every kind, by name.
func Sweeps(t testing.TB) map[string]words.Sweep {
	grant := Swept(t, 7, words.CallNone, SweptOwner, SweptOpen)
	grant.Policy, grant.Severity, grant.Grants = nil, detector.Medium, []words.SweptGrant{sweptGrant}
	disabled := Swept(t, 3, words.CallHeard, SweptOwner, SweptShare)
	disabled.State, disabled.Expired = "Disabled", []string{"partner"}
	lost := Swept(t, 2, words.CallMissing, SweptOwner, SweptOpen)
	return map[string]words.Sweep{
		"first":  {UID: "u1", Keys: []words.SweptKey{disabled, Swept(t, 1, words.CallNone, SweptOwner, SweptOpen), grant, Swept(t, 4, words.CallNone, SweptOwner, sweptLost)}, Quiet: 2},
		"lost":   {UID: "u2", Since: SweptAt.Add(-24 * time.Hour), Keys: []words.SweptKey{lost}},
		"heard":  {UID: "u3", Since: SweptAt.Add(-24 * time.Hour), Keys: []words.SweptKey{disabled}},
		"grant":  {UID: "u4", Since: SweptAt.Add(-24 * time.Hour), Keys: []words.SweptKey{grant}},
		"unsure": {UID: "u5", Since: SweptAt.Add(-24 * time.Hour), Keys: []words.SweptKey{Swept(t, 5, words.CallUnknown, SweptOwner, SweptOpen)}},
	}
}
