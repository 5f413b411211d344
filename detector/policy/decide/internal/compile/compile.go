// Package compile prepares a key policy for the search: it sorts the principals of
// the statements, turns conditions into constraints on the slots of condition keys,
// and reads both ways what AWS leaves open. It imports nothing of the search; all
// that it knows of a request is the model in which its literals are evaluated.
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

// Slots of what every request has or may have, whether or not a condition
// names it. Keys that conditions name get the slots after them.
const (
	SlotAccount  = iota // aws:PrincipalAccount and kms:CallerAccount
	SlotARN             // aws:PrincipalArn
	SlotName            // the last part of a user's or role's name
	SlotUserID          // aws:userid
	SlotUniqueID        // the unique id within aws:userid
	SlotSession         // the session name within aws:userid
	SlotParent          // the user who made a federated session
	SlotParentID        // the same user's unique id
	SlotOrgID           // aws:PrincipalOrgID
	SlotOrgPaths        // aws:PrincipalOrgPaths
	SlotService         // a service principal that calls for itself
	SlotResource        // the key's ARN
	FirstSlot           // the first slot of other keys
)

// About says about which key, for whom and by which control policies a policy
// is compiled.
type About struct {
	Account         string // the key owner's; "" takes it from KeyARN
	KeyARN          string // "" unknown
	Partition       string // the key's
	Key             kmsapi.KeyFacts
	TrustedAccounts []string
	RCPs            []*policy.Policy
	Insiders        bool // for callers of the owner's account; else for outsiders
}

// A Policy is a key policy prepared for one question. Its matches are computed
// when they are first needed; nothing else of it changes.
type Policy struct {
	About
	Source       *policy.Policy
	Table        *condkey.Table
	Owner        string // the key owner's account; "" unknown
	Region       string // the key's Region; "" unknown
	Slots        []condkey.Key
	Mentions     []mention
	Statements   []Statement
	Named        Named
	Kinds        []kmsapi.KeyKind   // what the key can be
	may          kmsapi.KeySet      // the same
	matched      map[string][]Match // by action: how far each statement applies to it and to the key
	acted        map[string][]Match // see Acts
	Budget       *textsolve.Budget
	slotByName   map[string]int     // by lower-case name: of all keys that are mentioned
	Ties         [condkey.Ties]bool // which ties the mentioned keys have
	ByAction     bool               // a mentioned key depends on the action
	KeyDependent bool               // the worst was assumed for an unknown fact of the key
}

// A mention is a key as the policy names it, or the first of its spellings.
type mention struct {
	Name string
	Slot int
}

// A Statement is a compiled statement.
type Statement struct {
	*policy.Statement
	Place    int      // its place in Policy.Statements
	letters  []uint32 // of each of the actions; see lettersOf
	Clauses  []Clause
	Resource Match
	Entries  Entries
	Control  bool               // a Deny of a resource control policy
	ByType   bool               // the kind of caller can matter to the principals
	Depends  condkey.Dependence // what the keys that the conditions name depend on
	Tied     []int              // slots of those that rules tie together
}

// A Match says whether something matches, as far as AWS documents it.
type Match uint8

const (
	No    Match = iota
	Maybe       // AWS does not say, or the key is not known
	Yes
)

// Sure and Possible collapse a match to one side.
func (m Match) Sure() bool     { return m == Yes }
func (m Match) Possible() bool { return m != No }

// New prepares p, and the resource control policies that apply, for a question.
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
			if rcp.Statements[i].Effect == policy.Deny { // its Allows give nobody anything
				c.Statements = append(c.Statements, Statement{Control: true, Place: len(c.Statements)})
				c.compileStatement(&c.Statements[len(c.Statements)-1], &rcp.Statements[i], rcp)
			}
		}
		c.collectNames(rcp)
	}
	c.collectNames(p)
	return c
}

// callerKey is the key of a slot of the caller.
func (c *Policy) callerKey(slot int) condkey.Key {
	for tie, at := range slotsOfTies() {
		if at == slot {
			row := c.Table.Tied(condkey.Tie(tie))
			return condkey.Key{Row: row, Name: row.Name, Depends: row.Depends()}
		}
	}
	return condkey.Unknown("")
}

// slotsOfTies gives the ties of the caller's own keys their slots; 0 for the
// others, but for TieAccount.
func slotsOfTies() [condkey.TieOrgPaths + 1]int {
	return [...]int{
		condkey.TieNone: -1, condkey.TieAccount: SlotAccount, condkey.TieARN: SlotARN, condkey.TieUserID: SlotUserID,
		condkey.TieOrgID: SlotOrgID, condkey.TieOrgPaths: SlotOrgPaths,
	}
}

// variables returns the keys for variables of a policy, nil where ${...} is
// plain text in it.
func (c *Policy) variables(in *policy.Policy) *condkey.Table {
	if in.Variables() {
		return c.Table
	}
	return nil
}

// mention notes that a condition of the statement names a key.
func (s *Statement) mention(slot int, key condkey.Key) {
	if key.Depends.Rules && !slices.Contains(s.Tied, slot) {
		s.Tied = append(s.Tied, slot)
	}
	s.Depends.Caller = s.Depends.Caller || key.Depends.Caller
	s.Depends.Path = s.Depends.Path || key.Depends.Path
	s.Depends.MCP = s.Depends.MCP || key.Depends.MCP
	s.Depends.Credentials = s.Depends.Credentials || key.Depends.Credentials
}

// compileStatement compiles a statement of in, the key policy or a resource control policy.
func (c *Policy) compileStatement(s *Statement, src *policy.Statement, in *policy.Policy) {
	s.Statement = src
	c.Budget.Spend(readSize * len(src.Text)) // patterns, literals, names: all in proportion to the text
	s.letters = make([]uint32, len(src.Actions))
	for i, a := range src.Actions {
		s.letters[i] = lettersOf(a)
	}
	var unknown Match
	s.Resource, unknown = c.matchResource(src, in)
	if s.Resource == Maybe && c.KeyARN == "" && !c.Insiders {
		c.KeyDependent = true // an unknown key is the one that is worst for the owner
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
			return cl, false // what it says is not known: see matchResource
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

// intern returns the slot of a condition key, a new one for a new key.
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

// bindVariables gives every variable in s the slot of its key.
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
// organization's id, as "${KEY}" under aws:PrincipalOrgID: an organization path
// begins with the id of the caller's organization and a slash, and ids hold none.
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

// holdsOrgID reports whether a variable without default stands for the id of
// an organization.
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

// simplify takes out variables whose meaning is plain: a key compared with
// itself, and the caller's account at its own place within the caller's ARN.
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

// ownAccount rewrites "arn:aws:iam::${aws:PrincipalAccount}:..." under
// aws:PrincipalArn: the account of a caller's ARN is always the caller's.
func ownAccount(p *textsolve.Pattern) bool {
	head := strings.Split(p.Terms[0].Text, ":") // a variable has no text
	if len(head) != 5 || head[4] != "" || head[3] != "" || p.Terms[1].Slot != SlotAccount {
		return false
	}
	if strings.ContainsAny(p.Terms[0].Text, "*?") && p.Wild && !p.ARN {
		return false
	}
	rest := p.Terms[2:]
	if len(rest) > 0 && !strings.HasPrefix(rest[0].Text, ":") || !textsolve.OnlyText(rest) {
		return false // with none in the rest, the second part is the variable
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

// readSize is the steps charged for each byte of a statement.
const readSize = 3
