package ocsf

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// One key of a sweep is valid OCSF, whatever is known about it, and mentions neither
// a call nor news.
func TestOCSFOfKey(t *testing.T) {
	key := detector.Key{ARN: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
	o := words.Options{Now: time.Unix(1800000000, 0), Version: "1"}
	open := decide.Decision{Verdict: decide.Public, Least: decide.Public, Most: decide.Public}
	for _, row := range []struct {
		name  string
		key   words.SweptKey
		state SweptState
		want  string // confidence
	}{
		{"open", words.SweptKey{Key: key, Severity: detector.High, State: "Enabled", Policy: detector.InForce(key, open, false)}, SweptState{"u1", "Anyone in AWS can use this KMS key", decide.Public}, "High"},
		{"grant", words.SweptKey{Key: key, Grants: []words.SweptGrant{{ID: "g", Grantee: "arn:aws:iam::444455556666:root", Operations: []string{"Decrypt"}, Audience: "shared"}}}, SweptState{"u2", "Outsiders hold grants\x1b[0m", decide.Shared}, "High"},
		{"not read", words.SweptKey{Key: key, Severity: detector.Medium, Unread: []string{"GetKeyPolicy: AccessDeniedException"}, Policy: detector.InForce(key, decide.Unread(), false)}, SweptState{"u3", "The policy could not be read", decide.Undecided}, "Low"},
		{"grants not read", words.SweptKey{Key: key, Unread: []string{"ListGrants: AccessDeniedException"}}, SweptState{"u4", "The grants could not be read", decide.Undecided}, "Low"},
	} {
		raw, err := ComposeKey(row.key, row.state, o)
		if err != nil {
			t.Fatal(err)
		}
		alerttest.CheckFinding(t, raw, alerttest.OCSFSchemas(t))
		var f struct {
			Confidence, Message string
			Evidences           []struct {
				Data struct{ Title, Verdict string }
			}
		}
		if err := json.Unmarshal([]byte(raw), &f); err != nil {
			t.Fatal(err)
		}
		if d := f.Evidences[0].Data; f.Confidence != row.want || d.Verdict != row.state.Verdict.String() || d.Title != f.Message || strings.ContainsAny(f.Message, "\x1b") || strings.Contains(raw, "new grant") {
			t.Errorf("%s: %s", row.name, raw)
		}
	}
	if _, err := ComposeKey(words.SweptKey{Key: key}, SweptState{}, words.Options{}); err == nil {
		t.Error("no time, and no error")
	}
}
