package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A CallerKind is a kind of caller.
type CallerKind uint8

const (
	RoleCaller    CallerKind = iota // a session of a role
	UserCaller                      // an IAM user
	RootCaller                      // an account's root user
	FedCaller                       // a session that GetFederationToken created
	ServiceCaller                   // an AWS service that calls for itself
)

// Entries are the principals of a statement, by kind, without those that none of
// the callers in question can be.
// Source: IAM User Guide, reference_policies_elements_principal.html.
type Entries struct {
	Star     bool // "*"
	accounts []string
	Roles    []string // ARNs
	Users    []string // ARNs
	Feds     []string // ARNs of federated-user sessions
	Sessions []SessionName
	RoleIDs  []string // AROA...
	UserIDs  []string // AIDA...
	Services []string
	Unknown  *ValueSet // the accounts of unknown principals; nil if there are none
	Reserved bool      // some role has a name that AWS reserves for itself, aws:...

	made [waysKinds][ServiceCaller + 1]*[][]Literal // see cached
}

// The kinds of lists of ways; see cached.
const (
	waysIn     = iota // see ways
	waysExempt        // see chains
	waysOther         // see others
	waysKinds
)

// cached returns a list of ways for callers of kind t. It computes each list only
// once.
func (e *Entries) cached(kind int, t CallerKind, b *textsolve.Budget) [][]Literal {
	if p := e.made[kind][t]; p != nil {
		return *p
	}
	var list [][]Literal
	switch kind {
	case waysIn:
		list = e.ways(t)
	case waysExempt:
		list = e.chains(t)
	default:
		list = e.others(t)
	}
	names := len(e.accounts) + len(e.Roles) + len(e.Users) + len(e.Feds) + len(e.RoleIDs) + len(e.UserIDs) + len(e.Services)
	b.Spend(40 + 2*textsolve.PatternSize*names + 4*textsolve.PatternSize*len(e.Sessions))
	e.made[kind][t] = &list
	return list
}

// A SessionName is the principal "arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME".
type SessionName struct{ Account, Role, Name string }

func (c *Policy) compilePrincipals(s *Statement) {
	e := &s.Entries
	for _, p := range s.Principals {
		switch {
		case p.Kind == policy.KindService:
			e.Services = append(e.Services, p.Value)
		case p.Kind != policy.KindAWS: // no caller of KMS has such an identity
		case policy.HasMark(p.Value):
			c.AddUnknown(e, p.Value)
		case p.Value == "*":
			e.Star = true
		case awsid.IsAccount(p.Value):
			if !c.inside(p.Value) {
				e.accounts = append(e.accounts, p.Value)
			}
		case strings.HasPrefix(p.Value, "AROA"):
			e.RoleIDs = append(e.RoleIDs, p.Value)
		case strings.HasPrefix(p.Value, "AIDA"):
			e.UserIDs = append(e.UserIDs, p.Value)
		default:
			c.addARN(e, p.Value)
		}
	}
	if len(e.Roles)+len(e.Users)+len(e.Feds)+len(e.Sessions)+len(e.RoleIDs)+len(e.UserIDs) > 0 || s.NotPrincipal {
		s.ByType = true
	}
}

// inside reports whether principals of an account are left out of all entries:
// those of the owner's and of trusted accounts, who are not outsiders, or, if the
// question is about the owner's callers, those of all other accounts.
func (c *Policy) inside(account string) bool {
	if c.Insiders {
		return account != c.Owner
	}
	return account == c.Owner || slices.Contains(c.TrustedAccounts, account)
}

// addARN adds a principal's ARN to the entries. It drops one of another
// partition, whose principals cannot reach this key. The service need not be
// checked: each kind occurs in only one of iam and sts (policy.IsPrincipalARN).
func (c *Policy) addARN(e *Entries, arn string) {
	a, _ := awsid.ParseARN(arn)
	if a.Partition != c.Partition || c.inside(a.Account) {
		return
	}
	switch kind, rest, _ := strings.Cut(a.Resource, "/"); kind {
	case "root":
		e.accounts = append(e.accounts, a.Account)
	case "role":
		e.Roles = append(e.Roles, arn)
		e.Reserved = e.Reserved || strings.HasPrefix(rest, "aws:")
	case "user":
		e.Users = append(e.Users, arn)
	case "federated-user":
		e.Feds = append(e.Feds, arn)
	default: // assumed-role
		role, name, _ := strings.Cut(rest, "/")
		e.Sessions = append(e.Sessions, SessionName{a.Account, role, name})
	}
}

