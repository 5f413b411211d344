package detect

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeExceptions writes an exceptions file with one entry.
func writeExceptions(t *testing.T, match string, expires time.Time) string {
	t.Helper()
	text := fmt.Sprintf("exceptions:\n  - name: partner\n    match: {%s}\n    reason: agreed in SEC-1\n    owner: storage team\n    expires: %s\n", match, expires.Format(time.DateOnly))
	path := filepath.Join(t.TempDir(), "accepted.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExceptions(t *testing.T) {
	now := time.Now()
	const (
		key      = "key: arn:aws:kms:us-west-2:111111111111:key/f2a82583-a7d3-4c92-8787-fe2baab1cee1, class: [encrypt, use, other], verdict: "
		otherKey = "key: arn:aws:kms:us-west-2:111111111111:key/00000000-a7d3-4c92-8787-fe2baab1cee1, class: [encrypt, use, other], verdict: "
	)
	tests := []struct {
		name      string
		match     string
		expires   time.Time
		outcome   string
		published int
	}{
		{"holds", key + "public", now.AddDate(0, 1, 0), outcomeHeld, 1},
		{"expired", key + "public", now.AddDate(0, 0, -2), outcomePublished, 2},
		{"worse than accepted", key + "undecided", now.AddDate(0, 1, 0), outcomePublished, 2},
		{"another key", otherKey + "public", now.AddDate(0, 1, 0), outcomePublished, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newSNSServer(t, nil)
			f, log := newFunction(t, server.URL(), "EXCEPTIONS_FILE="+writeExceptions(t, test.match, test.expires))
			s := invoke(t, f, sample(t, "put-key-policy-public"))
			if s.Outcome != test.outcome || (s.HeldBy == "partner") != (test.outcome == outcomeHeld) {
				t.Errorf("summary = %+v, want %s", s, test.outcome)
			}
			if test.outcome == outcomeHeld && (!strings.Contains(s.Reason, "agreed in SEC-1") || !strings.Contains(s.Reason, "storage team")) {
				t.Errorf("reason = %q, want the exception's reason and owner", s.Reason)
			}
			if expired := len(s.Expired) > 0; expired != (test.name == "expired") {
				t.Errorf("expired exceptions = %q", s.Expired)
			}
			invoke(t, f, sample(t, "replicate-key-public")) // no exception is about this key
			all := server.Publications()
			if len(all) != test.published {
				t.Errorf("%d publications, want %d", len(all), test.published)
			}
			if test.name == "expired" && !strings.Contains(all[0].For("email"), "partner") {
				t.Error("the email does not name the expired exception")
			}
			f.Close() // the log is whole once the process has ended
			if test.outcome == outcomeHeld && (!strings.Contains(log.String(), `"held_by":"partner"`) || !strings.Contains(log.String(), `"HeldBack":1`)) {
				t.Errorf("the log does not name and count the exception:\n%s", log)
			}
		})
	}
}
