package detector

import (
	"strings"
	"testing"
)

// The outcome of a call by its error code and response.
func TestOutcome(t *testing.T) {
	response := edit{"responseElements", `{"keyId":"` + testARN + `"}`}
	code := func(value string) []edit { return []edit{{"errorCode", value}} }
	for _, row := range []struct {
		name  string
		edits []edit
		want  Outcome
	}{
		{"no error", nil, Accepted},
		{"an error code that is null", code(`null`), Accepted},
		{"an error code that is empty", code(`""`), Accepted},
		{"AccessDenied", code(`"AccessDenied"`), Refused},
		{"AccessDeniedException", code(`"AccessDeniedException"`), Refused},
		{"whose fault it was", code(`"Client.AccessDenied"`), Refused},
		{"whose fault it was, the server's", code(`"Server.KMSInternalException"`), Refused},
		{"documented as a refusal, though internal", code(`"KMSInternalException"`), Refused},
		{"the policy is invalid", code(`"MalformedPolicyDocumentException"`), Refused},
		{"the lock-out check", code(`"Client.MalformedPolicyDocumentException"`), Refused},
		{"of CreateKey in a key store", code(`"XksKeyNotFoundException"`), Refused},
		{"of ReplicateKey", code(`"AlreadyExistsException"`), Refused},
		{"throttled", code(`"ThrottlingException"`), Refused},
		{"by a VPC endpoint", code(`"VpceAccessDenied"`), Refused},
		{"timed out", code(`"DependencyTimeoutException"`), OutcomeUnknown},
		{"timed out, whose fault it was", code(`"Server.DependencyTimeoutException"`), OutcomeUnknown},
		{"InternalFailure", code(`"InternalFailure"`), OutcomeUnknown},
		{"InternalFailure, whose fault it was", code(`"Server.InternalFailure"`), OutcomeUnknown},
		{"ServiceUnavailable", code(`"ServiceUnavailable"`), OutcomeUnknown},
		{"ServiceUnavailableException", code(`"ServiceUnavailableException"`), OutcomeUnknown},
		{"the client hung up", code(`"RequestAbortedException"`), OutcomeUnknown},
		{"an unknown code", code(`"NewException"`), OutcomeUnknown},
		{"another prefix", code(`"Other.AccessDenied"`), OutcomeUnknown},
		{"two prefixes", code(`"Client.Server.AccessDenied"`), OutcomeUnknown},
		{"another letter case", code(`"accessdenied"`), OutcomeUnknown},
		{"space", code(`" "`), OutcomeUnknown},
		{"a number", code(`403`), OutcomeUnknown},
		{"zero", code(`0`), OutcomeUnknown},
		{"a boolean", code(`false`), OutcomeUnknown},
		{"a list", code(`["AccessDenied"]`), OutcomeUnknown},
		{"an object", code(`{"code":"AccessDenied"}`), OutcomeUnknown},
		{"a refusal next to a response", append(code(`"AccessDenied"`), response), Accepted},
		{"a timeout next to a response", append(code(`"DependencyTimeoutException"`), response), Accepted},
		{"a refusal next to an empty response", append(code(`"AccessDenied"`), edit{"responseElements", `{}`}), Refused},
		{"a refusal next to an empty list", append(code(`"AccessDenied"`), edit{"responseElements", `[]`}), OutcomeUnknown},
		{"a refusal next to a response of another kind", append(code(`"AccessDenied"`), edit{"responseElements", `"x"`}), OutcomeUnknown},
	} {
		t.Run(row.name, func(t *testing.T) {
			edits := append(row.edits, edit{"requestParameters.policy", quoted(policyOf(allow("*", "")))})
			result, err := Detector{}.Detect(edited(t, put, edits...))
			if err != nil || result.Finding == nil {
				t.Fatalf("Detect = %+v, %v, want a finding", result, err)
			}
			f := result.Finding
			if f.Event.Outcome != row.want || f.Attempted != (row.want == Refused) {
				t.Errorf("outcome %v, attempted %v, want %v", f.Event.Outcome, f.Attempted, row.want)
			}
			if (f.Severity == Low) != (row.want == Refused) {
				t.Errorf("severity %v of a call that is %v", f.Severity, row.want)
			}
		})
	}
}

// Every error code that AWS documents for the three calls, and whether it means
// that the call had no effect.
func TestIsRefusal(t *testing.T) {
	for _, row := range []struct {
		source, codes string
		want          bool
	}{
		{
			"CreateKey", "CloudHsmClusterInvalidConfigurationException CustomKeyStoreInvalidStateException CustomKeyStoreNotFoundException InvalidArnException " +
				"KMSInternalException LimitExceededException MalformedPolicyDocumentException TagException UnsupportedOperationException " +
				"XksKeyAlreadyInUseException XksKeyInvalidConfigurationException XksKeyNotFoundException", true,
		},
		{"PutKeyPolicy", "InvalidArnException KMSInternalException KMSInvalidStateException LimitExceededException MalformedPolicyDocumentException NotFoundException UnsupportedOperationException", true},
		{"ReplicateKey", "AlreadyExistsException DisabledException InvalidArnException KMSInternalException KMSInvalidStateException LimitExceededException MalformedPolicyDocumentException NotFoundException TagException UnsupportedOperationException", true},
		{"CreateKey and PutKeyPolicy", "DependencyTimeoutException", false},
		{
			"Common Errors", "AccessDeniedException ExpiredTokenException IncompleteSignature MalformedHttpRequestException NotAuthorized OptInRequired RequestEntityTooLargeException " +
				"RequestExpired ThrottlingException UnknownOperationException UnrecognizedClientException ValidationError", true,
		},
		{"Common Errors, before", "InvalidAction InvalidClientTokenId MissingAuthenticationToken ValidationException", true},
		{"Common Errors, open", "InternalFailure ServiceUnavailable RequestAbortedException RequestTimeoutException", false},
		{"CloudTrail", "AccessDenied UnauthorizedOperation VpceAccessDenied", true},
	} {
		for code := range strings.FieldsSeq(row.codes) {
			for _, prefix := range []string{"", "Client.", "Server."} {
				if IsRefusal(prefix+code) != row.want {
					t.Errorf("%s: IsRefusal(%q) = %v, want %v", row.source, prefix+code, !row.want, row.want)
				}
			}
		}
	}
}

func TestOutcomeZeroIsUnknown(t *testing.T) {
	for o, want := range map[Outcome]string{0: "unknown", Accepted: "accepted", Refused: "refused", Outcome(9): "unknown"} {
		if o.String() != want {
			t.Errorf("outcome %d = %q, want %q", int(o), o, want)
		}
	}
}
