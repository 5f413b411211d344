// Package compile prepares a key policy for the search. It sorts the principals
// of each statement by kind, turns conditions into constraints on the slots of
// condition keys, and reads what AWS leaves open both ways. It does not depend on
// the search: it knows a request only as a Model in which a Literal holds or not.
package compile

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// Slots of the caller and the key, which a Policy has whether or not a condition
// names them. Other keys that conditions name get the slots from FirstSlot on.
const (
	SlotAccount  = iota // aws:PrincipalAccount and kms:CallerAccount
	SlotARN             // aws:PrincipalArn
	SlotName            // the last part of the caller's ARN, without the path: the name
	SlotUserID          // aws:userid
	SlotUniqueID        // the unique id within aws:userid
	SlotSession         // the session name within aws:userid
	SlotParent          // the ARN of the user who created a federated session
	SlotParentID        // that user's unique id
	SlotOrgID           // aws:PrincipalOrgID
	SlotOrgPaths        // aws:PrincipalOrgPaths
	SlotService         // a service principal that calls for itself
	SlotResource        // the key's ARN
	FirstSlot           // the first slot of other keys
)

// About says for which key, for which callers and under which resource control
// policies a policy is compiled.
type About struct {
	Account         string // the key owner's; "" means the account in KeyARN
	KeyARN          string // "" if unknown
	Partition       string // the key's
	Key             kmsapi.KeyFacts
	TrustedAccounts []string
	RCPs            []*policy.Policy
	Insiders        bool // for callers in the owner's account rather than outsiders
}

// A Policy is a key policy prepared for one question. It computes matches when
// they are first needed; nothing else of it changes.
type Policy struct {
	About
	Source       *policy.Policy
	Table        *condkey.Table
	Owner        string // the key owner's account; "" if unknown
	Region       string // the key's Region; "" if unknown
	Slots        []condkey.Key
	Mentions     []mention
	Statements   []Statement
	Named        Named
	Kinds        []kmsapi.KeyKind   // the kinds that the key can be
	may          kmsapi.KeySet      // Kinds as a set
	matched      map[string][]Match // by action; see Matches
	acted        map[string][]Match // by action; see Acts
	Budget       *textsolve.Budget
	slotByName   map[string]int     // the slots of all mentioned keys, by lower-case name
	Ties         [condkey.Ties]bool // the ties that mentioned keys have
	ByAction     bool               // a mentioned key depends on the action
	KeyDependent bool               // the worst was assumed of an unknown ARN of the key
}

// A mention is a key that the policy names, in its documented spelling. Names
// that differ only in letter case are one mention.
type mention struct {
	Name string
	Slot int
}

// A Statement is a compiled statement.
type Statement struct {
	*policy.Statement
	Place    int      // its index in Policy.Statements
	letters  []uint32 // by action of the statement; see lettersOf
	Clauses  []Clause
	Resource Match
	Entries  Entries
	Control  bool               // a Deny of a resource control policy
	ByType   bool               // whether the principals cover a caller can depend on its kind
	Depends  condkey.Dependence // what the keys that the conditions name depend on
	Tied     []int              // the slots of those keys that rules tie together
}

// A Match says whether something matches, as far as AWS documents it.
type Match uint8

const (
	No    Match = iota
	Maybe       // AWS does not say, or the key is not known
	Yes
)

// Sure reports whether m is Yes.
func (m Match) Sure() bool { return m == Yes }

// Possible reports whether m is Yes or Maybe.
func (m Match) Possible() bool { return m != No }

