package detector

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sampleEvents returns the records of the sample events by name, without ".json".
func sampleEvents(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample events in ../events (%v)", err)
	}
	records := make(map[string][]byte)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var event struct{ Detail json.RawMessage }
		if err := json.Unmarshal(text, &event); err != nil || event.Detail == nil {
			t.Fatalf("%s: want an event with detail: %v", file, err)
		}
		records[strings.TrimSuffix(filepath.Base(file), ".json")] = event.Detail
	}
	return records
}

// An edit changes one member of a record before it is judged: path is dotted, and
// value is the new JSON, or "" to remove the member.
type edit struct{ path, value string }

// put and create are records of accepted calls by an IAM user's long-term key.
const (
	put = `{"eventVersion":"1.11","eventID":"e-1","requestID":"r-1","eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy",
		"eventTime":"2026-11-20T08:15:42Z","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.24","userAgent":"aws-cli/2",
		"userIdentity":{"type":"IAMUser","principalId":"AIDACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::111122223333:user/Alice","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"Alice"},
		"requestParameters":{"keyId":"1234abcd-12ab-34cd-56ef-1234567890ab","policyName":"default","policy":"{}"},
		"responseElements":null,"recipientAccountId":"111122223333"}`
	create = `{"eventVersion":"1.11","eventID":"e-2","requestID":"r-2","eventSource":"kms.amazonaws.com","eventName":"CreateKey",
		"eventTime":"2026-11-20T08:15:42Z","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.24","userAgent":"aws-cli/2",
		"userIdentity":{"type":"IAMUser","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"Alice"},
		"requestParameters":{"keyUsage":"ENCRYPT_DECRYPT"},
		"responseElements":{"keyMetadata":{"aWSAccountId":"111122223333","arn":"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}},
		"recipientAccountId":"111122223333"}`
)

// edited returns the JSON record with the edits applied.
func edited(t testing.TB, record string, edits ...edit) []byte {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(record), &root); err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		at := root
		names := strings.Split(e.path, ".")
		for _, name := range names[:len(names)-1] {
			next, ok := at[name].(map[string]any)
			if !ok {
				next = make(map[string]any)
				at[name] = next
			}
			at = next
		}
		last := names[len(names)-1]
		if e.value == "" {
			delete(at, last)
			continue
		}
		var value any
		if err := json.Unmarshal([]byte(e.value), &value); err != nil {
			t.Fatalf("edit %s: %v", e.path, err)
		}
		at[last] = value
	}
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// quoted returns text as a JSON string.
func quoted(text string) string {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(literal)
}

// factsOf reads the facts in a record without judging its policy.
func factsOf(t testing.TB, text []byte) (*Finding, *record) {
	t.Helper()
	var r record
	if err := r.read(text); err != nil {
		t.Fatalf("read(%s): %v", text, err)
	}
	return r.facts(), &r
}
