package condkey

import (
	"cmp"
	"math/bits"
	"slices"
)

// A Rule ties the presence of keys together.
type Rule struct {
	Kind RuleKind
	Keys []string // by their names
}

// A RuleKind says what a rule asks.
type RuleKind uint8

// The rules.
const (
	Together   RuleKind = iota + 1 // all or none of the keys are present
	ExactlyOne                     // one of them is
	AtMostOne                      // one of them is, or none
	Needs                          // the first is there only with one of the others
)

// Holds reports whether the rule holds, given which of its keys are present.
func (r Rule) Holds(present func(name string) bool) bool {
	n := 0
	for _, k := range r.Keys {
		if present(k) {
			n++
		}
	}
	switch r.Kind {
	case Together:
		return n == 0 || n == len(r.Keys)
	case ExactlyOne:
		return n == 1
	case AtMostOne:
		return n <= 1
	case Needs:
		return n != 1 || !present(r.Keys[0])
	default:
		return true
	}
}

// A Group holds the names of keys that rules tie together, directly or by way
// of others, and which of them can be present at the same time: bit i of a
// presence is for the key i. Those with few keys come first.
type Group struct {
	Keys      []string
	Presences []uint32
}

// groupsOf puts rules with common keys together and works out what they leave.
func groupsOf(rules []Rule) []Group {
	var groups []Group
	for _, r := range rules {
		g := Group{Keys: r.Keys}
		groups = slices.DeleteFunc(groups, func(h Group) bool {
			common := slices.ContainsFunc(h.Keys, func(k string) bool { return slices.Contains(r.Keys, k) })
			if common {
				g.Keys = slices.Concat(h.Keys, g.Keys)
			}
			return common
		})
		g.Keys = slices.Compact(slices.Sorted(slices.Values(g.Keys)))
		groups = append(groups, g)
	}
	for i := range groups {
		groups[i].Presences = groups[i].presences(rules)
	}
	return groups
}

func (g *Group) presences(rules []Rule) []uint32 {
	var list []uint32
next:
	for set := range uint32(1) << len(g.Keys) {
		for _, r := range rules {
			if slices.Contains(g.Keys, r.Keys[0]) && !r.Holds(func(name string) bool { return set>>slices.Index(g.Keys, name)&1 != 0 }) {
				continue next
			}
		}
		list = append(list, set)
	}
	slices.SortStableFunc(list, func(a, b uint32) int { return cmp.Compare(bits.OnesCount32(a), bits.OnesCount32(b)) })
	return list
}
