package policy

import "strings"

// evalPrincipals matches Principal or NotPrincipal.
// Source: IAM User Guide, reference_policies_elements_principal.html and
// reference_policies_elements_notprincipal.html.
func (p evaluator) evalPrincipals(st *Statement, r Request) Answer {
	if st.NotPrincipal {
		return p.evalNotPrincipal(st.Principals, r)
	}
	listed := No
	for _, entry := range st.Principals {
		listed = evalOr(listed, p.evalPrincipal(entry, r))
	}
	return listed
}

// evalPrincipal reports whether one entry names the caller.
func (p evaluator) evalPrincipal(entry Principal, r Request) Answer {
	switch {
	case hasMark(entry.Value):
		return p.evalOpenPrincipal(entry, r)
	case entry.Kind == KindService:
		return evalBool(r.Service != "" && r.Service == entry.Value)
	case entry.Kind != KindAWS:
		return No // nobody signs a KMS request as a provider or a canonical user
	case entry.Value == "*":
		return Yes
	}
	return evalOr(evalOr(evalNamesAccount(entry.Value, r), evalNamesIdentity(entry.Value, r)), evalNamesSession(entry.Value, r))
}

// evalNamesAccount reports whether value stands for all of the caller's account.
func evalNamesAccount(value string, r Request) Answer {
	account := evalAccount(r)
	if account == "" {
		return No
	}
	return evalBool(value == account || value == "arn:"+evalPartition(r)+":iam::"+account+":root")
}

// evalNamesIdentity reports whether value is the caller's user or role, by ARN
// or by unique id. An entry for a user covers the federated sessions that the
// user made.
func evalNamesIdentity(value string, r Request) Answer {
	identity := r.Principal
	if evalIsFederated(r) {
		identity = r.Parent
	}
	kind := evalKind(identity)
	switch {
	case strings.HasPrefix(value, "AIDA") && kind == "user", strings.HasPrefix(value, "AROA") && kind == "role":
		if r.UniqueID == "" {
			return Maybe // users and roles have one, but the request does not say which
		}
		return evalBool(value == r.UniqueID)
	default:
		return evalBool(identity != "" && value == identity)
	}
}

// evalNamesSession reports whether value is the caller's own session.
func evalNamesSession(value string, r Request) Answer {
	return evalBool(r.Session != "" && value == r.Session || evalIsFederated(r) && value == r.Principal)
}

func evalIsFederated(r Request) bool { return evalKind(r.Principal) == "federated-user" }

// evalKind is what kind of principal an ARN names: user, role, federated-user,
// root; "" when it is none. A path can hold anything, ARNs of other kinds too.
func evalKind(arn string) string {
	fields := strings.SplitN(arn, ":", 6)
	if len(fields) < 6 {
		return ""
	}
	kind, _, _ := strings.Cut(fields[5], "/")
	return kind
}

// evalNotPrincipal reports whether the caller is among those not listed. AWS
// documents that all of a caller's chain (account, user or role, session) must
// be listed for the caller to be exempt, but other evaluators exempt it for any
// one of them; so a caller with a part of its chain listed is Maybe.
func (p evaluator) evalNotPrincipal(list []Principal, r Request) Answer {
	some, all := No, Yes
	for _, listed := range p.evalChain(list, r) {
		some, all = evalOr(some, listed), evalAnd(all, listed)
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

// evalChain returns for each member of the caller's chain whether it is listed.
func (p evaluator) evalChain(list []Principal, r Request) []Answer {
	account, identity, session, service := No, No, No, No
	for _, entry := range list {
		switch {
		case entry.Kind == KindAWS && entry.Value == "*":
			return []Answer{Yes}
		case entry.Kind == KindAWS && hasMark(entry.Value):
			open := p.evalOpenPrincipal(entry, r)
			account, identity, session, service = evalOr(account, open), evalOr(identity, open), evalOr(session, open), evalOr(service, open)
		case entry.Kind == KindAWS:
			account = evalOr(account, evalNamesAccount(entry.Value, r))
			identity = evalOr(identity, evalNamesIdentity(entry.Value, r))
			session = evalOr(session, evalNamesSession(entry.Value, r))
		default:
			service = evalOr(service, p.evalPrincipal(entry, r))
		}
	}
	switch {
	case r.Service != "":
		return []Answer{service}
	case evalKind(r.Principal) == "root":
		return []Answer{account}
	case evalKind(r.Principal) == "role":
		return []Answer{account, identity, session}
	case evalIsFederated(r) && r.Parent == "":
		return []Answer{account, session}
	case evalIsFederated(r):
		return []Answer{account, identity, session}
	default:
		return []Answer{account, identity}
	}
}

// evalAccount returns the caller's account, "" for a service.
func evalAccount(r Request) string {
	if parts := strings.SplitN(r.Principal, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// evalPartition returns the caller's partition.
func evalPartition(r Request) string {
	partition, _, _ := strings.Cut(strings.TrimPrefix(r.Principal, "arn:"), ":")
	return partition
}
