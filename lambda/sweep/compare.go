package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// The fates of a piece of news.
const (
	newsTold  = "told"
	newsHeld  = "held"            // an exception holds the policy back
	newsBelow = "below_threshold" // less severe than MIN_SEVERITY
)

// A piece is one piece of news about a key, about either its policy or its grants.
type piece struct {
	of       string // "policy" or "grants"
	fate     string // newsTold, newsHeld or newsBelow
	severity detector.Severity
	fresh    []string // the openings that are new
	heldBy   string   // the name of the exception, for newsHeld
}

// An item is what a run found out about a key with news. It keeps the decision, which
// is large, only if it is reported.
type item struct {
	key     detector.Key
	state   string // KMS's KeyState
	verdict decide.Verdict
	title   string // of the policy's finding
	hash    string // of the policy's text
	pieces  []piece
	finding *detector.Finding  // for a policy that is reported
	unread  []string           // what could not be read, for a policy that is reported
	grants  []words.SweptGrant // for grants that are reported
	expired []string           // names of expired exceptions that would have held the policy back
	since   time.Time          // after which the event of the policy's change must have arrived; zero: none is expected
	call    words.SweptCall    // whether that event arrived
	heard   time.Time          // when, for words.CallHeard
}

// told reports whether any piece of the item is to be reported, and returns the worst
// severity of those that are.
func (i *item) told() (worst detector.Severity, told bool) {
	for _, p := range i.pieces {
		if p.fate == newsTold {
			worst, told = max(worst, p.severity), true
		}
	}
	return worst, told
}

// A comparison compares the keys of a run with the state before it, and builds the
// state after it.
type comparison struct {
	settings *settings
	at       time.Time // when the run began
	before   state
	after    state
	items    []*item
}

func newComparison(s *settings, before state, at time.Time) *comparison {
	return &comparison{settings: s, at: at, before: before, after: state{Version: stateVersion, At: at, Scopes: map[string]*places{}}}
}

// scope returns the name of an account's Region in the state.
func scope(account, region string) string { return account + "/" + region }

// places returns the keys of a scope in the state after the run.
func (c *comparison) places(name string) *places {
	p := c.after.Scopes[name]
	if p == nil {
		p = &places{Keys: map[string]*entry{}}
		c.after.Scopes[name] = p
	}
	return p
}

// add compares a key with what was known about it. What could not be read stays as it
// was, and is not news.
func (c *comparison) add(k sweep.Key) {
	if !k.Judged() {
		return
	}
	name := scope(k.Account, k.Region)
	var before places
	if p := c.before.Scopes[name]; p != nil {
		before = *p
	}
	old := before.Keys[k.ID()]
	if old == nil {
		old = &entry{}
	}
	next := *old
	c.places(name).Keys[k.ID()] = &next
	it := &item{key: keyOf(&k), state: k.State, verdict: k.Bounds().Verdict, hash: k.PolicySHA256}
	if k.PolicySHA256 != "" {
		c.policy(it, &k, old, &next, before.At)
	}
	if k.GrantsRead {
		c.grants(it, &k, old, &next)
	}
	if len(it.pieces) > 0 {
		c.items = append(c.items, it)
	}
}

// policy compares the key's policy. listed is when all keys of its scope were last
// listed.
func (c *comparison) policy(it *item, k *sweep.Key, old, next *entry, listed time.Time) {
	same := old.Policy == k.PolicySHA256
	if same && !factsRead(k) {
		return // the same policy with fewer facts is not news
	}
	next.At, next.Policy = c.at, k.PolicySHA256
	now := openings(k.Finding)
	next.Told = now
	news := fresh(now, old.Told)
	if !same && k.Finding != nil {
		it.since = old.At
		if old.At.IsZero() {
			it.since = listed // zero in a scope that was never swept: no event is expected
		}
	}
	if len(news) == 0 {
		return
	}
	p := piece{of: "policy", fate: newsTold, severity: k.Lowered(k.Finding.Severity), fresh: news}
	held := c.settings.exceptions.Match(subject(k), c.at)
	it.expired, it.title = held.Expired, k.Finding.Title
	switch {
	case held.By != "":
		p.fate, p.heldBy = newsHeld, held.By
	case p.severity < c.settings.minSeverity:
		p.fate = newsBelow
	}
	if p.fate == newsTold {
		it.finding, it.unread = k.Finding, k.Unread
	} else {
		next.Told = both(now, old.Told)
	}
	it.pieces = append(it.pieces, p)
}