// AddUnknown adds a principal with an unknown part to the entries. An ARN names at
// most one principal, of the account in it; any other text but "*" names at most
// one principal of any account.
func (c *Policy) AddUnknown(e *Entries, value string) {
	account, known := "*", false
	if a, ok := awsid.ParseARN(value); ok {
		if !policy.HasMark(a.Partition) && c.KeyARN != "" && a.Partition != c.Partition {
			return
		}
		if awsid.IsAccount(a.Account) && c.Source.Lacks(awsid.Head(value), ":") {
			account, known = a.Account, true
			if c.inside(account) {
				return
			}
		}
	}
	if e.Unknown == nil {
		e.Unknown = &ValueSet{Unknown: &UnknownSet{Known: &ValueSet{}, Wide: &ValueSet{}, Fresh: &ValueSet{}}}
	}
	o := e.Unknown.Unknown
	if !c.Source.Single(value) || o.One < 0 {
		o.One = -1
	} else {
		o.One++
	}
	switch {
	case c.Source.MaybeStar(value):
		o.Wide, o.Fresh, o.One = nil, nil, -1
	case o.Wide == nil: // already everybody
	case known:
		o.Wide.Patterns = append(o.Wide.Patterns, Exactly(account).Patterns...)
	case len(o.Wide.Patterns) == 0 || o.Wide.Patterns[0].Exact: // any account, once
		o.Wide.Patterns = append([]textsolve.Pattern{{Text: account, Tokens: []textsolve.Token{{Kind: textsolve.Star}}}}, o.Wide.Patterns...)
	}
}

// ways returns the ways in which a caller of kind t can be one of the entries.
// Each way is a list of literals that must all hold; without ways no caller is
// one of the entries.
func (e *Entries) ways(t CallerKind) [][]Literal {
	if t == ServiceCaller {
		if e.Star {
			return [][]Literal{nil}
		}
		w := oneWay(nil, SlotService, e.Services)
		if e.Unknown != nil && e.Unknown.Unknown.Wide == nil {
			w = append(w, []Literal{{Slot: SlotService, Mode: EachIn, Set: e.Unknown}})
		}
		return w
	}
	if e.Star {
		return [][]Literal{nil}
	}
	w := oneWay(nil, SlotAccount, e.accounts)
	if e.Unknown != nil {
		w = append(w, []Literal{{Slot: SlotAccount, Mode: EachIn, Set: e.Unknown}})
	}
	switch t {
	case RoleCaller:
		w = oneWay(w, SlotARN, e.Roles)
		w = oneWay(w, SlotUniqueID, e.RoleIDs)
		for _, s := range e.Sessions {
			w = append(w, s.Literals())
		}
	case UserCaller:
		w = oneWay(w, SlotARN, e.Users)
		w = oneWay(w, SlotUniqueID, e.UserIDs)
	case FedCaller:
		w = oneWay(w, SlotARN, e.Feds)
		w = oneWay(w, SlotParent, e.Users)
		w = oneWay(w, SlotParentID, e.UserIDs)
	}
	return w
}

// Names returns the accounts, users, roles and sessions among the entries, for
// people.
func (e *Entries) Names() []string {
	var names []string
	for _, a := range e.accounts {
		names = append(names, "account "+a)
	}
	names = append(slices.Concat(names, e.Roles, e.Users, e.Feds), slices.Concat(e.RoleIDs, e.UserIDs)...)
	for _, s := range e.Sessions {
		names = append(names, fmt.Sprintf("session %s of role %s in account %s", s.Name, s.Role, s.Account))
	}
	return names
}

func oneWay(w [][]Literal, slot int, values []string) [][]Literal {
	if len(values) == 0 {
		return w
	}
	return append(w, []Literal{Equals(slot, values...)})
}

// Literals returns the literals that hold if the caller is the session.
func (s *SessionName) Literals() []Literal {
	return []Literal{Equals(SlotAccount, s.Account), Equals(SlotName, s.Role), Equals(SlotSession, s.Name)}
}

