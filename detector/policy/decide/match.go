package decide

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/internal/fold"
)

// matches returns, for each statement, whether it applies to an action on this key.
func (c *compiled) matches(action string) []match {
	if m, ok := c.matched[action]; ok {
		return m
	}
	m := make([]match, len(c.stmts))
	for i, by := range c.acts(action) {
		m[i] = min(c.stmts[i].resource, by)
	}
	c.matched[action] = m
	return m
}

// acts returns, for each statement, whether its actions are about an action.
func (c *compiled) acts(action string) []match {
	if m, ok := c.acted[action]; ok {
		return m
	}
	m := make([]match, len(c.stmts))
	letters := lettersOf(action)
	for i := range c.stmts {
		st := &c.stmts[i]
		c.b.Spend(2 + len(st.Actions)/4)
		m[i] = matchAction(st.Statement, action, func(j int) bool {
			if st.letters[j]&^letters != 0 {
				return false
			}
			c.b.Spend(6)
			return true
		})
	}
	c.acted[action] = m
	return m
}

// lettersOf returns a set of the letters in text, without regard to their case:
// a pattern that has one which a text lacks does not match it. Of what is no
// letter some characters have a bit of their own, the others none.
func lettersOf(text string) (set uint32) {
	for i := range len(text) {
		set |= 1 << ((text[i] | 0x20) - 'a')
	}
	return set
}

// matchAction says whether s applies to an action, e.g. "kms:Encrypt".
// Sources: IAM User Guide, reference_policies_elements_action.html; KMS
// Developer Guide, key-policy-overview.html (a statement without Action has no effect).
//
// may says which of the patterns can match at all; others are not looked at.
func matchAction(s *policy.Statement, action string, may func(i int) bool) match {
	best := matchNo
	for i, a := range s.Actions {
		if !may(i) {
			continue
		}
		best = max(best, matchOneAction(a, action))
		if best == matchYes {
			break
		}
	}
	if s.NotAction {
		return matchYes - best
	}
	return best
}

func matchOneAction(pattern, action string) match {
	trimmed := strings.TrimSpace(pattern)
	if policy.HasMark(trimmed) {
		return min(matchMaybe, matchOneAction(policy.ReplaceMarks(trimmed, "*"), action))
	}
	if !globFold(trimmed, action) {
		return matchNo
	}
	service, _, _ := strings.Cut(trimmed, ":")
	if trimmed != pattern || strings.ContainsAny(service, "*?") && strings.Trim(trimmed, "*") != "" {
		return matchMaybe // padding, and wildcards before the colon, are not documented
	}
	return matchYes
}

// globFold matches * and ? over the whole text, without regard to ASCII letter case.
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

// matchResource says whether s applies to the key. Where the readings of a
// wildcard differ, or the key's ARN is not known, the answer is maybe.
// Sources: KMS Developer Guide, key-policy-overview.html (Resource); IAM User
// Guide, reference_policies_elements_resource.html.
//
// open says whether an unknown value may name the key as well.
func (c *compiled) matchResource(s *policy.Statement, in *policy.Policy) (m, open match) {
	for _, r := range s.Resources {
		if policy.HasMark(r) {
			open = max(open, min(matchMaybe, c.matchOneResource(policy.ReplaceMarks(r, "*"), in)))
			continue
		}
		m = max(m, c.matchOneResource(r, in))
	}
	if s.NotResource && in.IsRCP {
		return matchYes - m, open
	}
	if s.NotResource { // KMS documents Resource only; without it a statement has no effect
		return min(matchYes-m, matchMaybe), open
	}
	return m, open
}

func (c *compiled) matchOneResource(r string, in *policy.Policy) match {
	if r != "" && strings.Trim(r, "*") == "" {
		return matchYes
	}
	most := matchYes
	parts, open := resourceParts(r, in)
	if open {
		most = matchMaybe // see resourceClause
	}
	if c.KeyARN == "" {
		return min(most, c.matchUnknownKey(parts))
	}
	return min(most, matchARN(parts, c.KeyARN, c.b))
}

// resourceParts takes a value of Resource apart. Its variables become
// wildcards, and open is true: the statement may apply less often.
func resourceParts(r string, in *policy.Policy) (parts []textsolve.Part, open bool) {
	if !in.Variables() {
		return []textsolve.Part{{Text: r}}, false
	}
	parts = partsOf(r)
	for i := range parts {
		if parts[i].Variable != "" {
			parts[i], open = textsolve.Part{Text: "*"}, true
		}
	}
	return parts, open
}

func matchARN(value []textsolve.Part, arn string, b *textsolve.Budget) match {
	whole, parts := textsolve.Pattern{Wild: true}, textsolve.Pattern{Wild: true, ARN: true} // as under StringLike and ArnLike
	whole.Build(value)
	parts.Build(value)
	switch w, p := whole.Matches(arn, b), parts.Matches(arn, b); {
	case b.Out():
		return matchMaybe // what comes back then proves nothing
	case p && !parts.Short:
		return matchYes
	case w:
		return matchMaybe
	default:
		return matchNo
	}
}

// matchUnknownKey matches a key whose ARN is not known: an unlikely ARN of the
// owner stands for any. What only some ARN of the owner can match is maybe.
func (c *compiled) matchUnknownKey(value []textsolve.Part) match {
	m := matchARN(value, c.someKey(), c.b)
	if m != matchNo {
		return m
	}
	var text strings.Builder
	for _, v := range value {
		text.WriteString(v.Text)
	}
	parts := strings.SplitN(text.String(), ":", 6)
	if len(parts) < 6 {
		return matchNo
	}
	kms, owner := newPattern(parts[2], policy.StringLike, nil), newPattern(parts[4], policy.StringLike, nil)
	key := newPattern(parts[5], policy.StringLike, nil)
	couldBeKey := strings.HasPrefix(parts[5], "key/") || !key.Exact
	if kms.Matches("kms", c.b) && (c.owner == "" || owner.Matches(c.owner, c.b)) && couldBeKey {
		return matchMaybe
	}
	return matchNo
}

// someKey is an ARN that a key of the owner's could have, if an unlikely one.
func (c *compiled) someKey() string {
	account := c.owner
	if account == "" {
		account = "000000000000"
	}
	return "arn:" + c.Partition + ":kms:xx-unknown-0:" + account + ":key/00000000-0000-0000-0000-000000000000"
}
