package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// A token is one step of a pattern.
type token struct {
	r       rune // the character of a literal token
	kind    tokenKind
	fold    bool // the literal matches in any letter case
	noColon bool // the wildcard does not match ':', as in the first five parts of an ARN
}

type tokenKind uint8

const (
	tokLit  tokenKind = iota // the character r
	tokAny                   // '?', exactly one character
	tokStar                  // '*', any number of characters
)

// matches reports whether the token can consume r.
func (t token) matches(r rune) bool {
	if t.kind != tokLit {
		return !t.noColon || r != ':'
	}
	return t.r == r || t.fold && foldRune(t.r) == foldRune(r)
}

// foldRune returns the least of the characters that strings.EqualFold takes for r.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(foldByte(byte(r)))
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// A pattern is one value of a string or ARN condition. Without variables it is
// either an exact text or a list of tokens.
type pattern struct {
	text  string // the value as written
	plain string // the text to equal when exact; "" otherwise
	exact bool   // no wildcards: equality with plain
	fold  bool   // equality ignores letter case
	wild  bool   // * and ? are wildcards
	arn   bool   // ARN comparison: wildcards stay within the first five parts
	short bool   // ARN comparison with fewer than six parts; AWS is silent on it
	parts []part // the value with variables; nil when it has none
	toks  []token
}

// A part is a stretch of a value: text, or a variable.
type part struct {
	text    string
	literal bool   // text came from ${*}, ${?} or ${$}: no wildcard
	ref     string // the variable's key; "" for text
	defText string // the default
	hasDef  bool
	slot    int  // the variable's slot, set by compile
	account bool // the variable is the caller's account
	wild    bool // the variable's value can hold * or ?
}

// newPattern reads a value under a string or ARN operator. vars holds the keys
// that ${...} can name, nil where it is plain text.
func newPattern(value string, base Base, vars *condkey.Table) pattern {
	p := pattern{text: value, fold: base == StringEqualsIgnoreCase, arn: base == ArnLike}
	p.wild = base == StringLike || base == ArnLike
	parts := []part{{text: value}}
	if vars != nil {
		parts = splitVariables(value)
	}
	if onlyText(parts) {
		p.build(parts)
		return p
	}
	for i := range parts {
		if v := &parts[i]; v.ref != "" {
			key, _ := vars.Lookup(v.ref)
			v.account, v.wild = key.Tie == condkey.TieAccount, key.Depends.Wild
		}
	}
	p.parts = parts
	return p
}

// build fills toks, or plain when no wildcard is left, from parts that are all text.
func (p *pattern) build(parts []part) {
	p.exact = true
	for _, s := range parts {
		if p.wild && !s.literal && strings.ContainsAny(s.text, "*?") {
			p.exact = false
		}
	}
	if p.exact {
		var b strings.Builder
		for _, s := range parts {
			b.WriteString(s.text)
		}
		p.plain = b.String()
		p.short = p.arn && strings.Count(p.plain, ":") < 5
		return
	}
	colons := 0
	for _, s := range parts {
		p.toks = p.read(p.toks, s, &colons, false)
	}
	p.short = p.arn && colons < 5
}

