package doctor

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/aws/smithy-go"
)

// permission returns the IAM action of an SDK operation. service is the SDK's name for
// the service, from which the prefix of the action differs in spaces and letter case, and
// for EventBridge.
// Source: Service Authorization Reference.
func permission(service, operation string) string {
	prefix := strings.ToLower(strings.ReplaceAll(service, " ", ""))
	if prefix == "eventbridge" {
		prefix = "events"
	}
	return prefix + ":" + operation
}

// code returns the error code in AWS's answer; "" when there was no answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// isMissing reports whether AWS says that the requested resource does not exist. Each
// service has its own code for that; any other error leaves the question open.
func isMissing(err error) bool {
	switch code(err) {
	case "ResourceNotFoundException", "NotFound", "NotFoundException",
		"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "StackSetNotFoundException":
		return true
	}
	return false
}

// isNoStack reports whether CloudFormation says that there is no such stack, for which it
// has no specific code.
func isNoStack(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist")
}

// fatal reports whether the error of the first call makes further calls pointless: there
// is no such stack, AWS rejects the credentials, or it does not answer. A refusal is not
// fatal, since other calls may be allowed.
func fatal(err error) bool {
	switch code(err) {
	case "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "OptInRequired":
		return true
	case "":
		return true
	}
	return isNoStack(err)
}

// shortly returns an error in one clause: the IAM action that was called, and AWS's code
// and message, or why there was no answer.
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

// innermost returns the last error in a chain, since the SDK's layers repeat what they
// wrap.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
