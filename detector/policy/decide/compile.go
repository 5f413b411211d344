package decide

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
	sAccount  = iota // aws:PrincipalAccount and kms:CallerAccount
	sArn             // aws:PrincipalArn
	sName            // the last part of a user's or role's name
	sUserID          // aws:userid
	sUnique          // the unique id within aws:userid
	sSession         // the session name within aws:userid
	sParent          // the user who made a federated session
	sParentID        // the same user's unique id
	sOrgID           // aws:PrincipalOrgID
	sOrgPaths        // aws:PrincipalOrgPaths
	sService         // a service principal that calls for itself
	sResource        // the key's ARN
	sFirst           // the first slot of other keys
)

// A compiled policy is a policy made ready for one question.
type compiled struct {
	policy       *policy.Policy
	keys         *condkey.Table
	q            Question
	owner        string // the key owner's account; "" unknown
	region       string // the key's Region; "" unknown
	partition    string // the key's partition
	slots        []condkey.Key
	mentions     []mention
	stmts        []stmt
	named        named
	matched      map[string][]match // by action: how far each statement applies to it and to the key
	acted        map[string][]match // see acts
	until        int64              // a request may choose its time up to this second; 0: it is made at q.At
	b            *textsolve.Budget
	slotByName   map[string]int // by lower-case name: of all keys that are mentioned
	domains      map[domainKey]*domain
	shapes       map[shapeKey][]layout     // see shape
	fewest       map[fewKey]bool           // see few
	known        map[*string][]string      // see filledAll
	kinds        []keyKind                 // see keyKinds
	may          kmsapi.KeySet             // of kinds
	customer     []literal                 // see strangeCustomer
	strange      []*valueSet               // see strangeNetwork
	effects      map[effectKey][]*stmt     // see statements
	bases        map[baseKey][]literal     // what makes a caller an outsider
	ties         [condkey.Ties]bool        // which ties the mentioned keys have
	byAction     bool                      // a mentioned key depends on the action
	insiders     bool                      // compiled for callers of the owner's account
	keyDependent bool                      // an unknown fact of the key was taken at its worst
	forms        map[*condkey.Shape][]form // by the first shape of a list of a row's
	withoutLits  []literal                 // see without
	withoutMade  bool
}

// A mention is a key as the policy names it, or the first of its spellings.
type mention struct {
	name string
	slot int
}

// A stmt is a compiled statement.
type stmt struct {
	*policy.Statement
	at       int      // its place in compiled.stmts
	letters  []uint32 // of each of the actions; see lettersOf
	clauses  []clause
	resource match
	entries  entries
	control  bool               // a Deny of a resource control policy
	byType   bool               // the kind of caller can matter to the principals
	by       condkey.Dependence // what the keys that the conditions name depend on
	tied     []int              // slots of those that rules tie together
}

// A match says whether something matches, as far as AWS documents it.
type match uint8

const (
	matchNo match = iota
	matchMaybe
	matchYes
)

// sure and possible collapse a match to one side.
func (m match) sure() bool     { return m == matchYes }
func (m match) possible() bool { return m != matchNo }

// compile makes p, and the resource control policies of q, ready for q about a
// key of the partition: for callers of the key owner's account, or for outsiders.
func compile(p *policy.Policy, keys *condkey.Table, q Question, partition string, insiders bool, b *textsolve.Budget) *compiled {
	c := &compiled{policy: p, keys: keys, q: q, owner: q.Account, partition: partition, insiders: insiders, b: b}
	key, _ := awsid.SplitARN(q.KeyARN)
	if c.region = key.Region; c.owner == "" {
		c.owner = key.Account
	}
	c.slots = make([]condkey.Key, sFirst, sFirst+8)
	for i := range c.slots {
		c.slots[i] = c.callerKey(i)
	}
	c.matched = make(map[string][]match)
	c.acted = make(map[string][]match)
	c.slotByName = make(map[string]int)
	c.domains = make(map[domainKey]*domain)
	c.fewest = make(map[fewKey]bool)
	c.shapes = make(map[shapeKey][]layout)
	c.effects = make(map[effectKey][]*stmt)
	c.bases = make(map[baseKey][]literal, 3)
	c.stmts = make([]stmt, len(p.Statements))
	for i := range p.Statements {
		c.stmts[i].at = i
		c.compileStatement(&c.stmts[i], &p.Statements[i], p)
	}
	for _, rcp := range q.RCPs {
		for i := range rcp.Statements {
			if rcp.Statements[i].Effect == policy.Deny { // what one allows gives nobody anything
				c.stmts = append(c.stmts, stmt{control: true, at: len(c.stmts)})
				c.compileStatement(&c.stmts[len(c.stmts)-1], &rcp.Statements[i], rcp)
			}
		}
		c.collectNames(rcp)
	}
	c.collectNames(p)
	return c
}

// callerKey is the key of a slot of the caller.
func (c *compiled) callerKey(slot int) condkey.Key {
	for tie, at := range slotsOfTies() {
		if at == slot {
			row := c.keys.Tied(condkey.Tie(tie))
			return condkey.Key{Row: row, Name: row.Name, Depends: row.Depends()}
		}
	}
	return condkey.Unknown("")
}

