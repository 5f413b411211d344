package history

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	keys := Keys{"01234567-89ab-4def-8123-456789abcdef": true}
	tests := []struct {
		name string
		m    Matcher
		text string
		want bool
	}{
		{"name", Calls{}, `"eventName":"PutKeyPolicy"`, true},
		{"name in escaped text", Calls{}, `\"eventName\":\"CreateKey\"`, true},
		{"name in CSV", Calls{}, `""ReplicateKey""`, true},
		{"name after an escaped line end", Calls{}, `\nDisableKey `, true},
		{"service event", Calls{}, `DeleteKey`, true},
		{"two of the longer ones", Calls{}, `ScheduleKeyDeletion`, true},
		{"letter as escape", Calls{}, `Put\u004beyPolicy`, true},
		{"lower case letter as escape, capital digits", Calls{}, `\u006F`, true},
		{"digit as escape", Calls{}, `H\u0034sI`, true},
		{"base64 of gzip", Calls{}, `"data":"H4sIAAAA"`, true},
		{"longer name", Calls{}, `CreateKeyPair`, false},
		{"rotation", Calls{}, `DisableKeyRotation`, false},
		{"a call of many records", Calls{}, `"eventName":"DescribeKey"`, false},
		{"field of every record", Calls{}, `"accessKeyId":"ASIA","keyId":"x"`, false},
		{"usual escapes", Calls{}, `\u003c\u003e\u0026\u003d\u000a\u00e9\n\"\\`, false},
		{"key by ARN", keys, `arn:aws:kms:eu-north-1:999988887777:key/01234567-89ab-4def-8123-456789abcdef`, true},
		{"key by ARN, slash escaped", keys, `:key\/01234567-89ab-4def-8123-456789abcdef"`, true},
		{"key by id", keys, `"keyId" : "01234567-89ab-4def-8123-456789abcdef"`, true},
		{"key by id in a Java map", keys, `{keyId=01234567-89ab-4def-8123-456789abcdef, x`, true},
		{"dash as escape", keys, `01234567\u002D89ab`, true},
		{"another key", keys, `key/11234567-89ab-4def-8123-456789abcdef`, false},
		{"longer id", keys, `key/01234567-89ab-4def-8123-456789abcdef0`, false},
	}
	for _, test := range tests {
		if got := len(test.m.find([]byte(test.text), 0, nil)) > 0; got != test.want {
			t.Errorf("%s: found %t, want %t", test.name, got, test.want)
		}
	}
	for _, name := range []string{CreateKey, PutKeyPolicy, ReplicateKey, DisableKey, EnableKey, ScheduleKeyDeletion, CancelKeyDeletion, DeleteKey} {
		if len(Calls{}.find([]byte(name), 0, nil)) == 0 {
			t.Errorf("%s at the beginning: not found", name)
		}
	}
}

// TestDamageCostsOnlyItself: the records before and after a damaged place come
// out, and the place is named.
func TestDamageCostsOnlyItself(t *testing.T) {
	good := func(id int) string { return string(testRecord(id, PutKeyPolicy, id, openAll, "")) }
	quiet := string(testRecord(90, "DescribeKey", 1, "", ""))
	tests := []struct {
		name, text string
		want       int
	}{
		{"two commas", `{"Records":[` + good(1) + `,,` + good(2) + `,` + good(3) + `]}`, 3},
		{"no comma", `{"Records":[` + good(1) + good(2) + `,` + quiet + good(3) + `]}`, 3},
		{"bracket too many", `{"Records":[` + good(1) + `]],` + good(2) + `]}`, 2},
		{"brace too many", `{"Records":[` + good(1) + `},` + good(2) + `,` + quiet + `]}`, 2},
		{"half a record", `{"Records":[` + good(1) + `,` + good(2)[:200] + `,` + good(3) + `,` + quiet + `]}`, 2},
		{"words between", `{"Records":[` + good(1) + `, and then ` + good(2) + `]}`, 2},
		{"bytes lost at a line's end", quiet + "\n" + good(1)[:100] + "\n" + good(2) + "\n" + good(3) + "\n", 2},
		{"zero bytes", `{"Records":[` + good(1) + "\x00\x00\x00" + good(2) + `]}`, 2},
	}
	row := func(text string) string { return `"1","` + strings.ReplaceAll(text, `"`, `""`) + "\"\n" }
	csv := `"_time","_raw"` + "\n" + row(good(1)) + strings.Replace(row(good(2)), `"1","`, `"1",`, 1) + row(good(3)) + row(quiet)
	tests = append(tests, struct {
		name, text string
		want       int
	}{"quote missing in a row of CSV", csv, 3})
	for _, test := range tests {
		f := read(t, Calls{}, []byte(test.text))
		if len(f.ids) != test.want {
			t.Errorf("%s: %d findings, want %d; faults %q", test.name, len(f.ids), test.want, f.faults)
		}
		if len(f.faults) == 0 {
			t.Errorf("%s: no fault", test.name)
		}
	}
}

