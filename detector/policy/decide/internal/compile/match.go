package compile

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/fold"
)

// Matches reports, for each statement, whether its actions and resources cover an
// action on this key.
func (c *Policy) Matches(action string) []Match {
	if m, ok := c.matched[action]; ok {
		return m
	}
	m := make([]Match, len(c.Statements))
	for i, by := range c.Acts(action) {
		m[i] = min(c.Statements[i].Resource, by)
	}
	c.matched[action] = m
	return m
}

// Acts reports, for each statement, whether its Action or NotAction covers an
// action.
func (c *Policy) Acts(action string) []Match {
	if m, ok := c.acted[action]; ok {
		return m
	}
	m := make([]Match, len(c.Statements))
	letters := lettersOf(action)
	for i := range c.Statements {
		st := &c.Statements[i]
		c.Budget.Spend(2 + len(st.Actions)/4)
		m[i] = matchAction(st.Statement, action, func(j int) bool {
			if st.letters[j]&^letters != 0 {
				return false
			}
			c.Budget.Spend(6)
			return true
		})
	}
	c.acted[action] = m
	return m
}

// lettersOf returns the set of the letters in text, in any case, as bits. A
// pattern with a letter that a text lacks cannot match the text. Of the other
// characters, the few that follow the letters in ASCII have bits too.
func lettersOf(text string) (set uint32) {
	for i := range len(text) {
		set |= 1 << ((text[i] | 0x20) - 'a')
	}
	return set
}

// matchAction reports whether the Action or NotAction of s covers an action, e.g.
// "kms:Encrypt". It skips the patterns for whose index may returns false, which
// cannot match.
// Sources: IAM User Guide, reference_policies_elements_action.html; KMS
// Developer Guide, key-policy-overview.html (a statement without Action has no
// effect).
func matchAction(s *policy.Statement, action string, may func(i int) bool) Match {
	best := No
	for i, a := range s.Actions {
		if !may(i) {
			continue
		}
		best = max(best, MatchOneAction(a, action))
		if best == Yes {
			break
		}
	}
	if s.NotAction {
		return Yes - best
	}
	return best
}

// MatchOneAction reports whether one value of Action matches an action.
func MatchOneAction(pattern, action string) Match {
	trimmed := strings.TrimSpace(pattern)
	if policy.HasMark(trimmed) {
		return min(Maybe, MatchOneAction(policy.ReplaceMarks(trimmed, "*"), action))
	}
	if !globFold(trimmed, action) {
		return No
	}
	service, _, _ := strings.Cut(trimmed, ":")
	if trimmed != pattern || strings.ContainsAny(service, "*?") && strings.Trim(trimmed, "*") != "" {
		return Maybe // AWS does not document padding, or wildcards before the colon
	}
	return Yes
}

// globFold reports whether pattern, with the wildcards * and ?, matches all of s
// in any ASCII letter case.
func globFold(pattern, s string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || fold.Byte(pattern[i]) == fold.Byte(s[j])):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(pattern) && pattern[i] == '*' {
		i++
	}
	return i == len(pattern)
}

// matchResource reports whether the known values of the Resource or NotResource
// of s cover the key: Maybe if the readings of a wildcard differ, or if it depends
// on the key's unknown ARN. unknown is Maybe if an unknown value may name the key,
// and else No.
// Sources: KMS Developer Guide, key-policy-overview.html (Resource); IAM User
// Guide, reference_policies_elements_resource.html.
func (c *Policy) matchResource(s *policy.Statement, in *policy.Policy) (m, unknown Match) {
	for _, r := range s.Resources {
		if policy.HasMark(r) {
			unknown = max(unknown, min(Maybe, c.MatchOneResource(policy.ReplaceMarks(r, "*"), in)))
			continue
		}
		m = max(m, c.MatchOneResource(r, in))
	}
	if s.NotResource && in.IsRCP {
		return Yes - m, unknown
	}
	if s.NotResource { // KMS documents only Resource, without which a statement has no effect
		return min(Yes-m, Maybe), unknown
	}
	return m, unknown
}

// MatchOneResource reports whether r, a value of Resource in the policy in,
// matches the key.
func (c *Policy) MatchOneResource(r string, in *policy.Policy) Match {
	if r != "" && strings.Trim(r, "*") == "" {
		return Yes
	}
	most := Yes
	terms, variable := resourceTerms(r, in)
	if variable {
		most = Maybe // see resourceClause
	}
	if c.KeyARN == "" {
		return min(most, c.matchUnknownKey(terms))
	}
	return min(most, matchARN(terms, c.KeyARN, c.Budget))
}

// resourceTerms splits a value of Resource into terms. It replaces variables by
// wildcards and then sets variable, since the statement may apply less often.
func resourceTerms(r string, in *policy.Policy) (terms []textsolve.Term, variable bool) {
	if !in.Variables() {
		return []textsolve.Term{{Text: r}}, false
	}
	terms = termsOf(r)
	for i := range terms {
		if terms[i].Variable != "" {
			terms[i], variable = textsolve.Term{Text: "*"}, true
		}
	}
	return terms, variable
}

func matchARN(value []textsolve.Term, arn string, b *textsolve.Budget) Match {
	whole, byPart := textsolve.Pattern{Wild: true}, textsolve.Pattern{Wild: true, ARN: true} // as under StringLike and ArnLike
	whole.Build(value)
	byPart.Build(value)
	switch w, p := whole.Matches(arn, b), byPart.Matches(arn, b); {
	case b.Out():
		return Maybe // the results prove nothing
	case p && !byPart.Short:
		return Yes
	case w:
		return Maybe
	default:
		return No
	}
}

// matchUnknownKey reports whether value matches the key, whose ARN is not known.
// A value that matches an unlikely ARN, SomeKey, matches every key of the owner;
// the answer is Maybe if it can match only some of the owner's keys.
func (c *Policy) matchUnknownKey(value []textsolve.Term) Match {
	m := matchARN(value, c.SomeKey(), c.Budget)
	if m != No {
		return m
	}
	var text strings.Builder
	for _, v := range value {
		text.WriteString(v.Text)
	}
	a, ok := awsid.SplitARN(text.String())
	if !ok {
		return No
	}
	kms, owner := NewPattern(a.Service, policy.StringLike, nil), NewPattern(a.Account, policy.StringLike, nil)
	key := NewPattern(a.Resource, policy.StringLike, nil)
	couldBeKey := strings.HasPrefix(a.Resource, "key/") || !key.Exact
	if kms.Matches("kms", c.Budget) && (c.Owner == "" || owner.Matches(c.Owner, c.Budget)) && couldBeKey {
		return Maybe
	}
	return No
}

// SomeKey returns an ARN that a key of the owner could have, but that no policy
// is likely to name.
func (c *Policy) SomeKey() string {
	account := c.Owner
	if account == "" {
		account = "000000000000"
	}
	return "arn:" + c.Partition + ":kms:xx-unknown-0:" + account + ":key/00000000-0000-0000-0000-000000000000"
}
