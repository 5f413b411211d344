package alert

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// aStorm is one that held 42 alerts about many keys.
func aStorm() *Storm {
	s := &Storm{Since: at, Counts: []HeldCount{
		{"", detector.High, 5},
		{keyInUSWest, detector.High, 20},
		{"111122223333 us-west-2 alias/a", detector.Critical, 1},
	}}
	for n := range 8 {
		s.Counts = append(s.Counts, HeldCount{fmt.Sprint("key-", n), detector.Medium, 2})
	}
	return s
}

func TestStormLeads(t *testing.T) {
	const mail = `STORM: 42 alerts held since 2026-11-23 03:14:15 UTC: 1 critical, 25
high, 16 medium. None is lost: each went to the overflow topic.
- 1 critical: 111122223333 us-west-2 alias/a
- 20 high: arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
- 2 medium: key-0
- 5 high: other keys
- 14 medium: other keys

`
	unwrapped := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if got := mailLead(aStorm()); unwrapped(got) != unwrapped(mail) || !strings.HasSuffix(got, "\n\n") {
		t.Errorf("the mail leads with\n%s\nwant, wrapped in whatever way,\n%s", got, mail)
	}
	for _, line := range strings.Split(mailLead(aStorm()), "\n") {
		if width(line) > columns && !strings.Contains(line, "arn:") {
			t.Errorf("line %q is too wide", line)
		}
	}
	want := []string{
		"Storm: 42 alerts held since 2026-11-23 03:14:15 UTC: 1 critical, 25 high, 16 medium. None is lost: each went to the overflow topic.",
		"- 1 critical: `111122223333 us-west-2 alias/a`",
		"- 20 high: `" + keyInUSWest + "`",
		"- 2 medium: `key-0`",
		"- 5 high: other keys",
		"- 14 medium: other keys",
	}
	if got := chatLead(aStorm()); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("chat leads with\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := mailLead(&Storm{}); !strings.HasPrefix(got, "STORM: 0 alerts held so far. ") {
		t.Errorf("a storm that begins leads with %q", got)
	}
	if got := mailLead(&Storm{Since: at, Counts: []HeldCount{{"k", detector.Low, 1}}}); !strings.HasPrefix(got, "STORM: 1 alert held since ") {
		t.Errorf("one alert reads %q", got)
	}
	if mailLead(nil) != "" || chatLead(nil) != nil || heldEvidence(nil) != nil {
		t.Error("without a storm there is a lead")
	}
}

// Every channel says that there is a storm, whatever else the finding is.
func TestComposeInAStorm(t *testing.T) {
	ocsfs, own := loadOCSF(t), findingSchema(t)
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
				checkFinding(t, []byte(bodies["default"]), ocsfs, own)
				checkChat(t, f, o)
				if !strings.HasPrefix(m.Subject, "[STORM] [") || !strings.HasPrefix(bodies["sms"], "[STORM] [") {
					t.Errorf("subject %q, sms %q", m.Subject, bodies["sms"])
				}
				if mail := Email(f, o); bodies["email"] != mail || !strings.HasPrefix(mail, mailLead(storm)) {
					t.Errorf("the mail is not the lead and the mail:\n%.300s", bodies["email"])
				}
				var chat notification
				if err := json.Unmarshal([]byte(bodies["https"]), &chat); err != nil || !strings.HasPrefix(chat.Content.Description, "Storm: ") {
					t.Errorf("chat begins %.100q (%v)", chat.Content.Description, err)
				}
				var finding ocsfFinding
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
	checkFinding(t, []byte(bodies["default"]), loadOCSF(t), findingSchema(t))
	checkChat(t, publicFinding(), o)
	lead := mailLead(s)
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
