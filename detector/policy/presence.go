package policy

import (
	"maps"
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// presences lists, for the keys in slots that rules tie together, which of
// them can be present at the same time: by slot, whether the key is there.
// nil when no rule is about the keys. Keys of a rule that no condition names
// may be there or not.
func (c *compiled) presences(slots []int) []map[int]bool {
	if len(slots) == 0 {
		return nil
	}
	var lists []map[int]bool
	for _, g := range c.keys.Groups() {
		at := make([]int, len(g.Keys)) // slots; 0 for keys that no condition names
		named := false
		for _, slot := range slots {
			if slot < sFirst {
				continue
			}
			if i := slices.Index(g.Keys, c.slots[slot].Row.Name); i >= 0 {
				at[i], named = slot, true
			}
		}
		if !named {
			continue
		}
		if lists == nil {
			lists = []map[int]bool{nil}
		}
		var next []map[int]bool
		for _, with := range lists {
			for _, set := range g.Presences {
				next = append(next, withPresence(with, at, set))
			}
		}
		lists = next
	}
	return lists
}

func withPresence(with map[int]bool, at []int, set uint32) map[int]bool {
	m := make(map[int]bool, len(with)+len(at))
	maps.Copy(m, with)
	for i, slot := range at {
		if slot > 0 {
			m[slot] = set>>i&1 != 0
		}
	}
	return m
}

// tell lists the presences that requests of one kind can differ in, each once:
// a rule decides only about keys that the caller may have or not, for sure or
// as far as AWS says.
func (c *compiled) tell(withs []map[int]bool, kind condkey.Kind) []map[int]bool {
	var list []map[int]bool
	for _, with := range withs {
		m := map[int]bool{}
		for slot, present := range with {
			if rule := c.slots[slot].Case(kind); rule != nil && (rule.Is == condkey.Chosen || rule.Is == condkey.Unsaid) {
				m[slot] = present
			}
		}
		if !slices.ContainsFunc(list, func(have map[int]bool) bool { return maps.Equal(have, m) }) {
			list = append(list, m)
		}
	}
	return list
}
