package decide

import (
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// A space is all the requests that a compiled policy can tell apart at one
// time, with what is made of them once for all searches.
type space struct {
	*compiled
	trustedOrgs []string  // whose callers are no outsiders
	now         time.Time // the instant that aws:CurrentTime has
	until       int64     // a request may choose its time up to this second; 0: it is made now

	domains     map[domainKey]*domain
	shapes      map[shapeKey][]layout     // see shape
	fewest      map[fewKey]bool           // see few
	known       map[*string][]string      // see filledAll
	forms       map[*condkey.Shape][]form // by the first shape of a list of a row's
	effects     map[effectKey][]*stmt     // see statements
	bases       map[baseKey][]literal     // what makes a caller an outsider
	customer    []literal                 // see strangeCustomer
	strange     []*valueSet               // see strangeNetwork
	withoutLits []literal                 // see without
	withoutMade bool
}

// newSpace returns the requests that c can tell apart at an instant. Callers of
// trustedOrgs are no outsiders.
func newSpace(c *compiled, now time.Time, trustedOrgs []string) *space {
	return &space{
		compiled: c, now: now, trustedOrgs: trustedOrgs,
		domains: make(map[domainKey]*domain),
		shapes:  make(map[shapeKey][]layout),
		fewest:  make(map[fewKey]bool),
		effects: make(map[effectKey][]*stmt),
		bases:   make(map[baseKey][]literal, 3),
	}
}

// at returns the same at another instant, or, with until, for requests that may
// choose their time up to this second.
func (c *space) at(now time.Time, until int64) *space {
	then := *c
	then.now, then.until, then.domains = now, until, make(map[domainKey]*domain, 8)
	return &then
}
