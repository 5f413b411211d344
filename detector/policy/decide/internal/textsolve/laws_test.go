package textsolve

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// matchesPlainly is what a pattern means, without tokens: a star is nothing, or
// one character and the star again. Within the first five fields of an ARN
// wildcards leave colons alone.
func matchesPlainly(pattern, text string, mode TextMode, colons int) bool {
	if pattern == "" {
		return text == ""
	}
	inField := mode.ARN && colons < 5
	switch c := pattern[0]; {
	case mode.Wild && c == '*':
		return matchesPlainly(pattern[1:], text, mode, colons) ||
			text != "" && !(inField && text[0] == ':') && matchesPlainly(pattern, text[1:], mode, colons)
	case text == "":
		return false
	case mode.Wild && c == '?':
		return !(inField && text[0] == ':') && matchesPlainly(pattern[1:], text[1:], mode, colons)
	case c == ':':
		return text[0] == c && matchesPlainly(pattern[1:], text[1:], mode, colons+1)
	default:
		same := text[0] == c || mode.Fold && strings.EqualFold(text[:1], pattern[:1])
		return same && matchesPlainly(pattern[1:], text[1:], mode, colons)
	}
}

// TestLawOfMatches: a pattern of up to four characters matches what it says, and
// its head and its shortest length are those of all that it matches.
func TestLawOfMatches(t *testing.T) {
	b := NewBudget(1<<40, nil)
	for _, row := range []struct {
		name, patterns, texts string
		mode                  TextMode
	}{
		{"wildcards", "ab*?", "ab", TextMode{Wild: true}},
		{"no wildcards", "ab*", "ab*", TextMode{}},
		{"any letter case", "aB*", "aB", TextMode{Wild: true, Fold: true}},
		{"the fields of an ARN", "a:*?", "a:", TextMode{Wild: true, ARN: true}},
	} {
		for _, pattern := range policytest.TextsOver(row.patterns, 4) {
			p := patternOf(pattern, row.mode)
			for _, text := range policytest.TextsOver(row.texts, 4) {
				want := matchesPlainly(pattern, text, row.mode, 0)
				if got := p.Matches(text, b); got != want {
					t.Fatalf("%s: %q matches %q: %v, want %v", row.name, pattern, text, got, want)
				}
				if want && (!strings.HasPrefix(text, p.head()) || len(text) < p.shortest()) {
					t.Fatalf("%s: %q matches %q, which does not begin with %q or has fewer characters than %d", row.name, pattern, text, p.head(), p.shortest())
				}
			}
		}
	}
}

// After the fifth colon of an ARN a wildcard runs over colons, before it does not.
func TestLawOfLongARNs(t *testing.T) {
	b := NewBudget(1<<40, nil)
	mode := TextMode{Wild: true, ARN: true}
	for _, tail := range policytest.TextsOver(":*a", 3) {
		for _, colons := range []int{4, 5} {
			head := strings.Repeat("x:", colons)
			p := patternOf(head+tail, mode)
			for _, text := range policytest.TextsOver("a:", 4) {
				if got, want := p.Matches(head+text, b), matchesPlainly(head+tail, head+text, mode, 0); got != want {
					t.Fatalf("%q matches %q: %v, want %v", head+tail, head+text, got, want)
				}
			}
		}
	}
}

// TestLawOfOverApproximation: whatever a variable holds, what the pattern then
// matches the pattern without variables matches too.
func TestLawOfOverApproximation(t *testing.T) {
	b := NewBudget(1<<40, nil)
	for _, mode := range []TextMode{{Wild: true}, {}, {Wild: true, ARN: true}} {
		for _, before := range policytest.TextsOver("a:*", 2) {
			for _, after := range policytest.TextsOver("a:*", 2) {
				p := Pattern{Wild: mode.Wild, ARN: mode.ARN, Terms: []Term{{Text: before}, {Variable: "aws:x"}, {Text: after}}}
				over := p.OverApproximate()
				for _, value := range policytest.TextsOver("a:", 2) {
					q := ReadPattern("", []Term{{Text: before}, {Text: value, Literal: true}, {Text: after}}, mode)
					for _, text := range policytest.TextsOver("a:", 4) {
						if q.Matches(text, b) && !over.Matches(text, b) {
							t.Fatalf("%+v: %q, %q, %q matches %q, and without the variable it does not", mode, before, value, after, text)
						}
					}
				}
			}
		}
	}
}

// A small shape lists the texts of its segments by itself.
type smallShape struct {
	name string
	Shape
}

// smallShapes have segments of two letters, and cut in one way only.
func smallShapes(class *Class) []smallShape {
	dash := Fixed("-")
	return []smallShape{
		{"a word", Shape{[]Segment{Repeat(class, 0, 4)}}},
		{"a word of some length", Shape{[]Segment{Repeat(class, 2, 3)}}},
		{"two words", Shape{[]Segment{Repeat(class, 1, 2), dash, Repeat(class, 0, 2)}}},
		{"a word of one length, and another", Shape{[]Segment{Repeat(class, 2, 2), Repeat(class, 0, 2)}}},
		{"three words", Shape{[]Segment{Repeat(class, 0, 1), dash, Repeat(class, 1, 1), dash, Repeat(class, 0, 2)}}},
		{"a word between texts", Shape{[]Segment{Fixed("a-"), Repeat(class, 0, 3), Fixed("-")}}},
		{"a text", Shape{[]Segment{Fixed("ab")}}},
	}
}

