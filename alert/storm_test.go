package alert

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// Every channel says that there is a storm, whatever else the finding is.
func TestComposeInAStorm(t *testing.T) {
	schemas := findingSchemas(t)
	for name, storm := range map[string]*Storm{"begins": {}, "holds": aStorm()} {
		t.Run(name, func(t *testing.T) {
			eachFinding(t, func(t *testing.T, f *detector.Finding) {
				o := testOptions()
				o.Storm = storm
				m, err := Compose(f, o)
				if err != nil {
					t.Fatal(err)
				}
				bodies := checkMessage(t, m)
				checkFinding(t, bodies["default"], schemas)
				checkChat(t, bodies["https"], "slack")
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
				if held := finding.Evidences[0].Data.Held; held == nil || held.Count != storm.total() {
					t.Errorf("held_alerts = %+v, want a count of %d", held, storm.total())
				}
			})
		})
	}
}

// Keys are event text.
func TestStormOfHostileKeys(t *testing.T) {
	s := &Storm{Since: at.Add(time.Hour)}
	for _, text := range attacks() {
		s.Counts = append(s.Counts, HeldCount{text, detector.Critical, 1})
	}
	for range 300 {
		s.Counts = append(s.Counts, HeldCount{strings.Repeat("`<!channel>` ", 1000), detector.High, 7})
	}
	if len(s.Counts) < 310 {
		t.Fatalf("%d counts, want more: no attacks?", len(s.Counts))
	}
	o := testOptions()
	o.Storm = s
	m, err := Compose(publicFinding(), o)
	if err != nil {
		t.Fatal(err)
	}
	bodies := checkMessage(t, m)
	checkFinding(t, bodies["default"], findingSchemas(t))
	checkChat(t, bodies["https"], "slack")
	lead, _, _ := strings.Cut(bodies["email"], "\n\n")
	if n := strings.Count(lead, "\n"); n > 60 {
		t.Errorf("the lead has %d lines", n)
	}
	for _, line := range strings.Split(lead, "\n") {
		if r, bad := unsafeRune(line); bad || strings.Contains(line, "://") || strings.Contains(strings.ToLower(line), "www.") {
			t.Errorf("line %q (%U)", line, r)
		}
		if line != "" && !strings.HasPrefix(line, "STORM: ") && !strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "  ") {
			t.Errorf("line %q: not one of ours", line)
		}
	}
}
