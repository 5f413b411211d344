package evaluate

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// principals reports whether the statement's Principal or NotPrincipal covers
// the caller.
// Source: IAM User Guide, reference_policies_elements_principal.html and
// reference_policies_elements_notprincipal.html.
func (p evaluator) principals(st *policy.Statement, r Request) Answer {
	if st.NotPrincipal {
		return p.notPrincipal(st.Principals, r)
	}
	listed := No
	for _, entry := range st.Principals {
		listed = or(listed, p.principal(entry, r))
	}
	return listed
}

// principal reports whether one entry names the caller.
func (p evaluator) principal(entry policy.Principal, r Request) Answer {
	switch {
	case policy.HasMark(entry.Value):
		return p.unknownPrincipal(entry, r)
	case entry.Kind == policy.KindService:
		return answerOf(r.Service != "" && r.Service == entry.Value)
	case entry.Kind != policy.KindAWS:
		return No // no caller of KMS is a provider or a canonical user
	case entry.Value == "*":
		return Yes
	}
	return or(or(namesAccount(entry.Value, r), namesIdentity(entry.Value, r)), namesSession(entry.Value, r))
}

// namesAccount reports whether value names the whole of the caller's account.
func namesAccount(value string, r Request) Answer {
	account := CallerAccount(r)
	if account == "" {
		return No
	}
	return answerOf(value == account || value == "arn:"+awsid.PartitionIn(r.Principal)+":iam::"+account+":root")
}

// namesIdentity reports whether value is the ARN or unique id of the caller's
// user or role. An entry for a user covers the federated sessions that the user
// created.
func namesIdentity(value string, r Request) Answer {
	identity := r.Principal
	if IsFederated(r) {
		identity = r.Parent
	}
	kind := PrincipalKind(identity)
	switch {
	case strings.HasPrefix(value, "AIDA") && kind == "user", strings.HasPrefix(value, "AROA") && kind == "role":
		if r.UniqueID == "" {
			return Maybe // every user and role has one, but the request does not say which
		}
		return answerOf(value == r.UniqueID)
	default:
		return answerOf(identity != "" && value == identity)
	}
}

// namesSession reports whether value is the ARN of the caller's session.
func namesSession(value string, r Request) Answer {
	return answerOf(r.Session != "" && value == r.Session || IsFederated(r) && value == r.Principal)
}

// IsFederated reports whether the caller is a session that GetFederationToken
// created.
func IsFederated(r Request) bool { return PrincipalKind(r.Principal) == "federated-user" }

// PrincipalKind returns the kind of principal that an ARN names: "user", "role",
// "federated-user" or "root"; "" if arn is not an ARN. It looks only at the start
// of the resource, since a path can contain anything, even other ARNs.
func PrincipalKind(arn string) string {
	a, _ := awsid.SplitARN(arn)
	kind, _, _ := strings.Cut(a.Resource, "/")
	return kind
}

// notPrincipal reports whether NotPrincipal with this list covers the caller. AWS
// documents that the caller's whole chain (account, user or role, session) must
// be listed for the caller to be exempt, but other evaluators exempt a caller for
// any one of them. So the answer is Maybe if only part of the chain is listed.
func (p evaluator) notPrincipal(list []policy.Principal, r Request) Answer {
	some, all := No, Yes
	for _, listed := range p.chain(list, r) {
		some, all = or(some, listed), and(all, listed)
	}
	switch {
	case some == No:
		return Yes
	case all == Yes:
		return No
	default:
		return Maybe
	}
}

// chain reports, for each member of the caller's chain, whether it is listed.
func (p evaluator) chain(list []policy.Principal, r Request) []Answer {
	account, identity, session, service := No, No, No, No
	for _, entry := range list {
		switch {
		case entry.Kind == policy.KindAWS && entry.Value == "*":
			return []Answer{Yes}
		case entry.Kind == policy.KindAWS && policy.HasMark(entry.Value):
			unknown := p.unknownPrincipal(entry, r)
			account, identity, session, service = or(account, unknown), or(identity, unknown), or(session, unknown), or(service, unknown)
		case entry.Kind == policy.KindAWS:
			account = or(account, namesAccount(entry.Value, r))
			identity = or(identity, namesIdentity(entry.Value, r))
			session = or(session, namesSession(entry.Value, r))
		default:
			service = or(service, p.principal(entry, r))
		}
	}
	switch {
	case r.Service != "":
		return []Answer{service}
	case PrincipalKind(r.Principal) == "root":
		return []Answer{account}
	case PrincipalKind(r.Principal) == "role":
		return []Answer{account, identity, session}
	case IsFederated(r) && r.Parent == "":
		return []Answer{account, session}
	case IsFederated(r):
		return []Answer{account, identity, session}
	default:
		return []Answer{account, identity}
	}
}

// CallerAccount returns the caller's account, or "" for a service.
func CallerAccount(r Request) string {
	a, _ := awsid.SplitARN(r.Principal)
	return a.Account
}
