package search

import (
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// A Space is all the requests that a compiled policy can distinguish at one time,
// with what is computed once for all searches.
type Space struct {
	*compile.Policy
	trustedOrgs []string  // organizations whose callers are not outsiders
	Now         time.Time // the value of aws:CurrentTime
	until       int64     // if not 0, a request may choose any time after Now up to this second

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

// NewSpace returns the requests that c can distinguish at the time now. Callers
// in trustedOrgs are not outsiders.
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

// At returns c at another time or, if until is not 0, for requests that may choose
// any time after now up to the second until.
func (c *Space) At(now time.Time, until int64) *Space {
	then := *c
	then.Now, then.until, then.domains = now, until, make(map[domainKey]*domain, 8)
	return &then
}
