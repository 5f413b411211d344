package detector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// FuzzDetect holds the laws of Detect. Either an error, a *RecordError, or a
// result, which is quiet or has a finding. The same bytes give the same
// result. Another call yields nothing. A finding that says public, network or
// shared has a witness that the plain evaluator allows, and a refused call is
// never more than low.
func FuzzDetect(f *testing.F) {
	for _, text := range sampleEvents(f) {
		f.Add([]byte(text))
	}
	for _, text := range []string{put, create, `{}`, `{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		result, err := Detector{}.Detect(text)
		again, errAgain := Detector{}.Detect(text)
		if !reflect.DeepEqual(result, again) || (err == nil) != (errAgain == nil) {
			t.Fatalf("Detect twice: %+v, %v and %+v, %v", result, err, again, errAgain)
		}
		var recordErr *RecordError
		switch {
		case err != nil && (!errors.As(err, &recordErr) || !reflect.DeepEqual(result, Result{})):
			t.Fatalf("Detect = %+v, %v, want a *RecordError alone", result, err)
		case err != nil:
			return
		case (result.Quiet == "") == (result.Finding == nil):
			t.Fatalf("Detect = %+v, want a finding or a reason for none", result)
		case result.Quiet != "" && result.Verdict != policy.Private:
			t.Fatalf("Detect = %v and quiet", result.Verdict)
		case result.Quiet == quietOtherCall && result.Key != Key{}:
			t.Fatalf("Detect = %+v of another call, want no key", result)
		}
		if result.Finding != nil {
			holdFinding(t, result.Finding)
		}
	})
}

// holdFinding checks the laws of a finding.
func holdFinding(t *testing.T, f *Finding) {
	t.Helper()
	if len(f.UID) != 64 || f.Title == "" || f.Actor.Name == "" || f.Key.Partition == "" {
		t.Fatalf("finding %+v: uid, title, actor's name and partition are never empty", f)
	}
	if f.Attempted && f.Severity != Low {
		t.Fatalf("a refused call is %v", f.Severity)
	}
	switch f.Verdict {
	case policy.Public, policy.Network, policy.Shared:
		if len(f.Decision.Grants) == 0 || len(f.Statements) == 0 {
			t.Fatalf("%v with grants %v and statements %v", f.Verdict, f.Decision.Grants, f.Statements)
		}
	case policy.Private:
		if f.Decision.Future == nil {
			t.Fatalf("a private policy was reported: %+v", f)
		}
	}
	p, err := policy.Parse([]byte(f.Policy.Text))
	if (err != nil) != (f.Problem != "") {
		t.Fatalf("problem %q, but Parse says %v", f.Problem, err)
	}
	for _, g := range f.Decision.Grants {
		if p.Allows(g.Witness) != policy.Yes {
			t.Fatalf("the policy does not allow the witness %+v", g.Witness)
		}
	}
}

// FuzzReadDocument holds the reader of objects against encoding/json: what it
// takes has the same members, and what it refuses is no object or holds a
// member twice.
func FuzzReadDocument(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { "a" : 1 , "b" : [ {"}":"]"} , "\"" ] } `, `{"a":{"b":"\\"},"a":2}`, `{"\u0061":1,"a":2}`, `{"a":-1.5e3,"b":null,"c":true}`,
		`[]`, `"a"`, `{"a":}`, `{"":""}`, put, manyMembers(40), manyMembers(40)[:1] + `"m3":0,` + manyMembers(40)[1:],
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal(text, &want)
		o, err := readDocument(text)
		if err != nil {
			if wantErr == nil && want != nil && !bytes.Contains([]byte(err.Error()), []byte("got it twice")) {
				t.Fatalf("readDocument(%q): %v, but encoding/json reads %d members", text, err, len(want))
			}
			return
		}
		if wantErr != nil || len(o.members) != len(want) {
			t.Fatalf("readDocument(%q) has %d members, want %d (%v)", text, len(o.members), len(want), wantErr)
		}
		for _, m := range o.members {
			if !bytes.Equal(m.value, want[m.name]) {
				t.Fatalf("readDocument(%q): %q is %s, want %s", text, m.name, m.value, want[m.name])
			}
		}
	})
}

// manyMembers returns an object with members m0, m1 ...
func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":%d`, i, i)
	}
	return "{" + b.String()[1:] + "}"
}
