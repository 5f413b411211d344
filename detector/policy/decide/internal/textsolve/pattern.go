package textsolve

import (
	"strings"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/internal/fold"
)

// A Token is one step of a pattern.
type Token struct {
	Char    rune // the character of a literal token
	Kind    tokenKind
	fold    bool // the literal matches in any letter case
	NoColon bool // the wildcard does not match ':', as in the first five fields of an ARN
}

type tokenKind uint8

const (
	tokLit  tokenKind = iota // the character Char
	AnyChar                  // '?', exactly one character
	Star                     // '*', any number of characters
)

// matches reports whether the token can consume r.
func (t Token) matches(r rune) bool {
	if t.Kind != tokLit {
		return !t.NoColon || r != ':'
	}
	return t.Char == r || t.fold && fold.Rune(t.Char) == fold.Rune(r)
}

// A Pattern is one value of a string or ARN condition. Without variables it is
// either an exact text or a list of tokens.
type Pattern struct {
	Text   string  // the value as written
	Plain  string  // the text to equal if Exact; "" otherwise
	Exact  bool    // no wildcards: matches Plain only
	Fold   bool    // the comparison ignores letter case
	Wild   bool    // * and ? are wildcards
	ARN    bool    // ARN comparison: a wildcard in the first five fields does not match ':'
	Short  bool    // ARN comparison with fewer than six fields, which AWS does not document
	Terms  []Term  // the value, if it has variables; nil otherwise
	Tokens []Token // the value, if it has wildcards and no variables
}

// A Term is a part of a value: text, or a variable.
type Term struct {
	Text       string
	Literal    bool   // the text came from ${*}, ${?} or ${$} and has no wildcards
	Variable   string // the variable's key; "" for text
	Default    string
	HasDefault bool
	Slot       int  // the slot of the variable's key, set by package compile
	Account    bool // the variable is the caller's account
	Wild       bool // the variable's value can hold * or ?
}

// A TextMode says how a pattern compares.
type TextMode struct {
	Fold bool // in any letter case
	Wild bool // * and ? are wildcards
	ARN  bool // field by field, as ARNs
}

// ReadPattern returns the pattern of a value that has been split into terms. text
// is the value as written.
func ReadPattern(text string, terms []Term, mode TextMode) Pattern {
	p := Pattern{Text: text, Fold: mode.Fold, Wild: mode.Wild, ARN: mode.ARN}
	if OnlyText(terms) {
		p.Build(terms)
	} else {
		p.Terms = terms
	}
	return p
}

// Build sets Plain, or Tokens if there are wildcards, from terms that are all
// text.
func (p *Pattern) Build(terms []Term) {
	p.Exact = true
	for _, s := range terms {
		if p.Wild && !s.Literal && strings.ContainsAny(s.Text, "*?") {
			p.Exact = false
		}
	}
	if p.Exact {
		var b strings.Builder
		for _, s := range terms {
			b.WriteString(s.Text)
		}
		p.Plain = b.String()
		p.Short = p.ARN && strings.Count(p.Plain, ":") < 5
		return
	}
	colons := 0
	for _, s := range terms {
		p.Tokens = p.Read(p.Tokens, s, &colons, false)
	}
	p.Short = p.ARN && colons < 5
}

// Read appends to toks the tokens of s, a term that is text, and returns the
// result. It adds to *colons the colons that it reads: a wildcard in the first
// five fields of an ARN does not match a colon, unless crossing is true.
func (p *Pattern) Read(toks []Token, s Term, colons *int, crossing bool) []Token {
	for _, r := range s.Text {
		t := Token{Char: r, fold: p.Fold}
		if p.Wild && !s.Literal && (r == '*' || r == '?') {
			t = Token{Kind: AnyChar, NoColon: p.ARN && *colons < 5 && !crossing}
			if r == '*' {
				t.Kind = Star
			}
		}
		if r == ':' {
			*colons++
		}
		toks = append(toks, t)
	}
	return toks
}

// head returns the ASCII text with which every match begins.
func (p *Pattern) head() string {
	if p.Exact && !p.Fold {
		return p.Plain[:asciiPrefix(p.Plain)]
	}
	n := 0
	for n < len(p.Tokens) && p.Tokens[n].Kind == tokLit && !p.Tokens[n].fold && p.Tokens[n].Char < utf8.RuneSelf {
		n++
	}
	var b strings.Builder
	b.Grow(n)
	for _, t := range p.Tokens[:n] {
		b.WriteByte(byte(t.Char))
	}
	return b.String()
}

// asciiPrefix returns the number of ASCII bytes at the start of s.
func asciiPrefix(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}

