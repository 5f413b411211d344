package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// tableWith returns the usual rows under other rules.
func tableWith(t *testing.T, rules ...condkey.Rule) *condkey.Table {
	t.Helper()
	table, err := condkey.New(condkey.Default().Rows(), rules)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// presencesOf shows which keys are there in each set: "12 1 -".
func presencesOf(sets []presenceSet, slots []int) []string {
	var list []string
	for _, set := range sets {
		var b strings.Builder
		for i, slot := range slots {
			if there, told := set.of(slot); there && told {
				b.WriteByte(byte('1' + i))
			}
		}
		if b.Len() == 0 {
			b.WriteByte('-')
		}
		list = append(list, b.String())
	}
	slices.Sort(list)
	return list
}

// TestPresences: what rules leave of the presences of keys is what a look at all
// of them leaves, whether the conditions name all keys of a rule or not.
func TestPresences(t *testing.T) {
	const one, two, three = "lambda:SourceFunctionArn", "aws:SourceIdentity", "ec2:RoleDelivery"
	for _, row := range []struct {
		name  string
		rules []condkey.Rule
	}{
		{"none", nil},
		{"together", []condkey.Rule{{Kind: condkey.Together, Keys: []string{one, two}}}},
		{"together, all three", []condkey.Rule{{Kind: condkey.Together, Keys: []string{one, two, three}}}},
		{"exactly one", []condkey.Rule{{Kind: condkey.ExactlyOne, Keys: []string{one, two, three}}}},
		{"at most one", []condkey.Rule{{Kind: condkey.AtMostOne, Keys: []string{one, three}}}},
		{"one needs another", []condkey.Rule{{Kind: condkey.Needs, Keys: []string{one, two}}}},
		{"one needs either", []condkey.Rule{{Kind: condkey.Needs, Keys: []string{one, two, three}}}},
		{"two rules on one key", []condkey.Rule{{Kind: condkey.AtMostOne, Keys: []string{one, two}}, {Kind: condkey.Needs, Keys: []string{three, two}}}},
	} {
		table := tableWith(t, row.rules...)
		for mentioned := range 8 {
			c := &Space{Policy: spaceOf(t, aboutKey(), allow(`"Null":{"`+one+`":"true","`+two+`":"true","`+three+`":"true"}`)).Policy}
			c.Table = table
			var slots []int
			for i, name := range []string{one, two, three} {
				if mentioned>>i&1 != 0 {
					slots = append(slots, slotOf(t, c, name))
				}
			}
			got := presencesOf(c.presences(slots), slots)
			if want := presencesByRules(c, row.rules, slots, one, two, three); !slices.Equal(got, want) {
				t.Errorf("%s, keys %03b mentioned: %v, want %v", row.name, mentioned, got, want)
			}
		}
	}
}

// presencesByRules lists what presencesOf should, by asking each rule about each
// presence of all keys.
func presencesByRules(c *Space, rules []condkey.Rule, slots []int, names ...string) []string {
	list := []string{}
	for there := range 1 << len(names) {
		present := func(name string) bool { return there>>slices.Index(names, name)&1 != 0 }
		if slices.ContainsFunc(rules, func(r condkey.Rule) bool { return !r.Holds(present) }) {
			continue
		}
		var b strings.Builder
		for i, slot := range slots {
			name := c.Slots[slot].Name
			ruled := slices.ContainsFunc(rules, func(r condkey.Rule) bool { return slices.Contains(r.Keys, name) })
			if ruled && present(name) {
				b.WriteByte(byte('1' + i))
			}
		}
		if b.Len() == 0 {
			b.WriteByte('-')
		}
		list = append(list, b.String())
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestTell: a rule decides about keys that a caller may have or not; what every
// request of a kind has, or none, is no matter of rules.
func TestTell(t *testing.T) {
	const chosen, other = "aws:SourceIdentity", "aws:SourceVpce"
	table := tableWith(t, condkey.Rule{Kind: condkey.Together, Keys: []string{chosen, other}})
	c := spaceOf(t, aboutKey(), allow(`"Null":{"`+chosen+`":"true","`+other+`":"true"}`))
	c.Table = table
	for _, row := range []struct {
		name, kind string
		want       int
		told       bool // whether something is told of the chosen key
	}{
		{"a key that is chosen, and one that is always there", "role endpoint", 2, true},
		{"a key that is chosen, and one that is never there", "role direct", 2, true},
		{"keys that are never there", "user direct", 1, false},
	} {
		kinds := kindOf(t, c, row.kind).SplitBy(slotOf(t, c, chosen), slotOf(t, c, other))
		if len(kinds) != row.want {
			t.Errorf("%s: %d kinds, want %d", row.name, len(kinds), row.want)
		}
		for _, k := range kinds {
			if _, told := k.with.of(slotOf(t, c, other)); told {
				t.Errorf("%s: a rule decides about %s", row.name, other)
			}
			if _, told := k.with.of(slotOf(t, c, chosen)); told != row.told {
				t.Errorf("%s: a rule decides about %s: %v, want %v", row.name, chosen, told, row.told)
			}
		}
	}
}
