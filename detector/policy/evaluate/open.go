package evaluate

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// oneText reports whether want is one text, whatever its unknown parts are,
// and holds none of the wildcards.
func (p evaluator) oneText(want, wildcards string) bool {
	if strings.ContainsAny(policy.ReplaceMarks(want, ""), wildcards) || p.Variables() && strings.Contains(want, "${") {
		return false
	}
	for _, i := range policy.MarksIn(want) {
		if i >= len(p.Unknown) || !p.Unknown[i].Lacks(wildcards) {
			return false
		}
	}
	return p.Single(want)
}

// openGlob returns a pattern that matches all that want may match: unknown
// parts and variables can be anything. wild says that * and ? are wildcards.
func openGlob(want string, wild, variables bool) glob {
	if variables {
		for {
			before, rest, _ := strings.Cut(want, "${")
			_, after, closed := strings.Cut(rest, "}")
			if !closed {
				break
			}
			want = before + policy.Mark(0) + after
		}
	}
	var pattern glob
	for _, c := range want {
		if _, open := policy.IsMark(c); open {
			pattern = append(pattern, globChar{char: '*', wild: true})
			continue
		}
		pattern = append(pattern, globChar{char: c, wild: wild && (c == '*' || c == '?')})
	}
	return pattern
}

// openPrincipal reports whether an entry of which a part is not known names
// the caller.
func (p evaluator) openPrincipal(entry policy.Principal, r Request) Answer {
	star := p.MaybeStar(entry.Value)
	switch {
	case entry.Kind == policy.KindService:
		return and(Maybe, answerOf(r.Service != ""))
	case entry.Kind != policy.KindAWS:
		return No
	case star:
		return Maybe
	case r.Service != "" || p.IsApart && p.Single(entry.Value):
		return No
	}
	parts := strings.SplitN(entry.Value, ":", 6)
	whole := len(parts) == 6 && p.Lacks(strings.Join(parts[:5], ""), ":")
	if whole && awsid.IsAccount(parts[4]) && parts[4] != CallerAccount(r) {
		return No
	}
	return Maybe
}
