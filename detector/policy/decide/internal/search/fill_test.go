package search

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// aSearch is one whose policy asks for nothing.
func aSearch(t testing.TB) *Search {
	t.Helper()
	c := spaceOf(t, aboutKey(), allow(``))
	return c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
}

// like is the literal that a key has a value that matches one of some patterns.
func like(slot int, patterns ...string) compile.Literal {
	set := &compile.ValueSet{}
	for _, p := range patterns {
		set.Patterns = append(set.Patterns, compile.NewPattern(p, policy.StringLike, nil))
	}
	return compile.Literal{Slot: slot, Mode: compile.EachIn, Set: set}
}

// unlike is the literal that it has none, or is missing.
func unlike(slot int, patterns ...string) compile.Literal { return like(slot, patterns...).Not() }

// TestLawOfEqualSegments: where segments must hold one text, solve finds texts
// exactly when a look at all of them finds some.
func TestLawOfEqualSegments(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	word, dash := textsolve.Repeat(textsolve.NewClass("ab"), 1, 2), textsolve.Fixed("-")
	v := layout{Shape: textsolve.Shape{Segments: []textsolve.Segment{word, dash, word, dash, word, dash, word}}, same: [][]int{{0, 4}, {2, 6}}}
	words := []string{"a", "b", "aa", "ab", "ba", "bb"}
	found, none, gaveUp := 0, 0, 0
	for range 600 {
		s := aSearch(t)
		var constraints []textsolve.Constraint
		for range 1 + r.IntN(5) {
			n := textsolve.Constraint{First: 2 * r.IntN(4), Skip: -1, Negated: r.IntN(2) == 0}
			if n.Last = n.First; r.IntN(3) == 0 {
				n.First, n.Last = 0, 6
			}
			for range 1 + r.IntN(3) {
				p := []string{"a", "b", "a*", "*b", "??", "?", "*a-*", "*-bb", "ab-*", "*-a?-*"}[r.IntN(10)]
				n.Patterns = append(n.Patterns, compile.NewPattern(p, policy.StringLike, nil))
			}
			constraints = append(constraints, n)
		}
		holds := func(texts []string) bool { return textsolve.AllHold(constraints, texts, s.c.Budget) }
		can := slices.ContainsFunc(words, func(x string) bool {
			return slices.ContainsFunc(words, func(y string) bool { return holds([]string{x, "-", y, "-", x, "-", y}) })
		})
		texts, ok := s.solve(&v, constraints, s.c.Budget)
		switch {
		case ok && (!holds(texts) || texts[0] != texts[4] || texts[2] != texts[6]):
			t.Fatalf("%q does not meet %+v", texts, constraints)
		case ok:
			found++
		case s.Incomplete:
			gaveUp++
		case can:
			t.Fatalf("nothing meets %+v, and yet there is something", constraints)
		default:
			none++
		}
	}
	if found < 100 || none < 100 || gaveUp > 20 {
		t.Errorf("%d found, %d without, %d given up, want many, many, few", found, none, gaveUp)
	}
}

