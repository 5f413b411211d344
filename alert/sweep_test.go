package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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

// TestSweepGolden holds every channel of every kind of sweep against files.
func TestSweepGolden(t *testing.T) {
	schemas := loadOCSF(t)
	for name, s := range sweeps(t) {
		t.Run(name, func(t *testing.T) {
			m, err := ComposeSweep(s, Options{Now: sweptAt, Version: "v0.2.0", RunbookURL: "https://wiki.example.com/kms", Mention: "S0123ABCD"})
			if err != nil {
				t.Fatal(err)
			}
			var bodies map[string]string
			if err := json.Unmarshal([]byte(m.Body), &bodies); err != nil {
				t.Fatal(err)
			}
			for _, schema := range schemas {
				for _, fault := range schema.check([]byte(bodies["default"])) {
					t.Errorf("OCSF %s: %s", schema.Version, fault)
				}
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, []byte(bodies["default"]), "", "  "); err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("%s\n%v\n\n== email\n%s\n== https\n%s\n\n== sms\n%s\n\n== default\n%s\n", m.Subject, m.Attributes, bodies["email"], bodies["https"], bodies["sms"], pretty.String())
			file := filepath.Join("testdata", "sweep", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || string(want) != text {
				t.Errorf("%s differs (%v); run with -update and read the diff. Got\n%s", file, err, text)
			}
		})
	}
}

// A sweep says whether the event of a change came.
func TestSweepSaysWhatBecameOfTheEvent(t *testing.T) {
	for name, want := range map[string]string{"lost": "NO EVENT of this change", "heard": "The event of the change reached kmsentry at 2026-11-25 01:00:00", "unsure": "is not known"} {
		m, err := ComposeSweep(sweeps(t)[name], Options{Now: sweptAt})
		var bodies map[string]string
		if err != nil || json.Unmarshal([]byte(m.Body), &bodies) != nil {
			t.Fatal(err)
		}
		for _, channel := range []string{"email", "https"} {
			if !strings.Contains(strings.Join(strings.Fields(bodies[channel]), " "), want) {
				t.Errorf("%s of %s does not say %q:\n%s", channel, name, want, bodies[channel])
			}
		}
	}
	if m, _ := ComposeSweep(sweeps(t)["lost"], Options{Now: sweptAt}); !strings.Contains(m.Subject, "without an event") {
		t.Errorf("subject %q", m.Subject)
	}
}

// However much there is to tell, and whatever texts it holds, one message tells
// the worst of it within SNS's limit.
func TestSweepFits(t *testing.T) {
	hostile := strings.Repeat("\u202e<!channel> https://evil.example/ \x1b[31m\n", 20)
	s := Sweep{UID: "u", Quiet: 9}
	for n := range 1000 {
		k := swept(t, n%3, CallMissing, sweptOwner, sweptShare)
		k.Severity = detector.Low
		k.Unread, k.State = []string{hostile}, hostile
		for range 40 {
			k.Grants = append(k.Grants, SweptGrant{ID: hostile, Grantee: hostile, Operations: []string{hostile, hostile}, Audience: "undecided"})
		}
		s.Keys = append(s.Keys, k)
	}
	worst := swept(t, 9, CallNone, sweptOwner, sweptOpen)
	s.Keys = append(s.Keys, worst)
	for _, client := range []string{"slack", "teams"} {
		m, err := ComposeSweep(s, Options{Now: sweptAt, ChatClient: client})
		if err != nil || m.size() > maxMessage {
			t.Fatalf("%v, %d bytes, want at most %d", err, m.size(), maxMessage)
		}
		var bodies map[string]string
		var finding struct {
			Resources []struct{ UID string }
			Metadata  struct {
				Truncated bool `json:"is_truncated"`
			}
		}
		if err := json.Unmarshal([]byte(m.Body), &bodies); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(bodies["default"]), &finding); err != nil || finding.Resources[0].UID != worst.Key.ARN || !finding.Metadata.Truncated {
			t.Errorf("%v, %+v; want the worst key first, and that the rest is said to be cut", err, finding.Metadata)
		}
		for channel, text := range bodies {
			if strings.ContainsAny(text, "\u202e\x1b") || channel != "default" && strings.Contains(text, "https://evil") || channel == "https" && strings.Contains(text, "<!channel>") {
				t.Errorf("%s holds hostile text as it came", channel)
			}
		}
		if !strings.Contains(bodies["email"], "981 KEYS MORE") {
			t.Errorf("the mail does not say how many keys it leaves out:\n%.300s", bodies["email"])
		}
		if len(m.Subject) > maxSubject || len(m.Attributes) > 10 {
			t.Errorf("subject %q, %d attributes", m.Subject, len(m.Attributes))
		}
	}
}

func TestSweepWithoutNewsIsRefused(t *testing.T) {
	if _, err := ComposeSweep(Sweep{UID: "u"}, Options{Now: sweptAt}); err == nil {
		t.Error("want an error")
	}
	if _, err := ComposeSweep(sweeps(t)["lost"], Options{}); err == nil {
		t.Error("without a time: want an error")
	}
}