// New compiles p, and the resource control policies that apply, for a question.
// It charges its work, and that of later calls, to b.
func New(p *policy.Policy, keys *condkey.Table, about About, b *textsolve.Budget) *Policy {
	c := &Policy{About: about, Source: p, Table: keys, Owner: about.Account, Budget: b}
	key, _ := awsid.SplitARN(about.KeyARN)
	if c.Region = key.Region; c.Owner == "" {
		c.Owner = key.Account
	}
	c.Kinds = about.Key.Kinds()
	for _, k := range c.Kinds {
		c.may |= k.Set()
	}
	c.Slots = make([]condkey.Key, FirstSlot, FirstSlot+8)
	for i := range c.Slots {
		c.Slots[i] = c.callerKey(i)
	}
	c.matched = make(map[string][]Match)
	c.acted = make(map[string][]Match)
	c.slotByName = make(map[string]int)
	c.Statements = make([]Statement, len(p.Statements))
	for i := range p.Statements {
		c.Statements[i].Place = i
		c.compileStatement(&c.Statements[i], &p.Statements[i], p)
	}
	for _, rcp := range about.RCPs {
		for i := range rcp.Statements {
			if rcp.Statements[i].Effect == policy.Deny { // an Allow there grants nothing
				c.Statements = append(c.Statements, Statement{Control: true, Place: len(c.Statements)})
				c.compileStatement(&c.Statements[len(c.Statements)-1], &rcp.Statements[i], rcp)
			}
		}
		c.collectNames(rcp)
	}
	c.collectNames(p)
	return c
}

// callerKey returns the key of a slot below FirstSlot; one without a row if no
// condition key corresponds to the slot.
func (c *Policy) callerKey(slot int) condkey.Key {
	for tie, at := range slotsOfTies() {
		if at == slot {
			row := c.Table.Tied(condkey.Tie(tie))
			return condkey.Key{Row: row, Name: row.Name, Depends: row.Depends()}
		}
	}
	return condkey.Unknown("")
}

// slotsOfTies returns the slots of the caller's own keys, by tie; -1 for TieNone.
func slotsOfTies() [condkey.TieOrgPaths + 1]int {
	return [...]int{
		condkey.TieNone: -1, condkey.TieAccount: SlotAccount, condkey.TieARN: SlotARN, condkey.TieUserID: SlotUserID,
		condkey.TieOrgID: SlotOrgID, condkey.TieOrgPaths: SlotOrgPaths,
	}
}

// variables returns the keys that variables of a policy can name, nil if ${...}
// is plain text in it.
func (c *Policy) variables(in *policy.Policy) *condkey.Table {
	if in.Variables() {
		return c.Table
	}
	return nil
}

// mention records that a condition of the statement names a key.
func (s *Statement) mention(slot int, key condkey.Key) {
	if key.Depends.Rules && !slices.Contains(s.Tied, slot) {
		s.Tied = append(s.Tied, slot)
	}
	s.Depends.Caller = s.Depends.Caller || key.Depends.Caller
	s.Depends.Path = s.Depends.Path || key.Depends.Path
	s.Depends.MCP = s.Depends.MCP || key.Depends.MCP
	s.Depends.Credentials = s.Depends.Credentials || key.Depends.Credentials
}

// compileStatement compiles src into s. in is the policy of src: the key policy
// or a resource control policy.
func (c *Policy) compileStatement(s *Statement, src *policy.Statement, in *policy.Policy) {
	s.Statement = src
	c.Budget.Spend(readSize * len(src.Text)) // patterns, literals and names are all proportional to the text
	s.letters = make([]uint32, len(src.Actions))
	for i, a := range src.Actions {
		s.letters[i] = lettersOf(a)
	}
	var unknown Match
	s.Resource, unknown = c.matchResource(src, in)
	if s.Resource == Maybe && c.KeyARN == "" && !c.Insiders {
		c.KeyDependent = true // assume the key that is worst for the owner
		s.Resource = No
		if src.Effect == policy.Allow {
			s.Resource = Yes
		}
	}
	if src.NotResource {
		s.Resource = min(s.Resource, Yes-unknown)
	} else {
		s.Resource = max(s.Resource, unknown)
	}
	c.compilePrincipals(s)
	if cl, ok := c.resourceClause(src, in); ok && s.Resource == Maybe {
		s.Resource = Yes
		s.Clauses = append(s.Clauses, cl)
		c.bindVariables(s, cl.Sure.Set)
		c.bindVariables(s, cl.Possible.Set)
	}
	s.Clauses = slices.Grow(s.Clauses, len(src.Conditions))
	for i := range src.Conditions {
		cond := &src.Conditions[i]
		if cond.Operator.Base == 0 {
			s.Clauses = append(s.Clauses, unknownClause(cond))
			continue
		}
		slot := c.intern(cond.Key)
		known, unknown := splitUnknown(cond)
		cl := newClause(known, slot, c.Slots[slot], c.variables(in))
		cl.Cond = cond
		s.mention(slot, c.Slots[slot])
		c.bindVariables(s, cl.Sure.Set)
		c.bindVariables(s, cl.Possible.Set)
		c.pathToID(&cl.Sure)
		c.pathToID(&cl.Possible)
		simplify(&cl.Sure)
		simplify(&cl.Possible)
		if unknown != nil {
			c.addUnknown(&cl, unknown, c.Slots[slot])
		}
		if src.SpelledTwice(cond.Operator.Text) {
			cl.Possible = Literal{Slot: slot, Absent: true, Mode: All, Set: &ValueSet{}}
			cl.Doubt = "the operator occurs twice, in different letter case; AWS does not say which one counts"
		}
		s.Clauses = append(s.Clauses, cl)
	}
}

