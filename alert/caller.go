package alert

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector"
)

// who names the caller: the service before the role that it used, since that is
// what acted; else the person or the program, the role, and who vouches for them.
func who(a detector.Actor) string {
	parts := []string{callerName(a)}
	if service := actingService(a); service != "" {
		parts[0] = service + " for " + parts[0]
		if a.ServiceLinked {
			parts[0] = service
		}
	}
	add := func(label, text string) {
		if text != "" {
			parts = append(parts, label+plain(text, 64))
		}
	}
	switch {
	case a.ServiceLinked:
		add("service-linked role ", a.Role)
	case a.Role != a.Name:
		add("role ", a.Role)
	}
	if a.Broker != "" {
		add("session made by ", lastOf(a.Broker))
	}
	if a.FederatedProvider != "" {
		add("signed in at ", lastOf(a.FederatedProvider))
	}
	if a.OnBehalfOf.UserID != "" && a.OnBehalfOf.UserID != a.Name {
		add("Identity Center user ", a.OnBehalfOf.UserID)
	}
	if a.SourceIdentity != "" {
		add("source identity ", a.SourceIdentity)
	}
	return strings.Join(parts, ", ")
}

// callerName is the caller alone: what the credentials were made for, if the
// record says so, else the name that the caller goes by.
func callerName(a detector.Actor) string {
	name := orUnknown(plain(a.Name, 64))
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
	name := plain(lastOf(s.IssuedTo), 64)
	switch s.IssuerType {
	case "AWS::Lambda::Function":
		return "Lambda function " + name
	case "AWS::EC2::Instance":
		return "EC2 instance " + name
	case "":
		return name
	default:
		return plain(s.IssuerType, 64) + " " + name
	}
}

// lastOf returns the name at the end of an ARN: what follows the last "/" or
// ":"; other text as it is.
func lastOf(arn string) string {
	return arn[strings.LastIndexAny(arn, "/:")+1:]
}

// actingService is the AWS service that made the call for the caller; "" when
// there is none, or when it is the caller itself.
func actingService(a detector.Actor) string {
	if a.InvokedBy == "" || a.InvokedBy == a.Name || a.Type == "AWSService" {
		return ""
	}
	return plain(a.InvokedBy, 64)
}

// mfaText is the caller's MFA and the clause that goes with the answer.
func mfaText(a detector.Actor) string {
	if note := mfaNote(a); note != "" {
		return mfaState(a) + " (" + note + ")"
	}
	return mfaState(a)
}

// mfaState is the caller's MFA in one of four plain answers.
func mfaState(a detector.Actor) string { return a.MFA.String() }

// mfaNote is the clause that goes with the answer; "" when it needs none.
func mfaNote(a detector.Actor) string {
	switch {
	case a.MFANote != "":
		return plain(a.MFANote, maxName)
	case a.MFA == detector.MFAUnknown:
		return "the record does not say"
	default:
		return ""
	}
}