// shortest returns the number of characters of the shortest match.
func (p *Pattern) shortest() int {
	n := utf8.RuneCountInString(p.Plain)
	for i := range p.Tokens {
		if p.Tokens[i].Kind != Star {
			n++
		}
	}
	return n
}

// Matches reports whether the pattern, which has no variables, matches s.
func (p *Pattern) Matches(s string, b *Budget) bool {
	if p.Exact {
		b.Spend(1)
		if p.Fold {
			b.Spend(len(s) / 4)
			return strings.EqualFold(p.Plain, s)
		}
		return p.Plain == s
	}
	return matchTokens(p.Tokens, s, b)
}

// matchTokens reports whether toks match all of s. It splits the tokens at their
// stars: those before the first star must begin the text, those after the last
// star must end it, and each piece between two stars is searched for from left to
// right. The leftmost match is as good as any: what an earlier star could match a
// later one can match too, and a star that must not match a colon ends where its
// field of the ARN ends.
func matchTokens(toks []Token, s string, b *Budget) bool {
	b.Spend(1 + len(toks)/8)
	star := nextStar(toks, 0)
	n, ok := matchHere(toks[:star], s, b)
	if star == len(toks) {
		return ok && n == len(s)
	}
	last := len(toks) - 1
	for toks[last].Kind != Star {
		last--
	}
	tail := toks[last+1:]
	end := len(s)
	for range tail {
		_, size := utf8.DecodeLastRuneInString(s[:end])
		end -= size
	}
	if !ok || end < n {
		return false
	}
	if _, ok = matchHere(tail, s[end:], b); !ok {
		return false
	}
	for s = s[n:end]; star < last; {
		next := nextStar(toks, star+1)
		at, n := findTokens(toks[star+1:next], s, b)
		if at < 0 || toks[star].NoColon && strings.IndexByte(s[:at], ':') >= 0 {
			return false
		}
		s, star = s[at+n:], next
	}
	return !toks[last].NoColon || strings.IndexByte(s, ':') < 0
}

// nextStar returns the index of the first star from i on, or len(toks) if there
// is none.
func nextStar(toks []Token, i int) int {
	for i < len(toks) && toks[i].Kind != Star {
		i++
	}
	return i
}

// matchHere matches tokens without a star at the beginning of s and returns the
// number of bytes that they consume.
func matchHere(toks []Token, s string, b *Budget) (n int, ok bool) {
	for i := range toks {
		if n == len(s) {
			b.Spend(i / 4)
			return 0, false
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if !toks[i].matches(r) {
			b.Spend(i / 4)
			return 0, false
		}
		n += size
	}
	b.Spend(len(toks) / 4)
	return n, true
}

// longText is the number of tokens from which on findTokens searches for a plain
// text as a whole, which takes linear time however repetitive the texts are.
const longText = 16

// findTokens returns the first offset in s at which tokens without a star match,
// -1 if there is none, and the number of bytes that they consume there.
func findTokens(toks []Token, s string, b *Budget) (at, n int) {
	if len(toks) >= longText {
		if text, ok := plainText(toks); ok {
			b.Spend(len(toks) + len(s)/4)
			return strings.Index(s, text), len(text)
		}
	}
	for at = 0; len(s)-at >= len(toks) && !b.Out(); {
		if n, ok := matchHere(toks, s[at:], b); ok {
			return at, n
		}
		b.Spend(1)
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return -1, 0
}

// plainText returns the only text that the tokens match; ok is false if there are
// several.
func plainText(toks []Token) (text string, ok bool) {
	var t strings.Builder
	for i := range toks {
		if toks[i].Kind != tokLit || toks[i].fold {
			return "", false
		}
		t.WriteRune(toks[i].Char)
	}
	return t.String(), true
}

// OnlyText reports whether all terms are text; true for no terms.
func OnlyText(terms []Term) bool {
	for _, p := range terms {
		if p.Variable != "" {
			return false
		}
	}
	return true
}

// OverApproximate returns a pattern without variables that matches every text
// that p matches for some values of its variables, and perhaps others.
func (p *Pattern) OverApproximate() Pattern {
	toks := make([]Token, 0, len(p.Text))
	colons, crossing := 0, false
	for _, s := range p.Terms {
		if s.Account && !s.HasDefault {
			for range 12 {
				toks = append(toks, Token{Kind: AnyChar, NoColon: true})
			}
			continue
		}
		if s.Variable != "" {
			toks = append(toks, Token{Kind: Star})
			crossing = true // the variable's value may contain colons
			continue
		}
		toks = p.Read(toks, s, &colons, crossing)
	}
	return Pattern{Text: p.Text, Tokens: toks}
}
