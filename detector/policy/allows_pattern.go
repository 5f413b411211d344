package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// An evalPattern is a value of a policy with its variables filled in.
type evalPattern []evalChar

// An evalChar is one character of a pattern.
type evalChar struct {
	char  rune
	wild  bool // char is '*' or '?' and a wildcard
	glued bool // char came out of a variable and does not separate components
}

// evalPlain returns the pattern of a text without variables.
func evalPlain(text string) evalPattern {
	pattern := make(evalPattern, 0, len(text))
	for _, c := range text {
		pattern = append(pattern, evalChar{char: c, wild: c == '*' || c == '?'})
	}
	return pattern
}

// evalLiteral returns the pattern's text, wildcards taken as themselves.
func evalLiteral(pattern evalPattern) string {
	var b strings.Builder
	for _, c := range pattern {
		b.WriteRune(c.char)
	}
	return b.String()
}

// evalGlob matches all of text: * is any number of characters, ? is one. What
// is before the first * and after the last one has its place in the text;
// each piece between two is looked for behind the piece before it.
func evalGlob(pattern evalPattern, text string) bool {
	first := evalStar(pattern)
	n, ok := evalPiece(pattern[:first], text)
	if !ok || first == len(pattern) {
		return ok && n == len(text)
	}
	text, pattern = text[n:], pattern[first+1:]
	for {
		star := evalStar(pattern)
		if star == len(pattern) {
			break
		}
		at, n := evalFind(pattern[:star], text)
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
	_, ok = evalPiece(pattern, text[start:])
	return ok
}

// evalStar returns the place of the pattern's first *, its length without one.
func evalStar(pattern evalPattern) int {
	for i, c := range pattern {
		if c.wild && c.char == '*' {
			return i
		}
	}
	return len(pattern)
}

// evalPiece matches a piece without * at the beginning of text and returns how
// many bytes it takes.
func evalPiece(piece evalPattern, text string) (n int, ok bool) {
	for _, c := range piece {
		r, size := utf8.DecodeRuneInString(text[n:])
		if size == 0 || !c.wild && c.char != r {
			return 0, false
		}
		n += size
	}
	return n, true
}

// evalFind returns the first place in text where a piece without * matches, and
// how many bytes it takes there; -1 when there is none.
func evalFind(piece evalPattern, text string) (at, n int) {
	if !slices.ContainsFunc(piece, func(c evalChar) bool { return c.wild }) {
		plain := evalLiteral(piece)
		return strings.Index(text, plain), len(plain)
	}
	for at := range text {
		if n, ok := evalPiece(piece, text[at:]); ok {
			return at, n
		}
	}
	return -1, 0
}

// evalGlobARN matches component by component: both sides are split at their
// first five colons, and no wildcard leaves its component. Fewer than six
// components match nothing.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html, "ARN operators".
func evalGlobARN(pattern evalPattern, arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	patterns := evalSplit(pattern)
	if len(parts) < 6 || len(patterns) < 6 {
		return false
	}
	for i, part := range parts {
		if !evalGlob(patterns[i], part) {
			return false
		}
	}
	return true
}

// evalSplit splits a pattern at its first five colons.
func evalSplit(pattern evalPattern) []evalPattern {
	var parts []evalPattern
	start := 0
	for i, c := range pattern {
		if c.char == ':' && !c.glued && len(parts) < 5 {
			parts = append(parts, pattern[start:i])
			start = i + 1
		}
	}
	return append(parts, pattern[start:])
}

// evalExpand fills in the variables of value. It returns every form that the
// value may take where AWS does not say how a filled-in wildcard or colon
// counts; there is at least one when open is Yes. Otherwise the value matches
// nothing (No), or it is not documented whether it matches (Maybe).
// Source: IAM User Guide, reference_policies_variables.html.
func (p evaluator) evalExpand(value string, negated bool, r Request) (forms []evalPattern, open Answer) {
	if !p.Variables() || !strings.Contains(value, "${") {
		return []evalPattern{evalPlain(value)}, Yes
	}
	var pattern evalPattern
	for rest := value; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		pattern = append(pattern, evalPlain(before)...)
		if !found {
			break
		}
		if len(after) >= 2 && after[1] == '}' && strings.IndexByte("*?$", after[0]) >= 0 {
			pattern = append(pattern, evalChar{char: rune(after[0])}) // ${*}: the character itself
			rest = after[2:]
			continue
		}
		text, tail, open := p.evalVariable(after, negated, r)
		if open != Yes {
			return nil, open
		}
		for _, c := range text {
			pattern = append(pattern, evalChar{char: c, glued: true})
		}
		rest = tail
	}
	return evalForms(pattern), Yes
}

// evalForms returns the readings of a pattern with filled-in parts: their
// wildcards count or not, their colons separate or not.
func evalForms(pattern evalPattern) []evalPattern {
	var forms []evalPattern
	for _, wild := range []bool{false, true} {
		for _, glued := range []bool{false, true} {
			form := append(evalPattern(nil), pattern...)
			for i, c := range form {
				if c.glued {
					form[i] = evalChar{char: c.char, wild: wild && (c.char == '*' || c.char == '?'), glued: glued}
				}
			}
			forms = append(forms, form)
		}
	}
	return forms
}

// evalVariable reads the variable whose name starts at text and returns its
// value and what follows. open is Yes when there is a value; No when there is
// none, so that nothing matches; Maybe when AWS does not say.
func (p evaluator) evalVariable(text string, negated bool, r Request) (value, tail string, open Answer) {
	name, fallback, hasFallback, tail, ok := evalVariableParts(text)
	if !ok {
		return "", "", Maybe
	}
	key, _ := p.keys.Lookup(name)
	readings := evalContext(r, name)
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

// evalVariableParts takes apart name} or name, 'fallback'}. Any other use of
// white space and quotes is not documented, and not ok.
func evalVariableParts(text string) (name, fallback string, hasFallback bool, tail string, ok bool) {
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
