package playbook

import (
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// ask adds the step that finds out whether the call was intended. The caller chooses
// the name of a session, so no step relies on that name alone.
func (p *planner) ask() {
	a, meant := p.f.Actor, ", and whether this was meant."
	name := safe.Plain(words.CallerName(a), 96)
	switch {
	case p.cmd.describeUser != nil:
		p.step("Look the person up"+p.storeAccount()+" and ask, not by replying to this mail, whether this was meant:", p.cmd.describeUser, "Who it was")
	case p.f.Deployer() != "":
		p.step("Ask who deployed the change through "+safe.Plain(p.f.Deployer(), 64)+" whether this was meant.", nil, "")
	case a.ServiceLinked:
		p.step("No person signed this call: "+safe.OrUnknown(safe.Plain(a.InvokedBy, 64))+" made it in account "+safe.OrUnknown(safe.Plain(a.Account, 12))+" with its own role. Find out who set that service up"+meant, nil, "")
	case a.Type == "Root":
		p.step("Find out who used "+name+meant, nil, "")
	case a.Type == "AWSService" && a.InvokedBy == "":
		p.step("The call was made by an AWS service; the record does not say which. Find out what made it do this"+meant, nil, "")
	case a.Type == "AWSService":
		p.step("Find out what made "+name+" do this"+meant, nil, "")
	case a.ByService():
		p.step("Find out who or what made "+safe.Plain(a.InvokedBy, 64)+" do this for "+session(a)+meant, nil, "")
	case a.InScopeOf.IssuedTo != "" || a.EC2RoleDelivery != "":
		p.step("Find out who controls "+session(a)+", whether its credentials were used from elsewhere"+meant, nil, "")
	case a.Broker != "":
		p.step("Ask whoever runs "+safe.Plain(words.LastOf(a.Broker), 64)+", which vouched for "+name+", who that is"+meant, nil, "")
	case a.Name == "" || a.Name == "unknown":
		p.step("Find out who made the call"+meant, nil, "")
	case a.Role != "" && a.Role != a.Name:
		p.step("Find out who is behind "+session(a)+" and ask, not by replying to this mail, whether this was meant.", nil, "")
	default:
		p.step("Ask "+name+", not by replying to this mail, whether this was meant.", nil, "")
	}
}

// storeAccount returns a text that says in which account, and where, to run the
// command that looks a person up, or "" if the record does not say.
func (p *planner) storeAccount() string {
	_, account, ok := safe.IdentityStore(p.f.Actor.OnBehalfOf.StoreARN)
	if !ok {
		return ""
	}
	where := " (in account " + account
	if safe.IdentityRegion(p.f.Actor.RoleARN) == "" {
		where += ", in the Region of IAM Identity Center"
	}
	return where + ")"
}

// session returns the caller's name and, in parentheses, the role.
func session(a detector.Actor) string {
	name := words.CallerName(a)
	if a.Role != "" && a.Role != a.Name {
		name += " (role " + safe.Plain(a.Role, 64) + ")"
	}
	return name
}

// stopCaller adds the step that stops the caller, if it was not one of yours.
func (p *planner) stopCaller() {
	a, foreign := p.f.Actor, "Not one of yours? "
	role := safe.Plain(a.Role, 64)
	switch {
	case a.Type == "AWSService":
	case p.f.Deployer() != "":
		if p.cmd.stackChanges != nil {
			p.step("See who changed stacks in the hour before. "+foreign+"Revoke their credentials:", p.cmd.stackChanges, "")
			return
		}
		p.step(foreign+"Revoke the credentials of whoever deployed the change.", nil, "")
	case a.ServiceLinked:
		p.step("Not meant? Turn the feature off in "+safe.OrUnknown(safe.Plain(a.InvokedBy, 64))+". The sessions of "+role+" cannot be revoked: only that service can use and change its role. If none of your people turned it on, open a case with AWS Support.", nil, "")
	case p.cmd.deactivateKey != nil:
		p.step(foreign+"Deactivate the access key:", p.cmd.deactivateKey, foreign+"Deactivate the access key")
	case a.Type == "Root" && a.AssumedRoot:
		p.step(foreign+"Find the AssumeRoot call in the management account's trail and revoke its caller's credentials.", nil, "")
	case a.Type == "Root":
		p.step(foreign+"Change the root password, delete root access keys, and call AWS Support.", nil, "")
	case a.SSO:
		p.step(foreign+"End the person's sessions in IAM Identity Center, remove the assignment, and suspend the user at your identity provider.", nil, "")
	case a.Broker != "":
		p.step(foreign+"Remove permissions from "+safe.Plain(words.LastOf(a.Broker), 64)+": its federated sessions have no others.", nil, "")
	case a.Role != "":
		p.step(foreign+"Revoke the sessions of role "+role+" (IAM console, Revoke active sessions)"+idpAdvice(a.Federated)+".", nil, "")
	default:
		p.step(foreign+"Revoke the caller's credentials"+idpAdvice(a.Federated)+".", nil, "")
	}
}

// idpAdvice returns what to do at the identity provider where a federated caller
// signed in; "" for other callers.
func idpAdvice(federated bool) string {
	if federated {
		return " and suspend the user at your identity provider"
	}
	return ""
}
