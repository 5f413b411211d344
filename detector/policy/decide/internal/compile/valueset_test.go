package compile

import (
	"math/big"
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
