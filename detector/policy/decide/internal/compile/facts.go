package compile

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// AsksForServices reports whether a condition tests for a service that calls for
// itself, or for its customer.
func (c *Policy) AsksForServices() bool {
	return slices.ContainsFunc(c.Slots[FirstSlot:], func(k condkey.Key) bool {
		return k.Names == condkey.ServicePrincipal || k.Names.Customer()
	})
}

// UnknownFact reports whether a condition tests a fact of the key that the
// question does not give.
func (c *Policy) UnknownFact() bool {
	unknown := c.unknownFacts()
	return slices.ContainsFunc(c.Slots[FirstSlot:], func(k condkey.Key) bool { return k.Reads&unknown != 0 })
}

// unknownFacts returns the set of facts that the question does not give.
func (c *Policy) unknownFacts() condkey.Fact {
	k := &c.Key
	facts := condkey.FactOrgPath
	for _, f := range [...]struct {
		fact    condkey.Fact
		unknown bool
	}{
		{condkey.FactRegion, c.Region == ""},
		{condkey.FactOwner, c.Owner == ""},
		{condkey.FactOrg, k.Org == ""},
		{condkey.FactTags, k.Tags == nil},
		{condkey.FactSpec, k.Spec == ""},
		{condkey.FactUsage, k.Usage == ""},
		{condkey.FactOrigin, k.Origin == ""},
		{condkey.FactMultiRegion | condkey.FactKeyType, c.MultiRegion() == nil},
		{condkey.FactAliases, k.Aliases == nil},
	} {
		if f.unknown {
			facts |= f.fact
		}
	}
	return facts
}

// FactUnknown reports whether the condition key in a slot holds a fact about the
// owner or the KMS key that the question does not give. Such a fact is the same in
// all requests of the owner's account.
func (c *Policy) FactUnknown(slot int) bool {
	key := c.Slots[slot]
	switch key.Tie {
	case condkey.TieOrgID, condkey.TieVpceOrgID:
		return c.Key.Org == ""
	case condkey.TieOrgPaths, condkey.TieVpceOrgPaths:
		return true
	}
	return key.Reads&c.unknownFacts() != 0
}

// MultiRegion reports whether the key is a multi-Region key; nil if unknown. The
// ids of multi-Region keys begin with "mrk-".
// Source: KMS Developer Guide, multi-region-keys-overview.html.
func (c *Policy) MultiRegion() *bool {
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

// TellsKeys reports whether conditions can distinguish the requests for a on keys
// of different kinds.
func (c *Policy) TellsKeys(a kmsapi.Ask) bool {
	if a.Action == kmsapi.CreateGrant {
		return c.ByAction
	}
	return c.MentionsAny(condkey.TieSpec, condkey.TieUsage, condkey.TieAlgorithm, condkey.TieMessage) &&
		c.MentionsAny(condkey.TieContext, condkey.TieContextKeys, condkey.TieConstraint)
}

// Supported reports whether the key, as far as it is known, may support a.
func (c *Policy) Supported(a kmsapi.Ask) bool { return c.Serving(a) != 0 }

// Serving returns the kinds that the key may be and that support a. CreateGrant
// is supported by the kinds whose grants can carry an operation of a's class.
func (c *Policy) Serving(a kmsapi.Ask) kmsapi.KeySet {
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
