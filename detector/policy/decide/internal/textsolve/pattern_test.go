package textsolve

import (
	"strings"
	"testing"
)

// manySteps are more than any of these tests takes.
const manySteps = 1 << 22

// patternOf reads a value without variables.
func patternOf(value string, mode TextMode) Pattern {
	return ReadPattern(value, []Term{{Text: value}}, mode)
}

func TestPatternsFold(t *testing.T) {
	b := NewBudget(manySteps, nil)
	texts := []string{"", "s", "S", "\u017f", "k", "\u212a", "\u00b5", "\u039c", "\u00c9", "\u00e9", "w", "[", "{"}
	long := strings.Repeat("x", longText)
	for _, a := range texts {
		for _, text := range texts {
			want := strings.EqualFold(a, text)
			if p := patternOf(a, TextMode{Fold: true}); p.Matches(text, b) != want {
				t.Errorf("%q matches %q: %v, want %v", a, text, !want, want)
			}
			open := Pattern{Fold: true}
			colons := 0
			open.Tokens = append(open.Read([]Token{{Kind: Star}}, Term{Text: long + a + ";"}, &colons, false), Token{Kind: Star}, Token{Char: 'y', fold: true})
			if open.Matches("zz"+strings.ToUpper(long)+text+";zzy", b) != want {
				t.Errorf("%q before something open matches %q: %v, want %v", a, text, !want, want)
			}
		}
	}
}

func TestPatternHead(t *testing.T) {
	for _, row := range []struct {
		text string
		mode TextMode
		want string
	}{
		{"abc", TextMode{}, "abc"},
		{"a*c", TextMode{}, "a*c"},
		{"aéc", TextMode{}, "a"},
		{"abc", TextMode{Fold: true}, ""},
		{"ab*c", TextMode{Wild: true}, "ab"},
		{"a?c", TextMode{Wild: true}, "a"},
		{"aé*", TextMode{Wild: true}, "a"},
		{"*a", TextMode{Wild: true}, ""},
	} {
		if p := patternOf(row.text, row.mode); p.head() != row.want {
			t.Errorf("%q: every match begins with %q, want %q", row.text, p.head(), row.want)
		}
	}
	open := Pattern{Tokens: []Token{{Char: 'a'}, {Char: 'b', fold: true}}}
	if got := open.head(); got != "a" {
		t.Errorf("a letter of any case is in the head %q", got)
	}
}

func TestReadPattern(t *testing.T) {
	like, arn := TextMode{Wild: true}, TextMode{Wild: true, ARN: true}
	text := func(s string) []Term { return []Term{{Text: s}} }
	for _, row := range []struct {
		text         string
		mode         TextMode
		parts        []Term
		exact, short bool
		plain        string
	}{
		{"", like, nil, true, false, ""},
		{"a*", TextMode{}, text("a*"), true, false, "a*"},
		{"a", like, text("a"), true, false, "a"},
		{"a*", like, text("a*"), false, false, ""},
		{"${*}", like, []Term{{Text: "*", Literal: true}}, true, false, "*"},
		{"${*}", like, text("${*}"), false, false, ""},
		{"${aws:x}", TextMode{}, text("${aws:x}"), true, false, "${aws:x}"},
		{"a:b:c:d:e", TextMode{}, text("a:b:c:d:e"), true, false, "a:b:c:d:e"},
		{"a:b:c:d:e", arn, text("a:b:c:d:e"), true, true, "a:b:c:d:e"},
		{"a:b:c:d:*", arn, text("a:b:c:d:*"), false, true, ""},
		{"a:b:c:d:e:f", arn, text("a:b:c:d:e:f"), true, false, "a:b:c:d:e:f"},
		{"a:b:c:d:e:${?}", arn, []Term{{Text: "a:b:c:d:e:"}, {Text: "?", Literal: true}}, true, false, "a:b:c:d:e:?"},
		{"a:b:c:d:e:*", arn, text("a:b:c:d:e:*"), false, false, ""},
	} {
		p := ReadPattern(row.text, row.parts, row.mode)
		if p.Exact != row.exact || p.Short != row.short || p.Plain != row.plain || p.Terms != nil || (p.Tokens == nil) != p.Exact {
			t.Errorf("%q under %+v: exact %v, short %v, plain %q, %d parts, %d tokens; want %v, %v, %q", row.text, row.mode, p.Exact, p.Short, p.Plain, len(p.Terms), len(p.Tokens), row.exact, row.short, row.plain)
		}
	}
}

// A character that a value spells out, as by ${*}, is no wildcard.
func TestReadLiteral(t *testing.T) {
	for _, row := range []struct {
		name string
		part Term
		want int // wildcards
	}{
		{"a wildcard", Term{Text: "a*?"}, 2},
		{"a text", Term{Text: "a*?", Literal: true}, 0},
	} {
		p, colons, wild := Pattern{Wild: true}, 0, 0
		for _, token := range p.Read(nil, row.part, &colons, false) {
			if token.Kind != tokLit {
				wild++
			}
		}
		if wild != row.want {
			t.Errorf("%s: %d wildcards, want %d", row.name, wild, row.want)
		}
	}
}

// A variable with a default can be more than the caller's account.
func TestOverApproximate(t *testing.T) {
	account := Term{Variable: "aws:PrincipalAccount", Account: true}
	other := account
	other.Default, other.HasDefault = "none", true
	b := NewBudget(manySteps, nil)
	for _, row := range []struct {
		name string
		part Term
		text string
		want bool
	}{
		{"an account", account, "a-111122223333", true},
		{"no account", account, "a-none", false},
		{"an account, or a default", other, "a-111122223333", true},
		{"a default", other, "a-none", true},
	} {
		p := Pattern{Terms: []Term{{Text: "a-"}, row.part}}
		if over := p.OverApproximate(); over.Matches(row.text, b) != row.want {
			t.Errorf("%s: %q matches: %v, want %v", row.name, row.text, !row.want, row.want)
		}
	}
}
