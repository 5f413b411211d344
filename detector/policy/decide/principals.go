package decide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A callerKind is a kind of signed caller.
type callerKind uint8

const (
	roleCaller    callerKind = iota // a session of a role
	userCaller                      // an IAM user
	rootCaller                      // an account's root user
	fedCaller                       // a session that GetFederationToken made
	serviceCaller                   // an AWS service that calls for itself
)

// entries are the principals of a statement, sorted by what they name.
// Source: IAM User Guide, reference_policies_elements_principal.html.
type entries struct {
	star     bool
	accounts []string
	roles    []string // ARNs
	users    []string // ARNs
	feds     []string // ARNs of federated-user sessions
	sessions []sessionName
	roleIDs  []string // AROA...
	userIDs  []string // AIDA...
	services []string
	open     *valueSet // accounts of principals that are not known; nil when all are known
	reserved bool      // some role is one that AWS keeps for itself

	made [waysKinds][serviceCaller + 1]*[][]literal // what was asked for before; see cached
}

// The lists of ways that entries make.
const (
	waysIn     = iota // see ways
	waysExempt        // see chains
	waysOther         // see others
	waysKinds
)

// cached returns a list of ways for callers of type t, made when it is first
// asked for.
func (e *entries) cached(kind int, t callerKind, b *textsolve.Budget) [][]literal {
	if p := e.made[kind][t]; p != nil {
		return *p
	}
	var list [][]literal
	switch kind {
	case waysIn:
		list = e.ways(t)
	case waysExempt:
		list = e.chains(t)
	default:
		list = e.others(t)
	}
	names := len(e.accounts) + len(e.roles) + len(e.users) + len(e.feds) + len(e.roleIDs) + len(e.userIDs) + len(e.services)
	b.Spend(40 + 2*textsolve.PatternSize*names + 4*textsolve.PatternSize*len(e.sessions))
	e.made[kind][t] = &list
	return list
}

// A sessionName is the principal "arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME".
type sessionName struct{ account, role, name string }

func (c *compiled) compilePrincipals(s *stmt) {
	e := &s.entries
	for _, p := range s.Principals {
		switch {
		case p.Kind == policy.KindService:
			e.services = append(e.services, p.Value)
		case p.Kind != policy.KindAWS: // no KMS caller has such an identity
		case policy.HasMark(p.Value):
			c.addOpen(e, p.Value)
		case p.Value == "*":
			e.star = true
		case awsid.IsAccount(p.Value):
			if !c.inside(p.Value) {
				e.accounts = append(e.accounts, p.Value)
			}
		case strings.HasPrefix(p.Value, "AROA"):
			e.roleIDs = append(e.roleIDs, p.Value)
		case strings.HasPrefix(p.Value, "AIDA"):
			e.userIDs = append(e.userIDs, p.Value)
		default:
			c.addARN(e, p.Value)
		}
	}
	if len(e.roles)+len(e.users)+len(e.feds)+len(e.sessions)+len(e.roleIDs)+len(e.userIDs) > 0 || s.NotPrincipal {
		s.byType = true
	}
}

// inside says whether an account is the owner's or trusted. Principals of such
// accounts are left out of every list: no outsider is one of them. When it is
// the owner's callers that are asked about, all others are left out.
func (c *compiled) inside(account string) bool {
	if c.Insiders {
		return account != c.owner
	}
	return account == c.owner || slices.Contains(c.TrustedAccounts, account)
}

// addARN sorts an ARN in. One of another partition names nobody who can reach
// this key. Of iam and sts, each names kinds of its own: see policy.IsPrincipalARN.
func (c *compiled) addARN(e *entries, arn string) {
	a, _ := awsid.ParseARN(arn)
	if a.Partition != c.Partition || c.inside(a.Account) {
		return
	}
	switch kind, rest, _ := strings.Cut(a.Resource, "/"); kind {
	case "root":
		e.accounts = append(e.accounts, a.Account)
	case "role":
		e.roles = append(e.roles, arn)
		e.reserved = e.reserved || strings.HasPrefix(rest, "aws:")
	case "user":
		e.users = append(e.users, arn)
	case "federated-user":
		e.feds = append(e.feds, arn)
	default: // assumed-role
		role, name, _ := strings.Cut(rest, "/")
		e.sessions = append(e.sessions, sessionName{a.Account, role, name})
	}
}

