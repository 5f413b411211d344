package exceptions

import (
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A List holds the entries of one file. The zero List, and nil, hold nothing
// back. It is safe for concurrent use.
type List struct {
	entries []entry // in the order of the file
	// Each entry is in one of these indexes, under each of its values: by hash if it
	// names one, else by key, else by resource.
	byHash, byKey, byResource map[string][]int32
}

// An entry accepts one finding, or several that are alike.
type entry struct {
	name, reason, owner string
	end                 time.Time             // when it expires
	match               [columnCount][]string // the values of each column, sorted; nil matches any value
	worst               decide.Verdict        // the worst verdict that it accepts
}

// Len returns the number of entries, including expired ones.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return len(l.entries)
}

// Expired returns the names of the entries that have expired at now.
func (l *List) Expired(now time.Time) []string {
	var names []string
	if l == nil {
		return names
	}
	for i := range l.entries {
		if !now.Before(l.entries[i].end) {
			names = append(names, l.entries[i].name)
		}
	}
	return names
}

// Held is the result of Match. Reason and Owner are as in the file, and so not safe
// to write to a terminal, a mail or a chat.
type Held struct {
	By      string    // name of the entry that holds the subject back; "" when none does
	Reason  string    // its reason
	Owner   string    // its owner
	Expires time.Time // 00:00 UTC of the last day on which it is valid
	Expired []string  // names of expired entries that would have held it back
}

// Match returns the entry that holds s back at now, the first in the file that
// matches and has not expired. It looks only at entries that name s's hash, key or
// resource.
func (l *List) Match(s Subject, now time.Time) Held {
	var held Held
	for _, i := range l.candidates(&s) {
		e := &l.entries[i]
		switch {
		case !e.covers(&s):
		case !now.Before(e.end):
			held.Expired = append(held.Expired, e.name)
		case held.By == "":
			held.By, held.Reason, held.Owner, held.Expires = e.name, e.reason, e.owner, e.end.AddDate(0, 0, -1)
		}
	}
	return held
}

// candidates returns the entries that name s, in the order of the file; none
// for a policy that was not read.
func (l *List) candidates(s *Subject) []int32 {
	if l == nil || s.PolicySHA256 == "" && s.Resource == "" {
		return nil
	}
	found := slices.Concat(l.byHash[s.PolicySHA256], l.byKey[s.Key], l.byResource[s.Resource])
	slices.Sort(found)
	return found
}

// add appends an entry to the list.
func (l *List) add(e entry) {
	at := int32(len(l.entries)) // #nosec G115 -- no file has 2 billion entries
	l.entries = append(l.entries, e)
	index, values := l.byResource, e.match[resource]
	switch {
	case e.match[policySHA256] != nil:
		index, values = l.byHash, e.match[policySHA256]
	case e.match[key] != nil:
		index, values = l.byKey, e.match[key]
	}
	for _, v := range values {
		index[v] = append(index[v], at)
	}
}

// covers reports whether the entry, which candidates found by s's hash, key or
// resource, matches s, whether or not it has expired. It need not compare hashes: an
// entry that lists hashes was found by that of s.
func (e *entry) covers(s *Subject) bool {
	return (!s.HashOnly || e.match[policySHA256] != nil) &&
		e.has(key, s.Key) && e.has(resource, s.Resource) &&
		e.has(account, s.Account) && e.has(region, s.Region) && e.has(eventName, s.EventName) &&
		(e.has(actorRole, s.ActorRole) || e.has(actorRole, s.ActorRole[strings.LastIndexByte(s.ActorRole, '/')+1:])) &&
		e.coversStatements(s.StatementSids) && e.coversVerdicts(s.Classes)
}

// has reports whether the entry lists value in a column, or lists no values there.
// No entry lists "".
func (e *entry) has(c columnID, value string) bool {
	if e.match[c] == nil {
		return true
	}
	_, found := slices.BinarySearch(e.match[c], value)
	return found
}

// coversStatements reports whether the entry lists the Sid of every offending
// statement, or lists no Sids. A Sid that two statements share identifies neither.
func (e *entry) coversStatements(sids []string) bool {
	if e.match[statementSid] == nil {
		return true
	}
	for i, sid := range sids {
		if !e.has(statementSid, sid) || slices.Contains(sids[:i], sid) {
			return false
		}
	}
	return len(sids) > 0
}

// coversVerdicts reports whether no class is worse than the entry accepts: its
// verdict in the classes that it lists, private in the others. An entry without
// verdict accepts any, and one without class covers all classes.
func (e *entry) coversVerdicts(judged map[kmsapi.Class]decide.Verdict) bool {
	if e.match[verdict] == nil && e.match[class] == nil {
		return true
	}
	for c, v := range judged {
		accepted := decide.Private
		if e.has(class, string(c)) {
			accepted = e.worst
		}
		if v.Rank() > accepted.Rank() {
			return false
		}
	}
	return len(judged) > 0
}
