package words

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// Who names the caller: the service before the role that it used, since that is
// what acted; else the person or the program, the role, and who vouches for them.
func Who(a detector.Actor) string {
	parts := []string{CallerName(a)}
	if service := actingService(a); service != "" {
		parts[0] = service + " for " + parts[0]
		if a.ServiceLinked {
			parts[0] = service
		}
	}
	add := func(label, text string) {
		if text != "" {
			parts = append(parts, label+safe.Plain(text, 64))
		}
	}
	switch {
	case a.ServiceLinked:
		add("service-linked role ", a.Role)
	case a.Role != a.Name:
		add("role ", a.Role)
	}
	if a.Broker != "" {
		add("session made by ", LastOf(a.Broker))
	}
	if a.FederatedProvider != "" {
		add("signed in at ", LastOf(a.FederatedProvider))
	}
	if a.OnBehalfOf.UserID != "" && a.OnBehalfOf.UserID != a.Name {
		add("Identity Center user ", a.OnBehalfOf.UserID)
	}
	if a.SourceIdentity != "" {
		add("source identity ", a.SourceIdentity)
	}
	return strings.Join(parts, ", ")
}

// CallerName is the caller alone: what the credentials were made for, if the
// record says so, else the name that the caller goes by.
func CallerName(a detector.Actor) string {
	name := safe.OrUnknown(safe.Plain(a.Name, 64))
	switch {
	case a.Type == "Root" && a.AssumedRoot:
		return "a session as the account's root (AssumeRoot)"
	case a.Type == "Root":
		return "the root user"
	case a.Type == "IdentityCenterUser":
		return "Identity Center user " + name
	case a.Type == "FederatedUser":
		return "federated user " + name
	case a.InScopeOf.IssuedTo != "":
		return scope(a.InScopeOf)
	case a.EC2RoleDelivery != "":
		return "EC2 instance " + name
	default:
		return name
	}
}

// scope names the resource that the credentials were made for.
func scope(s detector.Scope) string {
	name := safe.Plain(LastOf(s.IssuedTo), 64)
	switch s.IssuerType {
	case "AWS::Lambda::Function":
		return "Lambda function " + name
	case "AWS::EC2::Instance":
		return "EC2 instance " + name
	case "":
		return name
	default:
		return safe.Plain(s.IssuerType, 64) + " " + name
	}
}

// LastOf returns the name at the end of an ARN: what follows the last "/" or
// ":"; other text as it is.
func LastOf(arn string) string {
	return arn[strings.LastIndexAny(arn, "/:")+1:]
}

// actingService is the AWS service that made the call for the caller; "" when
// there is none, or when it is the caller itself.
func actingService(a detector.Actor) string {
	if a.InvokedBy == "" || a.InvokedBy == a.Name || a.Type == "AWSService" {
		return ""
	}
	return safe.Plain(a.InvokedBy, 64)
}

// MFAText is the caller's MFA and the clause that goes with the answer.
func MFAText(a detector.Actor) string {
	if note := mfaNote(a); note != "" {
		return MFAState(a) + " (" + note + ")"
	}
	return MFAState(a)
}

// MFAState is the caller's MFA in one of four plain answers.
func MFAState(a detector.Actor) string { return a.MFA.String() }

// mfaNote is the clause that goes with the answer; "" when it needs none.
func mfaNote(a detector.Actor) string {
	switch {
	case a.MFANote != "":
		return safe.Plain(a.MFANote, safe.MaxName)
	case a.MFA == detector.MFAUnknown:
		return "the record does not say"
	default:
		return ""
	}
}
