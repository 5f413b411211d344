package exceptions

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// An Error is one fault in the file.
type Error struct {
	Line int    // from 1
	Name string // of the entry; "" when it has none or the fault is outside any entry
	Err  error
}

func (e *Error) Error() string {
	where := fmt.Sprintf("line %d: ", e.Line)
	if e.Name != "" {
		where += "entry " + quote(e.Name) + ": "
	}
	return where + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Errors holds the faults in a file, sorted by line; at least one. The text of each
// is one line.
type Errors []*Error

// Error returns the first 20 faults on one line, and how many more there are.
func (all Errors) Error() string {
	const most = 20
	var parts []string
	for _, e := range all[:min(most, len(all))] {
		parts = append(parts, e.Error())
	}
	if more := len(all) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more; kmsentry check --exceptions lists all", more))
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns the faults.
func (all Errors) Unwrap() []error {
	list := make([]error, len(all))
	for i, e := range all {
		list[i] = e
	}
	return list
}

// Load reads the file: a mapping with one member, "exceptions", a list of entries
// with name, match, reason, owner and expires. An empty text has no entries. An
// entry may expire at most one year after now; an expired entry is not a fault.
//
// The error is of type Errors and holds every fault. Text that is not YAML gives a
// single fault, since what follows it cannot be read.
func Load(text []byte, now time.Time) (*List, error) {
	root, fault := read(text)
	if fault != nil {
		return nil, Errors{fault}
	}
	l := loader{now: now, columns: columns(), lines: map[string]int{}}
	l.list = &List{byHash: map[string][]int32{}, byKey: map[string][]int32{}, byResource: map[string][]int32{}}
	l.file(&root)
	if len(l.errors) > 0 {
		slices.SortStableFunc(l.errors, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
		return nil, l.errors
	}
	return l.list, nil
}

// A loader collects entries and faults.
type loader struct {
	now     time.Time
	columns [columnCount]column
	lines   map[string]int // line of each entry, by name
	list    *List
	errors  Errors
	name    string // of the entry being read
}

func (l *loader) fail(line int, format string, args ...any) {
	l.errors = append(l.errors, &Error{line, l.name, fmt.Errorf(format, args...)})
}

func (l *loader) file(root *node) {
	if root.kind == nothingKind {
		return
	}
	var members [1]*node
	if !l.members(root, []string{"exceptions"}, members[:]) || members[0] == nil || members[0].kind == nothingKind {
		return
	}
	if members[0].kind != listKind {
		l.fail(members[0].line, "expected a list of exceptions, found %s", members[0].kind)
		return
	}
	l.list.entries = make([]entry, 0, len(members[0].items))
	for i := range members[0].items {
		l.entry(&members[0].items[i])
	}
}

// oneOf lists names, of which one is expected.
func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + strings.Join(names, ", ")
}

// members stores the value of each member of a mapping in found, at the index that
// its name has in names; a member that is missing leaves nil. It returns false when
// n is not a mapping.
func (l *loader) members(n *node, names []string, found []*node) bool {
	if n.kind != mappingKind {
		l.fail(n.line, "expected a mapping with %s, found %s", strings.Join(names, ", "), n.kind)
		return false
	}
	for i := 0; i+1 < len(n.items); i += 2 {
		name := &n.items[i]
		at := slices.Index(names, name.text)
		switch {
		case at < 0 || name.kind != textKind:
			l.fail(name.line, "expected %s, found %s", oneOf(names), shown(name))
		case found[at] != nil:
			l.fail(name.line, "expected %s once, found it again", names[at])
		default:
			found[at] = &n.items[i+1]
		}
	}
	return true
}

// The members of an entry. "when" is a condition, the earlier form of match.
const (
	entryName = iota
	entryMatch
	entryReason
	entryOwner
	entryExpires
	entryWhen
	entryCount
)

// entry reads one entry and reports every fault in it.
func (l *loader) entry(n *node) {
	before := len(l.errors)
	l.name = nameIn(n)
	defer func() { l.name = "" }()
	names := [entryCount]string{"name", "match", "reason", "owner", "expires", "when"}
	var m [entryCount]*node
	known := names[:entryWhen]
	if hasMember(n, "when") {
		known = names[:]
	}
	if !l.members(n, known, m[:]) {
		return
	}
	e := entry{worst: decide.Public}
	e.name = l.words(n, m[entryName], "name")
	e.reason = l.words(n, m[entryReason], "reason")
	e.owner = l.words(n, m[entryOwner], "owner")
	e.end = l.expiry(n, m[entryExpires])
	l.uniqueName(m[entryName], e.name)
	switch {
	case m[entryWhen] != nil:
		l.fail(m[entryWhen].line, "%s", oldCondition(m[entryWhen].text))
	case m[entryMatch] == nil:
		l.fail(n.line, "expected match, found none")
	}
	if m[entryMatch] != nil {
		l.match(&e, m[entryMatch])
	}
	if len(l.errors) == before {
		l.list.add(e)
	}
}

// nameIn returns the name of an entry, for messages; "" when it has no valid one.
func nameIn(n *node) string {
	for i := 0; n.kind == mappingKind && i+1 < len(n.items); i += 2 {
		if n.items[i].text == "name" && isName(n.items[i+1].text) {
			return n.items[i+1].text
		}
	}
	return ""
}

func hasMember(n *node, name string) bool {
	for i := 0; n.kind == mappingKind && i+1 < len(n.items); i += 2 {
		if n.items[i].text == name {
			return true
		}
	}
	return false
}

// words reads a member that must be text with at least one letter or digit; "" when
// it is not.
func (l *loader) words(entry, n *node, member string) string {
	switch {
	case n == nil:
		l.fail(entry.line, "expected %s, found none", member)
	case n.kind != textKind:
		l.fail(n.line, "expected text for %s, found %s", member, shown(n))
	case !hasWords(n.text):
		l.fail(n.line, "expected text for %s, found %s", member, quote(n.text))
	default:
		return strings.TrimSpace(n.text)
	}
	return ""
}

func (l *loader) uniqueName(n *node, name string) {
	if name == "" {
		return
	}
	if !isName(name) {
		l.fail(n.line, "expected a name of letters, digits, spaces, . _ - (at most 64, the first a letter or digit), found %s", quote(name))
		return
	}
	if before, ok := l.lines[name]; ok {
		l.fail(n.line, "expected a unique name, found the name of line %d", before)
		return
	}
	l.lines[name] = n.line
}

// expiry reads the last day on which an entry is valid and returns the end of that
// day, 00:00 UTC of the next.
func (l *loader) expiry(entry, n *node) time.Time {
	if n == nil {
		l.fail(entry.line, "expected expires, found none")
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, n.text)
	if n.kind != textKind || err != nil {
		l.fail(n.line, "expires: expected a date such as %s, found %s", l.now.UTC().AddDate(0, 3, 0).Format(time.DateOnly), shown(n))
		return time.Time{}
	}
	if limit := Latest(l.now); day.After(limit) {
		l.fail(n.line, "expires: expected a day up to %s, a year from now, found %s", limit.Format(time.DateOnly), n.text)
	}
	return day.AddDate(0, 0, 1)
}

// Latest returns the latest time until which something can be accepted: a year from
// now.
func Latest(now time.Time) time.Time { return now.UTC().AddDate(1, 0, 0) }

// Over reports whether a day, given as its 00:00 UTC, is over at now.
func Over(day, now time.Time) bool { return !now.Before(day.AddDate(0, 0, 1)) }

// match reads the match of an entry into e.
func (l *loader) match(e *entry, n *node) {
	var names [columnCount]string
	for i := range l.columns {
		names[i] = l.columns[i].name
	}
	var m [columnCount]*node
	if !l.members(n, names[:], m[:]) {
		return
	}
	for i := range m {
		if m[i] != nil {
			e.match[i] = l.values(columnID(i), m[i])
		}
	}
	if e.match[verdict] != nil {
		e.worst = worstOf(e.match[verdict])
	}
	switch {
	case m[key] == nil && m[policySHA256] == nil && m[resource] == nil:
		l.fail(n.line, "expected key, policy_sha256 or resource in match, found none")
	case m[policySHA256] == nil && (m[verdict] == nil || m[class] == nil):
		l.fail(n.line, "expected verdict (the worst that is accepted) and class with key or resource, since the policy can change; or policy_sha256")
	}
}

// values reads a member of match, a value or a list of values, and returns the
// valid ones sorted.
func (l *loader) values(c columnID, n *node) []string {
	items := []node{*n}
	if n.kind == listKind {
		items = n.items
	}
	if len(items) == 0 {
		l.fail(n.line, "%s: expected %s, found an empty list", l.columns[c].name, l.columns[c].want)
		return nil
	}
	values := make([]string, 0, len(items))
	for i := range items {
		item := &items[i]
		if item.kind != textKind || !l.columns[c].valid(item.text) {
			l.fail(item.line, "%s: expected %s, found %s", l.columns[c].name, l.columns[c].want, shown(item))
			continue
		}
		values = append(values, item.text)
	}
	slices.Sort(values)
	for i := 1; i < len(values); i++ {
		if values[i] == values[i-1] {
			l.fail(n.line, "%s: expected each value once, found %s again", l.columns[c].name, quote(values[i]))
		}
	}
	return values
}

// worstOf returns the worst of the named verdicts; private when there is none.
func worstOf(names []string) decide.Verdict {
	w := decide.Private
	for _, name := range names {
		var v decide.Verdict
		if v.UnmarshalText([]byte(name)) == nil {
			w = worst(w, v)
		}
	}
	return w
}

// shown returns a value as messages show it.
func shown(n *node) string {
	if n.kind == textKind || n.kind == truthKind {
		return quote(n.text)
	}
	return n.kind.String()
}

// quote returns text of the file quoted, in printable ASCII, cut to 120 bytes.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "..."
	}
	return strconv.QuoteToASCII(s)
}