// slotsOfTies gives the ties of the caller's own keys their slots; 0 for the
// others, but for TieAccount.
func slotsOfTies() [condkey.TieOrgPaths + 1]int {
	return [...]int{
		condkey.TieNone: -1, condkey.TieAccount: sAccount, condkey.TieARN: sArn, condkey.TieUserID: sUserID,
		condkey.TieOrgID: sOrgID, condkey.TieOrgPaths: sOrgPaths,
	}
}

// variables returns the keys for variables of a policy, nil where ${...} is
// plain text in it.
func (c *compiled) variables(in *policy.Policy) *condkey.Table {
	if in.Variables() {
		return c.keys
	}
	return nil
}

// mention notes that a condition of the statement names a key.
func (s *stmt) mention(slot int, key condkey.Key) {
	if key.Depends.Rules && !slices.Contains(s.tied, slot) {
		s.tied = append(s.tied, slot)
	}
	s.by.Caller = s.by.Caller || key.Depends.Caller
	s.by.Path = s.by.Path || key.Depends.Path
	s.by.MCP = s.by.MCP || key.Depends.MCP
	s.by.Credentials = s.by.Credentials || key.Depends.Credentials
}

// compileStatement compiles a statement of in, the key policy or a resource control policy.
func (c *compiled) compileStatement(s *stmt, src *policy.Statement, in *policy.Policy) {
	s.Statement = src
	c.b.Spend(readSize * len(src.Text)) // patterns, literals, names: all in proportion to the text
	s.letters = make([]uint32, len(src.Actions))
	for i, a := range src.Actions {
		s.letters[i] = lettersOf(a)
	}
	var open match
	s.resource, open = c.matchResource(src, in)
	if s.resource == matchMaybe && c.q.KeyARN == "" && !c.insiders {
		c.keyDependent = true // an unknown key is the one that is worst for the owner
		s.resource = matchNo
		if src.Effect == policy.Allow {
			s.resource = matchYes
		}
	}
	if src.NotResource {
		s.resource = min(s.resource, matchYes-open)
	} else {
		s.resource = max(s.resource, open)
	}
	c.compilePrincipals(s)
	if cl, ok := c.resourceClause(src, in); ok && s.resource == matchMaybe {
		s.resource = matchYes
		s.clauses = append(s.clauses, cl)
		c.bindVariables(s, cl.sure.set)
		c.bindVariables(s, cl.possible.set)
	}
	s.clauses = slices.Grow(s.clauses, len(src.Conditions))
	for i := range src.Conditions {
		cond := &src.Conditions[i]
		if cond.Operator.Base == 0 {
			s.clauses = append(s.clauses, unknownClause(cond))
			continue
		}
		slot := c.intern(cond.Key)
		known, open := split(cond)
		cl := newClause(known, slot, c.slots[slot], c.variables(in))
		cl.cond = cond
		s.mention(slot, c.slots[slot])
		c.bindVariables(s, cl.sure.set)
		c.bindVariables(s, cl.possible.set)
		c.pathToID(&cl.sure)
		c.pathToID(&cl.possible)
		simplify(&cl.sure)
		simplify(&cl.possible)
		if open != nil {
			c.openClause(&cl, open, c.slots[slot])
		}
		if src.SpelledTwice(cond.Operator.Text) {
			cl.possible = literal{slot: slot, absent: true, mode: all, set: &valueSet{}}
			cl.doubt = "the operator occurs twice, in different letter case; AWS does not say which one counts"
		}
		s.clauses = append(s.clauses, cl)
	}
}

// resourceClause turns a Resource with variables that depend on the request
// into a condition on the key's ARN; ok is false when there is none.
func (c *compiled) resourceClause(src *policy.Statement, in *policy.Policy) (cl clause, ok bool) {
	if src.NotResource || c.q.KeyARN == "" {
		return cl, false
	}
	for _, r := range src.Resources {
		if policy.HasMark(r) {
			return cl, false // what it says is not known: see matchResource
		}
		_, open := resourceParts(r, in)
		ok = ok || open
	}
	if !ok {
		return cl, false
	}
	var values []string
	for _, r := range src.Resources {
		if c.matchOneResource(r, in) != matchNo {
			values = append(values, r)
		}
	}
	info := condkey.Key{Row: &condkey.Row{Types: condkey.ARN | condkey.String}, Name: "Resource"}
	parts := policy.Condition{Operator: policy.Operator{Text: "Resource", Base: policy.ArnLike}, Key: "", Values: values}
	cl = newClause(&parts, sResource, info, c.keys)
	text := policy.Condition{Operator: policy.Operator{Text: "Resource", Base: policy.StringLike}, Key: "", Values: values}
	cl.possible = newClause(&text, sResource, info, c.keys).possible
	if strings.ContainsAny(strings.Join(values, ""), "*?") {
		cl.doubt = "AWS does not say whether a wildcard in Resource runs over colons"
	} else {
		cl.possible = cl.sure
	}
	if slices.ContainsFunc(values, variableInHead) {
		cl.sure = literal{slot: sResource, set: &valueSet{}}
		cl.doubt = "AWS documents variables in Resource only after the fifth colon"
	}
	return cl, true
}

