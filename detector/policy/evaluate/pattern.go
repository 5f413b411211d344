package evaluate

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A glob is a value of a policy with the values of its variables filled in.
type glob []globChar

// A globChar is one character of a pattern.
type globChar struct {
	char  rune
	wild  bool // char, '*' or '?', is a wildcard
	glued bool // char came from a variable; as a colon it does not separate components
}

// plainGlob returns the pattern of a text without variables.
func plainGlob(text string) glob {
	pattern := make(glob, 0, len(text))
	for _, c := range text {
		pattern = append(pattern, globChar{char: c, wild: c == '*' || c == '?'})
	}
	return pattern
}

// literalText returns the pattern's text, with wildcards as plain characters.
func literalText(pattern glob) string {
	var b strings.Builder
	for _, c := range pattern {
		b.WriteRune(c.char)
	}
	return b.String()
}

// matchGlob reports whether pattern matches all of text: * matches any number of
// characters, ? exactly one. What precedes the first * must begin the text and
// what follows the last one must end it. Each piece between two stars matches at
// the first place after the piece before it.
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

// MatchesGlob reports whether pattern matches all of text: * matches any number
// of characters, ? exactly one. There are no variables.
func MatchesGlob(pattern, text string) bool { return matchGlob(plainGlob(pattern), text) }

// firstStar returns the index of the pattern's first *, or its length if there
// is none.
func firstStar(pattern glob) int {
	for i, c := range pattern {
		if c.wild && c.char == '*' {
			return i
		}
	}
	return len(pattern)
}

// matchPiece matches a piece without * at the beginning of text and returns the
// number of bytes that it consumes.
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

// findPiece returns the first offset in text at which a piece without * matches,
// -1 if there is none, and the number of bytes that it consumes there.
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

// matchGlobARN matches an ARN component by component: both sides are split at
// their first five colons, and no wildcard crosses into another component. A side
// with fewer than six components matches nothing.
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

// expand fills in the variables of value. AWS does not say how a wildcard or
// colon from a variable counts, so expand returns every form that the value may
// take: at least one if usable is Yes. If usable is No the value matches nothing;
// if it is Maybe, AWS does not document whether it matches.
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

// formsOf returns the four readings of a pattern with filled-in variables: their
// wildcards count or not, and their colons separate components or not.
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

// variable reads the variable whose name begins text and returns its value and
// the text that follows it. usable is Yes if there is a value, No if there is
// none, so that nothing matches, and Maybe if AWS does not say.
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
		return "", "", Maybe // AWS documents a match; iam-simulate finds none
	}
	return "", "", No
}

// variableParts parses a variable of the form name} or name, 'fallback'} and
// returns what follows it as tail. ok is false for any other use of white space
// and quotes, which AWS does not document.
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
