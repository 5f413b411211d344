package alert

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// Every channel says that there is a storm, whatever the finding.
func TestComposeInAStorm(t *testing.T) {
	schemas := alerttest.FindingSchemas(t)
	for name, storm := range map[string]*words.Storm{"begins": {}, "holds": alerttest.Storm()} {
		t.Run(name, func(t *testing.T) {
			alerttest.EachFinding(t, func(t *testing.T, f *detector.Finding) {
				o := alerttest.Options()
				o.Storm = storm
				m, err := Compose(f, o)
				if err != nil {
					t.Fatal(err)
				}
				bodies := checkMessage(t, m)
				alerttest.CheckFinding(t, bodies["default"], schemas)
				alerttest.CheckChat(t, bodies["https"], "slack")
				if !strings.HasPrefix(m.Subject, "[STORM] [") || !strings.HasPrefix(bodies["sms"], "[STORM] [") {
					t.Errorf("subject %q, sms %q", m.Subject, bodies["sms"])
				}
				if mail := bodies["email"]; !strings.HasPrefix(mail, "STORM: ") {
					t.Errorf("the mail does not lead with the storm:\n%.300s", mail)
				}
				var chat struct{ Content struct{ Description string } }
				if err := json.Unmarshal([]byte(bodies["https"]), &chat); err != nil || !strings.HasPrefix(chat.Content.Description, "Storm: ") {
					t.Errorf("chat begins %.100q (%v)", chat.Content.Description, err)
				}
				var finding shownFinding
				if err := json.Unmarshal([]byte(bodies["default"]), &finding); err != nil {
					t.Fatal(err)
				}
				if held := finding.Evidences[0].Data.Held; held == nil || held.Count != storm.Total() {
					t.Errorf("held_alerts = %+v, want a count of %d", held, storm.Total())
				}
			})
		})
	}
}

// Keys are event text.
func TestStormOfHostileKeys(t *testing.T) {
	s := &words.Storm{Since: alerttest.At.Add(time.Hour)}
	for _, text := range alerttest.Attacks() {
		s.Counts = append(s.Counts, words.HeldCount{Key: text, Severity: detector.Critical, Count: 1})
	}
	for range 300 {
		s.Counts = append(s.Counts, words.HeldCount{Key: strings.Repeat("`<!channel>` ", 1000), Severity: detector.High, Count: 7})
	}
	if len(s.Counts) < 310 {
		t.Fatalf("%d counts, want more: no attacks?", len(s.Counts))
	}
	o := alerttest.Options()
	o.Storm = s
	m, err := Compose(alerttest.PublicFinding(), o)
	if err != nil {
		t.Fatal(err)
	}
	bodies := checkMessage(t, m)
	alerttest.CheckFinding(t, bodies["default"], alerttest.FindingSchemas(t))
	alerttest.CheckChat(t, bodies["https"], "slack")
	lead, _, _ := strings.Cut(bodies["email"], "\n\n")
	if n := strings.Count(lead, "\n"); n > 60 {
		t.Errorf("the lead has %d lines", n)
	}
	for _, line := range strings.Split(lead, "\n") {
		if r, bad := alerttest.UnsafeRune(line); bad || strings.Contains(line, "://") || strings.Contains(strings.ToLower(line), "www.") {
			t.Errorf("line %q (%U)", line, r)
		}
		if line != "" && !strings.HasPrefix(line, "STORM: ") && !strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "  ") {
			t.Errorf("line %q: not one of ours", line)
		}
	}
}
