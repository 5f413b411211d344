package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// flags says what the decision turned on.
func (d *decider) flags(dec *Decision) []Flag {
	set := map[Flag]bool{
		FlagServicePrincipal: len(dec.Services) > 0 || d.asksForServices(),
		FlagFutureExposure:   dec.Future != nil,
		FlagAmbiguous:        len(dec.Undecided) > 0 && len(dec.Unknown) == 0,
		FlagUnknownPart:      len(dec.Unknown) > 0,
		FlagKeyDependent:     d.keyDependent || d.unknownFact(),
	}
	for _, o := range d.outcomes {
		if o.search == nil {
			continue
		}
		m := o.model
		set[FlagViaService] = set[FlagViaService] || o.search.path.through()
		set[FlagNetworkNamed] = set[FlagNetworkNamed] || o.level == Network
		set[FlagOrgNamed] = set[FlagOrgNamed] || o.level == Shared && len(m.vals[sOrgID]) > 0
		set[FlagUniqueIDUnknown] = set[FlagUniqueIDUnknown] || o.level == Shared && slices.Contains(d.named.ids, m.text(sUnique))
	}
	var flags []Flag
	for f, on := range set {
		if on {
			flags = append(flags, f)
		}
	}
	slices.Sort(flags)
	return flags
}

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
