package words

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// Who describes the caller: a service that made the call, the person or program, the
// role, and where they signed in.
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

// CallerName returns the caller alone: the resource for which the credentials were
// issued, if the record says so, otherwise the caller's name.
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

// scope returns the resource for which the credentials were issued.
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

// LastOf returns the name at the end of an ARN, what follows the last "/" or ":";
// text without either unchanged.
func LastOf(arn string) string {
	return arn[strings.LastIndexAny(arn, "/:")+1:]
}

// actingService returns the AWS service that made the call for the caller; "" when
// there is none, or when it is the caller itself.
func actingService(a detector.Actor) string {
	if a.InvokedBy == "" || a.InvokedBy == a.Name || a.Type == "AWSService" {
		return ""
	}
	return safe.Plain(a.InvokedBy, 64)
}

// MFAText returns the caller's MFA state and the clause that explains it.
func MFAText(a detector.Actor) string {
	if note := mfaNote(a); note != "" {
		return MFAState(a) + " (" + note + ")"
	}
	return MFAState(a)
}

// MFAState returns the caller's MFA state: "yes", "no", "not applicable" or
// "unknown".
func MFAState(a detector.Actor) string { return a.MFA.String() }

// mfaNote returns the clause that explains the MFA state; "" when it needs none.
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
