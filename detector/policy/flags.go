package policy

import "slices"

// flags says what the decision turned on.
func (d *decider) flags(dec *Decision) []Flag {
	set := map[Flag]bool{
		FlagServicePrincipal: len(dec.Services) > 0 || d.mentionsAny(idSourceKeys, idPrincipalIsAWSService, idPrincipalServiceName),
		FlagFutureExposure:   dec.Future != nil,
		FlagAmbiguous:        len(dec.Undecided) > 0,
		FlagKeyDependent:     d.keyDependent || d.unknownFact(),
	}
	for _, o := range d.outcomes {
		if o.search == nil {
			continue
		}
		m := o.model
		set[FlagViaService] = set[FlagViaService] || o.search.path == via
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

// unknownFact says whether a condition asks for a fact of the key that the
// question does not tell.
func (c *compiled) unknownFact() bool {
	for id := idNever; id <= idAttestation; id++ {
		if c.has[id] && c.keyUnknown(id) {
			return true
		}
	}
	return false
}

// keyUnknown says whether a key holds a fact of the KMS key or its owner that
// the question does not say.
func (c *compiled) keyUnknown(id keyID) bool {
	k := &c.q.Key
	for _, f := range [...]struct {
		id      keyID
		unknown bool
	}{
		{idRegion, c.region == ""},
		{idResAccount, c.owner == ""},
		{idResOrgID, k.Org == ""},
		{idResOrgPaths, true},
		{idResTag, k.Tags == nil},
		{idKeySpec, k.Spec == ""},
		{idKeyUsage, k.Usage == ""},
		{idKeyOrigin, k.Origin == ""},
		{idMultiRegion, c.multiRegion() == nil},
		{idMultiKeyType, c.multiRegion() == nil},
		{idRequestAlias, k.Aliases == nil},
		{idEncAlgorithm, k.Spec == ""},
		{idViaService, c.region == ""},
	} {
		if f.unknown && f.id == id {
			return true
		}
	}
	return false
}
