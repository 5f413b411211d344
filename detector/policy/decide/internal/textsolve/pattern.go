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
	tokLit  tokenKind = iota // the character r
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
	Text   string // the value as written
	Plain  string // the text to equal when exact; "" otherwise
	Exact  bool   // no wildcards: equality with plain
	Fold   bool   // equality ignores letter case
	Wild   bool   // * and ? are wildcards
	ARN    bool   // ARN comparison: wildcards stay within the first five fields
	Short  bool   // ARN comparison with fewer than six fields; AWS is silent on it
	Terms  []Term // the value with variables; nil when it has none
	Tokens []Token
}

// A Term is a stretch of a value: text, or a variable.
type Term struct {
	Text       string
	Literal    bool   // text came from ${*}, ${?} or ${$}: no wildcard
	Variable   string // the variable's key; "" for text
	Default    string // the default
	HasDefault bool
	Slot       int  // the variable's slot, set by compile
	Account    bool // the variable is the caller's account
	Wild       bool // the variable's value can hold * or ?
}

// A TextMode says how a pattern compares.
type TextMode struct {
	Fold bool // without regard to letter case
	Wild bool // * and ? are wildcards
	ARN  bool // field by field, as ARNs
}

// ReadPattern reads a value that has been taken apart at its variables. text
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

// Build fills Tokens, or Plain when no wildcard is left, from terms that are all text.
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

// Read appends the tokens of a term that is text. colons counts the colons so
// far: within the first five fields of an ARN no wildcard runs over one, unless
// crossing says that it may.
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

// head returns the ASCII characters that each match begins with.
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

// asciiPrefix returns how many bytes of s come before the first that is not ASCII.
func asciiPrefix(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}

// shortest returns how many characters the shortest match has.
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

// matchTokens takes the tokens apart at their stars: what comes before the
// first one begins the text, what comes after the last one ends it, and what is
// between two is looked for from left to right. The leftmost place is as good
// as any: what an earlier star could take, a later one can take too, and a star
// that must not cross a colon ends where its field of the ARN ends.
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

// nextStar returns the place of the first star from i on, the length when there is none.
func nextStar(toks []Token, i int) int {
	for i < len(toks) && toks[i].Kind != Star {
		i++
	}
	return i
}

// matchHere matches tokens without a star at the beginning of s and returns how
// many bytes they take.
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

// longText is from how many tokens on a text is looked for as a whole: that
// takes no more steps than the texts are long, whatever they repeat.
const longText = 16

// findTokens returns the first place in s where tokens without a star match,
// and how many bytes they take there; -1 when there is none.
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

// plainText returns the text that tokens ask for; ok is false when it is not
// one single text.
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

// OnlyText reports whether no term is a variable; true for none.
func OnlyText(terms []Term) bool {
	for _, p := range terms {
		if p.Variable != "" {
			return false
		}
	}
	return true
}

// OverApproximate returns a pattern without variables that matches all that p can match.
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
			crossing = true // the variable's value may hold colons, too
			continue
		}
		toks = p.Read(toks, s, &colons, crossing)
	}
	return Pattern{Text: p.Text, Tokens: toks}
}