// TestFill: the texts of one layout are written into all keys that have a place on
// it; a layout that does not do gives way to the next one.
func TestFill(t *testing.T) {
	const first, second, third = compile.SlotARN, compile.SlotName, compile.SlotUserID
	letters := textsolve.Repeat(nameClass(), 1, 8)
	short := layout{Shape: textsolve.Shape{Segments: []textsolve.Segment{textsolve.Fixed("role/"), letters}}, at: []place{{first, 0, 1, -1}, {second, 1, 1, -1}}}
	long := layout{Shape: textsolve.Shape{Segments: []textsolve.Segment{textsolve.Fixed("role/"), letters, textsolve.Fixed("/"), letters}}, at: []place{{first, 0, 3, -1}, {second, 3, 3, -1}}}
	ends := layout{Shape: textsolve.Shape{Segments: []textsolve.Segment{letters, textsolve.Fixed(":"), letters}}, at: []place{{first, 0, 2, 1}}}
	for _, row := range []struct {
		name    string
		layouts []layout
		lits    []compile.Literal
		arn     string // "" for none; "*" for any that meets the literals
		last    string
	}{
		{"a whole value", []layout{short}, []compile.Literal{compile.Equals(first, "role/ci")}, "role/ci", "ci"},
		{"a part of it", []layout{short}, []compile.Literal{compile.Equals(second, "ci")}, "role/ci", "ci"},
		{"a whole and a part that agree", []layout{short}, []compile.Literal{like(first, "role/*i"), like(second, "c*")}, "*", "*"},
		{"a whole and a part that do not", []layout{short}, []compile.Literal{compile.Equals(first, "role/ci"), unlike(second, "c*")}, "", ""},
		{"the second layout", []layout{short, long}, []compile.Literal{compile.Equals(first, "role/app/ci")}, "role/app/ci", "ci"},
		{"no layout", []layout{short, long}, []compile.Literal{compile.Equals(first, "user/ci")}, "", ""},
		{"without what stands between", []layout{ends}, []compile.Literal{compile.Equals(first, "ab")}, "ab", "absent"},
		{"a key without a place", []layout{short}, []compile.Literal{compile.Equals(third, "x")}, "", ""},
		{"a key without a place that may be missing", []layout{short}, []compile.Literal{compile.NoneOf(third, "x"), compile.Equals(second, "ci")}, "role/ci", "ci"},
		{"a key that is to be missing", []layout{short}, []compile.Literal{compile.AbsentKey(first)}, "", ""},
		{"a key that is to be there", []layout{short}, []compile.Literal{compile.PresentKey(first), compile.Equals(second, "ci")}, "role/ci", "ci"},
	} {
		s := aSearch(t)
		m := &compile.Model{Values: make([][]compile.Value, len(s.c.Slots)), Budget: s.c.Budget}
		ok := s.fill(row.layouts, row.lits, m, compile.AsModel)
		if ok != (row.arn != "") || ok && !allLiteralsHold(row.lits, m) {
			t.Errorf("%s: filled %v with %s", row.name, ok, valueOf(m, first))
		}
		if ok && row.arn != "*" && (valueOf(m, first) != row.arn || valueOf(m, second) != row.last) {
			t.Errorf("%s: %s, %s, want %s, %s", row.name, valueOf(m, first), valueOf(m, second), row.arn, row.last)
		}
	}
}

// TestEdit: a value that is there is kept but for what is asked of single segments.
func TestEdit(t *testing.T) {
	s := aSearch(t)
	layouts := s.callerLayouts()
	for _, row := range []struct {
		name string
		lits []compile.Literal
		want string // the caller's ARN
	}{
		{"another account", []compile.Literal{compile.Equals(compile.SlotAccount, friend)}, "arn:aws:iam::444455556666:role/stranger"},
		{"another name", []compile.Literal{compile.Equals(compile.SlotName, "ci")}, "arn:aws:iam::999988887777:role/ci"},
		{"both", []compile.Literal{compile.Equals(compile.SlotAccount, friend), compile.Equals(compile.SlotName, "ci")}, "arn:aws:iam::444455556666:role/ci"},
	} {
		m := s.first.Clone()
		if ok := s.fill(layouts, row.lits, m, compile.AsModel); !ok || m.Text(compile.SlotARN) != row.want {
			t.Errorf("%s: %s, %v, want %s", row.name, m.Text(compile.SlotARN), ok, row.want)
		}
	}
}

// TestStrangeNetwork: the VPC of a stranger is neither in an account nor has an id
// that the policy names.
func TestStrangeNetwork(t *testing.T) {
	const named = "arn:aws:ec2:us-east-1:444455556666:vpc/vpc-0a1b2c3d4e5f60718"
	for _, row := range []struct {
		name, pattern string
		reach         Reach
		want          string
	}{
		{"any", "*", anywhere(), "found"},
		{"the named one", named, strangers(), "found"},
		{"the named one, anywhere", named, anywhere(), "none"},
		{"another of its account", "arn:aws:ec2:us-east-1:444455556666:vpc/*", anywhere(), "none"},
		{"its id in another account", "*/vpc-0a1b2c3d4e5f60718", anywhere(), "none"},
		{"the owner's", "arn:aws:ec2:us-east-1:111122223333:vpc/*", anywhere(), "none"},
		{"accounts that begin like the named one", "arn:aws:ec2:us-east-1:4444*:vpc/*", anywhere(), "found"},
	} {
		c := spaceOf(t, aboutKey(), allow(`"StringLike":{"aws:SourceVpcArn":"`+row.pattern+`"}`), to(deny(`"StringEquals":{"aws:SourceVpcArn":"`+named+`"}`), "arn:aws:iam::444455556666:role/nobody"))
		if got := outcome(c.NewSearch(kindOf(t, c, "role endpoint"), row.reach, true)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestUnequal: the segments that should hold one text and do not.
func TestUnequal(t *testing.T) {
	v := layout{same: [][]int{{0, 2}, {1, 3}}}
	for texts, want := range map[string][]int{"a b a b": nil, "a b c b": {0, 2}, "a b a c": {1, 3}} {
		if got := v.unequal(strings.Fields(texts)); !slices.Equal(got, want) {
			t.Errorf("%s: %v are not equal, want %v", texts, got, want)
		}
	}
}
