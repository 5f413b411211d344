package detector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// FuzzDetect checks the invariants of Detect. It returns either a *RecordError or
// a result, which is quiet or has a finding. The same bytes give the same result.
// A call that sets no key policy gives no finding. A public, network or shared
// finding has a witness that the plain evaluator allows, and the severity of a
// refused call is never above low.
func FuzzDetect(f *testing.F) {
	for _, text := range sampleEvents(f) {
		f.Add([]byte(text))
	}
	for _, text := range []string{put, create, `{}`, `{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy"}`, bypassed} {
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
		case result.Quiet != "" && result.Verdict != decide.Private:
			t.Fatalf("Detect = %v and quiet", result.Verdict)
		case result.Quiet == quietOtherCall && result.Key != Key{}:
			t.Fatalf("Detect = %+v of another call, want no key", result)
		}
		if result.Finding != nil {
			holdFinding(t, result.Finding)
		}
	})
}

// bypassed is a record that names its account but not its key; its policy takes
// kms:Decrypt away from that account.
const bypassed = `{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","recipientAccountId":"000000000000",
	"requestParameters":{"policy":"{\"Statement\":[{}]}","bypassPolicyLockoutSafetyCheck":true}}`

// holdFinding checks the invariants of a finding.
func holdFinding(t *testing.T, f *Finding) {
	t.Helper()
	if len(f.UID) != 64 || f.Title == "" || f.Actor.Name == "" || f.Key.Partition == "" {
		t.Fatalf("finding %+v: uid, title, actor's name and partition are never empty", f)
	}
	if f.Attempted && f.Severity != Low {
		t.Fatalf("a refused call is %v", f.Severity)
	}
	switch f.Verdict {
	case decide.Public, decide.Network, decide.Shared:
		if len(f.Decision.Grants) == 0 || len(f.Statements) == 0 {
			t.Fatalf("%v with grants %v and statements %v", f.Verdict, f.Decision.Grants, f.Statements)
		}
	case decide.Private:
		if f.Decision.Future == nil && !f.locks() && !f.Revokes() && !f.Bypassed() && !f.Guarded() {
			t.Fatalf("a private policy was reported: %+v", f)
		}
	}
	p, err := policy.Parse([]byte(f.Policy.Text))
	if (err != nil) != (f.Problem != "") {
		t.Fatalf("problem %q, but Parse says %v", f.Problem, err)
	}
	if missing := f.Policy.Missing != ""; missing != (f.Policy.Text == "") || missing != (f.Policy.SHA256 == "") {
		t.Fatalf("policy %+v: want text and hash, or why it is missing", f.Policy)
	}
	if f.Attempted != (f.Event.Outcome == Refused) || f.OwnerLocked && f.Key.ARN == "" {
		t.Fatalf("attempted %v with outcome %v, locked %v with key %q", f.Attempted, f.Event.Outcome, f.OwnerLocked, f.Key.ARN)
	}
	if plain := f.Actor.MFA == MFAYes || f.Actor.MFA == MFANo; plain != (f.Actor.MFANote == "") {
		t.Fatalf("MFA %v with the note %q", f.Actor.MFA, f.Actor.MFANote)
	}
	if n := len(f.Splunk.Rows); n == 0 || n > maxSplunkRows || f.Splunk.WouldAlertLiteral && !f.Splunk.WouldAlertWildcard {
		t.Fatalf("splunk %+v", f.Splunk)
	}
	for _, g := range f.Decision.Grants {
		if evaluate.Allows(p, g.Witness) != evaluate.Yes && evaluate.Allows(p.Apart(), g.Witness) != evaluate.Yes {
			t.Fatalf("the policy does not allow the witness %+v", g.Witness)
		}
	}
}

// FuzzDecoration checks that the parts of a record that do not affect the decision
// cannot hide it: whatever JSON one of them is, a policy that opens the key gives
// a finding that says so. The only errors are members given twice or in another
// letter case.
func FuzzDecoration(f *testing.F) {
	for i := range decorations {
		for _, value := range []string{`null`, `[]`, `"x"`, `[null,{"ARN":1}]`, `{"x":{"x":1}}`, `7`, `{"arn":["a"]}`} {
			f.Add(i, value)
		}
	}
	record := string(sampleEvents(f)["put-key-policy-public"])
	f.Fuzz(func(t *testing.T, place int, value string) {
		if place < 0 || !json.Valid([]byte(value)) {
			return
		}
		at := decorations[place%len(decorations)]
		text := replaced(t, edited(t, record, edit{at, `"x"`}), at, value)
		result, err := Detector{}.Detect(text)
		switch {
		case err != nil && !strings.Contains(err.Error(), "found it twice") && !strings.Contains(err.Error(), "want member"):
			t.Fatalf("%s = %s: %v", at, value, err)
		case err == nil && (result.Finding == nil || result.Finding.Verdict != decide.Public || result.Finding.Attempted):
			t.Fatalf("%s = %s: %+v, want public and not attempted", at, value, result)
		case err == nil:
			holdFinding(t, result.Finding)
		}
	})
}

