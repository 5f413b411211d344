package detector

import (
	"strings"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// An Outcome says whether a call took effect.
type Outcome int

// The zero Outcome is unknown.
const (
	OutcomeUnknown Outcome = iota // an error that leaves open whether the call took effect; judged as in force
	Accepted                      // no error, or an error together with a response, which only an accepted call has
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

// refusals holds the error codes that mean that the call had no effect.
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

	// KMS API Reference, Common Errors, in its current and earlier versions.
	// InternalFailure, ServiceUnavailable, RequestAbortedException and
	// RequestTimeoutException are not here: they leave open what was done.
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

// IsRefusal reports whether an error code means that the call had no effect. The
// code may have the prefix "Client." or "Server.", which CloudTrail writes to say
// whose fault it was, as in "Client.UnauthorizedOperation".
func IsRefusal(code string) bool {
	if _, name, found := strings.Cut(code, "."); found {
		switch code[:len(code)-len(name)] {
		case "Client.", "Server.":
			code = name
		}
	}
	return refusals[code]
}

// outcome returns whether the call took effect. A refused call has an error code
// and no response; a record with both contradicts itself, and its call counts as
// accepted, since that cannot be ruled out.
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
