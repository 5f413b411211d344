package detector

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// Bytes that are not a CloudTrail record, or a record that two readers could read
// differently, give a *RecordError of one line.
func TestDetectRefuses(t *testing.T) {
	for _, row := range []struct{ name, record, want string }{
		{"nothing", ``, `record: expected a CloudTrail record, found JSON that ends after 0 bytes`},
		{"white space", " \n", `record: expected a CloudTrail record, found JSON that ends after 2 bytes`},
		{"cut", `{"eventSource":"kms.amazonaws.com"`, `record: expected a CloudTrail record, found JSON that ends after 34 bytes`},
		{"not JSON", `eventSource: kms`, `record: expected a CloudTrail record, found text that is not one JSON object: invalid character 'e' looking for beginning of value (byte 1)`},
		{"two values", `{"a":1}{"a":2}`, `record: expected a CloudTrail record, found text that is not one JSON object: invalid character '{' after top-level value (byte 8)`},
		{"a bracket too many at the end", `{"a":1}}`, `record: expected a CloudTrail record, found text that is not one JSON object: invalid character '}' after top-level value (byte 8)`},
		{"null", `null`, `record: expected a CloudTrail record: expected an object, found null`},
		{"array", `[]`, `record: expected a CloudTrail record: expected an object, found an array`},
		{"text", `"x"`, `record: expected a CloudTrail record: expected an object, found a string`},
		{"number", ` 7 `, `record: expected a CloudTrail record: expected an object, found a number`},
		{"boolean", `true`, `record: expected a CloudTrail record: expected an object, found a boolean`},
		{"empty object", `{}`, `record: expected a CloudTrail record: expected member "eventSource", found none`},
		{"no name", `{"eventID":"e-1","eventSource":"kms.amazonaws.com"}`, `record "e-1": expected a CloudTrail record: expected member "eventName", found none`},
		{"name is null", `{"eventSource":"kms.amazonaws.com","eventName":null}`, `record: expected a CloudTrail record: expected member "eventName", found none`},
		{"name is a number", `{"eventSource":"kms.amazonaws.com","eventName":1}`, `record: expected a CloudTrail record: eventName: expected a string, found a number`},
		{"name is empty", `{"eventSource":"kms.amazonaws.com","eventName":""}`, `record: expected a CloudTrail record: eventName: expected a name, found ""`},
		{"event", `{"version":"0","detail":{"eventName":"PutKeyPolicy"}}`, `record: expected a CloudTrail record: expected member "eventSource", found none (this is an EventBridge event; its record is in "detail")`},
		{"log file", `{"Records":[]}`, `record: expected a CloudTrail record: expected member "eventSource", found none (this is a CloudTrail log file; its records are in "Records")`},
		{"name twice", `{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","eventName":"DescribeKey"}`, `record: expected a CloudTrail record: member "eventName": expected it once, found it twice`},
		{"name twice behind an escape", `{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","event\u004eame":"DescribeKey"}`, `record: expected a CloudTrail record: member "eventName": expected it once, found it twice`},
		{"name in another letter case", `{"eventSource":"kms.amazonaws.com","EventName":"PutKeyPolicy"}`, `record: expected a CloudTrail record: expected member "eventName", found "EventName"`},
		{"a name twice, in different letter case", `{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","eventname":"DescribeKey"}`, `record: expected a CloudTrail record: expected member "eventName", found "eventname"`},
		{"error code in another letter case", `{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","ErrorCode":"AccessDenied"}`, `record: expected a CloudTrail record: expected member "errorCode", found "ErrorCode"`},
		{"a member twice among many", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","requestParameters":` + manyMembers(40)[:len(manyMembers(40))-1] + `,"m39":0}}`, `record: requestParameters: member "m39": expected it once, found it twice`},
		{"the first member again after many", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","requestParameters":` + manyMembers(40)[:len(manyMembers(40))-1] + `,"m0":0}}`, `record: requestParameters: member "m0": expected it once, found it twice`},
		{"policy twice", `{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","requestParameters":{"policy":"a","policy":"b"}}`, `record: requestParameters: member "policy": expected it once, found it twice`},
		{"policy in another letter case", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","requestParameters":{"Policy":"{}"}}`, `record: requestParameters: expected member "policy", found "Policy"`},
		{"replica policy in another letter case", `{"eventSource":"kms.amazonaws.com","eventName":"ReplicateKey","responseElements":{"ReplicaPolicy":"{}"}}`, `record: responseElements: expected member "replicaPolicy", found "ReplicaPolicy"`},
		{"MFA twice", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","userIdentity":{"sessionContext":{"attributes":{"mfaAuthenticated":"true","mfaAuthenticated":"false"}}}}`, `record: userIdentity.sessionContext.attributes: member "mfaAuthenticated": expected it once, found it twice`},
		{"issuer twice", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","userIdentity":{"sessionContext":{"sessionIssuer":{"arn":"a","arn":"b"}}}}`, `record: userIdentity.sessionContext.sessionIssuer: member "arn": expected it once, found it twice`},
		{"session issuers", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","userIdentity":{"sessionContext":{"sessionIssuer":"a","sessionIssuer":{}}}}`, `record: userIdentity.sessionContext: member "sessionIssuer": expected it once, found it twice`},
		{"provider twice", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","userIdentity":{"sessionContext":{"webIdFederationData":{"federatedProvider":"a","federatedProvider":"b"}}}}`, `record: userIdentity.sessionContext.webIdFederationData: member "federatedProvider": expected it once, found it twice`},
		{"user id twice", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","userIdentity":{"onBehalfOf":{"userId":"a","userId":"b"}}}`, `record: userIdentity.onBehalfOf: member "userId": expected it once, found it twice`},
		{"scope twice", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","userIdentity":{"inScopeOf":{"issuerType":"a","issuerType":"b"}}}`, `record: userIdentity.inScopeOf: member "issuerType": expected it once, found it twice`},
		{"a resource's ARN twice", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","resources":["x",null,{"ARN":"a","ARN":"b"}]}`, `record: resources[2]: member "ARN": expected it once, found it twice`},
		{"metadata twice", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","responseElements":{"keyMetadata":{"arn":"a","arn":"b"}}}`, `record: responseElements.keyMetadata: member "arn": expected it once, found it twice`},
		{"external key twice", `{"eventSource":"kms.amazonaws.com","eventName":"CreateKey","responseElements":{"keyMetadata":{"xksKeyConfiguration":{"id":"a","id":"b"}}}}`, `record: responseElements.keyMetadata.xksKeyConfiguration: member "id": expected it once, found it twice`},
	} {
		t.Run(row.name, func(t *testing.T) {
			result, err := Detector{}.Detect([]byte(row.record))
			var recordErr *RecordError
			if !errors.As(err, &recordErr) {
				t.Fatalf("Detect(%s) = %+v, %v, want a *RecordError", row.record, result, err)
			}
			if err.Error() != row.want {
				t.Errorf("Detect(%s)\n got %s\nwant %s", row.record, err, row.want)
			}
			if errors.Unwrap(err) == nil || result.Finding != nil {
				t.Errorf("Detect(%s) = %+v, unwrapped %v", row.record, result, errors.Unwrap(err))
			}
		})
	}
}

// A part that is of another kind than expected is unknown and nothing else
// changes: the finding still says that the key is open, and a note names the part.
func TestOddParts(t *testing.T) {
	for _, row := range []struct {
		name, path, value string
		want              string // the note
	}{
		{"an error code that is a boolean", "errorCode", `false`, "errorCode: expected a string, found a boolean"},
		{"an error code that is a number", "errorCode", `403`, "errorCode: expected a string, found a number"},
		{"an error code that is a list", "errorCode", `["AccessDenied"]`, "errorCode: expected a string, found an array"},
		{"a response that is a list", "responseElements", `[]`, "responseElements: expected an object, found an array"},
		{"a response that is text", "responseElements", `"ok"`, "responseElements: expected an object, found a string"},
		{"an identity that is text", "userIdentity", `"root"`, "userIdentity: expected an object, found a string"},
		{"a session that is a number", "userIdentity.sessionContext", `1`, "userIdentity.sessionContext: expected an object, found a number"},
		{"an issuer that is text", "userIdentity.sessionContext.sessionIssuer", `"role"`, "userIdentity.sessionContext.sessionIssuer: expected an object, found a string"},
		{"attributes that are a list", "userIdentity.sessionContext.attributes", `[{}]`, "userIdentity.sessionContext.attributes: expected an object, found an array"},
		{"federation data that is text", "userIdentity.sessionContext.webIdFederationData", `"x"`, "userIdentity.sessionContext.webIdFederationData: expected an object, found a string"},
		{"a person that is text", "userIdentity.onBehalfOf", `"dana"`, "userIdentity.onBehalfOf: expected an object, found a string"},
		{"a scope that is text", "userIdentity.inScopeOf", `"i-0abc"`, "userIdentity.inScopeOf: expected an object, found a string"},
		{"resources that are an object", "resources", `{}`, "resources: expected an array, found an object"},
		{"resources that are text", "resources", `"x"`, "resources: expected an array, found a string"},
		{"resources of texts", "resources", `[{},"x","y"]`, "resources[1]: expected an object, found a string"},
		{"a resource that is null", "resources", `[null]`, "resources[0]: expected an object, found null"},
		{"resources that are null", "resources", `null`, ""},
		{"an issuer that is null", "userIdentity.sessionContext.sessionIssuer", `null`, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			result, err := Detector{}.Detect(edited(t, put, edit{"requestParameters.policy", quoted(policyOf(allow("*", "")))}, edit{row.path, row.value}))
			if err != nil || result.Finding == nil {
				t.Fatalf("Detect = %+v, %v, want a finding", result, err)
			}
			f := result.Finding
			if f.Verdict != decide.Public || f.Attempted || f.Key.ARN != testARN {
				t.Errorf("Detect = %v, attempted %v, key %q, want public on %s", f.Verdict, f.Attempted, f.Key.ARN, testARN)
			}
			if got := strings.Join(f.Notes, "; "); got != row.want {
				t.Errorf("notes %q, want %q", got, row.want)
			}
		})
	}
}

// Key metadata that is not an object leaves the key unknown, so OwnerLocked is
// false.
func TestOddMetadata(t *testing.T) {
	result, err := Detector{}.Detect(edited(t, create, edit{"requestParameters.policy", quoted(policyOf(allow("*", "")))}, edit{"responseElements.keyMetadata", `"x"`}))
	if err != nil || result.Finding == nil {
		t.Fatalf("Detect = %+v, %v, want a finding", result, err)
	}
	f := result.Finding
	if f.Verdict != decide.Public || f.Key.ARN != "" || f.Key.Note == "" || f.OwnerLocked || strings.Join(f.Notes, "") != "responseElements.keyMetadata: expected an object, found a string" {
		t.Errorf("Detect = %+v", f)
	}
}

// Calls without a policy to judge are quiet and say why.
func TestDetectQuiet(t *testing.T) {
	broken := quoted(`{"Statement":`)
	for _, row := range []struct {
		name, record string
		edits        []edit
		want         string
	}{
		{"another service", put, []edit{{"eventSource", `"s3.amazonaws.com"`}}, quietOtherCall},
		{"another KMS call", put, []edit{{"eventName", `"DescribeKey"`}}, quietOtherCall},
		{"the call's name in another letter case", put, []edit{{"eventName", `"putKeyPolicy"`}}, quietOtherCall},
		{"another call with a broken request", put, []edit{{"eventName", `"DescribeKey"`}, {"requestParameters", `"x"`}}, quietOtherCall},
		{"CreateKey without policy", create, nil, quietDefault},
		{"CreateKey with empty policy", create, []edit{{"requestParameters.policy", `""`}}, quietDefault},
		{"CreateKey with blank policy", create, []edit{{"requestParameters.policy", `" \n"`}}, quietDefault},
		{"CreateKey with policy null", create, []edit{{"requestParameters.policy", `null`}}, quietDefault},
		{"CreateKey with empty parameters", create, []edit{{"requestParameters", `{}`}}, quietDefault},
		{"CreateKey with parameters that are not omitted", create, []edit{{"requestParameters.omitted", `false`}}, quietDefault},
		{"CreateKey without policy, outcome unknown", create, []edit{{"errorCode", `"InternalFailure"`}, {"responseElements", `null`}}, quietDefault},
		{"refused CreateKey without parameters", create, []edit{{"errorCode", `"AccessDenied"`}, {"responseElements", `null`}, {"requestParameters", `null`}}, quietNoPolicy},
		{"refused with a hidden policy", put, []edit{{"errorCode", `"AccessDenied"`}, {"requestParameters.policy", `"HIDDEN_DUE_TO_SECURITY_REASONS"`}}, quietNoPolicy},
		{"refused with text that cannot be a policy", put, []edit{{"errorCode", `"AccessDenied"`}, {"requestParameters.policy", `"open it"`}}, quietNoPolicy},
		{"ReplicateKey without policy", create, []edit{{"eventName", `"ReplicateKey"`}}, quietDefault},
		{"refused CreateKey without policy", create, []edit{{"errorCode", `"AccessDenied"`}, {"responseElements", `null`}}, quietNoPolicy},
		{"refused PutKeyPolicy without parameters", put, []edit{{"errorCode", `"AccessDenied"`}, {"requestParameters", `null`}}, quietNoPolicy},
		{"refused because it is not a policy", put, []edit{{"errorCode", `"MalformedPolicyDocumentException"`}, {"requestParameters.policy", broken}}, quietMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			result, err := Detector{}.Detect(edited(t, row.record, row.edits...))
			if err != nil || result.Finding != nil || result.Quiet != row.want || result.Verdict != decide.Private {
				t.Errorf("Detect = %+v, %v, want quiet %q", result, err, row.want)
			}
			if result.Event.Name == "" || result.Event.ID == "" {
				t.Errorf("Detect = %+v, want the event named", result)
			}
		})
	}
}

// A policy that cannot be read gives a finding: what cannot be ruled out is
// reported.
func TestDetectUnreadable(t *testing.T) {
	for _, row := range []struct {
		name, record string
		edits        []edit
		problem      string // a prefix of it
		severity     Severity
	}{
		{"broken policy", put, []edit{{"requestParameters.policy", quoted(`{"Statement":`)}}, "key policy", Medium},
		{"policy without statements", put, nil, "key policy", Medium},
		{"refused for another reason", put, []edit{{"errorCode", `"AccessDenied"`}, {"requestParameters.policy", quoted(`{"Statement":`)}}, "key policy", Low},
	} {
		t.Run(row.name, func(t *testing.T) {
			result, err := Detector{}.Detect(edited(t, row.record, row.edits...))
			if err != nil || result.Finding == nil {
				t.Fatalf("Detect = %+v, %v, want a finding", result, err)
			}
			f := result.Finding
			if f.Verdict != decide.Undecided || f.Severity != row.severity || !strings.HasPrefix(f.Problem, row.problem) {
				t.Errorf("Detect = %v %v %q, want undecided %v %q", f.Verdict, f.Severity, f.Problem, row.severity, row.problem)
			}
			if f.Attempted != (f.Event.Outcome == Refused) || f.Repaired != "" || len(f.Statements) > 0 {
				t.Errorf("Detect = %+v", f)
			}
			if (f.Policy.Text == "") != (f.Policy.SHA256 == "") {
				t.Errorf("Detect = policy %+v, want text and hash or neither", f.Policy)
			}
		})
	}
}

// A policy that can be read in part is decided by that part, and the finding names
// what could not be read.
func TestDetectPartlyUnreadable(t *testing.T) {
	const (
		own    = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
		open   = `{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`
		digits = "{\"Effect\":\"Allow\",\n\"Principal\":{\"AWS\":\"44445555666\"},\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}"
		sid    = `{"Sid":7,"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}`
	)
	text := func(statements ...string) edit {
		return edit{"requestParameters.policy", quoted(`{"Statement":[` + strings.Join(statements, ",") + `]}`)}
	}
	refused := edit{"errorCode", `"MalformedPolicyDocumentException"`}
	for _, row := range []struct {
		name       string
		edits      []edit
		verdict    decide.Verdict
		quiet      string
		unreadable string // a prefix of the only one
	}{
		{"with an open statement", []edit{text(own, digits, open)}, decide.Public, "", `line 2: Statement[1].Principal.AWS: expected "*", an account id`},
		{"alone", []edit{text(own, digits)}, decide.Undecided, "", `line 2: Statement[1].Principal.AWS`},
		{"where it decides nothing", []edit{text(sid)}, decide.Private, quietPrivate, ""},
		{"refused for it", []edit{text(own, digits), refused}, decide.Private, quietMalformed, ""},
		{"refused for it, with an open statement", []edit{text(own, digits, open), refused}, decide.Public, "", `line 2: Statement[1].Principal.AWS`},
	} {
		t.Run(row.name, func(t *testing.T) {
			result, err := Detector{}.Detect(edited(t, put, row.edits...))
			if err != nil || result.Quiet != row.quiet || result.Verdict != row.verdict {
				t.Fatalf("Detect = %v, quiet %q, %v, want %v, quiet %q", result.Verdict, result.Quiet, err, row.verdict, row.quiet)
			}
			if f := result.Finding; f != nil && (len(f.Unreadable) != 1 || !strings.HasPrefix(f.Unreadable[0], row.unreadable) || f.Problem != "") {
				t.Errorf("unreadable %q, problem %q, want %q", f.Unreadable, f.Problem, row.unreadable)
			}
			if f := result.Finding; row.verdict == decide.Undecided && (len(f.Statements) != 1 || f.Statements[0].Index != 1) {
				t.Errorf("statements %+v, want the second", f.Statements)
			}
		})
	}
}

// The facts that identify the event; numbers and booleans count as text.
func TestReadEvent(t *testing.T) {
	f, _ := factsOf(t, edited(t, put,
		edit{"apiVersion", `"2014-11-01"`}, edit{"errorCode", `"AccessDenied"`}, edit{"errorMessage", `"no"`},
		edit{"recipientAccountId", `111122223333`}, edit{"requestParameters.bypassPolicyLockoutSafetyCheck", `true`},
		edit{"vpcEndpointId", `"vpce-1a2b3c4d"`}, edit{"sessionCredentialFromConsole", `"true"`}))
	want := Event{
		ID: "e-1", RequestID: "r-1", Name: "PutKeyPolicy", Source: "kms.amazonaws.com", Version: "1.11", APIVersion: "2014-11-01",
		Time: time.Date(2026, 11, 20, 8, 15, 42, 0, time.UTC), Region: "us-east-1", Account: "111122223333",
		Outcome: Refused, ErrorCode: "AccessDenied", ErrorMessage: "no", Bypass: true, FromConsole: true,
	}
	if f.Event != want || !f.Attempted {
		t.Errorf("event\n got %+v\nwant %+v", f.Event, want)
	}
	if source := (Source{"203.0.113.24", true, "aws-cli/2", "vpce-1a2b3c4d"}); f.Source != source {
		t.Errorf("source = %+v, want %+v", f.Source, source)
	}
}

func TestReadSource(t *testing.T) {
	for _, row := range []struct {
		name, address string
		ip            bool
	}{
		{"IPv4", `"198.51.100.9"`, true},
		{"IPv6", `"2001:db8::1"`, true},
		{"service", `"cloudformation.amazonaws.com"`, false},
		{"internal", `"AWS Internal"`, false},
		{"absent", ``, false},
		{"markup", `"198.51.100.9<br>"`, false},
	} {
		f, _ := factsOf(t, edited(t, put, edit{"sourceIPAddress", row.address}))
		if f.Source.IsIP != row.ip {
			t.Errorf("%s: %+v, want IsIP %v", row.name, f.Source, row.ip)
		}
	}
}

func TestParseTime(t *testing.T) {
	want := time.Date(2013, 11, 2, 1, 6, 28, 0, time.UTC)
	for _, text := range []string{"2013-11-02T01:06:28Z", "20131102T010628Z", "2013-11-02T03:06:28+02:00"} {
		if got := parseTime(text); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("parseTime(%q) = %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"", "yesterday", "2013-11-02", "1383354388"} {
		if got := parseTime(text); !got.IsZero() {
			t.Errorf("parseTime(%q) = %v, want the zero time", text, got)
		}
	}
}

// Every way a record can lack the policy of its call: the finding is undecided and
// says why. Since no policy was read, it has no hash.
func TestMissingPolicy(t *testing.T) {
	request := func(value string) []edit { return []edit{{"requestParameters", value}} }
	given := func(value string) []edit { return []edit{{"requestParameters.policy", value}} }
	replicate := func(edits ...edit) []edit { return append([]edit{{"eventName", `"ReplicateKey"`}}, edits...) }
	const (
		none    = "the record has no request parameters"
		left    = "CloudTrail left the request parameters out"
		hid     = "CloudTrail hid it for security reasons"
		without = "the record's request parameters have no policy"
		empty   = "the record's policy is empty"
	)
	for _, row := range []struct {
		name, record string
		edits        []edit
		want         string
	}{
		{"hidden", put, given(`"HIDDEN_DUE_TO_SECURITY_REASONS"`), hid},
		{"hidden, with space around", put, given(`" HIDDEN_DUE_TO_SECURITY_REASONS\n"`), hid},
		{"hidden, CreateKey", create, given(`"HIDDEN_DUE_TO_SECURITY_REASONS"`), hid},
		{"all parameters hidden", put, request(`"HIDDEN_DUE_TO_SECURITY_REASONS"`), hid},
		{"another placeholder", put, given(`"***"`), `the record has "***" in its place`},
		{"a long placeholder", put, given(quoted(strings.Repeat("x", 100))), `the record has "` + strings.Repeat("x", 60) + `..." in its place`},
		{"a number", put, given(`7`), `the record has "7" in its place`},
		{"a list", put, given(`["*"]`), `the record has "[\"*\"]" in its place`},
		{"false, CreateKey", create, given(`false`), `the record has "false" in its place`},
		{"null parameters", put, request(`null`), none},
		{"null parameters, CreateKey", create, request(`null`), none},
		{"null parameters, ReplicateKey", create, replicate(edit{"requestParameters", `null`}), none},
		{"no parameters", put, request(``), none},
		{"parameters are a list", put, request(`[]`), "the record's request parameters are an array"},
		{"parameters are text", create, request(`"x"`), "the record's request parameters are a string"},
		{"omitted", put, request(`{"omitted":true,"originalSize":102531,"reason":"requestParameters too large"}`), left + ` ("requestParameters too large")`},
		{"omitted, as text", put, request(`{"omitted":"true"}`), left},
		{"omitted, CreateKey", create, request(`{"omitted":true,"originalSize":150050,"reasonForOmission":"size"}`), left + ` ("size")`},
		{"a reason instead", put, request(`{"reason":"requestParameters too large"}`), left + ` ("requestParameters too large")`},
		{"a reason instead, CreateKey", create, request(`{"reason":"requestParameters too large"}`), left + ` ("requestParameters too large")`},
		{"a reason instead, ReplicateKey", create, replicate(edit{"requestParameters", `{"reason":"too large"}`}), left + ` ("too large")`},
		{"a size instead", create, request(`{"originalSize":102531}`), left},
		{"the response of ReplicateKey left out", create, replicate(edit{"responseElements", `{"omitted":true,"reason":"too large"}`}), `CloudTrail left the response out ("too large")`},
		{"no policy", put, given(``), without},
		{"no policy, outcome unknown", put, append(given(``), edit{"errorCode", `"ServiceUnavailable"`}), without},
		{"null", put, given(`null`), without},
		{"blank", put, given(`" \n"`), empty},
	} {
		t.Run(row.name, func(t *testing.T) {
			result, err := Detector{}.Detect(edited(t, row.record, row.edits...))
			if err != nil || result.Finding == nil {
				t.Fatalf("Detect = %+v, %v, want a finding", result, err)
			}
			f := result.Finding
			if want := (PolicyText{Missing: row.want}); f.Policy != want {
				t.Errorf("policy = %+v, want %+v", f.Policy, want)
			}
			if f.Verdict != decide.Undecided || f.Severity != Medium || f.Problem != "it is not in the record: "+row.want || f.Repaired != "" || f.OwnerLocked {
				t.Errorf("Detect = %+v, want undecided, medium, and the problem named", f)
			}
			if !strings.HasPrefix(f.Title, "The new policy of this KMS key is not in the record") {
				t.Errorf("title %q", f.Title)
			}
		})
	}
}

// The replica's policy in the response takes precedence over the one in the
// request; a policy given as an object is read like its text.
func TestReadPolicy(t *testing.T) {
	for _, row := range []struct {
		name   string
		edits  []edit
		want   string
		record string
	}{
		{"PutKeyPolicy", []edit{{"requestParameters.policy", `"{p}"`}}, "{p}", put},
		{"an object", []edit{{"requestParameters.policy", `{"Statement":[]}`}}, `{"Statement":[]}`, put},
		{"ReplicateKey with both", []edit{{"eventName", `"ReplicateKey"`}, {"requestParameters.policy", `"{p}"`}, {"responseElements.replicaPolicy", `"{r}"`}}, "{r}", create},
		{"ReplicateKey with the request's", []edit{{"eventName", `"ReplicateKey"`}, {"requestParameters.policy", `"{p}"`}}, "{p}", create},
		{"refused ReplicateKey", []edit{{"eventName", `"ReplicateKey"`}, {"requestParameters.policy", `"{p}"`}, {"responseElements", `null`}, {"errorCode", `"AccessDenied"`}}, "{p}", create},
		{"ReplicateKey with the request's hidden", []edit{{"eventName", `"ReplicateKey"`}, {"requestParameters.policy", `"HIDDEN_DUE_TO_SECURITY_REASONS"`}, {"responseElements.replicaPolicy", `"{r}"`}}, "{r}", create},
		{"ReplicateKey with the response's hidden", []edit{{"eventName", `"ReplicateKey"`}, {"requestParameters.policy", `"{p}"`}, {"responseElements.replicaPolicy", `"HIDDEN_DUE_TO_SECURITY_REASONS"`}}, "{p}", create},
		{"ReplicateKey with the request's left out", []edit{{"eventName", `"ReplicateKey"`}, {"requestParameters", `{"omitted":true}`}, {"responseElements.replicaPolicy", `"{r}"`}}, "{r}", create},
		{"ReplicateKey with the response left out", []edit{{"eventName", `"ReplicateKey"`}, {"requestParameters.policy", `"{p}"`}, {"responseElements", `{"omitted":true}`}}, "{p}", create},
		{"CreateKey has no replica", []edit{{"responseElements.replicaPolicy", `"{r}"`}, {"requestParameters.policy", `"{p}"`}}, "{p}", create},
	} {
		_, r := factsOf(t, edited(t, row.record, row.edits...))
		if got, missing := r.readPolicy(); missing != "" || got != row.want {
			t.Errorf("%s: readPolicy = %q, %q, want %q", row.name, got, missing, row.want)
		}
	}
}

// A record or a policy of 1 MB and a nesting of 9,000 are read like any other; a
// nesting of 20,000 is an error.
func TestDetectLarge(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, row := range []struct {
		name string
		text []byte
	}{
		{"long description", edited(t, put, edit{"requestParameters.description", quoted(long)})},
		{"long policy", edited(t, put, edit{"requestParameters.policy", quoted(`{"Id":"` + long + `"}`)})},
		{"many members", edited(t, put, edit{"additionalEventData", manyMembers(100_000)})},
		{"many resources", edited(t, put, edit{"resources", "[" + strings.Repeat(`{"ARN":"x"},`, 50_000) + `{"ARN":"` + testARN + `"}]`})},
		{"deep", edited(t, put, edit{"additionalEventData", strings.Repeat("[", 9000) + strings.Repeat("]", 9000)})},
	} {
		result, err := Detector{}.Detect(row.text)
		if err != nil || result.Finding == nil || result.Finding.Problem == "" || result.Key.ARN != testARN {
			t.Errorf("%s: Detect = %+v, %v, want a finding about an unreadable policy", row.name, result.Key, err)
		}
	}
	if _, err := (Detector{}).Detect([]byte(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000))); err == nil {
		t.Error("Detect(20,000 lists) = nil error")
	}
}