// addOpen sorts a principal in of which a part is unknown. An ARN names one
// principal of its account at most, and any text but "*" somebody at most.
func (c *compiled) addOpen(e *entries, value string) {
	account, known := "*", false
	if parts := strings.SplitN(value, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		if !policy.HasMark(parts[1]) && c.KeyARN != "" && parts[1] != c.Partition {
			return
		}
		if awsid.IsAccount(parts[4]) && c.policy.Lacks(strings.Join(parts[:4], ""), ":") {
			account, known = parts[4], true
			if c.inside(account) {
				return
			}
		}
	}
	if e.open == nil {
		e.open = &valueSet{open: &openSet{known: &valueSet{}, wide: &valueSet{}, fresh: &valueSet{}}}
	}
	o := e.open.open
	if !c.policy.Single(value) || o.one < 0 {
		o.one = -1
	} else {
		o.one++
	}
	switch {
	case c.policy.MaybeStar(value):
		o.wide, o.fresh, o.one = nil, nil, -1
	case o.wide == nil: // everybody already
	case known:
		o.wide.pats = append(o.wide.pats, exactly(account).pats...)
	case len(o.wide.pats) == 0 || o.wide.pats[0].Exact: // any account, once
		o.wide.pats = append([]textsolve.Pattern{{Text: account, Tokens: []textsolve.Token{{Kind: textsolve.Star}}}}, o.wide.pats...)
	}
}

// ways lists the ways in which a caller of type t can be one of the entries;
// each way is a list of literals that must all hold. No way: nobody is.
func (e *entries) ways(t callerKind) [][]literal {
	if t == serviceCaller {
		if e.star {
			return [][]literal{nil}
		}
		w := oneWay(nil, sService, e.services)
		if e.open != nil && e.open.open.wide == nil {
			w = append(w, []literal{{slot: sService, mode: eachIn, set: e.open}})
		}
		return w
	}
	if e.star {
		return [][]literal{nil}
	}
	w := oneWay(nil, sAccount, e.accounts)
	if e.open != nil {
		w = append(w, []literal{{slot: sAccount, mode: eachIn, set: e.open}})
	}
	switch t {
	case roleCaller:
		w = oneWay(w, sArn, e.roles)
		w = oneWay(w, sUnique, e.roleIDs)
		for _, s := range e.sessions {
			w = append(w, s.literals())
		}
	case userCaller:
		w = oneWay(w, sArn, e.users)
		w = oneWay(w, sUnique, e.userIDs)
	case fedCaller:
		w = oneWay(w, sArn, e.feds)
		w = oneWay(w, sParent, e.users)
		w = oneWay(w, sParentID, e.userIDs)
	}
	return w
}

// names lists the entries for people.
func (e *entries) names() []string {
	var names []string
	for _, a := range e.accounts {
		names = append(names, "account "+a)
	}
	names = append(slices.Concat(names, e.roles, e.users, e.feds), slices.Concat(e.roleIDs, e.userIDs)...)
	for _, s := range e.sessions {
		names = append(names, fmt.Sprintf("session %s of role %s in account %s", s.name, s.role, s.account))
	}
	return names
}

func oneWay(w [][]literal, slot int, values []string) [][]literal {
	if len(values) == 0 {
		return w
	}
	return append(w, []literal{equals(slot, values...)})
}

func (s *sessionName) literals() []literal {
	return []literal{equals(sAccount, s.account), equals(sName, s.role), equals(sSession, s.name)}
}

