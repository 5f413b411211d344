package alert

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector"
)

// who names the caller in one line: the service before the role that it used,
// since that is what acted; else the person or the program, and its role.
func who(a detector.Actor) string {
	name := callerName(a)
	role := ""
	if a.Role != "" && a.Role != a.Name {
		role = ", role " + plain(a.Role, 64)
	}
	switch {
	case a.InvokedBy != "" && a.InvokedBy != a.Name:
		return plain(a.InvokedBy, 64) + " for " + name + role
	default:
		return name + role
	}
}

// callerName is the caller without role and service.
func callerName(a detector.Actor) string {
	if a.Type == "Root" {
		return "the root user"
	}
	return orUnknown(plain(a.Name, 64))
}

// byCloudFormation reports whether CloudFormation made the call, for a stack.
func byCloudFormation(a detector.Actor) bool {
	return strings.HasPrefix(a.InvokedBy, "cloudformation.amazonaws.com")
}

// mfaText is the caller's MFA and the clause that belongs to the answer.
func mfaText(a detector.Actor) string {
	if note := mfaNote(a); note != "" {
		return mfaState(a) + " (" + note + ")"
	}
	return mfaState(a)
}

// mfaState is the caller's MFA in one of four plain answers.
func mfaState(a detector.Actor) string {
	switch a.MFA {
	case detector.MFAYes:
		return "yes"
	case detector.MFANo:
		return "no"
	case detector.MFANotApplicable:
		return "not applicable"
	default:
		return "unknown"
	}
}

// mfaNote is the clause that belongs to the answer; "" when it needs none.
func mfaNote(a detector.Actor) string {
	if a.MFANote != "" {
		return plain(a.MFANote, maxName)
	}
	switch {
	case a.MFA == detector.MFANotApplicable && a.LongTermKey:
		return "a long-term access key"
	case a.MFA == detector.MFANotApplicable:
		return "no person signed in"
	case a.MFA == detector.MFAUnknown:
		return "the record does not say"
	default:
		return ""
	}
}

// ask plans how to find out whether the call was meant. A session's name is its
// caller's choice, so nobody is to be asked by it alone.
func (p *planner) ask() {
	a := p.f.Actor
	text := "Ask " + plain(a.Name, 64) + ", not by replying to this mail, whether this was meant"
	switch {
	case a.Type == "Root":
		text = "Find out who used the root user, and whether this was meant"
	case a.Type == "AWSService":
		text = "Find out what made " + who(a) + " do this, and whether it was meant"
	case a.ByService():
		text = "Find out who or what made " + plain(a.InvokedBy, 64) + " do this for " + session(a) + ", and whether it was meant"
	case a.Name == "" || a.Name == "unknown":
		text = "Find out who made the call, and whether it was meant"
	case a.Role != "" && a.Role != a.Name:
		text = "Find out who is behind " + session(a) + " and ask, not by replying to this mail, whether this was meant"
	}
	p.step(text+".", nil, "")
}

// session names the caller and, in parentheses, the role.
func session(a detector.Actor) string {
	name := callerName(a)
	if a.Role != "" && a.Role != a.Name {
		name += " (role " + plain(a.Role, 64) + ")"
	}
	return name
}

// stopCaller plans how to stop the caller, if it was not one of yours.
func (p *planner) stopCaller() {
	a := p.f.Actor
	switch {
	case a.Type == "AWSService":
	case p.cmd.deactivateKey != nil:
		p.step("Not one of yours? Deactivate the access key:", p.cmd.deactivateKey, "Not one of yours? Deactivate the access key")
	case a.Type == "Root":
		p.step("Not one of yours? Change the root password, delete root access keys, and call AWS Support.", nil, "")
	case a.SSO:
		p.step("Not one of yours? End the person's sessions in IAM Identity Center, take the assignment away, and suspend the user at your identity provider.", nil, "")
	case a.Role != "":
		p.step("Not one of yours? Revoke the sessions of role "+plain(a.Role, 64)+" (IAM console, Revoke active sessions)"+idpAdvice(a.Federated)+".", nil, "")
	default:
		p.step("Not one of yours? Take the caller's credentials away"+idpAdvice(a.Federated)+".", nil, "")
	}
}

// idpAdvice follows when the caller signed in elsewhere.
func idpAdvice(federated bool) string {
	if federated {
		return " and suspend the user at your identity provider"
	}
	return ""
}