// TestUnsealed: damage between records that nobody wants is named where no
// checksum would.
func TestUnsealed(t *testing.T) {
	var records []string
	for i := range 60 {
		records = append(records, string(testRecord(i, "DescribeKey", 1, "", "")))
	}
	text := `{"Records":[` + strings.Join(records, ",") + `]}`
	at := strings.Index(text, `"eventID":"00000000-0000-4000-8000-000000000030"`)
	if f := read(t, Calls{}, []byte(text)); len(f.faults) > 0 || f.report.Records != 60 {
		t.Fatalf("%d records, faults %q; want 60 and none", f.report.Records, f.faults)
	}
	for name, damaged := range map[string]string{
		"a quote lost":       text[:at] + text[at+1:],
		"a brace too many":   text[:at] + "}" + text[at:],
		"a brace lost":       strings.Replace(text, "}},{", "},{", 1),
		"zeros":              text[:at+12] + strings.Repeat("\x00", 20) + text[at+32:],
		"zeros, quotes even": text[:at] + strings.Repeat("\x00", 40) + text[at+40:],
		"a block lost":       text[:at] + text[at+130:],
	} {
		if f := read(t, Calls{}, []byte(damaged)); len(f.faults) == 0 {
			t.Errorf("%s: no fault", name)
		}
	}
}

// TestTwoFormatsInOneFile: each document is told by itself.
func TestTwoFormatsInOneFile(t *testing.T) {
	lambda, err := os.ReadFile("testdata/formats/cloudwatch-lambda.json")
	if err != nil {
		t.Fatal(err)
	}
	text := `{"Records":[` + string(testRecord(90, "DescribeKey", 1, "", "")) + `]}` + "\n" + string(lambda) + "\n" +
		`{"s3Bucket":"b","s3ObjectKey":["k"]}` + "\n" + string(testRecord(2, PutKeyPolicy, 2, openAll, ""))
	f := read(t, Calls{}, []byte(text))
	if len(f.ids) != 2 || len(f.faults) > 0 {
		t.Errorf("%d findings, want 2; faults %q", len(f.ids), f.faults)
	}
}

// TestPreviewsAreLeftOut: Splunk exports a preview, then the same rows again.
func TestPreviewsAreLeftOut(t *testing.T) {
	text, err := os.ReadFile("testdata/formats/splunk-export.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if f := read(t, Calls{}, text); f.ids["eeeeeeee-0000-4000-8000-000000000001"] != 1 {
		t.Errorf("findings %v, want one once", f.ids)
	}
}

func TestJavaMap(t *testing.T) {
	const doc = `{"Statement": [{"Effect": "Allow", "Resource": "a, policy=b"}]}`
	tests := []struct {
		name, text string
		want       string
	}{
		{
			"Lake", `{keyId=k-1, policyName=default, policy=` + doc + `, bypassPolicyLockoutSafetyCheck=true}`,
			`{"bypassPolicyLockoutSafetyCheck":true,"keyId":"k-1","policy":DOC,"policyName":"default"}`,
		},
		{"policy first", `{policy=` + doc + `, keyId=k-1}`, `{"keyId":"k-1","policy":DOC}`},
		{"policy alone", `{policy=` + doc + `}`, `{"policy":DOC}`},
		{"two policies", `{description=x, policy={}, keyId=k-1, policy=` + doc + `}`, `{"description":"x","omitted":true}`},
		{"no JSON", `{keyId=k-1, policy={Statement=[]}}`, `{"keyId":"k-1","omitted":true}`},
		{"none", `{keyId=k-1}`, `{"keyId":"k-1"}`},
	}
	for _, test := range tests {
		got, err := json.Marshal(structOf(test.text, "policy"))
		if err != nil {
			t.Fatal(err)
		}
		quotedDoc, _ := json.Marshal(doc)
		if want := strings.ReplaceAll(test.want, "DOC", string(quotedDoc)); string(got) != want {
			t.Errorf("%s: %s, want %s", test.name, got, want)
		}
	}
}

// TestWorseCopyCounts: of two copies of one event the worse counts, whichever
// comes first.
func TestWorseCopyCounts(t *testing.T) {
	open, shut := testRecord(1, PutKeyPolicy, 1, openAll, ""), testRecord(1, PutKeyPolicy, 1, keptIn, "")
	for _, order := range [][][]byte{{open, shut}, {shut, open}} {
		var a Archive
		for _, text := range order {
			a.Add(mustJudge(t, text))
		}
		if n := len(a.Findings()); n != 1 || a.Duplicates != 1 {
			t.Errorf("%d findings, %d duplicates; want 1 and 1", n, a.Duplicates)
		}
	}
}

// TestEventIDs: a later copy counts under the original's id, and records without
// an id are distinguished by what they say.
func TestEventIDs(t *testing.T) {
	with := func(member, value string) []byte {
		var m map[string]any
		if err := json.Unmarshal(testRecord(1, PutKeyPolicy, 1, openAll, ""), &m); err != nil {
			t.Fatal(err)
		}
		switch member {
		case "addendum":
			m["eventID"], m["addendum"] = "late", map[string]any{"originalEventID": value}
		case "sharedEventID":
			delete(m, "eventID")
			m[member] = value
		default:
			delete(m, "eventID")
			m[member] = value
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var ids []string
	for _, text := range [][]byte{with("addendum", "first"), with("sharedEventID", "both"), with("requestID", "r-1"), with("requestID", "r-2")} {
		ids = append(ids, mustJudge(t, text).ID)
	}
	if ids[0] != "first" || ids[1] != "both/999988887777" || !strings.HasPrefix(ids[2], "sha256:") || ids[2] == ids[3] {
		t.Errorf("ids %q", ids)
	}
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != 4 {
		t.Errorf("%d ids, want 4: %s", n, fmt.Sprint(ids))
	}
}
