package evaluate

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// oneText reports whether want is a single text, whatever its unknown parts are,
// and contains no variables and none of the characters in wildcards.
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

// unknownGlob returns a pattern that matches every text that want may match:
// unknown parts, and variables if variables is true, can be anything. wild says
// whether * and ? are wildcards.
func unknownGlob(want string, wild, variables bool) glob {
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
		if _, unknown := policy.IsMark(c); unknown {
			pattern = append(pattern, globChar{char: '*', wild: true})
			continue
		}
		pattern = append(pattern, globChar{char: c, wild: wild && (c == '*' || c == '?')})
	}
	return pattern
}

// unknownPrincipal reports whether an entry with an unknown part names the
// caller: Maybe or No.
func (p evaluator) unknownPrincipal(entry policy.Principal, r Request) Answer {
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
	a, _ := awsid.SplitARN(entry.Value)
	if awsid.IsAccount(a.Account) && a.Account != CallerAccount(r) && p.Lacks(awsid.Head(entry.Value), ":") {
		return No
	}
	return Maybe
}