// resourceClause turns a Resource with variables that depend on the request
// into a condition on the key's ARN; ok is false when there is none.
func (c *Policy) resourceClause(src *policy.Statement, in *policy.Policy) (cl Clause, ok bool) {
	if src.NotResource || c.KeyARN == "" {
		return cl, false
	}
	for _, r := range src.Resources {
		if policy.HasMark(r) {
			return cl, false // see matchResource
		}
		_, variable := resourceTerms(r, in)
		ok = ok || variable
	}
	if !ok {
		return cl, false
	}
	var values []string
	for _, r := range src.Resources {
		if c.MatchOneResource(r, in) != No {
			values = append(values, r)
		}
	}
	info := condkey.Key{Row: &condkey.Row{Types: condkey.ARN | condkey.String}, Name: "Resource"}
	byPart := policy.Condition{Operator: policy.Operator{Text: "Resource", Base: policy.ArnLike}, Key: "", Values: values}
	cl = newClause(&byPart, SlotResource, info, c.Table)
	text := policy.Condition{Operator: policy.Operator{Text: "Resource", Base: policy.StringLike}, Key: "", Values: values}
	cl.Possible = newClause(&text, SlotResource, info, c.Table).Possible
	if strings.ContainsAny(strings.Join(values, ""), "*?") {
		cl.Doubt = "AWS does not say whether a wildcard in Resource runs over colons"
	} else {
		cl.Possible = cl.Sure
	}
	if slices.ContainsFunc(values, variableInHead) {
		cl.Sure = Literal{Slot: SlotResource, Set: &ValueSet{}}
		cl.Doubt = "AWS documents variables in Resource only after the fifth colon"
	}
	return cl, true
}

// variableInHead reports whether an ARN has a variable before its fifth colon.
func variableInHead(arn string) bool { return strings.Contains(awsid.Head(arn), "${") }

// intern returns the slot of a condition key, which it adds if it is new.
func (c *Policy) intern(name string) int {
	lower := strings.ToLower(name)
	if slot, ok := c.slotByName[lower]; ok {
		return slot
	}
	key, _ := c.Table.Lookup(name)
	c.Ties[key.Tie] = true
	c.ByAction = c.ByAction || key.Depends.Action || key.Tie == condkey.TieSpec || key.Tie == condkey.TieUsage
	slot := c.findSlot(key)
	c.Mentions = append(c.Mentions, mention{key.Name, slot})
	c.slotByName[lower] = slot
	return slot
}

func (c *Policy) findSlot(key condkey.Key) int {
	if at := slotsOfTies(); int(key.Tie) < len(at) && at[key.Tie] >= 0 {
		return at[key.Tie]
	}
	c.Slots = append(c.Slots, key)
	return len(c.Slots) - 1
}

