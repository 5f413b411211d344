package decide

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
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

	kind    condkey.Kind
	domains []*domain // by slot; only for slots from sFirst on
	start   *model    // a stranger's plainest request
}

// A domain is what the values of one key can be.
type domain struct {
	kind      domainKind
	vals      []value // fixed: the values, all at once; choice: the choices
	forms     []form
	lo, hi    int64
	addrs     ipset.Set
	first     string           // a pleasant value of the forms, whoever calls
	plainText string           // a value of the forms for the plainest caller
	known     []string         // the documented values; others may exist
	ofCaller  bool             // the caller's account is a part of some values
	wide      *domain          // with the values of which AWS does not say whether they occur; nil when there are none
	multi     bool             // any number of values
	presence  condkey.Presence // where it may lack, a caller can see to it that the key is there
	start     []value          // the plainest values
}

type domainKind uint8

const (
	never   domainKind = iota // always absent
	fixedTo                   // always vals
	choice                    // one of vals
	text                      // a value of one of the forms
	number                    // lo to hi
	address                   // one of addrs
)

func always(texts ...string) domain {
	d := domain{kind: fixedTo}
	for _, t := range texts {
		d.vals = append(d.vals, value{s: t})
	}
	return d
}

func oneOf(texts ...string) domain {
	d := always(texts...)
	d.kind = choice
	return d
}

// canLack says whether a search may leave the key out.
func (d *domain) canLack(sure bool) bool {
	return d.mayBeAbsent() || d.presence == condkey.MayLack && !sure
}

// mayBeAbsent reports whether some requests lack the key, or AWS does not say
// whether any has it.
func (d *domain) mayBeAbsent() bool {
	return d.presence == condkey.Chosen || d.presence == condkey.MayHave || d.presence == condkey.Unsaid
}

// domain returns what the key in a slot can hold, for this search.
func (s *search) domain(slot int) *domain {
	d := s.domains[slot]
	if !s.sure && d.wide != nil {
		return d.wide
	}
	return d
}

// open computes the domains of all mentioned keys and the plainest request,
// once for all searches of the request kind.
func (s *requestKind) open() {
	if s.start != nil {
		return
	}
	c := s.c
	s.kind = s.kindOf()
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

// kindOf returns the request kind as rows know it.
func (s *requestKind) kindOf() condkey.Kind {
	kind := condkey.Kind{Caller: 1 << s.typ, Path: 1 << s.path, Creds: condkey.LongTerm, Action: s.Action}
	if s.temp {
		kind.Creds = condkey.Temporary
	}
	return kind
}

// A domainKey says what a domain depends on. The pairs of an encryption context,
// of which there can be many, have one domain.
type domainKey struct {
	typ    callerKind
	temp   bool
	path   pathKind
	slot   int
	row    *condkey.Row // instead of slot
	action string       // of keys that depend on it
	keys   kmsapi.KeySet
	with   presenceOf
}

// A presenceOf says what the rules between keys make of one of them.
type presenceOf uint8

const (
	untied presenceOf = iota
	withoutKey
	withKey
)

// domainIn returns the domain of a key, made when it is first asked for.
func (s *requestKind) domainIn(slot int) *domain {
	k := domainKey{typ: s.typ, temp: s.temp, path: s.path, slot: slot}
	key := s.c.slots[slot]
	if key.Tie == condkey.TieContext {
		k.slot, k.row = 0, key.Row
	}
	if key.Depends.Action {
		k.action, k.keys = s.Action, s.keys
	}
	if present, tied := s.with.of(slot); tied {
		if k.with = withoutKey; present {
			k.with = withKey
		}
	}
	d, ok := s.c.domains[k]
	if !ok {
		made := s.domainOf(slot)
		d = &made
		d.start = d.plain()
		s.c.b.Spend(150)
		s.c.domains[k] = d
	}
	return d
}

// plain returns the domain's plainest values, none when the key may be absent.
func (d *domain) plain() []value {
	if d.mayBeAbsent() {
		return nil
	}
	switch d.kind {
	case fixedTo:
		return d.vals
	case choice:
		return d.vals[:1]
	case text:
		return []value{{s: d.plainText}}
	case number:
		return []value{secondsValue(d.hi)}
	case address:
		return []value{addressValue(netip.AddrFrom4([4]byte{198, 51, 100, 23}))} // in every set of addresses
	default:
		return nil
	}
}

func secondsValue(n int64) value { return value{s: strconv.FormatInt(n, 10), n: n} }

func addressValue(a netip.Addr) value { return value{s: a.String(), a: a} }

func timeValue(n int64) value {
	return value{s: time.Unix(n, 0).UTC().Format(time.RFC3339), n: n}
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

// reachable says whether any outsider but a service can be one of the entries.
func (e *entries) reachable(not bool) bool {
	if not {
		return !e.star
	}
	return e.star || e.open != nil || len(e.accounts)+len(e.roles)+len(e.users)+len(e.feds)+len(e.sessions)+len(e.roleIDs)+len(e.userIDs) > 0
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
					sc := &requestKind{c: c, typ: t, temp: temp || t == roleCaller || t == fedCaller, path: p, Ask: a, keys: keys}
					for _, with := range c.tell(withs, sc.kindOf()) {
						one := *sc
						one.with = with
						list = append(list, &one)
					}
				}
			}
		}
	}
	return list
}
