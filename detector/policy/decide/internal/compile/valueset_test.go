package compile

import (
	"math/big"
	"net/netip"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

func TestNumberSpan(t *testing.T) {
	for _, row := range []struct {
		base   policy.Base
		number string
		want   span
		ok     bool
	}{
		{policy.NumericEquals, "5", span{5, 5}, true},
		{policy.NumericEquals, "5.5", span{}, false},
		{policy.DateEquals, "5", span{5, 5}, true},
		{policy.NumericLessThan, "5", span{minSecond, 4}, true},
		{policy.NumericLessThan, "5.5", span{minSecond, 5}, true},
		{policy.NumericLessThan, "-5.5", span{minSecond, -6}, true},
		{policy.NumericLessThanEquals, "5", span{minSecond, 5}, true},
		{policy.NumericLessThanEquals, "5.5", span{minSecond, 5}, true},
		{policy.NumericGreaterThan, "5", span{6, MaxSecond}, true},
		{policy.NumericGreaterThan, "5.5", span{6, MaxSecond}, true},
		{policy.NumericGreaterThanEquals, "5", span{5, MaxSecond}, true},
		{policy.NumericGreaterThanEquals, "5.5", span{6, MaxSecond}, true},
		{policy.NumericGreaterThanEquals, "-5.5", span{-5, MaxSecond}, true},
		{policy.NumericEquals, "1e30", span{}, false},
		{policy.NumericLessThan, "1e30", span{minSecond, MaxSecond}, true},
		{policy.NumericGreaterThan, "1e30", span{MaxSecond + 1, MaxSecond}, true},
		{policy.NumericLessThan, "-1e30", span{minSecond, minSecond}, true},
		{policy.NumericGreaterThan, "-1e30", span{minSecond + 1, MaxSecond}, true},
		{policy.BinaryEquals, "5", span{}, false},
	} {
		r, ok := new(big.Rat).SetString(row.number)
		if !ok {
			t.Fatalf("%s is no number", row.number)
		}
		if got, ok := numberSpan(row.base, r); ok != row.ok || ok && got != row.want {
			t.Errorf("operator %v, %s: %v, %v; want %v, %v", row.base, row.number, got, ok, row.want, row.ok)
		}
	}
}

// Variables have the values of the request, or their defaults.
func TestResolveVariables(t *testing.T) {
	const tag = FirstSlot
	for _, row := range []struct {
		text       string
		slot       int
		vals       []Value
		want       string // "" for none
		resolves   bool   // in every request
		asAnything map[string]bool
	}{
		{"a${aws:PrincipalTag/t}", tag, []Value{{Text: "b"}}, "ab", false, map[string]bool{"a": true, "ab:c": true, "b": false}},
		{"a${aws:PrincipalTag/t}", tag, nil, "", false, nil},
		{"a${aws:PrincipalTag/t}", tag, []Value{{Text: "b"}, {Text: "c"}}, "", false, nil},
		{"a${aws:PrincipalTag/t, 'd'}", tag, nil, "ad", true, map[string]bool{"ad": true}},
		{"a${aws:PrincipalTag/t, 'd'}", tag, []Value{{Text: "b"}}, "ab", true, nil},
		{"a${aws:PrincipalTag/t, 'd'}", tag, []Value{{Text: "b"}, {Text: "c"}}, "", true, nil},
		{"a${aws:PrincipalAccount}", SlotAccount, []Value{{Text: "444455556666"}}, "a444455556666", true, map[string]bool{"a444455556666": true, "a44445555666": false}},
		{"a${aws:PrincipalAccount, 'd'}", SlotAccount, nil, "ad", true, map[string]bool{"ad": true}},
		{"a${aws:PrincipalArn}", SlotARN, []Value{{Text: "arn"}}, "aarn", true, map[string]bool{"aarn": true}},
		{"a${aws:userid}", SlotUserID, []Value{{Text: "x"}}, "ax", false, nil},
	} {
		m := &Model{Values: make([][]Value, FirstSlot+1), Budget: textsolve.NewBudget(1_000_000, nil)}
		m.Values[row.slot] = row.vals
		p := NewPattern(row.text, policy.StringEquals, condkey.Default())
		for i := range p.Terms {
			if p.Terms[i].Variable != "" {
				p.Terms[i].Slot = row.slot
			}
		}
		set := &ValueSet{Patterns: []textsolve.Pattern{p}, Variables: true}
		q, ok := resolve(&p, m)
		if ok != (row.want != "") || q.Plain != row.want || set.Unresolved(m) == ok || set.has(Value{Text: row.want}, m) != ok {
			t.Errorf("%s with %v: %q, %v, want %q", row.text, row.vals, q.Plain, ok, row.want)
		}
		if got := set.Resolves(); got != row.resolves {
			t.Errorf("%s: has a value in every request: %v, want %v", row.text, got, row.resolves)
		}
		over := p.OverApproximate()
		for text, want := range row.asAnything {
			if got := over.Matches(text, m.Budget); got != want {
				t.Errorf("%s can match %q: %v, want %v", row.text, text, got, want)
			}
		}
	}
}

// TestIndex: many plain texts are looked up in an index, which says the same as
// the patterns one by one; with a wildcard among them there is none.
func TestIndex(t *testing.T) {
	var texts []string
	for i := range textsolve.FewTexts + 1 {
		texts = append(texts, "a"+strings.Repeat("b", i))
	}
	read := func(base policy.Base, texts []string) *ValueSet {
		s, _, _ := textValues(&policy.Condition{Operator: policy.Operator{Base: base}, Values: texts}, condkey.Key{}, nil)
		return s
	}
	many := read(policy.StringEquals, texts)
	for _, row := range []struct {
		name    string
		set     *ValueSet
		indexed bool
	}{
		{"many texts", many, true},
		{"few texts", read(policy.StringEquals, texts[1:]), false},
		{"many without letter case", read(policy.StringEqualsIgnoreCase, texts), false},
		{"many and a wildcard", read(policy.StringLike, append([]string{"x*"}, texts...)), false},
	} {
		if got := row.set.Index != nil; got != row.indexed {
			t.Errorf("%s: indexed %v, want %v", row.name, got, row.indexed)
		}
	}
	plain := &ValueSet{Patterns: many.Patterns}
	m := &Model{Budget: textsolve.NewBudget(1_000_000, nil)}
	for _, text := range append(texts, "", "b", "A", "ab*") {
		if got, want := many.has(Value{Text: text}, m), plain.has(Value{Text: text}, m); got != want {
			t.Errorf("%q is in the index: %v, among the patterns: %v", text, got, want)
		}
	}
}

// TestAddresses: blocks hold their addresses of their own family, in any order.
func TestAddresses(t *testing.T) {
	s := addressValues(&policy.Condition{Values: []string{"203.0.113.77/24", "10.0.0.1", "10.0.0.0/31", "2001:db8::/32", "no address"}})
	m := &Model{Budget: textsolve.NewBudget(1_000_000, nil)}
	for text, want := range map[string]bool{
		"203.0.113.0": true, "203.0.113.255": true, "203.0.114.0": false, "10.0.0.0": true, "10.0.0.1": true, "10.0.0.2": false, "2001:db8::9": true, "2001:db9::": false,
	} {
		if got := s.has(Value{Address: netip.MustParseAddr(text)}, m); got != want {
			t.Errorf("%s is in the set: %v, want %v", text, got, want)
		}
	}
}

// TestWithin: a set is within another when that lists each of its patterns as they are read.
func TestWithin(t *testing.T) {
	like := func(base policy.Base, texts ...string) *ValueSet {
		s, _, _ := textValues(&policy.Condition{Operator: policy.Operator{Base: base}, Values: texts}, condkey.Key{}, nil)
		return s
	}
	for _, row := range []struct {
		name string
		s, t *ValueSet
		want bool
	}{
		{"fewer", like(policy.StringLike, "a*"), like(policy.StringLike, "b", "a*"), true},
		{"more", like(policy.StringLike, "a*", "b"), like(policy.StringLike, "a*"), false},
		{"another operator", like(policy.StringEquals, "a*"), like(policy.StringLike, "a*"), false},
		{"another letter case counts", like(policy.StringEqualsIgnoreCase, "a"), like(policy.StringEquals, "a"), false},
		{"none", &ValueSet{}, like(policy.StringLike, "a*"), false},
	} {
		if got := row.s.Within(row.t); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// TestUnder: to be avoided, a variable that can be anything avoids nothing.
func TestUnder(t *testing.T) {
	const tag = FirstSlot
	p := NewPattern("a${aws:PrincipalTag/t}", policy.StringEquals, condkey.Default())
	p.Terms[1].Slot = tag
	set := &ValueSet{Patterns: []textsolve.Pattern{p, NewPattern("x", policy.StringEquals, nil)}, Variables: true}
	for _, row := range []struct {
		name    string
		how     Reading
		negated bool
		value   string // of the tag; "" for none
		matches string // of the texts x, ab, ac
	}{
		{"as in the request", AsModel, false, "b", "x ab"},
		{"as in the request, to be avoided", AsModel, true, "b", "x ab"},
		{"without a value", AsModel, false, "", "x"},
		{"as anything", AsAnything, false, "b", "x ab ac"},
		{"as anything, to be avoided", AsAnything, true, "b", "x"},
	} {
		m := &Model{Values: make([][]Value, FirstSlot+1), Budget: textsolve.NewBudget(1_000_000, nil)}
		if row.value != "" {
			m.Set(tag, row.value)
		}
		var got []string
		for _, text := range []string{"x", "ab", "ac"} {
			for _, q := range set.Under(m, row.how, row.negated) {
				if q.Matches(text, m.Budget) {
					got = append(got, text)
				}
			}
		}
		if strings.Join(got, " ") != row.matches {
			t.Errorf("%s: matches %q, want %q", row.name, got, row.matches)
		}
	}
	if !(&ValueSet{Patterns: []textsolve.Pattern{{Terms: []textsolve.Term{{Variable: "k", Slot: tag}}}}}).EqualTo(tag) || set.EqualTo(tag) {
		t.Error("a set is the value of a key where it is that variable alone")
	}
}