// bindVariables sets the slot of every variable in s, and records in st that it
// names the variable's key.
func (c *Policy) bindVariables(st *Statement, s *ValueSet) {
	for i := range s.Patterns {
		p := &s.Patterns[i]
		for j := range p.Terms {
			if p.Terms[j].Variable != "" {
				p.Terms[j].Slot = c.intern(p.Terms[j].Variable)
				st.mention(p.Terms[j].Slot, c.Slots[p.Terms[j].Slot])
			}
		}
	}
}

// pathToID rewrites "${KEY}/*" under aws:PrincipalOrgPaths, where KEY holds an
// organization's id, as "${KEY}" under aws:PrincipalOrgID. The two are equivalent:
// an organization path begins with the id of the caller's organization and a
// slash, and an id contains no slash.
// Source: IAM User Guide, reference_policies_condition-keys.html, aws:PrincipalOrgPaths.
func (c *Policy) pathToID(l *Literal) {
	if l.Slot != SlotOrgPaths || !l.Set.Variables {
		return
	}
	pats := make([]textsolve.Pattern, len(l.Set.Patterns))
	for i, p := range l.Set.Patterns {
		if len(p.Terms) != 2 || !p.Wild || p.Terms[1].Text != "/*" || !c.holdsOrgID(p.Terms[0]) {
			return
		}
		p.Terms = p.Terms[:1]
		pats[i] = p
	}
	l.Slot, l.Set = SlotOrgID, &ValueSet{Patterns: pats, Variables: true}
}

// holdsOrgID reports whether v has no default and the value of its key is the id
// of an organization.
func (c *Policy) holdsOrgID(v textsolve.Term) bool {
	if v.HasDefault {
		return false
	}
	switch key := c.Slots[v.Slot]; key.Tie {
	case condkey.TieOrgID, condkey.TieVpceOrgID:
		return true
	default:
		return key.Reads == condkey.FactOrg || key.Names == condkey.CustomerOrg
	}
}

// simplify removes variables whose meaning does not depend on the request: a key
// compared with itself, and the caller's account as the account of the caller's
// ARN.
func simplify(l *Literal) {
	if !l.Set.Variables {
		return
	}
	vars := false
	pats := append([]textsolve.Pattern(nil), l.Set.Patterns...)
	for i := range pats {
		p := &pats[i]
		if p.Terms == nil {
			continue
		}
		switch {
		case len(p.Terms) == 1 && p.Terms[0].Slot == l.Slot:
			*p = textsolve.Pattern{Text: p.Text, Tokens: []textsolve.Token{{Kind: textsolve.Star}}}
		case l.Slot == SlotARN && ownAccount(p):
		default:
			vars = true
		}
	}
	l.Set = &ValueSet{Patterns: pats, Variables: vars}
	l.Strict = l.Strict && vars
}

// ownAccount rewrites a pattern "arn:aws:iam::${aws:PrincipalAccount}:..." under
// aws:PrincipalArn to match any account, since the account of a caller's ARN is
// always the caller's. It reports whether p is such a pattern.
func ownAccount(p *textsolve.Pattern) bool {
	head := strings.Split(p.Terms[0].Text, ":") // the text is "" for a variable
	if len(head) != 5 || head[4] != "" || head[3] != "" || p.Terms[1].Slot != SlotAccount {
		return false
	}
	if strings.ContainsAny(p.Terms[0].Text, "*?") && p.Wild && !p.ARN {
		return false
	}
	rest := p.Terms[2:]
	if len(rest) > 0 && !strings.HasPrefix(rest[0].Text, ":") || !textsolve.OnlyText(rest) {
		return false // the variable must be the second term alone
	}
	q := textsolve.Pattern{Text: p.Text, Fold: p.Fold, ARN: p.ARN, Wild: p.Wild}
	colons := 0
	q.Tokens = p.Read(nil, p.Terms[0], &colons, false)
	for range 12 {
		q.Tokens = append(q.Tokens, textsolve.Token{Kind: textsolve.AnyChar, NoColon: true})
	}
	for _, s := range rest {
		q.Tokens = p.Read(q.Tokens, s, &colons, false)
	}
	*p = q
	return true
}

// readSize is the charge, in steps, for compiling each byte of a statement.
const readSize = 3
