package detector

import "strings"

// An Outcome says whether a call took effect.
type Outcome int

// The zero Outcome is unknown.
const (
	OutcomeUnknown Outcome = iota // an error that leaves open what was done; judged as in force
	Accepted                      // no error, or an error next to a response, which only an accepted call has
	Refused                       // an error that AWS documents as a refusal, and no response
)

// String returns the outcome in lower case.
func (o Outcome) String() string {
	switch o {
	case Accepted:
		return "accepted"
	case Refused:
		return "refused"
	default:
		return "unknown"
	}
}

// refusals are the error codes that say that AWS did nothing.
//
// Source: KMS API Reference, CreateKey, PutKeyPolicy and ReplicateKey, Errors,
// all but DependencyTimeoutException ("The system timed out while trying to
// fulfill the request"): each begins "The request was rejected because".
// Then KMS API Reference, Common Errors, all but InternalFailure
// and ServiceUnavailable, which are the server's own; and the names that
// CloudTrail writes for a denied call.
// Source: CloudTrail User Guide, cloudtrail-event-reference-record-contents.html,
// errorCode.
var refusals = map[string]bool{
	"AlreadyExistsException":                       true,
	"CloudHsmClusterInvalidConfigurationException": true,
	"CustomKeyStoreInvalidStateException":          true,
	"CustomKeyStoreNotFoundException":              true,
	"DisabledException":                            true,
	"InvalidArnException":                          true,
	"KMSInternalException":                         true,
	"KMSInvalidStateException":                     true,
	"LimitExceededException":                       true,
	"MalformedPolicyDocumentException":             true,
	"NotFoundException":                            true,
	"TagException":                                 true,
	"UnsupportedOperationException":                true,
	"XksKeyAlreadyInUseException":                  true,
	"XksKeyInvalidConfigurationException":          true,
	"XksKeyNotFoundException":                      true,

	"AccessDenied":                true,
	"AccessDeniedException":       true,
	"ExpiredToken":                true,
	"ExpiredTokenException":       true,
	"IncompleteSignature":         true,
	"InvalidAction":               true,
	"InvalidClientTokenId":        true,
	"MissingAuthenticationToken":  true,
	"NotAuthorized":               true,
	"OptInRequired":               true,
	"RequestExpired":              true,
	"ThrottlingException":         true,
	"UnauthorizedOperation":       true,
	"UnrecognizedClientException": true,
	"ValidationError":             true,
	"ValidationException":         true,
}

// isRefusal reports whether an error code says that AWS did nothing. CloudTrail
// may write whose fault it was before the name: "Client.UnauthorizedOperation".
func isRefusal(code string) bool {
	if _, name, found := strings.Cut(code, "."); found {
		switch code[:len(code)-len(name)] {
		case "Client.", "Server.":
			code = name
		}
	}
	return refusals[code]
}

// outcome tells whether the call took effect. A refused call has an error code
// and no response; a record with both contradicts itself, and what cannot be
// ruled out is taken for done.
// Source: CloudTrail User Guide, cloudtrail-event-reference-record-contents.html,
// errorCode and responseElements.
func (r *record) outcome() Outcome {
	code := r.top.raw("errorCode")
	switch {
	case code == nil || r.event.ErrorCode == "", len(r.response.members) > 0:
		return Accepted
	case kindOf(code) == "a string" && isRefusal(r.event.ErrorCode) && r.top.isNothing("responseElements"):
		return Refused
	default:
		return OutcomeUnknown
	}
}