// read appends the tokens of a part that is text. colons counts the colons so
// far: within the first five parts of an ARN no wildcard runs over one, unless
// crossing says that it may.
func (p *pattern) read(toks []token, s part, colons *int, crossing bool) []token {
	for _, r := range s.text {
		t := token{r: r, fold: p.fold}
		if p.wild && !s.literal && (r == '*' || r == '?') {
			t = token{kind: tokAny, noColon: p.arn && *colons < 5 && !crossing}
			if r == '*' {
				t.kind = tokStar
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
func (p *pattern) head() string {
	if p.exact && !p.fold {
		return p.plain[:asciiPrefix(p.plain)]
	}
	n := 0
	for n < len(p.toks) && p.toks[n].kind == tokLit && !p.toks[n].fold && p.toks[n].r < utf8.RuneSelf {
		n++
	}
	var b strings.Builder
	b.Grow(n)
	for _, t := range p.toks[:n] {
		b.WriteByte(byte(t.r))
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
func (p *pattern) shortest() int {
	n := utf8.RuneCountInString(p.plain)
	for i := range p.toks {
		if p.toks[i].kind != tokStar {
			n++
		}
	}
	return n
}

// matches reports whether the pattern, which has no variables, matches s.
func (p *pattern) matches(s string, b *budget) bool {
	if p.exact {
		b.spend(1)
		if p.fold {
			b.spend(len(s) / 4)
			return strings.EqualFold(p.plain, s)
		}
		return p.plain == s
	}
	return matchTokens(p.toks, s, b)
}

// matchTokens takes the tokens apart at their stars: what comes before the
// first one begins the text, what comes after the last one ends it, and what is
// between two is looked for from left to right. The leftmost place is as good
// as any: what an earlier star could take, a later one can take too, and a star
// that must not cross a colon ends where its part of the ARN ends.
func matchTokens(toks []token, s string, b *budget) bool {
	b.spend(1 + len(toks)/8)
	star := nextStar(toks, 0)
	n, ok := matchHere(toks[:star], s, b)
	if star == len(toks) {
		return ok && n == len(s)
	}
	last := len(toks) - 1
	for toks[last].kind != tokStar {
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
		if at < 0 || toks[star].noColon && strings.IndexByte(s[:at], ':') >= 0 {
			return false
		}
		s, star = s[at+n:], next
	}
	return !toks[last].noColon || strings.IndexByte(s, ':') < 0
}

// nextStar returns the place of the first star from i on, the length when there is none.
func nextStar(toks []token, i int) int {
	for i < len(toks) && toks[i].kind != tokStar {
		i++
	}
	return i
}

// matchHere matches tokens without a star at the beginning of s and returns how
// many bytes they take.
func matchHere(toks []token, s string, b *budget) (n int, ok bool) {
	for i := range toks {
		if n == len(s) {
			b.spend(i / 4)
			return 0, false
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if !toks[i].matches(r) {
			b.spend(i / 4)
			return 0, false
		}
		n += size
	}
	b.spend(len(toks) / 4)
	return n, true
}

// longText is from how many tokens on a text is looked for as a whole: that
// takes no more steps than the texts are long, whatever they repeat.
const longText = 16

// findTokens returns the first place in s where tokens without a star match,
// and how many bytes they take there; -1 when there is none.
func findTokens(toks []token, s string, b *budget) (at, n int) {
	if len(toks) >= longText {
		if text, ok := plainText(toks); ok {
			b.spend(len(toks) + len(s)/4)
			return strings.Index(s, text), len(text)
		}
	}
	for at = 0; len(s)-at >= len(toks) && !b.out(); {
		if n, ok := matchHere(toks, s[at:], b); ok {
			return at, n
		}
		b.spend(1)
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return -1, 0
}

// plainText returns the text that tokens ask for; ok is false when it is not
// one single text.
func plainText(toks []token) (text string, ok bool) {
	var t strings.Builder
	for i := range toks {
		if toks[i].kind != tokLit || toks[i].fold {
			return "", false
		}
		t.WriteRune(toks[i].r)
	}
	return t.String(), true
}

// splitVariables takes a value apart at its ${...}. A "${" without "}" is text.
// Source: IAM User Guide, reference_policies_variables.html.
func splitVariables(value string) []part {
	var parts []part
	for {
		before, rest, ok := strings.Cut(value, "${")
		if before != "" {
			parts = append(parts, part{text: before})
		}
		if !ok {
			return parts
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return append(parts, part{text: "${" + rest})
		}
		parts = append(parts, variable(name))
		value = after
	}
}

func variable(name string) part {
	if name == "*" || name == "?" || name == "$" {
		return part{text: name, literal: true}
	}
	key, def, hasDef := strings.Cut(name, ",")
	v := part{ref: strings.TrimSpace(key)}
	if hasDef {
		v.hasDef = true
		v.defText = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(def), "'"), "'")
	}
	return v
}

func onlyText(parts []part) bool {
	for _, p := range parts {
		if p.ref != "" {
			return false
		}
	}
	return true
}