// variableInHead reports whether an ARN has a variable before its fifth colon.
func variableInHead(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return strings.Contains(strings.Join(parts[:min(5, len(parts))], ":"), "${")
}

// intern returns the slot of a condition key, a new one for a new key.
func (c *compiled) intern(name string) int {
	lower := strings.ToLower(name)
	if slot, ok := c.slotByName[lower]; ok {
		return slot
	}
	key, _ := c.keys.Lookup(name)
	c.ties[key.Tie] = true
	c.byAction = c.byAction || key.Depends.Action || key.Tie == condkey.TieSpec || key.Tie == condkey.TieUsage
	slot := c.findSlot(key)
	c.mentions = append(c.mentions, mention{key.Name, slot})
	c.slotByName[lower] = slot
	return slot
}

func (c *compiled) findSlot(key condkey.Key) int {
	if at := slotsOfTies(); int(key.Tie) < len(at) && at[key.Tie] >= 0 {
		return at[key.Tie]
	}
	c.slots = append(c.slots, key)
	return len(c.slots) - 1
}

// bindVariables gives every variable in s the slot of its key.
func (c *compiled) bindVariables(st *stmt, s *valueSet) {
	for i := range s.pats {
		p := &s.pats[i]
		for j := range p.Parts {
			if p.Parts[j].Variable != "" {
				p.Parts[j].Slot = c.intern(p.Parts[j].Variable)
				st.mention(p.Parts[j].Slot, c.slots[p.Parts[j].Slot])
			}
		}
	}
}

// pathToID rewrites "${KEY}/*" under aws:PrincipalOrgPaths, where KEY holds an
// organization's id, as "${KEY}" under aws:PrincipalOrgID: an organization path
// begins with the id of the caller's organization and a slash, and ids hold none.
// Source: IAM User Guide, reference_policies_condition-keys.html, aws:PrincipalOrgPaths.
func (c *compiled) pathToID(l *literal) {
	if l.slot != sOrgPaths || !l.set.vars {
		return
	}
	pats := make([]textsolve.Pattern, len(l.set.pats))
	for i, p := range l.set.pats {
		if len(p.Parts) != 2 || !p.Wild || p.Parts[1].Text != "/*" || !c.holdsOrgID(p.Parts[0]) {
			return
		}
		p.Parts = p.Parts[:1]
		pats[i] = p
	}
	l.slot, l.set = sOrgID, &valueSet{pats: pats, vars: true}
}

// holdsOrgID reports whether a variable without default stands for the id of
// an organization.
func (c *compiled) holdsOrgID(v textsolve.Part) bool {
	if v.HasDefault {
		return false
	}
	switch key := c.slots[v.Slot]; key.Tie {
	case condkey.TieOrgID, condkey.TieVpceOrgID:
		return true
	default:
		return key.Reads == condkey.FactOrg || key.Names == condkey.CustomerOrg
	}
}

// simplify takes out variables whose meaning is plain: a key compared with
// itself, and the caller's account at its own place within the caller's ARN.
func simplify(l *literal) {
	if !l.set.vars {
		return
	}
	vars := false
	pats := append([]textsolve.Pattern(nil), l.set.pats...)
	for i := range pats {
		p := &pats[i]
		if p.Parts == nil {
			continue
		}
		switch {
		case len(p.Parts) == 1 && p.Parts[0].Slot == l.slot:
			*p = textsolve.Pattern{Text: p.Text, Tokens: []textsolve.Token{{Kind: textsolve.Star}}}
		case l.slot == sArn && ownAccount(p):
		default:
			vars = true
		}
	}
	l.set = &valueSet{pats: pats, vars: vars}
	l.strict = l.strict && vars
}

// ownAccount rewrites "arn:aws:iam::${aws:PrincipalAccount}:..." under
// aws:PrincipalArn: the account of a caller's ARN is always the caller's.
func ownAccount(p *textsolve.Pattern) bool {
	head := strings.Split(p.Parts[0].Text, ":") // a variable has no text
	if len(head) != 5 || head[4] != "" || head[3] != "" || p.Parts[1].Slot != sAccount {
		return false
	}
	if strings.ContainsAny(p.Parts[0].Text, "*?") && p.Wild && !p.ARN {
		return false
	}
	rest := p.Parts[2:]
	if len(rest) > 0 && !strings.HasPrefix(rest[0].Text, ":") || !textsolve.OnlyText(rest) {
		return false // with none in the rest, the second part is the variable
	}
	q := textsolve.Pattern{Text: p.Text, Fold: p.Fold, ARN: p.ARN, Wild: p.Wild}
	colons := 0
	q.Tokens = p.Read(nil, p.Parts[0], &colons, false)
	for range 12 {
		q.Tokens = append(q.Tokens, textsolve.Token{Kind: textsolve.AnyChar, NoColon: true})
	}
	for _, s := range rest {
		q.Tokens = p.Read(q.Tokens, s, &colons, false)
	}
	*p = q
	return true
}
