package policy

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// textsOver returns all texts of up to n of the characters.
func textsOver(chars string, n int) []string {
	all := []string{""}
	for at := 0; n > 0; n-- {
		end := len(all)
		for ; at < end; at++ {
			for _, c := range chars {
				all = append(all, all[at]+string(c))
			}
		}
	}
	return all
}

// The search and the evaluator match all short patterns alike.
func TestPatternsMatchAlike(t *testing.T) {
	b := newBudget(nil)
	check := func(base Base, pattern, text string, want bool) {
		if p := newPattern(pattern, base, nil); p.matches(text, b) != want {
			t.Errorf("operator %v: %q matches %q: %v, want %v", base, pattern, text, !want, want)
		}
	}
	texts := textsOver("aé", 4)
	for _, pattern := range textsOver("aé*?", 4) {
		for _, text := range texts {
			check(StringEquals, pattern, text, pattern == text)
			check(StringLike, pattern, text, evalGlob(evalPlain(pattern), text))
		}
	}
	texts = textsOver("a:", 5)
	for _, pattern := range textsOver("a:*?", 4) {
		if !strings.Contains(pattern, ":") {
			continue // with fewer than six parts it is short
		}
		for _, text := range texts {
			check(ArnLike, "1:2:3:"+pattern+":6", "1:2:3:"+text+":6", evalGlobARN(evalPlain("1:2:3:"+pattern+":6"), "1:2:3:"+text+":6"))
		}
	}
}

func TestPatternsFold(t *testing.T) {
	b := newBudget(nil)
	texts := []string{"", "s", "S", "\u017f", "k", "\u212a", "\u00b5", "\u039c", "\u00c9", "\u00e9", "w", "[", "{"}
	long := strings.Repeat("x", longText)
	for _, a := range texts {
		for _, text := range texts {
			want := strings.EqualFold(a, text)
			if p := newPattern(a, StringEqualsIgnoreCase, nil); p.matches(text, b) != want {
				t.Errorf("%q matches %q: %v, want %v", a, text, !want, want)
			}
			open := pattern{fold: true}
			colons := 0
			open.toks = append(open.read([]token{{kind: tokStar}}, part{text: long + a + ";"}, &colons, false), token{kind: tokStar}, token{r: 'y', fold: true})
			if open.matches("zz"+strings.ToUpper(long)+text+";zzy", b) != want {
				t.Errorf("%q before something open matches %q: %v, want %v", a, text, !want, want)
			}
		}
	}
}

func TestPatternHead(t *testing.T) {
	for _, row := range []struct {
		text string
		base Base
		want string
	}{
		{"abc", StringEquals, "abc"},
		{"a*c", StringEquals, "a*c"},
		{"aéc", StringEquals, "a"},
		{"abc", StringEqualsIgnoreCase, ""},
		{"ab*c", StringLike, "ab"},
		{"a?c", StringLike, "a"},
		{"aé*", StringLike, "a"},
		{"*a", StringLike, ""},
	} {
		if p := newPattern(row.text, row.base, nil); p.head() != row.want {
			t.Errorf("%q: every match begins with %q, want %q", row.text, p.head(), row.want)
		}
	}
	open := pattern{toks: []token{{r: 'a'}, {r: 'b', fold: true}}}
	if got := open.head(); got != "a" {
		t.Errorf("a letter of any case is in the head %q", got)
	}
}

func TestNewPattern(t *testing.T) {
	for _, row := range []struct {
		text         string
		base         Base
		vars         bool
		exact, short bool
		plain        string
	}{
		{"", StringLike, true, true, false, ""},
		{"a*", StringEquals, true, true, false, "a*"},
		{"a", StringLike, false, true, false, "a"},
		{"a*", StringLike, false, false, false, ""},
		{"${*}", StringLike, true, true, false, "*"},
		{"${*}", StringLike, false, false, false, ""},
		{"${aws:x}", StringEquals, false, true, false, "${aws:x}"},
		{"a:b:c:d:e", StringEquals, false, true, false, "a:b:c:d:e"},
		{"a:b:c:d:e", ArnLike, false, true, true, "a:b:c:d:e"},
		{"a:b:c:d:*", ArnLike, false, false, true, ""},
		{"a:b:c:d:e:f", ArnLike, false, true, false, "a:b:c:d:e:f"},
		{"a:b:c:d:e:${?}", ArnLike, true, true, false, "a:b:c:d:e:?"},
		{"a:b:c:d:e:*", ArnLike, true, false, false, ""},
	} {
		var keys *condkey.Table
		if row.vars {
			keys = condkey.Default()
		}
		p := newPattern(row.text, row.base, keys)
		if p.exact != row.exact || p.short != row.short || p.plain != row.plain || p.parts != nil || (p.toks == nil) != p.exact {
			t.Errorf("%q under %v: exact %v, short %v, plain %q, %d parts, %d tokens; want %v, %v, %q", row.text, row.base, p.exact, p.short, p.plain, len(p.parts), len(p.toks), row.exact, row.short, row.plain)
		}
	}
}

func TestSplitVariables(t *testing.T) {
	for text, want := range map[string][]part{
		"":                {},
		"a":               {{text: "a"}},
		"${a:b}":          {{ref: "a:b"}},
		"x${a:b}y":        {{text: "x"}, {ref: "a:b"}, {text: "y"}},
		"${a:b}${c}":      {{ref: "a:b"}, {ref: "c"}},
		"${*}":            {{text: "*", literal: true}},
		"a${?}":           {{text: "a"}, {text: "?", literal: true}},
		"${$}{x}":         {{text: "$", literal: true}, {text: "{x}"}},
		"${a, 'b c'}":     {{ref: "a", defText: "b c", hasDef: true}},
		"${a,''}":         {{ref: "a", hasDef: true}},
		"x${a":            {{text: "x"}, {text: "${a"}},
		"${a}${b${c}":     {{ref: "a"}, {ref: "b${c"}},
		"$a}{":            {{text: "$a}{"}},
		"${ aws:userid }": {{ref: "aws:userid"}},
	} {
		if got := splitVariables(text); !reflect.DeepEqual(append([]part{}, got...), want) {
			t.Errorf("%q: %s, want %s", text, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
		}
	}
}
