package detect

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/fakesns"
)

// stormEvents is the number of openings that arrive at once.
const stormEvents = 900

// The real binary in a storm publishes every alert once, and no more of them to the
// alert topic than the limits allow. How many that is depends on the machine's speed,
// so the test looks at the times at which SNS took them.
func TestBootstrapInAStorm(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		key  func(n int) int
	}{
		{"different keys", func(n int) int { return n }},
		{"one key", func(int) int { return 0 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newSNSServer(t, nil)
			f, log := newFunction(t, server.URL(), "OVERFLOW_TOPIC_ARN="+testOverflow)
			want := map[string]string{} // outcomes by message id
			for n := range stormEvents {
				event := strings.Replace(string(openingOf(test.key(n))), `"eventName"`, fmt.Sprintf(`"eventID":"00000000-0000-4000-8000-%012d","eventName"`, n), 1)
				s := invoke(t, f, []byte(event))
				if !s.Published || s.Outcome != outcomePublished && s.Outcome != outcomeOverflow {
					t.Fatalf("opening %d: %+v, want it published", n, s)
				}
				want[s.MessageID] = s.Outcome
			}
			f.Close() // the log is whole once the process has ended
			all := server.Publications()
			times := checkStorm(t, all, want)
			checkRates(t, times, 20)
			if test.name == "one key" {
				checkRates(t, times, maxPerKey+1) // a lead may be the fourth in a minute
			}
			checkStormLog(t, log.String(), len(times))
		})
	}
}

// checkStorm checks the messages against the outcomes that the function reported, and
// returns the times of those to the alert topic.
func checkStorm(t *testing.T, all []fakesns.Publication, want map[string]string) []time.Time {
	t.Helper()
	if len(all) != stormEvents || len(want) != stormEvents {
		t.Errorf("%d messages and %d message ids for %d openings", len(all), len(want), stormEvents)
	}
	var times []time.Time
	uids := map[string]bool{}
	held, leads := 0, 0
	for i, p := range all {
		var finding struct {
			Info struct{ UID string } `json:"finding_info"`
		}
		if err := json.Unmarshal([]byte(p.For("sqs")), &finding); err != nil {
			t.Fatal(err)
		}
		uids[finding.Info.UID] = true
		outcome := outcomeOverflow
		if p.Topic == testTopic {
			outcome, times = outcomePublished, append(times, p.At)
		}
		if want[p.ID] != outcome {
			t.Errorf("message %d went to %s, the function says %q", i+1, p.Topic, want[p.ID])
		}
		count, lead := heldIn(t, p.For("default"))
		if lead {
			leads++
			if overflown := i - (len(times) - 1) - held; outcome == outcomeOverflow || count != overflown {
				t.Errorf("message %d to %s leads with %d held alerts, want %d", i+1, p.Topic, count, overflown)
			}
			held += count
		}
		if mail := strings.HasPrefix(p.For("email"), "STORM: "); mail != lead || strings.HasPrefix(p.Subject, "[STORM] ") != lead {
			t.Errorf("message %d leads: mail %t, subject %q, want %t", i+1, mail, p.Subject, lead)
		}
	}
	if len(uids) != stormEvents {
		t.Errorf("%d findings by uid, want %d", len(uids), stormEvents)
	}
	if leads == 0 || len(times) == stormEvents {
		t.Errorf("%d messages lead with a count, %d went to the overflow topic: no storm", leads, stormEvents-len(times))
	}
	return times
}

// checkStormLog checks that the log has one line per alert, with the right metric.
func checkStormLog(t *testing.T, log string, alerts int) {
	t.Helper()
	published, overflow := 0, 0
	for line := range strings.Lines(log) {
		var l struct {
			Outcome, Storm      string
			Published, Overflow int
			AWS                 struct {
				CloudWatchMetrics []struct{ Metrics []struct{ Name string } }
			} `json:"_aws"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || len(l.AWS.CloudWatchMetrics) != 1 {
			t.Fatalf("log line %s: %v", line, err)
		}
		published += l.Published
		overflow += l.Overflow
		name := map[string]string{outcomePublished: "Published", outcomeOverflow: "Overflow"}[l.Outcome]
		if l.Published+l.Overflow != 1 || l.AWS.CloudWatchMetrics[0].Metrics[0].Name != name || l.Overflow == 1 && l.Storm == "" {
			t.Fatalf("log line %s: want it counted as %s, and with the limit when that is Overflow", line, name)
		}
	}
	if published != alerts || overflow != stormEvents-alerts {
		t.Errorf("the log counts %d published and %d overflow, want %d and %d", published, overflow, alerts, stormEvents-alerts)
	}
}
