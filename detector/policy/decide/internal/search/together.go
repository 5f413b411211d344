package search

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// A presenceSet says whether a request has certain keys, which rules tie together:
// if bit i of told is set, bit i of there says whether it has that in slots[i].
// The zero presenceSet says nothing.
type presenceSet struct {
	slots       []int
	told, there uint32
}

// of reports whether the key in a slot is present (there), and whether p says so
// (told).
func (p *presenceSet) of(slot int) (there, told bool) {
	i := slices.Index(p.slots, slot)
	if i < 0 || p.told>>i&1 == 0 {
		return false, false
	}
	return p.there>>i&1 != 0, true
}

// presences returns, for the keys in slots that rules tie together, which of them
// can be present at the same time. If no rule is about them, it returns one set
// that says nothing. Other keys of a rule may be present or not.
func (c *Space) presences(slots []int) []presenceSet {
	var tied []int
	sets := []uint32{0}
	for _, g := range c.Table.Bundles() {
		bits := make([]int, len(g.Keys)) // -1 for keys that no condition names
		for i := range bits {
			bits[i] = -1
		}
		for _, slot := range slots {
			if slices.Contains(tied, slot) {
				continue
			}
			if i := slices.Index(g.Keys, c.Slots[slot].Row.Name); i >= 0 {
				bits[i] = len(tied)
				tied = append(tied, slot)
			}
		}
		sets = crossed(sets, g.Presences, bits)
	}
	list := make([]presenceSet, len(sets))
	for i, set := range sets {
		list[i] = presenceSet{tied, 1<<len(tied) - 1, set}
	}
	return list
}

// crossed returns every combination of one of sets with one of presences, whose
// bit i becomes bit bits[i], or is dropped if that is -1.
func crossed(sets, presences []uint32, bits []int) []uint32 {
	var next []uint32
	for _, set := range sets {
		from := len(next)
		for _, p := range presences {
			with := set
			for i, bit := range bits {
				if bit >= 0 && p>>i&1 != 0 {
					with |= 1 << bit
				}
			}
			if !slices.Contains(next[from:], with) {
				next = append(next, with)
			}
		}
	}
	return next
}

// tell returns the presences in which requests of one kind can differ, without
// duplicates: rules apply only to keys whose presence the caller chooses or AWS
// leaves open.
func (c *Space) tell(withs []presenceSet, kind condkey.Kind) []presenceSet {
	told := uint32(0)
	for i, slot := range withs[0].slots {
		if rule := c.Slots[slot].Case(kind); rule != nil && (rule.Is == condkey.Chosen || rule.Is == condkey.Unsaid) {
			told |= 1 << i
		}
	}
	var list []presenceSet
	for _, p := range withs {
		p.told, p.there = told, p.there&told
		if !slices.ContainsFunc(list, func(q presenceSet) bool { return q.there == p.there }) {
			list = append(list, p)
		}
	}
	return list
}
