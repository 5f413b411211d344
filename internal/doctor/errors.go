package doctor

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/aws/smithy-go"
)

// permission is the IAM action of an operation of the SDK. The service's prefix
// differs from the SDK's name for it in two cases.
// Source: Service Authorization Reference.
func permission(service, operation string) string {
	prefix := strings.ToLower(strings.ReplaceAll(service, " ", ""))
	if prefix == "eventbridge" {
		prefix = "events"
	}
	return prefix + ":" + operation
}

// code is the error code of an answer of AWS's; "" when there was no answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// isMissing reports whether AWS says that the thing asked for is not there. Each
// service has its own word for it; any other error leaves the question open.
func isMissing(err error) bool {
	switch code(err) {
	case "ResourceNotFoundException", "NotFound", "NotFoundException",
		"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "StackSetNotFoundException":
		return true
	}
	return false
}

// isNoStack reports whether CloudFormation says that there is no such stack. It
// has no code of its own for that.
func isNoStack(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist")
}

// fatal reports whether the first call's error makes further ones pointless: no
// such stack, credentials that AWS does not take, no answer at all. A refusal is
// not one: other calls may be allowed.
func fatal(err error) bool {
	switch code(err) {
	case "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "OptInRequired":
		return true
	case "":
		return true
	}
	return isNoStack(err)
}

// shortly is an error in one clause: the IAM action that was called, and AWS's
// code and message, or what kept AWS from answering.
func shortly(err error) string {
	prefix := ""
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		prefix = permission(operation.ServiceID, operation.OperationName) + ": "
	}
	var api smithy.APIError
	var dns *net.DNSError
	switch {
	case errors.As(err, &api):
		return prefix + api.ErrorCode() + ": " + api.ErrorMessage()
	case errors.Is(err, context.DeadlineExceeded):
		return prefix + "no answer in time"
	case errors.As(err, &dns):
		return prefix + "no such host: " + dns.Name + "; check the Region and the network"
	case operation != nil:
		return prefix + innermost(operation.Err).Error()
	}
	return err.Error()
}

// innermost is the error at the bottom of a chain: the SDK's layers repeat what
// they wrap.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