// chains lists the ways in which a caller of type t is exempt from a Deny with
// NotPrincipal beyond doubt: account, identity and session are all listed. None
// is beyond doubt for a service: what one gets is never claimed as sure.
// Source: IAM User Guide, reference_policies_elements_notprincipal.html.
func (e *entries) chains(t callerKind) [][]literal {
	if e.star {
		return [][]literal{nil}
	}
	if len(e.accounts) == 0 {
		return nil
	}
	account := equals(sAccount, e.accounts...)
	var w [][]literal
	switch t {
	case rootCaller:
		w = append(w, []literal{account})
	case userCaller:
		if len(e.users) > 0 {
			w = append(w, []literal{account, equals(sArn, e.users...)})
		}
	case roleCaller:
		if len(e.roles) == 0 {
			break
		}
		role := equals(sArn, e.roles...)
		for _, s := range e.sessions {
			w = append(w, append(s.literals(), account, role))
		}
	case fedCaller:
		if len(e.feds) > 0 && len(e.users) > 0 {
			w = append(w, []literal{account, equals(sArn, e.feds...), equals(sParent, e.users...)})
		}
	}
	return w
}

// others is the way to be none of the entries: an Allow with NotPrincipal. A
// listed session shuts its whole account out here, which never invents access.
func (e *entries) others(t callerKind) [][]literal {
	if e.star {
		return nil
	}
	if t == serviceCaller {
		return [][]literal{{equals(sService, e.services...).not()}}
	}
	accounts := append([]string(nil), e.accounts...)
	for _, s := range e.sessions {
		accounts = append(accounts, s.account)
	}
	var way []literal
	add := func(slot int, values []string) {
		if len(values) > 0 {
			way = append(way, equals(slot, values...).not())
		}
	}
	add(sAccount, accounts)
	if e.open != nil {
		way = append(way, literal{slot: sAccount, mode: eachIn, set: e.open}.not())
	}
	switch t {
	case roleCaller:
		add(sArn, e.roles)
		add(sUnique, e.roleIDs)
	case userCaller:
		add(sArn, e.users)
		add(sUnique, e.userIDs)
	case fedCaller:
		add(sArn, e.feds)
		add(sParent, e.users)
		add(sParentID, e.userIDs)
	}
	return [][]literal{way}
}

// allowWays lists the ways in which an Allow applies to callers of type t.
func (s *stmt) allowWays(t callerKind, b *textsolve.Budget) [][]literal {
	if s.NotPrincipal {
		return s.entries.cached(waysOther, t, b)
	}
	return s.entries.cached(waysIn, t, b)
}

// reachable says whether any outsider but a service can be one of the entries.
func (e *entries) reachable(not bool) bool {
	if not {
		return !e.star
	}
	return e.star || e.open != nil || len(e.accounts)+len(e.roles)+len(e.users)+len(e.feds)+len(e.sessions)+len(e.roleIDs)+len(e.userIDs) > 0
}

// listedWays lists the ways in which callers of type t can be one of the principals.
func (s *stmt) listedWays(t callerKind, b *textsolve.Budget) [][]literal {
	return s.entries.cached(waysIn, t, b)
}

// exemptWays lists the ways in which a Deny with NotPrincipal exempts callers
// of type t: beyond doubt when sure is true; else one listed member of the
// chain may be enough.
func (s *stmt) exemptWays(t callerKind, sure bool, b *textsolve.Budget) [][]literal {
	in := s.entries.cached(waysIn, t, b)
	if sure {
		return s.entries.cached(waysExempt, t, b)
	}
	return in
}

// accountsOnly returns the entries that cover whole accounts.
func (e entries) accountsOnly() entries { return entries{star: e.star, accounts: e.accounts} }

// withoutIDs returns the entries without those that name somebody by a unique id.
func (e entries) withoutIDs() entries {
	e.roleIDs, e.userIDs = nil, nil
	e.made = [waysKinds][serviceCaller + 1]*[][]literal{}
	return e
}
