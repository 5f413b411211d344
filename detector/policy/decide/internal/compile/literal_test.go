package compile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// modelOf gives slot 0 the values in text, with | between them; "absent" gives none.
func modelOf(text string) *Model {
	m := &Model{Values: make([][]Value, 1), Budget: textsolve.NewBudget(1_000_000, nil)}
	if text == "absent" {
		return m
	}
	for _, s := range strings.Split(text, "|") {
		m.Values[0] = append(m.Values[0], Value{Text: s})
	}
	return m
}

func TestLiteralHolds(t *testing.T) {
	ab := Exactly("a", "b")
	have := []string{"absent", "a", "x", "a|b", "a|x", "x|y"}
	for _, row := range []struct {
		name string
		l    Literal
		want string // one letter for each model, y or n
	}{
		{"present", PresentKey(0), "nyyyyy"},
		{"absent", AbsentKey(0), "ynnnnn"},
		{"each in", Literal{Mode: EachIn, Set: ab}, "nynynn"},
		{"some in", Literal{Mode: SomeIn, Set: ab}, "nynyyn"},
		{"each out", Literal{Mode: EachOut, Set: ab}, "nnynny"},
		{"some out", Literal{Mode: SomeOut, Set: ab}, "nnynyy"},
		{"equals", Equals(0, "a", "b"), "nynynn"},
		{"none of", NoneOf(0, "a", "b"), "ynynyy"},
		{"absent, or some in", Literal{Absent: true, Mode: SomeIn, Set: ab}, "yynyyn"},
		{"the empty set", Literal{Mode: EachIn, Set: &ValueSet{}}, "nnnnnn"},
		{"out of the empty set", Literal{Mode: EachOut, Set: &ValueSet{}}, "nyyyyy"},
	} {
		for i, text := range have {
			m, want := modelOf(text), row.want[i] == 'y'
			if got := row.l.Holds(m); got != want {
				t.Errorf("%s, of %s: %v, want %v", row.name, text, got, want)
			}
			not := row.l.Not()
			if not.Holds(m) == want {
				t.Errorf("%s, of %s: it and its negation are both %v", row.name, text, want)
			}
		}
		if twice := row.l.Not().Not(); twice.Mode != row.l.Mode || twice.Absent != row.l.Absent {
			t.Errorf("%s: negated twice it is %+v", row.name, twice)
		}
	}
}

// TestModel: a copy takes values without changing the model that it came from.
func TestModel(t *testing.T) {
	m := modelOf("a")
	c := m.Clone()
	c.Set(0, "b")
	if m.Text(0) != "a" || c.Text(0) != "b" {
		t.Errorf("the model has %q and its copy %q, want a and b", m.Text(0), c.Text(0))
	}
	for text, want := range map[string]string{"absent": "", "a|b": ""} {
		if got := modelOf(text).Text(0); got != want {
			t.Errorf("the only value of %s: %q, want %q", text, got, want)
		}
	}
}

// TestStrictVariables: where a variable has no value a strict literal fails as a
// whole, and so its negation holds.
func TestStrictVariables(t *testing.T) {
	op, _ := policy.ParseOperator("StringNotEquals")
	keys := condkey.Default()
	info, _ := keys.Lookup("aws:PrincipalTag/t")
	cl := newClause(&policy.Condition{Operator: op, Key: "aws:PrincipalTag/t", Values: []string{"${aws:PrincipalTag/u}"}}, 0, info, keys)
	cl.Sure.Set.Patterns[0].Terms[0].Slot = 1
	m := &Model{Values: [][]Value{{{Text: "a"}}, nil}, Budget: textsolve.NewBudget(1_000_000, nil)}
	if not := cl.Sure.Not(); cl.Sure.Holds(m) || !not.Holds(m) || !cl.Possible.Holds(m) {
		t.Error("without a value of the variable the condition surely holds, or cannot hold")
	}
	m.Set(1, "b")
	if !cl.Sure.Holds(m) {
		t.Error("with another value of the variable it does not hold")
	}
	m.Set(1, "a")
	if cl.Possible.Holds(m) {
		t.Error("with the same value it may hold")
	}
}

