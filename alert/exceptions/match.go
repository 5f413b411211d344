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
	// Every entry lies in one of these under each of its values: by hash if it
	// names one, else by key, else by resource.
	byHash, byKey, byResource map[string][]int32
}

// An entry is one accepted finding, or several alike.
type entry struct {
	name, reason, owner string
	end                 time.Time             // the first instant at which it no longer holds
	match               [columnCount][]string // by column, each sorted; nil: not asked
	worst               decide.Verdict        // the worst verdict that it accepts
}

// Len returns how many entries there are, expired ones among them.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return len(l.entries)
}

// Expired returns the names of the entries that no longer hold at now.
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

// Held is what Match found. Reason and Owner are as in the file: not safe for
// a terminal, a mail or a chat.
type Held struct {
	By      string    // name of the entry that holds the subject back; "" none
	Reason  string    // its reason
	Owner   string    // its owner
	Expires time.Time // the last day on which it holds, 00:00 UTC
	Expired []string  // names of expired entries that would have held it back
}

// Match says whether an entry holds s back at now: the first in the file that
// matches and has not expired. It looks only at entries that name s's hash, key
// or resource.
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

// add puts an entry at the end of the list.
func (l *List) add(e entry) {
	at := int32(len(l.entries)) // #nosec G115 -- a file of 2 billion entries is no file
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

// covers reports whether an entry that was found by s's hash, key or resource
// is about s, expired or not. One that lists hashes was found by s's.
func (e *entry) covers(s *Subject) bool {
	return (!s.HashOnly || e.match[policySHA256] != nil) &&
		e.has(key, s.Key) && e.has(resource, s.Resource) &&
		e.has(account, s.Account) && e.has(region, s.Region) && e.has(eventName, s.EventName) &&
		(e.has(actorRole, s.ActorRole) || e.has(actorRole, s.ActorRole[strings.LastIndexByte(s.ActorRole, '/')+1:])) &&
		e.coversStatements(s.StatementSids) && e.coversVerdicts(s.Classes)
}

// has reports whether a value is one of those that the entry lists, or it
// lists none. Nothing lists "".
func (e *entry) has(c columnID, value string) bool {
	if e.match[c] == nil {
		return true
	}
	_, found := slices.BinarySearch(e.match[c], value)
	return found
}

// coversStatements reports whether every offending statement is one of those
// that the entry lists. A Sid that two of them have names neither.
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

// coversVerdicts reports whether no class is worse than what the entry
// accepts: its verdict in the classes that it lists, private in the others.
// Without verdict it accepts any, without class in all classes.
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
