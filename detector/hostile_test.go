package detector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// hostileValues returns values that an attacker, or a mistake, could put in place
// of any value in a record.
func hostileValues() []string {
	return []string{
		`null`, `""`, `" "`, `{}`, `[]`, `[{}]`, `true`, `false`, `0`, `-1`, `1e999`, `123456789012345678901234567890`, `"true"`,
		`"444455556666"`, `"arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"`, `"arn:aws:kms::444455556666:key/"`,
		`"alias/aws/s3"`, `{"omitted":true}`, `"` + "\ufeff" + `"`, `"\ud800"`, `"\u0000"`, `"a\nb"`, `"` + strings.Repeat("w", 70000) + `"`,
		`"0000-00-00T00:00:00Z"`, `"0001-01-01T00:00:00Z"`, `"1970-01-01T00:00:00Z"`, `"tomorrow"`,
		strings.Repeat("[", 500) + strings.Repeat("]", 500),
	}
}

// A call that opens a key leads to a finding that says so, whatever else is in
// its record: it is never an error, never quiet, and never taken for a refused
// call, since no value here is an error code that AWS documents as a refusal.
func TestOpeningIsNeverQuiet(t *testing.T) {
	open := policyOf(allow("*", ""))
	window := policyOf(allow("*", `{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}`))
	replicate := string(sampleEvents(t)["replicate-key-public"])
	for _, text := range []string{open, window} {
		for name, record := range map[string][]byte{
			"PutKeyPolicy": edited(t, put, edit{"requestParameters.policy", quoted(text)},
				edit{"responseElements", `{"keyId":"` + testARN + `"}`}, edit{"resources", `[{"accountId":"111122223333","ARN":"` + testARN + `"}]`},
				edit{"errorCode", `null`}, edit{"sharedEventID", `"s-1"`}),
			"CreateKey":    edited(t, create, edit{"requestParameters.policy", quoted(text)}, edit{"errorCode", `null`}),
			"ReplicateKey": edited(t, replicate, edit{"requestParameters.policy", quoted(text)}, edit{"responseElements.replicaPolicy", quoted(text)}, edit{"errorCode", `null`}),
		} {
			t.Run(name, func(t *testing.T) { holdOpening(t, record) })
		}
	}
}

// holdOpening replaces every value in an opening record by every hostile value.
func holdOpening(t *testing.T, record []byte) {
	t.Helper()
	tried := 0
	for _, at := range places(t, record) {
		if at == "eventName" || at == "eventSource" || strings.HasSuffix(strings.ToLower(at), "policy") {
			continue // these change the call or its policy
		}
		for _, value := range hostileValues() {
			tried++
			changed := replaced(t, record, at, value)
			result, err := Detector{}.Detect(changed)
			if err != nil {
				t.Errorf("%s = %.60s: %v", at, value, err)
				continue
			}
			if at == "requestParameters" && result.Event.Name != putKeyPolicy && value == `{}` {
				continue // the default policy
			}
			f := result.Finding
			if f == nil {
				t.Errorf("%s = %.60s: quiet: %s", at, value, result.Quiet)
				continue
			}
			want := decide.Public
			if at == "requestParameters" && f.Event.Name != replicateKey {
				want = decide.Undecided // the policy itself is gone
			}
			if at == "eventTime" && f.Decision.Future != nil {
				want = f.Verdict // judged as of another day, the policy opens later
			}
			if f.Verdict != want || f.Attempted || (f.Policy.Missing != "") != (want == decide.Undecided) || (f.Policy.SHA256 == "") != (f.Policy.Missing != "") {
				t.Errorf("%s = %.60s: %v, attempted %v, missing %q, want %v and not attempted", at, value, f.Verdict, f.Attempted, f.Policy.Missing, want)
			}
		}
	}
	if tried < 500 {
		t.Fatalf("%d records tried, want 500 and more", tried)
	}
}

// places returns the dotted paths of all members of a record and of the objects
// in it.
func places(t *testing.T, record []byte) []string {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(record, &root); err != nil {
		t.Fatal(err)
	}
	var all []string
	var walk func(prefix string, object map[string]any)
	walk = func(prefix string, object map[string]any) {
		for name, value := range object {
			all = append(all, prefix+name)
			if inner, ok := value.(map[string]any); ok {
				walk(prefix+name+".", inner)
			}
		}
	}
	walk("", root)
	slices.Sort(all)
	return all
}

// replaced returns the record with the value at a path replaced by JSON text, byte
// for byte.
func replaced(t *testing.T, record []byte, path, value string) []byte {
	t.Helper()
	const mark = `"the place of the hostile value"`
	text := edited(t, string(record), edit{path, mark})
	if bytes.Count(text, []byte(mark)) != 1 {
		t.Fatalf("path %s is not in the record", path)
	}
	return bytes.Replace(text, []byte(mark), []byte(value), 1)
}

