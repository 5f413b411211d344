package search

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A PathKind says how a request reaches KMS.
type PathKind uint8

const (
	Direct     PathKind = iota // over a public endpoint
	Endpoint                   // through a VPC endpoint
	ViaService                 // by an AWS service on the caller's behalf (forward access session)
	MCP                        // by an AWS-managed MCP server on the caller's behalf
)

// Through reports whether somebody else calls on the caller's behalf.
func (p PathKind) Through() bool { return p >= ViaService }

// A RequestKind is one kind of request: the kind of caller and credentials, the
// path, the action, the kinds of KMS keys, and which tied condition keys are
// present. Within a request kind every condition key has one domain.
type RequestKind struct {
	c         *Space
	Caller    compile.CallerKind
	Temporary bool // temporary credentials
	Path      PathKind
	kmsapi.Ask
	keys kmsapi.KeySet // the kinds of KMS keys that the request is about
	with presenceSet   // of condition keys that rules tie together

	Kind    condkey.Kind   // the request kind in the terms of condkey
	domains []*domain      // by slot; only for slots from compile.FirstSlot on
	start   *compile.Model // a stranger's plainest request
}

// prepare computes the domains of all mentioned keys and the plainest request,
// once for all searches of the request kind.
func (s *RequestKind) prepare() {
	if s.start != nil {
		return
	}
	c := s.c
	s.domains = make([]*domain, len(c.Slots))
	s.start = &compile.Model{Values: make([][]compile.Value, len(c.Slots)), Budget: c.Budget}
	c.Budget.Spend(80 + len(c.Slots)*10)
	s.startCaller()
	for i := compile.FirstSlot; i < len(c.Slots); i++ {
		if c.HasTie(i, condkey.TieUsername) {
			s.domains[i] = &domain{}
			if s.Caller == compile.UserCaller {
				s.start.Values[i] = s.start.Values[compile.SlotName]
			}
			continue
		}
		s.domains[i] = s.domainIn(i)
		s.start.Values[i] = s.domains[i].start
	}
}

// startCaller sets the caller's keys to those of a stranger, or of the owner's
// account. The ids and names are invented.
func (s *RequestKind) startCaller() {
	account := s.c.strangeAccount()
	if s.c.Insiders {
		account = s.c.Owner
	}
	arn := "arn:" + s.c.Partition + ":iam::" + account
	m := s.start
	m.Set(compile.SlotAccount, account)
	m.Set(compile.SlotResource, s.c.KeyARN)
	switch s.Caller {
	case compile.RoleCaller:
		m.Set(compile.SlotARN, arn+":role/stranger")
		m.Set(compile.SlotName, "stranger")
		m.Set(compile.SlotUserID, "AROASTRANGER000000001:stranger")
		m.Set(compile.SlotUniqueID, "AROASTRANGER000000001")
		m.Set(compile.SlotSession, "stranger")
	case compile.UserCaller:
		m.Set(compile.SlotARN, arn+":user/stranger")
		m.Set(compile.SlotName, "stranger")
		m.Set(compile.SlotUserID, "AIDASTRANGER000000001")
		m.Set(compile.SlotUniqueID, "AIDASTRANGER000000001")
	case compile.RootCaller:
		m.Set(compile.SlotARN, arn+":root")
		m.Set(compile.SlotUserID, account)
	case compile.FedCaller:
		m.Set(compile.SlotARN, "arn:"+s.c.Partition+":sts::"+account+":federated-user/stranger")
		m.Set(compile.SlotName, "stranger")
		m.Set(compile.SlotUserID, account+":stranger")
		m.Set(compile.SlotParent, arn+":user/stranger")
		m.Set(compile.SlotParentID, "AIDASTRANGER000000001")
	case compile.ServiceCaller:
		m.Values[compile.SlotAccount] = nil
		m.Set(compile.SlotService, "service.amazonaws.com")
	}
}