// TestPatternsMatch: over two letters every short pattern matches what a naive
// matcher does, as a value of StringLike and as an action.
func TestPatternsMatch(t *testing.T) {
	texts := policytest.TextsOver("ab", 4)
	b := textsolve.NewBudget(1<<40, nil)
	for _, pattern := range policytest.TextsOver("ab*?", 4) {
		p := NewPattern(pattern, policy.StringLike, nil)
		for _, text := range texts {
			want := policytest.Matches(pattern, text)
			if got := p.Matches(text, b); got != want {
				t.Errorf("%q matches %q as a value: %v, want %v", pattern, text, got, want)
			}
			if got := MatchOneAction("kms:"+pattern, "kms:"+strings.ToUpper(text)) == Yes; got != want {
				t.Errorf("%q matches %q as an action: %v, want %v", pattern, text, got, want)
			}
		}
	}
}

// TestClausesAgree: for conditions and requests made at random, the sure reading
// holds only where the evaluator says yes, the possible one wherever it does not
// say no, and both are its answer where there is no doubt.
func TestClausesAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	few := func(list []string, least int) []string {
		n := least + random.IntN(3-least)
		return slices.Compact(slices.Sorted(func(yield func(string) bool) {
			for range n {
				if !yield(pick(list)) {
					return
				}
			}
		}))
	}
	universes := []struct {
		name, key           string
		multi               bool
		bases, wants, holds []string
	}{
		{"texts", "aws:PrincipalTag/t", false, []string{"StringEquals", "StringLike", "StringEqualsIgnoreCase", "StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase"}, []string{"a", "A", "b", "a*", "?", "*"}, []string{"a", "A", "b", "ab", "a*"}},
		{"sets of texts", "kms:EncryptionContextKeys", true, []string{"StringEquals", "StringLike", "StringNotEquals", "StringNotLike"}, []string{"a", "b", "a*", "*"}, []string{"a", "b", "ab"}},
		{"truth", "aws:SecureTransport", false, []string{"Bool"}, []string{"true", "false", "TRUE", "x"}, []string{"true", "false"}},
		{"numbers", "aws:MultiFactorAuthAge", false, []string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"}, []string{"1", "2", "1.5"}, []string{"0", "1", "2", "3"}},
		{"ARNs", "aws:PrincipalArn", false, []string{"ArnLike", "ArnNotEquals", "StringLike"}, []string{"arn:aws:iam::*:role/x", "arn:aws:iam::1:*", "arn:*", "*"}, []string{"arn:aws:iam::1:role/x", "arn:aws:iam::2:role/x:y"}},
		{"presence", "aws:PrincipalTag/t", false, []string{"Null"}, []string{"true", "false", "True"}, []string{"a"}},
	}
	sets, suffixes := []string{"", "", "ForAllValues:", "ForAnyValue:"}, []string{"", "", "IfExists"}
	keys := condkey.Default()
	for range 20_000 {
		u := universes[random.IntN(len(universes))]
		operator := pick(sets) + pick(u.bases) + pick(suffixes)
		op, ok := policy.ParseOperator(operator)
		if !ok {
			continue // Null takes no IfExists
		}
		cond := policy.Condition{Operator: op, Key: u.key, Values: few(u.wants, 1)}
		have := few(u.holds, 0)
		if !u.multi && len(have) > 1 {
			have = have[:1]
		}
		m := &Model{Values: make([][]Value, 1), Budget: textsolve.NewBudget(1_000_000, nil)}
		for _, text := range have {
			v := Value{Text: text}
			if n, ok := policy.ParseNumber(text); ok {
				v.Number = n.Num().Int64()
			}
			m.Values[0] = append(m.Values[0], v)
		}
		info, _ := keys.Lookup(u.key)
		cl := newClause(&cond, 0, info, nil)
		sure, possible := cl.Sure.Holds(m), cl.Possible.Holds(m)
		answer := evaluate.Allows(&policy.Policy{Statements: []policy.Statement{{
			Effect: policy.Allow, Principals: []policy.Principal{{Kind: policy.KindAWS, Value: "*"}}, Actions: []string{"*"}, Resources: []string{"*"}, Conditions: []policy.Condition{cond},
		}}}, evaluate.Request{Principal: "arn:aws:iam::444455556666:user/u", Action: "kms:Encrypt", Context: map[string][]string{u.key: have}})
		what := fmt.Sprintf("%s %q of %q", operator, cond.Values, have)
		switch {
		case sure && !possible:
			t.Errorf("%s: %s holds for sure and not perhaps", u.name, what)
		case sure && answer != evaluate.Yes, !possible && answer != evaluate.No:
			t.Errorf("%s: %s: for sure %v, perhaps %v; the evaluator says %v", u.name, what, sure, possible, answer)
		case !cl.HasDoubt() && sure != possible:
			t.Errorf("%s: %s: for sure %v, perhaps %v, without a doubt", u.name, what, sure, possible)
		}
	}
}
