package evaluate

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A glob is a value of a policy with its variables filled in.
type glob []globChar

// A globChar is one character of a pattern.
type globChar struct {
	char  rune
	wild  bool // char is '*' or '?' and a wildcard
	glued bool // char came out of a variable and does not separate components
}

// plainGlob returns the pattern of a text without variables.
func plainGlob(text string) glob {
	pattern := make(glob, 0, len(text))
	for _, c := range text {
		pattern = append(pattern, globChar{char: c, wild: c == '*' || c == '?'})
	}
	return pattern
}

// literalText returns the pattern's text, wildcards taken as themselves.
func literalText(pattern glob) string {
	var b strings.Builder
	for _, c := range pattern {
		b.WriteRune(c.char)
	}
	return b.String()
}

// matchGlob matches all of text: * is any number of characters, ? is one. What
// is before the first * and after the last one has its place in the text;
// each piece between two is looked for after the piece before it.
func matchGlob(pattern glob, text string) bool {
	first := firstStar(pattern)
	n, ok := matchPiece(pattern[:first], text)
	if !ok || first == len(pattern) {
		return ok && n == len(text)
	}
	text, pattern = text[n:], pattern[first+1:]
	for {
		star := firstStar(pattern)
		if star == len(pattern) {
			break
		}
		at, n := findPiece(pattern[:star], text)
		if at < 0 {
			return false
		}
		text, pattern = text[at+n:], pattern[star+1:]
	}
	start := len(text)
	for range pattern { // the last piece takes the last characters
		_, n := utf8.DecodeLastRuneInString(text[:start])
		start -= n
	}
	_, ok = matchPiece(pattern, text[start:])
	return ok
}

// MatchesGlob matches all of text with a pattern without variables.
func MatchesGlob(pattern, text string) bool { return matchGlob(plainGlob(pattern), text) }

// firstStar returns the place of the pattern's first *, its length without one.
func firstStar(pattern glob) int {
	for i, c := range pattern {
		if c.wild && c.char == '*' {
			return i
		}
	}
	return len(pattern)
}

// matchPiece matches a piece without * at the beginning of text and returns how
// many bytes it takes.
func matchPiece(piece glob, text string) (n int, ok bool) {
	for _, c := range piece {
		r, size := utf8.DecodeRuneInString(text[n:])
		if size == 0 || !c.wild && c.char != r {
			return 0, false
		}
		n += size
	}
	return n, true
}

// findPiece returns the first place in text where a piece without * matches, and
// how many bytes it takes there; -1 when there is none.
func findPiece(piece glob, text string) (at, n int) {
	if !slices.ContainsFunc(piece, func(c globChar) bool { return c.wild }) {
		plain := literalText(piece)
		return strings.Index(text, plain), len(plain)
	}
	for at := range text {
		if n, ok := matchPiece(piece, text[at:]); ok {
			return at, n
		}
	}
	return -1, 0
}

// matchGlobARN matches component by component: both sides are split at their
// first five colons, and no wildcard leaves its component. Fewer than six
// components match nothing.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html, "ARN operators".
func matchGlobARN(pattern glob, arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	patterns := splitAtColons(pattern)
	if len(parts) < 6 || len(patterns) < 6 {
		return false
	}
	for i, part := range parts {
		if !matchGlob(patterns[i], part) {
			return false
		}
	}
	return true
}

// splitAtColons splits a pattern at its first five colons.
func splitAtColons(pattern glob) []glob {
	var parts []glob
	start := 0
	for i, c := range pattern {
		if c.char == ':' && !c.glued && len(parts) < 5 {
			parts = append(parts, pattern[start:i])
			start = i + 1
		}
	}
	return append(parts, pattern[start:])
}

// expand fills in the variables of value. It returns every form that the
// value may take where AWS does not say how a filled-in wildcard or colon
// counts; there is at least one when usable is Yes. Otherwise the value matches
// nothing (No), or it is not documented whether it matches (Maybe).
// Source: IAM User Guide, reference_policies_variables.html.
func (p evaluator) expand(value string, negated bool, r Request) (forms []glob, usable Answer) {
	if !p.Variables() || !strings.Contains(value, "${") {
		return []glob{plainGlob(value)}, Yes
	}
	var pattern glob
	for rest := value; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		pattern = append(pattern, plainGlob(before)...)
		if !found {
			break
		}
		if len(after) >= 2 && after[1] == '}' && strings.IndexByte("*?$", after[0]) >= 0 {
			pattern = append(pattern, globChar{char: rune(after[0])}) // ${*}: the character itself
			rest = after[2:]
			continue
		}
		text, tail, usable := p.variable(after, negated, r)
		if usable != Yes {
			return nil, usable
		}
		for _, c := range text {
			pattern = append(pattern, globChar{char: c, glued: true})
		}
		rest = tail
	}
	return formsOf(pattern), Yes
}

// formsOf returns the readings of a pattern with filled-in parts: their
// wildcards count or not, their colons separate or not.
func formsOf(pattern glob) []glob {
	var forms []glob
	for _, wild := range []bool{false, true} {
		for _, glued := range []bool{false, true} {
			form := append(glob(nil), pattern...)
			for i, c := range form {
				if c.glued {
					form[i] = globChar{char: c.char, wild: wild && (c.char == '*' || c.char == '?'), glued: glued}
				}
			}
			forms = append(forms, form)
		}
	}
	return forms
}

// variable reads the variable whose name starts at text and returns its
// value and what follows. usable is Yes when there is a value; No when there is
// none, so that nothing matches; Maybe when AWS does not say.
func (p evaluator) variable(text string, negated bool, r Request) (value, tail string, usable Answer) {
	name, fallback, hasFallback, tail, ok := variableParts(text)
	if !ok {
		return "", "", Maybe
	}
	key, _ := p.keys.Lookup(name)
	readings := ContextValues(r, name)
	switch {
	case len(readings) > 1 || len(readings) == 1 && len(readings[0]) > 1 || key.Multi:
		if hasFallback || len(readings) > 1 {
			return "", "", Maybe
		}
	case len(readings) == 1:
		return readings[0][0], tail, Yes
	case hasFallback:
		return fallback, tail, Yes
	}
	if negated {
		return "", "", Maybe // documented as a match; iam-simulate finds none
	}
	return "", "", No
}

// variableParts takes apart name} or name, 'fallback'}. Any other use of
// white space and quotes is not documented, and not ok.
func variableParts(text string) (name, fallback string, hasFallback bool, tail string, ok bool) {
	end := strings.IndexAny(text, ",}")
	if end < 0 {
		return "", "", false, "", false
	}
	name, tail = text[:end], text[end+1:]
	if text[end] == ',' {
		quoted, found := strings.CutPrefix(tail, " '")
		if !found {
			return "", "", false, "", false
		}
		fallback, tail, found = strings.Cut(quoted, "'}")
		if !found || strings.Contains(fallback, "'") {
			return "", "", false, "", false
		}
		hasFallback = true
	}
	ok = name != "" && !strings.ContainsAny(name, " \t\r\n${'")
	return name, fallback, hasFallback, tail, ok
}