// strangeAccount returns an account id that is not the owner's, trusted or named.
func (c *Space) strangeAccount() string {
	for _, d := range "987654320" {
		a := strings.Repeat(string(d), 4) + "88887777"
		if a != c.Owner && !slices.Contains(c.Named.Accounts, a) && !slices.Contains(c.TrustedAccounts, a) {
			return a
		}
	}
	return "999988887777" // not strange either: the search finds another
}

// A relevance says which properties of a request the statements about one action
// can depend on.
type relevance struct {
	byType, byPath, byMCP, byCreds bool
	tied                           []int // slots of keys that rules tie together
	allow                          bool  // some Allow can let an outsider in
}

// relevant returns the relevance for an action.
func (c *Space) relevant(action string) relevance {
	var r relevance
	for i, m := range c.Matches(action) {
		st := &c.Statements[i]
		if m == compile.No {
			continue
		}
		r.byType = r.byType || st.ByType || st.Depends.Caller
		r.byPath = r.byPath || st.Depends.Path
		r.byMCP = r.byMCP || st.Depends.MCP
		r.byCreds = r.byCreds || st.Depends.Credentials
		r.tied = append(r.tied, st.Tied...)
		r.allow = r.allow || st.Effect != policy.Deny && st.Entries.Reachable(st.NotPrincipal)
	}
	return r
}

// NewKind returns a kind of request about KMS keys of the given kinds.
func (c *Space) NewKind(t compile.CallerKind, temp bool, p PathKind, a kmsapi.Ask, keys kmsapi.KeySet) *RequestKind {
	s := &RequestKind{c: c, Caller: t, Temporary: temp, Path: p, Ask: a, keys: keys}
	s.Kind = condkey.Kind{Caller: 1 << t, Path: 1 << p, Creds: condkey.LongTerm, Action: a.Action}
	if temp {
		s.Kind.Creds = condkey.Temporary
	}
	return s
}

// SplitBy returns kinds like s, one for each combination of present keys that the
// rules allow for the keys in slots.
func (s *RequestKind) SplitBy(slots ...int) []*RequestKind { return s.split(s.c.presences(slots)) }

func (s *RequestKind) split(withs []presenceSet) []*RequestKind {
	var list []*RequestKind
	for _, with := range s.c.tell(withs, s.Kind) {
		one := *s
		one.with = with
		list = append(list, &one)
	}
	return list
}

// RequestKinds returns the kinds of requests for a that the policy can
// distinguish, those with the plainest witnesses first. There are none if no
// Allow can let in a caller.
func (c *Space) RequestKinds(a kmsapi.Ask) []*RequestKind {
	r := c.relevant(a.Action)
	if !r.allow {
		return nil
	}
	types, temps, paths := []compile.CallerKind{compile.RoleCaller}, []bool{false}, []PathKind{Direct}
	if r.byType || c.Insiders {
		types = []compile.CallerKind{compile.RoleCaller, compile.UserCaller, compile.RootCaller, compile.FedCaller}
	}
	if r.byCreds {
		temps = []bool{false, true}
	}
	if r.byPath {
		paths = []PathKind{Direct, Endpoint, ViaService}
	}
	if r.byMCP {
		paths = append(paths, MCP)
	}
	kinds, withs := c.keySets(a), c.presences(r.tied)
	list := make([]*RequestKind, 0, len(paths)*len(types)*len(kinds)*max(1, len(withs)))
	for _, p := range paths {
		for _, t := range types {
			for _, temp := range temps {
				if fits := t == compile.UserCaller || t == compile.RootCaller; !fits && temp {
					continue // sessions are always temporary
				}
				for _, keys := range kinds {
					one := c.NewKind(t, temp || t == compile.RoleCaller || t == compile.FedCaller, p, a, keys)
					list = append(list, one.split(withs)...)
				}
			}
		}
	}
	return list
}

// keySets returns the kinds that the KMS key may be and that support a: each kind
// by itself if conditions can distinguish their requests, or else all as one set.
func (c *Space) keySets(a kmsapi.Ask) []kmsapi.KeySet {
	serve := c.Serving(a)
	if !c.TellsKeys(a) {
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