// A second member that says otherwise, in whatever disguise, never makes an
// opening call quiet.
func TestOpeningBesideItself(t *testing.T) {
	record := string(edited(t, put, edit{"requestParameters.policy", quoted(policyOf(allow("*", "")))}))
	private := quoted(policyOf())
	for _, row := range []struct{ name, old, replacement string }{
		{"policy again, last", `"policyName"`, `"policy":` + private + `,"policyName"`},
		{"policy again behind an escape", `"policyName"`, `"polic\u0079":` + private + `,"policyName"`},
		{"policy in capitals", `"policyName"`, `"POLICY":` + private + `,"policyName"`},
		{"policy with a Kelvin sign", `"keyId"`, `"` + "\u212aeyId" + `":"x","keyId"`},
		{"response with a long s", `"responseElements"`, `"re` + "\u017f" + `ponseElements":{},"responseElements"`},
		{"request again", `"requestParameters"`, `"requestParameters":{"policy":` + private + `},"requestParameters"`},
		{"event name again", `"eventName"`, `"eventName":"DescribeKey","eventName"`},
		{"error code behind an escape", `"eventName"`, `"\u0065rrorCode":"","ErrorCode":"AccessDenied","eventName"`},
		{"response with a policy", `"responseElements":null`, `"responseElements":{"policy":` + private + `,"replicaPolicy":` + private + `}`},
		{"metadata of another key", `"responseElements":null`, `"responseElements":{"keyMetadata":{"arn":"arn:aws:kms:us-east-1:444455556666:key/1"}}`},
	} {
		text := strings.Replace(record, row.old, row.replacement, 1)
		if text == record {
			t.Fatalf("%s: %s is not in the record", row.name, row.old)
		}
		result, err := Detector{}.Detect([]byte(text))
		if err == nil && (result.Finding == nil || result.Finding.Attempted) {
			t.Errorf("%s: Detect = %s", row.name, fmt.Sprintf("%v, quiet %q, refused %t", result.Verdict, result.Quiet, result.Finding != nil))
		}
	}
}

// An impossible event time does not close an open policy.
func TestOpeningAtAnImpossibleTime(t *testing.T) {
	until2030 := policyOf(allow("*", `{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}`))
	now := time.Date(2026, 11, 20, 8, 16, 0, 0, time.UTC)
	for _, row := range []struct {
		name, at string
		now      time.Time
		want     decide.Verdict
	}{
		{"now", `"2026-11-20T08:15:42Z"`, now, decide.Public},
		{"a fast clock", `"2026-11-20T09:10:00Z"`, now, decide.Public},
		{"the last of all years", `"9999-12-31T23:59:59Z"`, now, decide.Public},
		{"after the date in the policy", `"2031-01-01T00:00:00Z"`, now, decide.Public},
		{"none", `null`, now, decide.Public},
		{"no time at all", `"later"`, now, decide.Public},
		{"after the date, believed", `"2031-01-01T00:00:00Z"`, time.Time{}, decide.Private},
		{"after the date, and it is", `"2031-01-01T00:00:00Z"`, now.AddDate(5, 0, 0), decide.Private},
		{"of old", `"2026-11-20T08:15:42Z"`, now.AddDate(5, 0, 0), decide.Public},
	} {
		record := edited(t, put, edit{"requestParameters.policy", quoted(until2030)}, edit{"eventTime", row.at})
		result, err := Detector{Now: row.now}.Detect(record)
		if err != nil || result.Verdict != row.want {
			t.Errorf("%s: Detect = %v, %v, want %v", row.name, result.Verdict, err, row.want)
		}
	}
}

// In whatever form the record has it, an open policy is open or unreadable.
func TestOpeningInAnyForm(t *testing.T) {
	open := policyOf(allow("*", ""))
	utf16 := "\ufeff" + strings.Join(strings.Split(open, ""), "\x00")
	for _, row := range []struct{ name, value string }{
		{"as an object", open},
		{"as a list", `[` + open + `]`},
		{"as text", quoted(open)},
		{"as text in text", quoted(quoted(open))},
		{"between white space", quoted(" \r\n\t" + open + " \n")},
		{"behind a byte order mark", quoted("\ufeff" + open)},
		{"behind a no-break space", quoted("\u00a0" + open)},
		{"before another document", quoted(open + policyOf())},
		{"behind another document", quoted(policyOf() + open)},
		{"before a comment", quoted(open + "//")},
		{"before NUL", quoted(open + "\x00")},
		{"in UTF-16", quoted(utf16)},
		{"URL encoded", quoted(strings.ReplaceAll(open, `"`, "%22"))},
		{"with every letter escaped", quoted(strings.NewReplacer(`*`, `\u002a`, `A`, `\u0041`).Replace(open))},
		{"longer than KMS accepts", quoted(open + strings.Repeat(" ", 40000))},
	} {
		for _, record := range []string{put, create} {
			result, err := Detector{}.Detect(edited(t, record, edit{"requestParameters.policy", row.value}))
			if err == nil && result.Finding == nil {
				t.Errorf("%s: quiet: %s", row.name, result.Quiet)
			}
		}
	}
}
