package policy

import "strings"

// evalUnknown compares a value of the request with one of the policy of which a
// part is not known. With apart set, a value that can only be one text is taken
// to be another than the request's.
func (p evaluator) evalUnknown(op Operator, have, want string) Answer {
	switch op.Base {
	case StringEquals, StringEqualsIgnoreCase:
		if p.apart && p.evalOneText(want, "") || !evalGlob(evalOpen(strings.ToLower(want), false, p.Variables()), strings.ToLower(have)) {
			return No
		}
	case StringLike, ArnLike:
		if p.apart && p.evalOneText(want, "*?") || !evalGlob(evalOpen(want, true, p.Variables()), have) {
			return No
		}
	}
	return Maybe
}

// evalOneText reports whether want is one text, whatever its unknown parts are,
// and holds none of the wildcards.
func (p evaluator) evalOneText(want, wildcards string) bool {
	if strings.ContainsAny(replaceMarks(want, ""), wildcards) || p.Variables() && strings.Contains(want, "${") {
		return false
	}
	for _, i := range marksIn(want) {
		if i >= len(p.Unknown) || !p.Unknown[i].lacks(wildcards) {
			return false
		}
	}
	return p.single(want)
}

// evalOpen returns a pattern that matches all that want may match: unknown
// parts and variables can be anything. wild says that * and ? are wildcards.
func evalOpen(want string, wild, variables bool) evalPattern {
	if variables {
		for {
			before, rest, _ := strings.Cut(want, "${")
			_, after, closed := strings.Cut(rest, "}")
			if !closed {
				break
			}
			want = before + Mark(0) + after
		}
	}
	var pattern evalPattern
	for _, c := range want {
		if _, open := isMark(c); open {
			pattern = append(pattern, evalChar{char: '*', wild: true})
			continue
		}
		pattern = append(pattern, evalChar{char: c, wild: wild && (c == '*' || c == '?')})
	}
	return pattern
}

// evalOpenPrincipal reports whether an entry of which a part is not known names
// the caller.
func (p evaluator) evalOpenPrincipal(entry Principal, r Request) Answer {
	star := p.maybeStar(entry.Value)
	switch {
	case entry.Kind == KindService:
		return evalAnd(Maybe, evalBool(r.Service != ""))
	case entry.Kind != KindAWS:
		return No
	case star:
		return Maybe
	case r.Service != "" || p.apart && p.single(entry.Value):
		return No
	}
	parts := strings.SplitN(entry.Value, ":", 6)
	whole := len(parts) == 6 && p.lacks(strings.Join(parts[:5], ""), ":")
	if whole && isAccountID(parts[4]) && parts[4] != evalAccount(r) {
		return No
	}
	return Maybe
}
