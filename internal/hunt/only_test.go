package hunt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// policyCall is a record of a call by ada of account 999988887777.
func policyCall(t *testing.T, id int, name, key, principal, action, errorCode string) string {
	t.Helper()
	statement := map[string]any{"Effect": "Allow", "Principal": map[string]string{"AWS": principal}, "Action": action, "Resource": "*"}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
	if err != nil {
		t.Fatal(err)
	}
	r := map[string]any{
		"eventVersion": "1.11", "eventID": fmt.Sprintf("00000000-0000-4000-8000-%012d", id), "eventName": name, "eventSource": "kms.amazonaws.com",
		"eventTime": june(id).Format("2006-01-02T15:04:05Z"), "awsRegion": "eu-north-1", "recipientAccountId": "999988887777", "sourceIPAddress": "192.0.2.9", "userAgent": "cli",
		"userIdentity":      map[string]any{"type": "IAMUser", "userName": "ada", "arn": "arn:aws:iam::999988887777:user/ada", "accountId": "999988887777"},
		"requestParameters": map[string]any{"policy": string(text)},
	}
	if key != "" {
		r["resources"] = []any{map[string]any{"ARN": "arn:aws:kms:eu-north-1:999988887777:key/" + key, "accountId": "999988887777", "type": "AWS::KMS::Key"}}
	}
	if errorCode != "" {
		r["errorCode"] = errorCode
	}
	record, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(record)
}

// TestOCSFWantsWholeFindings: what was lightened is never printed as if it were all.
func TestOCSFWantsWholeFindings(t *testing.T) {
	r := mustRun(t, options(listed{memory("a", []byte(policyCall(t, 1, "PutKeyPolicy", "k", "*", "kms:*", "")))}))
	if err := Print(&bytes.Buffer{}, r, View{Format: "ocsf"}); err == nil || len(r.Findings) != 1 {
		t.Errorf("error %v, %d findings; want an error and one", err, len(r.Findings))
	}
}

// TestOnly: --only tells findings apart by verdict and by what else they are.
func TestOnly(t *testing.T) {
	const root = "arn:aws:iam::999988887777:root"
	key := func(n int) string { return fmt.Sprintf("00000000-1111-4222-8333-%012d", n) }
	records := []string{
		policyCall(t, 1, "PutKeyPolicy", key(1), root, "kms:Encrypt", ""), // locked
		policyCall(t, 2, "PutKeyPolicy", key(2), "*", "kms:Encrypt", ""),  // taken over
		policyCall(t, 3, "PutKeyPolicy", key(3), "*", "kms:*", ""),
		policyCall(t, 4, "PutKeyPolicy", key(4), "arn:aws:iam::123412341234:root", "kms:*", "AccessDenied"),
		policyCall(t, 5, "CreateKey", "", "*", "kms:*", "DependencyTimeoutException"),
		policyCall(t, 6, "CreateKey", "", "*", "kms:*", "LimitExceededException"),
	}
	source := listed{memory("a.json", []byte(strings.Join(records, "\n")))}
	for only, want := range map[string]string{
		"": "1 2 3 4 5 6", "public": "2 3 5 6", "private": "1", "shared": "4", "locked": "1 2", "taken-over": "2", "private,shared": "1 4", "guarded": "", "network": "",
	} {
		o := options(source)
		if only != "" {
			o.Only = strings.Split(only, ",")
		}
		r := mustRun(t, o)
		var got []string
		for _, e := range r.Findings {
			got = append(got, strings.TrimLeft(e.ID[24:], "0"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("only %q: %q, want %q", only, got, want)
		}
		if only != "" {
			continue
		}
		var table, summary bytes.Buffer
		if err := Print(&table, r, View{Format: "table"}); err != nil {
			t.Fatal(err)
		}
		PrintSummary(&summary, &r.Summary)
		for _, part := range []string{"private (locked)", "public (taken-over)", "shared (refused)", "public (outcome unknown)", "not known"} {
			if !strings.Contains(table.String(), part) {
				t.Errorf("no %q in\n%s", part, table.String())
			}
		}
		if s := summary.String(); !strings.HasPrefix(s, "1 file, ") || !strings.Contains(s, "does not name the key: 1 finding\n") {
			t.Errorf("summary %s", s)
		}
	}
}
