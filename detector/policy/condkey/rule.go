package condkey

import (
	"cmp"
	"math/bits"
	"slices"
)

// A Rule restricts which keys can be present in the same request.
type Rule struct {
	Kind RuleKind
	Keys []string // names of rows
}

// A RuleKind says what a rule requires.
type RuleKind uint8

// The rules.
const (
	Together   RuleKind = iota + 1 // all or none of the keys are present
	ExactlyOne                     // exactly one of the keys is present
	AtMostOne                      // at most one of the keys is present
	Needs                          // the first key is present only with one of the others
)

// Holds reports whether the rule holds if present reports which of its keys are
// present.
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

// A Bundle holds the names of keys that rules tie together, directly or through
// other keys, and which of them can be present at the same time: bit i of each of
// Presences says whether Keys[i] is present. Presences with fewer keys come
// first.
type Bundle struct {
	Keys      []string
	Presences []uint32
}

// bundlesOf groups the keys of rules that have keys in common, and computes which
// presences the rules allow.
func bundlesOf(rules []Rule) []Bundle {
	var bundles []Bundle
	for _, r := range rules {
		b := Bundle{Keys: r.Keys}
		bundles = slices.DeleteFunc(bundles, func(other Bundle) bool {
			common := slices.ContainsFunc(other.Keys, func(k string) bool { return slices.Contains(r.Keys, k) })
			if common {
				b.Keys = slices.Concat(other.Keys, b.Keys)
			}
			return common
		})
		b.Keys = slices.Compact(slices.Sorted(slices.Values(b.Keys)))
		bundles = append(bundles, b)
	}
	for i := range bundles {
		bundles[i].Presences = bundles[i].presences(rules)
	}
	return bundles
}

func (g *Bundle) presences(rules []Rule) []uint32 {
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
