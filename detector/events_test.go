package detector

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const eventsReadme = "../events/README.md"

// Every sample event is an EventBridge event whose envelope agrees with its record.
func TestSampleEvents(t *testing.T) {
	ids := make(map[string]string)
	for name := range sampleEvents(t) {
		text, err := os.ReadFile(filepath.Join("../events", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var event struct {
			Version, ID, Source, Account, Region, Time string
			DetailType                                 string `json:"detail-type"`
			Detail                                     struct{ EventID, EventSource, AwsRegion, EventTime, RecipientAccountID string }
		}
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if event.Version != "0" || event.DetailType != "AWS API Call via CloudTrail" || event.Source != "aws.kms" {
			t.Errorf("%s: envelope %+v", name, event)
		}
		d := event.Detail
		if event.Account != d.RecipientAccountID || event.Region != d.AwsRegion || event.Time != d.EventTime || d.EventSource != eventSource {
			t.Errorf("%s: the envelope and the record disagree: %+v", name, event)
		}
		for _, id := range []string{event.ID, d.EventID} {
			if other, ok := ids[id]; ok || id == "" {
				t.Errorf("%s: id %q is also in %q", name, id, other)
			}
			ids[id] = name
		}
	}
}

// The table in events/README.md agrees with what Detect returns.
func TestEventsReadme(t *testing.T) {
	text, err := os.ReadFile(eventsReadme)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string][]string)
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 5 || !strings.HasPrefix(line, "| `") {
			continue
		}
		for i := range cells {
			cells[i] = strings.Trim(cells[i], " `")
		}
		rows[strings.TrimSuffix(cells[0], ".json")] = cells[1:]
	}
	records := sampleEvents(t)
	for name := range rows {
		if records[name] == nil {
			t.Errorf("%s: a row for %s, which is not a sample event", eventsReadme, name)
		}
	}
	for name, record := range records {
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s: no row for %s", eventsReadme, name)
			continue
		}
		result, err := Detector{}.Detect(record)
		if err != nil {
			t.Errorf("Detect(%s): %v", name, err)
			continue
		}
		verdict, severity := "quiet", ""
		if f := result.Finding; f != nil {
			verdict, severity = f.Verdict.String(), f.Severity.String()
			if f.Attempted {
				verdict += ", attempted"
			}
		}
		if row[0] != result.Event.Name || !strings.HasPrefix(row[2], verdict) || row[3] != severity {
			t.Errorf("%s: %s says %q, want %s, %s, %s", eventsReadme, name, row, result.Event.Name, verdict, severity)
		}
	}
}
