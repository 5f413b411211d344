package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A pathKind says how a request reaches KMS.
type pathKind uint8

const (
	direct   pathKind = iota // over a public endpoint
	endpoint                 // through a VPC endpoint
	via                      // by an AWS service on the caller's behalf (forward access session)
	mcp                      // by an AWS-managed MCP server on the caller's behalf
)

// through reports whether somebody else calls on the caller's behalf.
func (p pathKind) through() bool { return p >= via }

// A requestKind is one kind of request: who calls in what manner, by which path, and
// the action. Within a request kind every key has one domain.
type requestKind struct {
	c    *space
	typ  callerKind
	temp bool // temporary credentials
	path pathKind
	kmsapi.Ask
	keys kmsapi.KeySet // the kinds of keys that the request is about
	with presenceSet   // of keys that rules tie together

	kind    condkey.Kind // as rows know it
	domains []*domain    // by slot; only for slots from sFirst on
	start   *model       // a stranger's plainest request
}

// open computes the domains of all mentioned keys and the plainest request,
// once for all searches of the request kind.
func (s *requestKind) open() {
	if s.start != nil {
		return
	}
	c := s.c
	s.domains = make([]*domain, len(c.slots))
	s.start = &model{vals: make([][]value, len(c.slots)), b: c.b}
	c.b.Spend(80 + len(c.slots)*10)
	s.startCaller()
	for i := sFirst; i < len(c.slots); i++ {
		if c.hasTie(i, condkey.TieUsername) {
			s.domains[i] = &domain{}
			if s.typ == userCaller {
				s.start.vals[i] = s.start.vals[sName]
			}
			continue
		}
		s.domains[i] = s.domainIn(i)
		s.start.vals[i] = s.domains[i].start
	}
}

// startCaller sets the caller's keys to a stranger's. Numbers and names are
// made up; the account is one that AWS's documentation does not use.
func (s *requestKind) startCaller() {
	account := s.c.strangeAccount()
	if s.c.Insiders {
		account = s.c.owner
	}
	arn := "arn:" + s.c.Partition + ":iam::" + account
	m := s.start
	m.set(sAccount, account)
	m.set(sResource, s.c.KeyARN)
	switch s.typ {
	case roleCaller:
		m.set(sArn, arn+":role/stranger")
		m.set(sName, "stranger")
		m.set(sUserID, "AROASTRANGER000000001:stranger")
		m.set(sUnique, "AROASTRANGER000000001")
		m.set(sSession, "stranger")
	case userCaller:
		m.set(sArn, arn+":user/stranger")
		m.set(sName, "stranger")
		m.set(sUserID, "AIDASTRANGER000000001")
		m.set(sUnique, "AIDASTRANGER000000001")
	case rootCaller:
		m.set(sArn, arn+":root")
		m.set(sUserID, account)
	case fedCaller:
		m.set(sArn, "arn:"+s.c.Partition+":sts::"+account+":federated-user/stranger")
		m.set(sName, "stranger")
		m.set(sUserID, account+":stranger")
		m.set(sParent, arn+":user/stranger")
		m.set(sParentID, "AIDASTRANGER000000001")
	case serviceCaller:
		m.vals[sAccount] = nil
		m.set(sService, "service.amazonaws.com")
	}
}

// strangeAccount returns an account id that nobody concerned has.
func (c *space) strangeAccount() string {
	for _, d := range "987654320" {
		a := strings.Repeat(string(d), 4) + "88887777"
		if a != c.owner && !slices.Contains(c.named.accounts, a) && !slices.Contains(c.TrustedAccounts, a) {
			return a
		}
	}
	return "999988887777" // taken, too: the search finds another
}

// A relevance says what the statements about one action can turn on.
type relevance struct {
	byType, byPath, byMCP, byCreds bool
	tied                           []int // slots of keys that rules tie together
	allow                          bool  // some Allow can let an outsider in
}

// relevant looks at the statements that may apply to an action.
func (c *space) relevant(action string) relevance {
	var r relevance
	for i, m := range c.matches(action) {
		st := &c.stmts[i]
		if m == matchNo {
			continue
		}
		r.byType = r.byType || st.byType || st.by.Caller
		r.byPath = r.byPath || st.by.Path
		r.byMCP = r.byMCP || st.by.MCP
		r.byCreds = r.byCreds || st.by.Credentials
		r.tied = append(r.tied, st.tied...)
		r.allow = r.allow || st.Effect != policy.Deny && st.entries.reachable(st.NotPrincipal)
	}
	return r
}

// kind returns one kind of request about keys of some kinds.
func (c *space) kind(t callerKind, temp bool, p pathKind, a kmsapi.Ask, keys kmsapi.KeySet) *requestKind {
	s := &requestKind{c: c, typ: t, temp: temp, path: p, Ask: a, keys: keys}
	s.kind = condkey.Kind{Caller: 1 << t, Path: 1 << p, Creds: condkey.LongTerm, Action: a.Action}
	if temp {
		s.kind.Creds = condkey.Temporary
	}
	return s
}

// splitBy lists the kinds that differ in which of the keys in slots are there,
// as far as rules tie them together.
func (s *requestKind) splitBy(slots ...int) []*requestKind { return s.split(s.c.presences(slots)) }

func (s *requestKind) split(withs []presenceSet) []*requestKind {
	var list []*requestKind
	for _, with := range s.c.tell(withs, s.kind) {
		one := *s
		one.with = with
		list = append(list, &one)
	}
	return list
}

// requestKinds lists the kinds of requests that the policy can tell apart, those
// that make the plainest witnesses first; none when no outsider is ever let in.
func (c *space) requestKinds(a kmsapi.Ask) []*requestKind {
	r := c.relevant(a.Action)
	if !r.allow {
		return nil
	}
	types, temps, paths := []callerKind{roleCaller}, []bool{false}, []pathKind{direct}
	if r.byType || c.Insiders {
		types = []callerKind{roleCaller, userCaller, rootCaller, fedCaller}
	}
	if r.byCreds {
		temps = []bool{false, true}
	}
	if r.byPath {
		paths = []pathKind{direct, endpoint, via}
	}
	if r.byMCP {
		paths = append(paths, mcp)
	}
	kinds, withs := c.keySets(a), c.presences(r.tied)
	list := make([]*requestKind, 0, len(paths)*len(types)*len(kinds)*max(1, len(withs)))
	for _, p := range paths {
		for _, t := range types {
			for _, temp := range temps {
				if fits := t == userCaller || t == rootCaller; !fits && temp {
					continue // sessions are temporary anyway
				}
				for _, keys := range kinds {
					one := c.kind(t, temp || t == roleCaller || t == fedCaller, p, a, keys)
					list = append(list, one.split(withs)...)
				}
			}
		}
	}
	return list
}

// keySets returns the kinds of keys that the key may be of and that serve a:
// each by itself where what the request carries depends on the kind.
func (c *space) keySets(a kmsapi.Ask) []kmsapi.KeySet {
	serve := c.serving(a)
	if !c.tellsKeys(a) {
		return []kmsapi.KeySet{serve}
	}
	var sets []kmsapi.KeySet
	for kind := kmsapi.SymmetricKey; kind <= kmsapi.AgreementKey; kind <<= 1 {
		if serve&kind != 0 {
			sets = append(sets, kind)
		}
	}
	return sets
}
