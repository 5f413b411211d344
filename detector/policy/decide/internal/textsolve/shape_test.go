package textsolve

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func decimals() *Class { return NewClass("0123456789") }

// nameCharacters is the class of what names of roles and users have.
func nameCharacters() *Class {
	return NewClass("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-")
}

// like is the constraint that a place matches one of some patterns of StringLike.
func like(first, last, skip int, values ...string) Constraint {
	n := Constraint{First: first, Last: last, Skip: skip}
	for _, v := range values {
		n.Patterns = append(n.Patterns, patternOf(v, TextMode{Wild: true}))
	}
	return n
}

func unlike(first, last, skip int, values ...string) Constraint {
	n := like(first, last, skip, values...)
	n.Negated = true
	return n
}

// numbered lists n texts that begin with a prefix.
func numbered(prefix string, n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint(prefix, i))
	}
	return list
}

// TestShapeSolve: what comes out meets all constraints, and nothing comes out only
// where nothing can.
func TestShapeSolve(t *testing.T) {
	word, account := Repeat(nameCharacters(), 1, 64), Repeat(decimals(), 12, 12)
	role := []Segment{Fixed("arn:"), account, Fixed(":role/"), word}
	ones := strings.Repeat("1", 12)
	for _, c := range []struct {
		name        string
		segs        []Segment
		constraints []Constraint
		want        string // "" for none; "*" for any that meets the constraints
	}{
		{"one text", []Segment{word}, []Constraint{like(0, 0, -1, "red")}, "red"},
		{"two texts on one place", []Segment{word}, []Constraint{like(0, 0, -1, "red", "blue"), like(0, 0, -1, "blue", "green")}, "blue"},
		{"no common text", []Segment{word}, []Constraint{like(0, 0, -1, "red"), like(0, 0, -1, "blue")}, ""},
		{"a text without its middle", []Segment{Fixed("a"), word, Fixed("c")}, []Constraint{like(0, 2, 1, "ac")}, "*"},
		{"another text without its middle", []Segment{Fixed("a"), word, Fixed("c")}, []Constraint{like(0, 2, 1, "ab")}, ""},
		{"with and without the middle", []Segment{Fixed("a"), word, Fixed("c")}, []Constraint{like(0, 2, -1, "abc"), like(0, 2, 1, "ac")}, "abc"},
		{"with and without the middle, which contradict", []Segment{Fixed("a"), word, Fixed("c")}, []Constraint{like(0, 2, -1, "abc"), like(0, 2, 1, "abc")}, ""},
		{"a middle that is not in the text", []Segment{Fixed("a"), word, Fixed("c")}, []Constraint{like(0, 2, 1, "ac"), like(1, 1, -1, "b?d")}, "*"},
		{"no text", []Segment{Fixed("ab")}, []Constraint{like(0, 0, -1, "a")}, ""},
		{"a character that is the zero value", []Segment{Fixed("a\x00")}, []Constraint{like(0, 0, -1, "?")}, ""},
		{"a character that is the zero value, after one of two patterns", []Segment{Fixed("a\x00"), word}, []Constraint{like(0, 1, -1, "?", "*b")}, "*"},
		{"many names that do not begin like the value", role, []Constraint{like(0, 3, -1, append(numbered("urn:", 9), "arn:"+ones+":role/r*")...)}, "*"},
		{"many accounts, one of which may be", role, []Constraint{like(1, 1, -1, ones), like(0, 3, -1, append(numbered("arn:22222222222", 9), "arn:"+ones+":role/r*")...)}, "*"},
		{"many accounts, none of which may be", role, []Constraint{like(1, 1, -1, ones), like(0, 3, -1, numbered("arn:22222222222", 10)...)}, ""},
		{"names of any length, after many names", []Segment{word, Fixed(":"), word}, []Constraint{like(0, 2, -1, append(numbered("no", 9), "long:r*")...)}, "*"},
		{"heads that end within the account", role, []Constraint{like(0, 3, -1, append(numbered("x", 9), "arn:111*")...)}, "*"},
		{"heads that end within the fixed text", role, []Constraint{like(0, 3, -1, append(numbered("x", 9), "ar*")...)}, "*"},
		{"many to avoid", []Segment{word}, []Constraint{like(0, 0, -1, "x*"), unlike(0, 0, -1, numbered("x", 40)...), unlike(0, 0, -1, "x")}, "*"},
		{"all to avoid", []Segment{Repeat(decimals(), 1, 1)}, []Constraint{unlike(0, 0, -1, numbered("", 10)...)}, ""},
		{"a long pattern about a part", []Segment{Fixed("a"), word}, []Constraint{like(1, 1, -1, strings.Repeat("b", 45)+"*")}, "*"},
		{"a long pattern that leaves a part out", []Segment{word, Fixed("-"), word}, []Constraint{like(0, 2, 1, strings.Repeat("b", 45)+"*")}, "*"},
	} {
		b := NewBudget(manySteps, nil)
		texts, ok := Shape{c.segs}.Solve(slices.Clone(c.constraints), b)
		got := strings.Join(texts, "")
		switch {
		case ok != (c.want != ""):
			t.Errorf("%s: %q, %t", c.name, got, ok)
		case !ok:
		case c.want != "*" && got != c.want:
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		case !AllHold(c.constraints, texts, b):
			t.Errorf("%s: %q does not meet the constraints", c.name, texts)
		}
		if _, cuts := (Shape{c.segs}).Split(got); ok && !cuts {
			t.Errorf("%s: %q is no value of the shape", c.name, got)
		}
	}
}

// TestShapeBegins: a pattern is dropped only where no value begins as it does.
func TestShapeBegins(t *testing.T) {
	arn := Shape{[]Segment{Fixed("arn:"), Repeat(decimals(), 3, 3), Fixed(":"), Repeat(nameCharacters(), 1, 8), Fixed("/end")}}
	account, account2 := like(1, 1, -1, "111", "222"), like(1, 3, -1, "111:b*")
	for _, c := range []struct {
		name        string
		pattern     string
		constraints []Constraint
		want        bool
	}{
		{"nothing", "*", nil, true},
		{"within the first text", "ar*", nil, true},
		{"another first text", "urn:*", nil, false},
		{"another first letter", "u*", nil, false},
		{"the first text", "arn:*", nil, true},
		{"within the account", "arn:33*", []Constraint{account}, true},
		{"an account that may be", "arn:222*", []Constraint{account}, true},
		{"an account that may not be", "arn:333*", []Constraint{account}, false},
		{"a constraint that begins with the account", "arn:333*", []Constraint{account2}, true},
		{"a constraint that ends with the account", "arn:333*", []Constraint{like(0, 1, -1, "arn:1*")}, true},
		{"a constraint on another part", "arn:333*", []Constraint{like(3, 3, -1, "b")}, true},
		{"after the account another text", "arn:111-*", []Constraint{account}, false},
		{"a name, whose length is not known", "arn:111:abc*", []Constraint{account}, true},
		{"what comes after the name", "arn:111:a/other*", []Constraint{account}, true},
	} {
		p := patternOf(c.pattern, TextMode{Wild: true})
		if got := arn.begins(&p, c.constraints, NewBudget(manySteps, nil)); got != c.want {
			t.Errorf("%s: begins(%q) = %t", c.name, c.pattern, got)
		}
	}
}