// values lists the texts that the segments can have.
func (s smallShape) values() [][]string {
	list := [][]string{nil}
	for _, g := range s.Segments {
		texts := []string{g.Text}
		if g.Class != nil {
			texts = slices.DeleteFunc(policytest.TextsOver(g.Class.Sample, g.Max), func(text string) bool { return len(text) < g.Min })
		}
		var next [][]string
		for _, before := range list {
			for _, text := range texts {
				next = append(next, append(slices.Clone(before), text))
			}
		}
		list = next
	}
	return list
}

// A plainConstraint is a constraint as its patterns are written.
type plainConstraint struct {
	first, last, skip int
	negated           bool
	patterns          []string
	mode              TextMode
}

func (c plainConstraint) String() string {
	return fmt.Sprintf("segments %d to %d without %d, negated %v, %q, %+v", c.first, c.last, c.skip, c.negated, c.patterns, c.mode)
}

func (c plainConstraint) constraint() Constraint {
	n := Constraint{First: c.first, Last: c.last, Skip: c.skip, Negated: c.negated}
	for _, p := range c.patterns {
		n.Patterns = append(n.Patterns, patternOf(p, c.mode))
	}
	return n
}

// holds says whether texts meet the constraint, by matchesPlainly.
func (c plainConstraint) holds(texts []string) bool {
	text := ""
	for i := c.first; i <= c.last; i++ {
		if i != c.skip {
			text += texts[i]
		}
	}
	return slices.ContainsFunc(c.patterns, func(p string) bool { return matchesPlainly(p, text, c.mode, 0) }) != c.negated
}

// randomConstraint is one with a few patterns of up to five characters, now and
// then with so many of them that Solve looks at them in another way.
func randomConstraint(r *rand.Rand, segments int, letters string, mode TextMode) plainConstraint {
	c := plainConstraint{first: r.IntN(segments), skip: -1, negated: r.IntN(3) == 0, mode: mode}
	if c.last = c.first + r.IntN(segments-c.first); r.IntN(2) == 0 {
		c.first, c.last = 0, segments-1
	}
	if c.last-c.first >= 2 && r.IntN(3) == 0 {
		c.skip = c.first + 1
	}
	n := 1 + r.IntN(3)
	if r.IntN(4) == 0 {
		n = FewTexts + r.IntN(2*FewTexts)
	}
	for range n {
		var p strings.Builder
		for range r.IntN(6) {
			p.WriteByte(letters[r.IntN(len(letters))])
		}
		c.patterns = append(c.patterns, p.String())
	}
	return c
}

// TestLawOfSolve: Solve finds texts exactly when a look at all of them finds some,
// and what it finds meets all constraints.
func TestLawOfSolve(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	found, none := 0, 0
	for _, row := range []struct {
		name, class, letters string
		mode                 TextMode
	}{
		{"wildcards", "ab", "aabb-*?", TextMode{Wild: true}},
		{"any letter case", "aB", "aAbB-*?", TextMode{Wild: true, Fold: true}},
		{"no wildcards", "ab", "aab-", TextMode{}},
		{"ARNs", "a:", "aa:-**?", TextMode{Wild: true, ARN: true}},
	} {
		for _, shape := range smallShapes(NewClass(row.class)) {
			values := shape.values()
			for range 400 {
				var plain []plainConstraint
				var list []Constraint
				for range 1 + r.IntN(4) {
					c := randomConstraint(r, len(shape.Segments), row.letters, row.mode)
					plain, list = append(plain, c), append(list, c.constraint())
				}
				holds := func(texts []string) bool {
					return !slices.ContainsFunc(plain, func(c plainConstraint) bool { return !c.holds(texts) })
				}
				can := slices.ContainsFunc(values, holds)
				texts, ok := shape.Solve(list, NewBudget(manySteps, nil))
				switch {
				case ok != can:
					t.Fatalf("%s, %s: Solve finds %q, %v, want one: %v, of %v", row.name, shape.name, texts, ok, can, plain)
				case ok && !holds(texts):
					t.Fatalf("%s, %s: Solve finds %q, which does not meet %v", row.name, shape.name, texts, plain)
				case ok && !slices.ContainsFunc(values, func(v []string) bool { return slices.Equal(v, texts) }):
					t.Fatalf("%s, %s: Solve finds %q, which is no value", row.name, shape.name, texts)
				case ok:
					found++
				default:
					none++
				}
			}
		}
	}
	if found < 1000 || none < 1000 {
		t.Errorf("%d times there were texts and %d times there were none, want many of both", found, none)
	}
}

// TestLawOfSplit: a text is cut into segments exactly when it is a value of the
// shape, and the cuts are that value's.
func TestLawOfSplit(t *testing.T) {
	for _, shape := range smallShapes(NewClass("ab")) {
		wholes := map[string][]string{}
		for _, v := range shape.values() {
			wholes[strings.Join(v, "")] = v
		}
		for _, text := range policytest.TextsOver("ab-", 6) {
			texts, ok := shape.Split(text)
			want, is := wholes[text]
			if ok != is || ok && !slices.Equal(texts, want) {
				t.Errorf("%s: Split(%q) = %q, %v, want %q, %v", shape.name, text, texts, ok, want, is)
			}
		}
	}
}
