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

// ask plans how to find out whether the call was meant. A session's name is its
// caller's choice, so nobody is to be asked by it alone.
func (p *planner) ask() {
	a, meant := p.f.Actor, ", and whether this was meant."
	name := plain(callerName(a), 96)
	switch {
	case p.cmd.describeUser != nil:
		p.step("Look the person up"+p.storeAccount()+" and ask, not by replying to this mail, whether this was meant:", p.cmd.describeUser, "Who it was")
	case p.f.Deployer() != "":
		p.step("Ask who deployed the change through "+plain(p.f.Deployer(), 64)+" whether this was meant.", nil, "")
	case a.ServiceLinked:
		p.step("No person signed this call: "+orUnknown(plain(a.InvokedBy, 64))+" made it in account "+orUnknown(plain(a.Account, 12))+" with its own role. Find out who set that service up"+meant, nil, "")
	case a.Type == "Root":
		p.step("Find out who used "+name+meant, nil, "")
	case a.Type == "AWSService":
		p.step("Find out what made "+name+" do this"+meant, nil, "")
	case a.ByService():
		p.step("Find out who or what made "+plain(a.InvokedBy, 64)+" do this for "+session(a)+meant, nil, "")
	case a.InScopeOf.IssuedTo != "" || a.EC2RoleDelivery != "":
		p.step("Find out who controls "+session(a)+", whether its credentials were used from elsewhere"+meant, nil, "")
	case a.Broker != "":
		p.step("Ask whoever runs "+plain(lastOf(a.Broker), 64)+", which vouched for "+name+", who that is"+meant, nil, "")
	case a.Name == "" || a.Name == "unknown":
		p.step("Find out who made the call"+meant, nil, "")
	case a.Role != "" && a.Role != a.Name:
		p.step("Find out who is behind "+session(a)+" and ask, not by replying to this mail, whether this was meant.", nil, "")
	default:
		p.step("Ask "+name+", not by replying to this mail, whether this was meant.", nil, "")
	}
}

// storeAccount says where the command that looks a person up works.
func (p *planner) storeAccount() string {
	_, account, ok := identityStore(p.f.Actor.OnBehalfOf.StoreARN)
	if !ok {
		return ""
	}
	where := " (in account " + account
	if identityRegion(p.f.Actor.RoleARN) == "" {
		where += ", in the Region of IAM Identity Center"
	}
	return where + ")"
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
	a, foreign := p.f.Actor, "Not one of yours? "
	role := plain(a.Role, 64)
	switch {
	case a.Type == "AWSService":
	case p.f.Deployer() != "":
		if p.cmd.stackChanges != nil {
			p.step("See who changed stacks in the hour before. "+foreign+"Revoke their credentials:", p.cmd.stackChanges, "")
			return
		}
		p.step(foreign+"Revoke the credentials of whoever deployed the change.", nil, "")
	case a.ServiceLinked:
		p.step("Not meant? Turn the feature off in "+orUnknown(plain(a.InvokedBy, 64))+". The sessions of "+role+" cannot be revoked: only that service can use and change its role. If none of your people turned it on, open a case with AWS Support.", nil, "")
	case p.cmd.deactivateKey != nil:
		p.step(foreign+"Deactivate the access key:", p.cmd.deactivateKey, foreign+"Deactivate the access key")
	case a.Type == "Root" && a.AssumedRoot:
		p.step(foreign+"Find the AssumeRoot call in the management account's trail and revoke its caller's credentials.", nil, "")
	case a.Type == "Root":
		p.step(foreign+"Change the root password, delete root access keys, and call AWS Support.", nil, "")
	case a.SSO:
		p.step(foreign+"End the person's sessions in IAM Identity Center, remove the assignment, and suspend the user at your identity provider.", nil, "")
	case a.Broker != "":
		p.step(foreign+"Remove permissions from "+plain(lastOf(a.Broker), 64)+": its federated sessions have no others.", nil, "")
	case a.Role != "":
		p.step(foreign+"Revoke the sessions of role "+role+" (IAM console, Revoke active sessions)"+idpAdvice(a.Federated)+".", nil, "")
	default:
		p.step(foreign+"Revoke the caller's credentials"+idpAdvice(a.Federated)+".", nil, "")
	}
}

// idpAdvice follows when the caller signed in elsewhere.
func idpAdvice(federated bool) string {
	if federated {
		return " and suspend the user at your identity provider"
	}
	return ""
}