// decorations lists the parts of a record that do not affect the decision.
var decorations = []string{
	"userIdentity", "userIdentity.type", "userIdentity.arn", "userIdentity.accountId", "userIdentity.accessKeyId", "userIdentity.invokedBy",
	"userIdentity.inScopeOf", "userIdentity.onBehalfOf", "userIdentity.sessionContext", "userIdentity.sessionContext.sessionIssuer",
	"userIdentity.sessionContext.attributes", "userIdentity.sessionContext.webIdFederationData", "userIdentity.sessionContext.ec2RoleDelivery",
	"resources", "responseElements", "additionalEventData", "tlsDetails", "sourceIPAddress", "userAgent", "eventTime", "eventVersion",
	"awsRegion", "recipientAccountId", "errorMessage", "requestID", "sessionCredentialFromConsole", "vpcEndpointId", "requestParameters.keyId",
	"requestParameters.bypassPolicyLockoutSafetyCheck",
}

// FuzzDetectPolicy checks the invariants of findings and repairs for any policy.
func FuzzDetectPolicy(f *testing.F) {
	for _, c := range corpusPolicies(f) {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, text string) { holdPolicy(t, text) })
}

// TestDetectCorpus checks the same invariants for the corpus of package policy.
func TestDetectCorpus(t *testing.T) {
	repairs := 0
	for _, c := range corpusPolicies(t) {
		if holdPolicy(t, c) {
			repairs++
		}
	}
	if repairs < 50 {
		t.Errorf("%d repairs over the corpus, want 50 and more", repairs)
	}
}

// holdPolicy judges an accepted and a refused call that set the policy. It checks
// that the finding keeps its invariants, that the refused call has the same
// verdict, and that the repaired policy is quiet and has only statements of the
// original. It reports whether there was a repair.
func holdPolicy(t *testing.T, text string) (repaired bool) {
	t.Helper()
	if !utf8.ValidString(text) {
		return false // a JSON string cannot carry it
	}
	accepted, err := Detector{}.Detect(policyRecord(t, text, ""))
	if err != nil {
		t.Fatalf("Detect(policy %q): %v", text, err)
	}
	refused, err := Detector{}.Detect(policyRecord(t, text, "AccessDenied"))
	if err != nil {
		t.Fatalf("Detect(refused policy %q): %v", text, err)
	}
	if mayBePolicy(text) && (accepted.Verdict != refused.Verdict || (accepted.Finding == nil) != (refused.Finding == nil)) {
		t.Fatalf("policy %q: %v when accepted, %v when refused", text, accepted.Verdict, refused.Verdict)
	}
	for _, r := range []Result{accepted, refused} {
		if r.Finding != nil {
			holdFinding(t, r.Finding)
		}
	}
	if accepted.Finding == nil || accepted.Finding.Repaired == "" {
		return false
	}
	again, err := Detector{}.Detect(policyRecord(t, accepted.Finding.Repaired, ""))
	if err != nil || again.Finding != nil {
		t.Fatalf("policy %q: the repaired one is %v, %v:\n%s", text, again.Verdict, err, accepted.Finding.Repaired)
	}
	before, errBefore := policy.Parse([]byte(text))
	after, errAfter := policy.Parse([]byte(accepted.Finding.Repaired))
	if errBefore != nil || errAfter != nil || len(after.Statements) >= len(before.Statements) {
		t.Fatalf("policy %q: repaired to\n%s", text, accepted.Finding.Repaired)
	}
	for _, s := range after.Statements {
		if !slices.ContainsFunc(before.Statements, func(b policy.Statement) bool { return sameJSON(s.Text, b.Text) }) {
			t.Fatalf("policy %q: the repaired one has a new statement\n%s", text, s.Text)
		}
	}
	return true
}

// policyRecord returns the record of a call that sets a policy; accepted when
// errorCode is "".
func policyRecord(t testing.TB, text, errorCode string) []byte {
	t.Helper()
	return edited(t, put, edit{"requestParameters.policy", quoted(text)}, edit{"errorCode", quoted(errorCode)})
}

// sameJSON reports whether two texts are the same JSON apart from white space.
func sameJSON(a, b string) bool {
	var compactA, compactB bytes.Buffer
	return json.Compact(&compactA, []byte(a)) == nil && json.Compact(&compactB, []byte(b)) == nil && compactA.String() == compactB.String()
}

// corpusPolicies returns the policies of package policy's corpus.
func corpusPolicies(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("policy/decide/testdata/corpus/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus in policy/decide/testdata/corpus (%v)", err)
	}
	var policies []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var c struct {
				Policy     json.RawMessage
				PolicyText string
			}
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			policies = append(policies, c.PolicyText+string(c.Policy)) // a case has one of them
		}
	}
	if len(policies) < 306 {
		t.Fatalf("%d policies in the corpus, want 306 and more", len(policies))
	}
	return policies
}

// manyMembers returns an object with members m0, m1 ...
func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":%d`, i, i)
	}
	return "{" + b.String()[1:] + "}"
}