// chains returns the ways in which a caller of kind t is certainly exempt from a
// Deny with NotPrincipal: its account, identity and session are all listed. There
// is none for a service, whose access is never claimed as sure.
// Source: IAM User Guide, reference_policies_elements_notprincipal.html.
func (e *Entries) chains(t CallerKind) [][]Literal {
	if e.Star {
		return [][]Literal{nil}
	}
	if len(e.accounts) == 0 {
		return nil
	}
	account := Equals(SlotAccount, e.accounts...)
	var w [][]Literal
	switch t {
	case RootCaller:
		w = append(w, []Literal{account})
	case UserCaller:
		if len(e.Users) > 0 {
			w = append(w, []Literal{account, Equals(SlotARN, e.Users...)})
		}
	case RoleCaller:
		if len(e.Roles) == 0 {
			break
		}
		role := Equals(SlotARN, e.Roles...)
		for _, s := range e.Sessions {
			w = append(w, append(s.Literals(), account, role))
		}
	case FedCaller:
		if len(e.Feds) > 0 && len(e.Users) > 0 {
			w = append(w, []Literal{account, Equals(SlotARN, e.Feds...), Equals(SlotParent, e.Users...)})
		}
	}
	return w
}

// others returns the way in which a caller of kind t is none of the entries, for
// an Allow with NotPrincipal. It excludes the whole account of a listed session,
// which may miss access but never invents it.
func (e *Entries) others(t CallerKind) [][]Literal {
	if e.Star {
		return nil
	}
	if t == ServiceCaller {
		return [][]Literal{{Equals(SlotService, e.Services...).Not()}}
	}
	accounts := append([]string(nil), e.accounts...)
	for _, s := range e.Sessions {
		accounts = append(accounts, s.Account)
	}
	var way []Literal
	add := func(slot int, values []string) {
		if len(values) > 0 {
			way = append(way, Equals(slot, values...).Not())
		}
	}
	add(SlotAccount, accounts)
	if e.Unknown != nil {
		way = append(way, Literal{Slot: SlotAccount, Mode: EachIn, Set: e.Unknown}.Not())
	}
	switch t {
	case RoleCaller:
		add(SlotARN, e.Roles)
		add(SlotUniqueID, e.RoleIDs)
	case UserCaller:
		add(SlotARN, e.Users)
		add(SlotUniqueID, e.UserIDs)
	case FedCaller:
		add(SlotARN, e.Feds)
		add(SlotParent, e.Users)
		add(SlotParentID, e.UserIDs)
	}
	return [][]Literal{way}
}

// AllowWays returns the ways in which the principals of an Allow cover callers of
// kind t; see ways.
func (s *Statement) AllowWays(t CallerKind, b *textsolve.Budget) [][]Literal {
	if s.NotPrincipal {
		return s.Entries.cached(waysOther, t, b)
	}
	return s.Entries.cached(waysIn, t, b)
}

// Reachable reports whether a caller other than a service can be one of the
// entries or, if not is true, none of them.
func (e *Entries) Reachable(not bool) bool {
	if not {
		return !e.Star
	}
	return e.Star || e.Unknown != nil || len(e.accounts)+len(e.Roles)+len(e.Users)+len(e.Feds)+len(e.Sessions)+len(e.RoleIDs)+len(e.UserIDs) > 0
}

// ListedWays returns the ways in which callers of kind t are one of the listed
// principals.
func (s *Statement) ListedWays(t CallerKind, b *textsolve.Budget) [][]Literal {
	return s.Entries.cached(waysIn, t, b)
}

// ExemptWays returns the ways in which a Deny with NotPrincipal exempts callers
// of kind t: certainly if sure is true, or else possibly, since one listed member
// of the caller's chain may be enough.
func (s *Statement) ExemptWays(t CallerKind, sure bool, b *textsolve.Budget) [][]Literal {
	if sure {
		return s.Entries.cached(waysExempt, t, b)
	}
	return s.ListedWays(t, b)
}

// AccountsOnly returns only the entries that cover whole accounts.
func (e Entries) AccountsOnly() Entries { return Entries{Star: e.Star, accounts: e.accounts} }

// WithoutIDs returns the entries without the unique ids.
func (e Entries) WithoutIDs() Entries {
	e.RoleIDs, e.UserIDs = nil, nil
	e.made = [waysKinds][ServiceCaller + 1]*[][]Literal{}
	return e
}
