package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// TestSweepGolden compares every channel of every kind of sweep with golden files.
func TestSweepGolden(t *testing.T) {
	schemas := alerttest.OCSFSchemas(t)
	for name, s := range alerttest.Sweeps(t) {
		t.Run(name, func(t *testing.T) {
			m, err := ComposeSweep(s, words.Options{Now: alerttest.SweptAt, Version: "v0.2.0", RunbookURL: "https://wiki.example.com/kms", Mention: "S0123ABCD"})
			if err != nil {
				t.Fatal(err)
			}
			var bodies map[string]string
			if err := json.Unmarshal([]byte(m.Body), &bodies); err != nil {
				t.Fatal(err)
			}
			alerttest.CheckFinding(t, bodies["default"], schemas)
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

// A sweep says whether the event of a change arrived.
func TestSweepSaysWhatBecameOfTheEvent(t *testing.T) {
	for name, want := range map[string]string{"lost": "NO EVENT of this change", "heard": "The event of the change reached kmsentry at 2026-11-25 01:00:00", "unsure": "is not known"} {
		m, err := ComposeSweep(alerttest.Sweeps(t)[name], words.Options{Now: alerttest.SweptAt})
		var bodies map[string]string
		if err != nil || json.Unmarshal([]byte(m.Body), &bodies) != nil {
			t.Fatal(err)
		}
		for _, protocol := range []string{"email", "https"} {
			if !strings.Contains(strings.Join(strings.Fields(bodies[protocol]), " "), want) {
				t.Errorf("%s of %s does not say %q:\n%s", protocol, name, want, bodies[protocol])
			}
		}
	}
	if m, _ := ComposeSweep(alerttest.Sweeps(t)["lost"], words.Options{Now: alerttest.SweptAt}); !strings.Contains(m.Subject, "without an event") {
		t.Errorf("subject %q", m.Subject)
	}
}

// However many keys there are, and whatever texts they hold, one message reports the
// worst of them within SNS's limit.
func TestSweepFits(t *testing.T) {
	hostile := strings.Repeat("\u202e<!channel> https://evil.example/ \x1b[31m\n", 20)
	s := words.Sweep{UID: "u", Quiet: 9}
	for n := range 1000 {
		k := alerttest.Swept(t, n%3, words.CallMissing, alerttest.SweptOwner, alerttest.SweptShare)
		k.Severity = detector.Low
		k.Unread, k.State = []string{hostile}, hostile
		for range 40 {
			k.Grants = append(k.Grants, words.SweptGrant{ID: hostile, Grantee: hostile, Operations: []string{hostile, hostile}, Audience: "undecided"})
		}
		s.Keys = append(s.Keys, k)
	}
	worst := alerttest.Swept(t, 9, words.CallNone, alerttest.SweptOwner, alerttest.SweptOpen)
	s.Keys = append(s.Keys, worst)
	for _, client := range []string{"slack", "teams"} {
		m, err := ComposeSweep(s, words.Options{Now: alerttest.SweptAt, ChatClient: client})
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
		for protocol, text := range bodies {
			if strings.ContainsAny(text, "\u202e\x1b") || protocol != "default" && strings.Contains(text, "https://evil") || protocol == "https" && strings.Contains(text, "<!channel>") {
				t.Errorf("%s holds hostile text as it came", protocol)
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
	if _, err := ComposeSweep(words.Sweep{UID: "u"}, words.Options{Now: alerttest.SweptAt}); err == nil {
		t.Error("want an error")
	}
	if _, err := ComposeSweep(alerttest.Sweeps(t)["lost"], words.Options{}); err == nil {
		t.Error("without a time: want an error")
	}
}
