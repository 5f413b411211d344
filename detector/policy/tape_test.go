package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// like is the need that a place matches one of some patterns of StringLike.
func like(first, last, skip int, values ...string) need {
	n := need{first: first, last: last, skip: skip}
	for _, v := range values {
		n.pats = append(n.pats, newPattern(v, StringLike, nil))
	}
	return n
}

func unlike(first, last, skip int, values ...string) need {
	n := like(first, last, skip, values...)
	n.negated = true
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

// TestTapeSolve: what comes out meets all needs, and nothing comes out only
// where nothing can.
func TestTapeSolve(t *testing.T) {
	word, digits := repeat(nameClass(), 1, 64), repeat(digitClass(), 12, 12)
	role := []segment{fixed("arn:"), digits, fixed(":role/"), word}
	ones := strings.Repeat("1", 12)
	for _, c := range []struct {
		name  string
		segs  []segment
		needs []need
		want  string // "" for none; "*" for any that meets the needs
	}{
		{"one text", []segment{word}, []need{like(0, 0, -1, "red")}, "red"},
		{"two texts on one place", []segment{word}, []need{like(0, 0, -1, "red", "blue"), like(0, 0, -1, "blue", "green")}, "blue"},
		{"no common text", []segment{word}, []need{like(0, 0, -1, "red"), like(0, 0, -1, "blue")}, ""},
		{"a text without its middle", []segment{fixed("a"), word, fixed("c")}, []need{like(0, 2, 1, "ac")}, "*"},
		{"another text without its middle", []segment{fixed("a"), word, fixed("c")}, []need{like(0, 2, 1, "ab")}, ""},
		{"with and without the middle", []segment{fixed("a"), word, fixed("c")}, []need{like(0, 2, -1, "abc"), like(0, 2, 1, "ac")}, "abc"},
		{"with and without the middle, which contradict", []segment{fixed("a"), word, fixed("c")}, []need{like(0, 2, -1, "abc"), like(0, 2, 1, "abc")}, ""},
		{"a middle that is not in the text", []segment{fixed("a"), word, fixed("c")}, []need{like(0, 2, 1, "ac"), like(1, 1, -1, "b?d")}, "*"},
		{"no text", []segment{fixed("ab")}, []need{like(0, 0, -1, "a")}, ""},
		{"a character that is the zero value", []segment{fixed("a\x00")}, []need{like(0, 0, -1, "?")}, ""},
		{"a character that is the zero value, after one of two patterns", []segment{fixed("a\x00"), word}, []need{like(0, 1, -1, "?", "*b")}, "*"},
		{"many names that do not begin like the value", role, []need{like(0, 3, -1, append(numbered("urn:", 9), "arn:"+ones+":role/r*")...)}, "*"},
		{"many accounts, one of which may be", role, []need{like(1, 1, -1, ones), like(0, 3, -1, append(numbered("arn:22222222222", 9), "arn:"+ones+":role/r*")...)}, "*"},
		{"many accounts, none of which may be", role, []need{like(1, 1, -1, ones), like(0, 3, -1, numbered("arn:22222222222", 10)...)}, ""},
		{"names of any length, after many names", []segment{word, fixed(":"), word}, []need{like(0, 2, -1, append(numbered("no", 9), "long:r*")...)}, "*"},
		{"heads that end within the account", role, []need{like(0, 3, -1, append(numbered("x", 9), "arn:111*")...)}, "*"},
		{"heads that end within the fixed text", role, []need{like(0, 3, -1, append(numbered("x", 9), "ar*")...)}, "*"},
		{"many to avoid", []segment{word}, []need{like(0, 0, -1, "x*"), unlike(0, 0, -1, numbered("x", 40)...), unlike(0, 0, -1, "x")}, "*"},
		{"all to avoid", []segment{repeat(digitClass(), 1, 1)}, []need{unlike(0, 0, -1, numbered("", 10)...)}, ""},
		{"a long pattern about a part", []segment{fixed("a"), word}, []need{like(1, 1, -1, strings.Repeat("b", 45)+"*")}, "*"},
		{"a long pattern that leaves a part out", []segment{word, fixed("-"), word}, []need{like(0, 2, 1, strings.Repeat("b", 45)+"*")}, "*"},
	} {
		b := newBudget(nil)
		texts, ok := tape{c.segs}.solve(slices.Clone(c.needs), b)
		got := strings.Join(texts, "")
		switch {
		case ok != (c.want != ""):
			t.Errorf("%s: %q, %t", c.name, got, ok)
		case !ok:
		case c.want != "*" && got != c.want:
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		case !allHold(c.needs, texts, b):
			t.Errorf("%s: %q does not meet the needs", c.name, texts)
		}
		if _, cuts := (tape{c.segs}).split(got); ok && !cuts {
			t.Errorf("%s: %q is no value of the tape", c.name, got)
		}
	}
}

// TestTapeBegins: a pattern is dropped only where no value begins as it does.
func TestTapeBegins(t *testing.T) {
	arn := tape{[]segment{fixed("arn:"), repeat(digitClass(), 3, 3), fixed(":"), repeat(nameClass(), 1, 8), fixed("/end")}}
	account, account2 := like(1, 1, -1, "111", "222"), like(1, 3, -1, "111:b*")
	for _, c := range []struct {
		name    string
		pattern string
		needs   []need
		want    bool
	}{
		{"nothing", "*", nil, true},
		{"within the first text", "ar*", nil, true},
		{"another first text", "urn:*", nil, false},
		{"another first letter", "u*", nil, false},
		{"the first text", "arn:*", nil, true},
		{"within the account", "arn:33*", []need{account}, true},
		{"an account that may be", "arn:222*", []need{account}, true},
		{"an account that may not be", "arn:333*", []need{account}, false},
		{"a need that begins with the account", "arn:333*", []need{account2}, true},
		{"a need that ends with the account", "arn:333*", []need{like(0, 1, -1, "arn:1*")}, true},
		{"a need on another part", "arn:333*", []need{like(3, 3, -1, "b")}, true},
		{"after the account another text", "arn:111-*", []need{account}, false},
		{"a name, whose length is not known", "arn:111:abc*", []need{account}, true},
		{"what comes after the name", "arn:111:a/other*", []need{account}, true},
	} {
		p := newPattern(c.pattern, StringLike, nil)
		if got := arn.begins(&p, c.needs, newBudget(nil)); got != c.want {
			t.Errorf("%s: begins(%q) = %t", c.name, c.pattern, got)
		}
	}
}
