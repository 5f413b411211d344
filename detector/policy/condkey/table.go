package condkey

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A Table holds rows and the rules between them. It never changes and is safe for
// concurrent use.
type Table struct {
	rows     []Row
	rules    []Rule
	bundles  []Bundle
	single   map[string]int // indexes of single keys in rows, by lower-case name
	families []int          // indexes of families in rows
	by       []Dependence   // by row
	tie      [Ties]*Row     // the first row with each tie
}

// Default returns the table of what AWS documents.
var Default = sync.OnceValue(func() *Table {
	t, err := New(allRows(), allRules())
	if err != nil {
		panic("condkey: " + err.Error()) // held by TestDefault
	}
	return t
})

// maxRule bounds the number of keys of a rule, and maxTied that of all rules: a
// presence has one bit for each.
const (
	maxRule = 8
	maxTied = 32
)

// New returns a table of copies of rows and rules. It returns an error that names
// the row if a name is empty or taken, a shape is invalid, or the row contradicts
// itself or another, and an error if there are too many keys in the rules.
func New(rows []Row, rules []Rule) (*Table, error) {
	t := &Table{rows: cloneRows(rows), rules: cloneRules(rules), single: make(map[string]int, len(rows)+4), by: make([]Dependence, len(rows))}
	for i, r := range t.rules {
		if len(r.Keys) < 2 || len(r.Keys) > maxRule {
			return nil, fmt.Errorf("rule %d has %d keys, want 2 to %d", i, len(r.Keys), maxRule)
		}
	}
	t.bundles = bundlesOf(t.rules)
	tied := 0
	for _, g := range t.bundles {
		tied += len(g.Keys)
	}
	if tied > maxTied {
		return nil, fmt.Errorf("the rules have %d keys, want at most %d", tied, maxTied)
	}
	for i := range t.rows {
		r := &t.rows[i]
		if r.Name == "" {
			return nil, fmt.Errorf("row %d has no name", i)
		}
		if err := r.read(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		if r.Tie >= Ties {
			return nil, fmt.Errorf("%s: no such tie: %d", r.Name, r.Tie)
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		if r.Tie != TieNone && t.tie[r.Tie] != nil && !r.Tie.shared() {
			return nil, fmt.Errorf("%s has the tie of %s", r.Name, t.tie[r.Tie].Name)
		}
		if r.Tie != TieNone && t.tie[r.Tie] == nil {
			t.tie[r.Tie] = r
		}
		t.by[i] = r.Depends()
		t.by[i].Rules = slices.ContainsFunc(t.rules, func(rule Rule) bool { return slices.Contains(rule.Keys, r.Name) })
		if r.Family != Single {
			t.families = append(t.families, i)
			continue
		}
		for _, name := range append([]string{r.Name}, r.Old...) {
			lower := strings.ToLower(name)
			if _, taken := t.single[lower]; taken {
				return nil, fmt.Errorf("%s is there twice", name)
			}
			t.single[lower] = i
		}
	}
	return t, t.alike()
}

// read parses the shapes of the row's values.
func (r *Row) read() error {
	for i := range r.Cases {
		v := &r.Cases[i].Values
		for _, x := range [...]struct {
			texts []string
			into  *[]Shape
		}{{v.Shapes, &v.shapes}, {v.MaybeShapes, &v.maybeShapes}} {
			list, err := parseShapes(x.texts)
			if err != nil {
				return err
			}
			*x.into = list
		}
	}
	return nil
}

// Depends returns the traits of a request on which the row's keys depend.
func (r *Row) Depends() Dependence {
	var d Dependence
	for i := range r.Cases {
		c := &r.Cases[i]
		if c.Callers == Service {
			continue // people's requests do not depend on it
		}
		d.Caller = d.Caller || c.Callers&People != 0 && c.Callers&People != People
		d.Path = d.Path || c.Paths != 0
		d.MCP = d.MCP || c.Paths != 0 && (c.Paths&Through == Via || c.Paths&Through == MCP)
		d.Credentials = d.Credentials || c.Creds != AnyCredentials
		d.Action = d.Action || c.Actions != nil
		d.Undocumented = d.Undocumented || c.Is.Undocumented() || c.Values.Undocumented() || r.Names == Audience
		d.Wild = d.Wild || c.Values.wild()
	}
	d.Undocumented = d.Undocumented || r.Reserved != ""
	return d
}

func cloneRows(rows []Row) []Row {
	rows = slices.Clone(rows)
	for i := range rows {
		r := &rows[i]
		r.Old, r.Parts, r.Say.Absent = slices.Clone(r.Old), slices.Clone(r.Parts), slices.Clone(r.Say.Absent)
		r.Cases = slices.Clone(r.Cases)
		for j := range r.Cases {
			c := &r.Cases[j]
			c.Actions = slices.Clone(c.Actions)
			for _, list := range []*[]string{&c.Of, &c.Shapes, &c.MaybeOf, &c.MaybeShapes, &c.Doubtful, &c.Not, &c.Known} {
				*list = slices.Clone(*list)
			}
		}
	}
	return rows
}

func cloneRules(rules []Rule) []Rule {
	rules = slices.Clone(rules)
	for i := range rules {
		rules[i].Keys = slices.Clone(rules[i].Keys)
	}
	return rules
}

// Rows returns copies of the rows, which may be changed and passed to New.
func (t *Table) Rows() []Row { return cloneRows(t.rows) }

// Rules returns copies of the rules.
func (t *Table) Rules() []Rule { return cloneRules(t.rules) }

// Bundles returns the groups of keys that the rules tie together.
func (t *Table) Bundles() []Bundle { return t.bundles }

// Clone returns a table of the same rows and rules.
func (t *Table) Clone() *Table {
	c, err := New(t.rows, t.rules)
	if err != nil {
		panic("condkey: " + err.Error()) // the rows were read before
	}
	return c
}

// Tied returns the first row with a tie, or an empty row if there is none.
func (t *Table) Tied(tie Tie) *Row {
	if r := t.tie[tie]; r != nil {
		return r
	}
	return noRow
}

// A Key is a condition key as a policy names it.
type Key struct {
	*Row
	// Name is the documented spelling; the free part is as in the policy.
	Name string
	// Depends holds the traits of a request on which the key depends.
	Depends Dependence
}

// Dependence says which traits of a request decide whether a key is present and
// which values it has.
type Dependence struct {
	Caller, Path, MCP, Credentials, Action bool
	Undocumented                           bool // AWS leaves something open
	Wild                                   bool // values can contain * and ? of the caller's choice
	Rules                                  bool // a rule ties the key's presence to that of others
}

// Unknown returns the key of a name that AWS does not document. No request has
// it.
func Unknown(name string) Key { return Key{Row: noRow, Name: name} }

// noRow is the row of keys that have none; it never changes.
var noRow = new(Row)

// Lookup returns the key with a name, in any letter case. For a name that AWS does
// not document, it returns Unknown(name) and ok is false.
func (t *Table) Lookup(name string) (k Key, ok bool) {
	lower := strings.ToLower(name)
	if i, found := t.single[lower]; found {
		r := &t.rows[i]
		spelled := r.Name
		for _, old := range r.Old {
			if strings.EqualFold(old, name) {
				spelled = old
			}
		}
		return t.key(i, spelled), true
	}
	for _, i := range t.families {
		if spelled, ok := t.rows[i].spell(name, lower); ok {
			return t.key(i, spelled), true
		}
	}
	return Unknown(name), false
}

func (t *Table) key(i int, name string) Key {
	return Key{Row: &t.rows[i], Name: name, Depends: t.by[i]}
}

// spell returns the documented spelling of a name of the family; false if name is
// not of the family. lower is name in lower case.
func (r *Row) spell(name, lower string) (string, bool) {
	n := len(r.Name)
	if len(lower) <= n {
		return "", false
	}
	if r.Family == Suffix {
		host := lower[:len(lower)-n]
		return name, strings.EqualFold(lower[len(lower)-n:], r.Name) && strings.Contains(host, ".") && strings.HasPrefix(host, r.Part)
	}
	if !strings.EqualFold(lower[:n], r.Name) {
		return "", false
	}
	part := name[n:]
	if r.Parts != nil {
		i := slices.IndexFunc(r.Parts, func(p string) bool { return strings.EqualFold(p, part) })
		if i < 0 {
			return "", false
		}
		part = r.Parts[i]
	}
	return r.Name + part, true
}

// FreePart returns the free part of a key's name, or "" if it has none.
func (k Key) FreePart() string {
	switch k.Family {
	case Prefix:
		return k.Name[len(k.Row.Name):]
	case Suffix:
		return k.Name[:len(k.Name)-len(k.Row.Name)]
	default:
		return ""
	}
}

// A Kind is a kind of request: one caller, one path, and the action.
type Kind struct {
	Caller Callers
	Path   Paths
	Creds  Credentials
	Action string // full name
}

// Case returns the case that applies to requests of a kind, or nil if no such
// request has the key.
func (r *Row) Case(k Kind) *Case {
	for i := range r.Cases {
		c := &r.Cases[i]
		callers := c.Callers
		if callers == 0 {
			callers = People
		}
		if callers&k.Caller != 0 && (c.Paths == 0 || c.Paths&k.Path != 0) &&
			(c.Creds == AnyCredentials || c.Creds == k.Creds) && (c.Actions == nil || slices.Contains(c.Actions, k.Action)) {
			if c.Is == Never {
				return nil
			}
			return c
		}
	}
	return nil
}

// CasesOf returns the set of cases that cover an action: bit i says whether
// Cases[i] does.
func (r *Row) CasesOf(action string) int {
	set := 0
	for i := range r.Cases {
		if c := &r.Cases[i]; c.Actions == nil || slices.Contains(c.Actions, action) {
			set |= 1 << i
		}
	}
	return set
}

// AbsentText returns a text that says why a request of a kind lacks the key.
func (r *Row) AbsentText(k Kind) string {
	for _, s := range r.Say.Absent {
		if (s.Paths == 0 || s.Paths&k.Path != 0) && (s.Creds == AnyCredentials || s.Creds == k.Creds) {
			return s.Text
		}
	}
	return "this request does not carry this condition key"
}

// ShapesIn returns the shapes of the row's values in requests of a kind; nil if
// they do not have the key.
func (r *Row) ShapesIn(k Kind) []Shape {
	if c := r.Case(k); c != nil {
		return c.shapes
	}
	return nil
}
