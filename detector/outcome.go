package detector

import (
	"strings"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

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
var refusals = map[string]bool{
	// KMS API Reference, CreateKey, PutKeyPolicy and ReplicateKey, Errors: each
	// says "The request was rejected because ...". DependencyTimeoutException
	// says "The system timed out" instead, and is not here.
	"AlreadyExistsException":                       true,
	"CloudHsmClusterInvalidConfigurationException": true,
	"CustomKeyStoreInvalidStateException":          true,
	"CustomKeyStoreNotFoundException":              true,
	"DisabledException":                            true,
	"InvalidArnException":                          true,
	"KMSInternalException":                         true,
	"KMSInvalidStateException":                     true,
	"LimitExceededException":                       true,
	malformedPolicy:                                true,
	"NotFoundException":                            true,
	"TagException":                                 true,
	"UnsupportedOperationException":                true,
	"XksKeyAlreadyInUseException":                  true,
	"XksKeyInvalidConfigurationException":          true,
	"XksKeyNotFoundException":                      true,

	// KMS API Reference, Common Errors, of today and before. Not here are
	// InternalFailure, ServiceUnavailable, RequestAbortedException and
	// RequestTimeoutException, which leave open what was done.
	"AccessDeniedException":          true,
	"ExpiredTokenException":          true,
	"IncompleteSignature":            true,
	"InvalidAction":                  true,
	"InvalidClientTokenId":           true,
	"MalformedHttpRequestException":  true,
	"MissingAuthenticationToken":     true,
	"NotAuthorized":                  true,
	"OptInRequired":                  true,
	"RequestEntityTooLargeException": true,
	"RequestExpired":                 true,
	"ThrottlingException":            true,
	"UnknownOperationException":      true,
	"UnrecognizedClientException":    true,
	"ValidationError":                true,
	"ValidationException":            true,

	// CloudTrail User Guide, cloudtrail-event-reference-record-contents.html,
	// errorCode, and logging-network-events-with-cloudtrail.html: what CloudTrail
	// itself writes for a denied call.
	"AccessDenied":          true,
	"UnauthorizedOperation": true,
	"VpceAccessDenied":      true,
}

// IsRefusal reports whether an error code says that AWS did nothing. CloudTrail
// may write whose fault it was before the name: "Client.UnauthorizedOperation".
func IsRefusal(code string) bool {
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
	switch {
	case r.top.isNothing("errorCode") || r.event.ErrorCode == "", len(r.response.members) > 0:
		return Accepted
	case r.top.value("errorCode").Kind() == strictjson.String && IsRefusal(r.event.ErrorCode) && r.top.isEmpty("responseElements"):
		return Refused
	default:
		return OutcomeUnknown
	}
}
