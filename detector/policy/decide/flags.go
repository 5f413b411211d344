package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// flags returns the flags of the decision, sorted.
func (d *decider) flags(dec *Decision) []Flag {
	set := map[Flag]bool{
		FlagServicePrincipal: len(dec.Services) > 0 || d.AsksForServices(),
		FlagFutureExposure:   dec.Future != nil,
		FlagAmbiguous:        len(dec.Undecided) > 0 && len(dec.Unknown) == 0,
		FlagUnknownPart:      len(dec.Unknown) > 0,
		FlagKeyDependent:     d.KeyDependent || d.UnknownFact(),
	}
	for _, o := range d.outcomes {
		if o.search == nil {
			continue
		}
		m := o.model
		set[FlagViaService] = set[FlagViaService] || o.search.Path.Through()
		set[FlagNetworkNamed] = set[FlagNetworkNamed] || o.level == Network
		set[FlagOrgNamed] = set[FlagOrgNamed] || o.level == Shared && len(m.Values[compile.SlotOrgID]) > 0
		set[FlagUniqueIDUnknown] = set[FlagUniqueIDUnknown] || o.level == Shared && slices.Contains(d.Named.IDs, m.Text(compile.SlotUniqueID))
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
