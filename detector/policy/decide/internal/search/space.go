package search

import (
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// A Space is all the requests that a compiled policy can tell apart at one
// time, with what is made of them once for all searches.
type Space struct {
	*compile.Policy
	trustedOrgs []string  // whose callers are no outsiders
	Now         time.Time // the instant that aws:CurrentTime has
	until       int64     // a request may choose its time up to this second; 0: it is made now

	domains     map[domainKey]*domain
	shapes      map[shapeKey][]layout              // see shape
	fewest      map[fewKey]bool                    // see few
	known       map[*string][]string               // see filledAll
	forms       map[*condkey.Shape][]form          // by the first shape of a list of a row's
	effects     map[effectKey][]*compile.Statement // see Applying
	bases       map[baseKey][]compile.Literal      // what makes a caller an outsider
	customer    []compile.Literal                  // see strangeCustomer
	strange     []*compile.ValueSet                // see strangeNetwork
	withoutLits []compile.Literal                  // see without
	withoutMade bool
}

// NewSpace returns the requests that c can tell apart at an instant. Callers of
// trustedOrgs are no outsiders.
func NewSpace(c *compile.Policy, now time.Time, trustedOrgs []string) *Space {
	return &Space{
		Policy: c, Now: now, trustedOrgs: trustedOrgs,
		domains: make(map[domainKey]*domain),
		shapes:  make(map[shapeKey][]layout),
		fewest:  make(map[fewKey]bool),
		effects: make(map[effectKey][]*compile.Statement),
		bases:   make(map[baseKey][]compile.Literal, 3),
	}
}

// At returns the same at another instant, or, with until, for requests that may
// choose their time up to this second.
func (c *Space) At(now time.Time, until int64) *Space {
	then := *c
	then.Now, then.until, then.domains = now, until, make(map[domainKey]*domain, 8)
	return &then
}
