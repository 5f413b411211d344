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

// A Fault is a call that failed, named once however often it did.
type Fault struct {
	Account string   `json:"account"`       // "" not known
	Regions []string `json:"regions"`       // sorted; empty: the account as a whole
	Call    Call     `json:"call"`          //
	Denied  string   `json:"denied"`        // the permission that is missing, such as kms:ListGrants; "" for other faults
	Reason  string   `json:"reason"`        // what AWS or the network said first
	Unswept bool     `json:"unswept"`       // keys of these Regions may not have been seen
	Keys    int      `json:"keys"`          // for that many keys; 0: the call is not about a key
	Key     string   `json:"key,omitempty"` // the first of them
}

// String says it in a line. It holds text of AWS's answers.
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

// merge adds a fault to a list in which each is named once. A Region's own
// reason differs in request ids and hosts, so it does not distinguish denials.
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
	if len(list) == maxFaults { // of that many kinds: the rest says nothing new
		list[maxFaults-1].Keys += f.Keys
		return list
	}
	return append(list, f)
}

// maxFaults is how many kinds of faults are distinguished.
const maxFaults = 1000

func compareFaults(a, b Fault) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), slices.Compare(a.Regions, b.Regions), cmp.Compare(a.Call, b.Call), cmp.Compare(a.Reason, b.Reason))
}

// faultOf words an error of a call.
func faultOf(call Call, err error) Fault {
	f := Fault{Call: call, Reason: Reason(err)}
	if denied(err) {
		f.Denied = call.permission()
	}
	return f
}

// code is the error code with which AWS answered; "" when it did not answer.
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

// unsigned reports whether AWS does not take the credentials: they are over or
// wrong, or the Region is not enabled for the account.
// Source: KMS API Reference, Common Errors; AWS General Reference, opt-in Regions.
func unsigned(err error) bool {
	switch code(err) {
	case "UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "ExpiredTokenException", "ExpiredToken", "RequestExpired",
		"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "OptInRequired", "NotAuthorized":
		return true
	}
	return false
}

// hopeless reports whether the next call to the same Region would fail alike:
// nobody answered, or the credentials are not taken.
func hopeless(err error) bool {
	return unsigned(err) || code(err) == "" && !errors.As(err, new(*answerError)) && !passing(err)
}

// An answerError is an answer of AWS that cannot be used.
type answerError struct{ err error }

func (e *answerError) Error() string { return e.err.Error() }
func (e *answerError) Unwrap() error { return e.err }

// passing reports whether an error may be over at once: a connection that broke
// after it was made, or a fault on AWS's side.
func passing(err error) bool {
	var response *smithyhttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() >= 500 ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Reason is an error in one line, without the SDK's own words around it.
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
		var call *os.SyscallError // "connect: " and the like say nothing more
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
