package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// asksForServices says whether a condition asks for a service or its customer.
func (c *compiled) asksForServices() bool {
	return slices.ContainsFunc(c.slots[sFirst:], func(k condkey.Key) bool {
		return k.Names == condkey.ServicePrincipal || k.Names.Customer()
	})
}

// unknownFact says whether a condition asks for a fact of the key that the
// question does not say.
func (c *compiled) unknownFact() bool {
	unknown := c.unknownFacts()
	return slices.ContainsFunc(c.slots[sFirst:], func(k condkey.Key) bool { return k.Reads&unknown != 0 })
}

// unknownFacts is the set of facts that the question does not say.
func (c *compiled) unknownFacts() condkey.Fact {
	k := &c.Key
	facts := condkey.FactOrgPath
	for _, f := range [...]struct {
		fact    condkey.Fact
		unknown bool
	}{
		{condkey.FactRegion, c.region == ""},
		{condkey.FactOwner, c.owner == ""},
		{condkey.FactOrg, k.Org == ""},
		{condkey.FactTags, k.Tags == nil},
		{condkey.FactSpec, k.Spec == ""},
		{condkey.FactUsage, k.Usage == ""},
		{condkey.FactOrigin, k.Origin == ""},
		{condkey.FactMultiRegion | condkey.FactKeyType, c.multiRegion() == nil},
		{condkey.FactAliases, k.Aliases == nil},
	} {
		if f.unknown {
			facts |= f.fact
		}
	}
	return facts
}

// factUnknown says whether a key holds a fact about the owner or its key that
// the question does not say, the same in all its requests.
func (c *compiled) factUnknown(slot int) bool {
	key := c.slots[slot]
	switch key.Tie {
	case condkey.TieOrgID, condkey.TieVpceOrgID:
		return c.Key.Org == ""
	case condkey.TieOrgPaths, condkey.TieVpceOrgPaths:
		return true
	}
	return key.Reads&c.unknownFacts() != 0
}

// multiRegion tells whether the key is a multi-Region key, nil when unknown.
// The ids of multi-Region keys begin with "mrk-".
// Source: KMS Developer Guide, multi-region-keys-overview.html.
func (c *compiled) multiRegion() *bool {
	if c.Key.MultiRegion != nil {
		return c.Key.MultiRegion
	}
	_, id, ok := strings.Cut(c.KeyARN, ":key/")
	if !ok {
		return nil
	}
	mr := strings.HasPrefix(id, "mrk-")
	return &mr
}

// tellsKeys says whether conditions can tell apart what a is about keys of
// different kinds.
func (c *compiled) tellsKeys(a kmsapi.Ask) bool {
	if a.Action == kmsapi.CreateGrant {
		return c.byAction
	}
	return c.mentionsAny(condkey.TieSpec, condkey.TieUsage, condkey.TieAlgorithm, condkey.TieMessage) &&
		c.mentionsAny(condkey.TieContext, condkey.TieContextKeys, condkey.TieConstraint)
}

// supported reports whether the key, as far as it is known, can serve a.
func (c *compiled) supported(a kmsapi.Ask) bool { return c.serving(a) != 0 }

// serving returns the kinds of keys that the key may be of and that serve a.
func (c *compiled) serving(a kmsapi.Ask) kmsapi.KeySet {
	var serve kmsapi.KeySet
	switch known, ok := kmsapi.FindAction(a.Action); {
	case a.Action == kmsapi.CreateGrant:
		for kind := kmsapi.SymmetricKey; kind <= kmsapi.AgreementKey; kind <<= 1 {
			if len(kmsapi.Operations(a.Class, kind)) > 0 {
				serve |= kind
			}
		}
	case ok:
		serve = known.Keys
	default:
		serve = kmsapi.AnyKey
	}
	return c.may & serve
}
