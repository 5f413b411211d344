package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A Fault describes the failures of one kind of call, merged into one.
type Fault struct {
	Account string   `json:"account"` // "" if unknown
	Regions []string `json:"regions"` // sorted; empty for the account as a whole
	Call    Call     `json:"call"`
	Denied  string   `json:"denied"`        // the missing permission, such as kms:ListGrants; "" for other faults
	Reason  string   `json:"reason"`        // the first error from AWS or the network
	Unswept bool     `json:"unswept"`       // there may be keys in these Regions that were not seen
	Keys    int      `json:"keys"`          // the number of keys; 0 if the call is not about a key
	Key     string   `json:"key,omitempty"` // the first of the keys
}

// String returns the fault as one line. It is not sanitized: it may contain text
// from AWS's answers.
func (f Fault) String() string {
	where := "account " + cmp.Or(f.Account, "of the caller")
	if len(f.Regions) > 0 {
		where += ", " + strings.Join(f.Regions, ", ")
	}
	what := string(f.Call) + " failed"
	if f.Call == Credentials {
		what = "no credentials"
	}
	if f.Denied != "" {
		what = "permission " + f.Denied + " is missing"
	}
	if f.Keys > 0 {
		what += fmt.Sprintf(" for %d keys, the first %s", f.Keys, f.Key)
		if f.Keys == 1 {
			what = strings.Replace(what, "1 keys, the first ", "", 1)
		}
	}
	if f.Unswept {
		what = "not swept: " + what
	}
	return where + ": " + what + ": " + f.Reason
}

// merge returns list with f added, or merged into a fault of the same kind. The
// reason does not distinguish denials, because it contains request ids and hosts
// that differ between Regions.
func merge(list []Fault, f Fault) []Fault {
	for i := range list {
		g := &list[i]
		if g.Account != f.Account || g.Call != f.Call || g.Denied != f.Denied || g.Unswept != f.Unswept ||
			(len(g.Regions) == 0) != (len(f.Regions) == 0) || f.Denied == "" && g.Reason != f.Reason {
			continue
		}
		for _, r := range f.Regions {
			if at, have := slices.BinarySearch(g.Regions, r); !have {
				g.Regions = slices.Insert(g.Regions, at, r)
			}
		}
		g.Keys += f.Keys
		return list
	}
	if len(list) == maxFaults { // so many kinds that more add nothing
		list[maxFaults-1].Keys += f.Keys
		return list
	}
	return append(list, f)
}

// maxFaults is the maximum number of faults in a list; further ones are merged
// into the last.
const maxFaults = 1000

func compareFaults(a, b Fault) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), slices.Compare(a.Regions, b.Regions), cmp.Compare(a.Call, b.Call), cmp.Compare(a.Reason, b.Reason))
}

// faultOf returns the fault for an error of a call.
func faultOf(call Call, err error) Fault {
	f := Fault{Call: call, Reason: Reason(err)}
	if denied(err) {
		f.Denied = call.permission()
	}
	return f
}

// code returns the error code in AWS's answer, or "" if err is not an answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func throttled(err error) bool {
	switch code(err) {
	case "ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException":
		return true
	}
	return false
}

func denied(err error) bool {
	switch code(err) {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		return true
	}
	return false
}

func gone(err error) bool { return code(err) == "NotFoundException" }

// unsigned reports whether AWS rejects the credentials: they are expired or wrong,
// or the Region is not enabled for the account.
// Source: KMS API Reference, Common Errors; AWS General Reference, opt-in Regions.
func unsigned(err error) bool {
	switch code(err) {
	case "UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "ExpiredTokenException", "ExpiredToken", "RequestExpired",
		"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "OptInRequired", "NotAuthorized":
		return true
	}
	return false
}

// hopeless reports whether the next call to the same Region would fail in the same
// way: there was no answer, or the credentials were rejected.
func hopeless(err error) bool {
	return unsigned(err) || code(err) == "" && !errors.As(err, new(*answerError)) && !passing(err)
}

// An answerError reports an answer of AWS that cannot be used.
type answerError struct{ err error }

func (e *answerError) Error() string { return e.err.Error() }
func (e *answerError) Unwrap() error { return e.err }

// passing reports whether an error may be transient: an established connection
// broke, or the server failed.
func passing(err error) bool {
	var response *smithyhttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() >= 500 ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Reason returns an error as one line, without the text that the SDK adds.
func Reason(err error) string {
	var api smithy.APIError
	var dns *net.DNSError
	var network *net.OpError
	switch {
	case errors.As(err, &api):
		text := api.ErrorCode()
		if api.ErrorMessage() != "" {
			text += ": " + api.ErrorMessage()
		}
		switch api.ErrorCode() {
		case "UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "OptInRequired":
			text = "the credentials are not valid here, or the Region is not enabled for the account (" + text + ")"
		case "ExpiredTokenException", "ExpiredToken", "RequestExpired":
			text = "the credentials have expired (" + text + ")"
		}
		if throttled(err) {
			text = fmt.Sprintf("throttled %d times (%s)", attempts, text)
		}
		return text
	case errors.As(err, &dns):
		return fmt.Sprintf("no such host: %s; does the Region exist?", dns.Name)
	case errors.As(err, &network):
		why := network.Err
		var call *os.SyscallError // "connect: " and the like add nothing
		if errors.As(why, &call) {
			why = call.Err
		}
		return fmt.Sprintf("%v (%v)", why, network.Addr)
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		err = operation.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