// factsRead reports whether all facts about the key that its policy may depend on are
// known.
func factsRead(k *sweep.Key) bool {
	return k.Facts.Spec != "" && k.Facts.Tags != nil && k.Facts.Aliases != nil
}

// grants compares the grants to outsiders. No policy shows them and no event reports
// them, so a new one is of severity medium; exceptions accept policies, so none holds
// it back.
func (c *comparison) grants(it *item, k *sweep.Key, old, next *entry) {
	now := grants(k)
	next.Grants = now
	news := fresh(now, old.Grants)
	if len(news) == 0 {
		return
	}
	p := piece{of: "grants", fate: newsTold, severity: k.Lowered(detector.Medium), fresh: news}
	if p.severity < c.settings.minSeverity {
		p.fate, next.Grants = newsBelow, both(now, old.Grants)
	} else {
		it.grants = newGrants(k, news)
	}
	it.pieces = append(it.pieces, p)
}

// subject returns the key's policy as a subject of the exceptions file.
func subject(k *sweep.Key) exceptions.Subject {
	s := exceptions.Of(k.Finding)
	s.PolicySHA256 = k.PolicySHA256
	return s
}

// finish keeps what was not read: the keys of scopes whose list was not read to its
// end, and the scopes that this run did not sweep. It then sorts the items. complete
// holds the scopes whose list was read to its end.
func (c *comparison) finish(complete map[string]bool) {
	for name, before := range c.before.Scopes {
		after := c.places(name)
		after.At = before.At
		if complete[name] {
			continue
		}
		for id, e := range before.Keys {
			if after.Keys[id] == nil {
				after.Keys[id] = e
			}
		}
	}
	for name := range complete {
		c.places(name).At = c.at
	}
	slices.SortFunc(c.items, func(a, b *item) int {
		if a.key.ARN < b.key.ARN {
			return -1
		}
		return 1
	})
}

// message returns the sweep's news for package alert; ok is false when there is nothing
// to report.
func (c *comparison) message() (s words.Sweep, ok bool) {
	s.Since = c.before.At
	uid := sha256.New()
	fmt.Fprintf(uid, "sweep since %d: ", s.Since.Unix())
	for _, it := range c.items {
		severity, told := it.told()
		if !told {
			s.Quiet++
			continue
		}
		s.Keys = append(s.Keys, words.SweptKey{
			Key: it.key, Severity: severity, State: it.state, Policy: it.finding, Unread: it.unread, Grants: it.grants,
			Call: it.call, Heard: it.heard, Expired: it.expired,
		})
		fmt.Fprintf(uid, "%q %q", it.key.ARN, it.hash)
		for _, p := range it.pieces {
			fmt.Fprintf(uid, " %s %q", p.fate, p.fresh)
		}
	}
	s.UID = hex.EncodeToString(uid.Sum(nil))
	return s, len(s.Keys) > 0
}

// newGrants returns the grants of the key that are in news, one for each.
func newGrants(k *sweep.Key, news []string) []words.SweptGrant {
	var all []words.SweptGrant
	seen := map[string]bool{}
	for _, g := range k.GrantsOut {
		if way := grantWord(g); slices.Contains(news, way) && !seen[way] {
			seen[way] = true
			all = append(all, words.SweptGrant{ID: g.ID, Grantee: g.Grantee, Operations: g.Operations, Audience: g.Audience.String()})
		}
	}
	return all
}

// keyOf returns the key as a detector.Key.
func keyOf(k *sweep.Key) detector.Key {
	if k.Finding != nil {
		return k.Finding.Key
	}
	return detector.Key{ARN: k.ARN, ID: k.ID(), Account: k.Account, Region: k.Region, Partition: partitionOf(k.ARN)}
}
