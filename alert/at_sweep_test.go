package alert

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

const (
	sweptOwner = `{"Sid":"Owner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
	sweptOpen  = `{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`
	sweptShare = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*"}`
	sweptLost  = `{"Sid":"Nobody","Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}`
)

// swept is a key whose policy, of these statements, is news.
func swept(t testing.TB, n int, call SweptCall, statements ...string) SweptKey {
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
	return SweptKey{Key: k, Severity: f.Severity, State: "Enabled", Policy: f, Call: call, Heard: sweptAt.Add(-3 * time.Hour)}
}

var (
	sweptAt    = time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)
	sweptGrant = SweptGrant{ID: "abcd1234", Grantee: "arn:aws:iam::444455556666:role/backup", Operations: []string{"Decrypt", "GenerateDataKey"}, Audience: "shared"}
)

// sweeps are what a sweep can have to tell.
func sweeps(t testing.TB) map[string]Sweep {
	grant := swept(t, 7, CallNone, sweptOwner, sweptOpen)
	grant.Policy, grant.Severity, grant.Grants = nil, detector.Medium, []SweptGrant{sweptGrant}
	disabled := swept(t, 3, CallHeard, sweptOwner, sweptShare)
	disabled.State, disabled.Expired = "Disabled", []string{"partner"}
	lost := swept(t, 2, CallMissing, sweptOwner, sweptOpen)
	return map[string]Sweep{
		"first":  {UID: "u1", Keys: []SweptKey{disabled, swept(t, 1, CallNone, sweptOwner, sweptOpen), grant, swept(t, 4, CallNone, sweptOwner, sweptLost)}, Quiet: 2},
		"lost":   {UID: "u2", Since: sweptAt.Add(-24 * time.Hour), Keys: []SweptKey{lost}},
		"heard":  {UID: "u3", Since: sweptAt.Add(-24 * time.Hour), Keys: []SweptKey{disabled}},
		"grant":  {UID: "u4", Since: sweptAt.Add(-24 * time.Hour), Keys: []SweptKey{grant}},
		"unsure": {UID: "u5", Since: sweptAt.Add(-24 * time.Hour), Keys: []SweptKey{swept(t, 5, CallUnknown, sweptOwner, sweptOpen)}},
	}
}
