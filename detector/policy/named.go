package policy

import (
	"slices"
	"strings"
)

// named holds the identities and networks that a policy names. A stranger is
// somebody who equals none of them.
type named struct {
	accounts []string
	orgs     []string
	ids      []string // AIDA... and AROA...
	vpcs     []string // vpc-... and vpce-...
	values   []string // exact values of attestation keys
}

// collectNames finds every account, organization, unique id and VPC that the
// policy's principals and conditions spell out.
func (c *compiled) collectNames(p *Policy) {
	for i := range p.Statements {
		s := &p.Statements[i]
		for _, p := range s.Principals {
			c.named.collect(p.Value)
		}
		for _, cond := range s.Conditions {
			attested := strings.HasPrefix(strings.ToLower(cond.Key), "kms:recipientattestation:")
			for _, v := range cond.Values {
				c.named.collect(v)
				if attested {
					c.named.values = append(c.named.values, v)
				}
			}
		}
	}
	for _, list := range []*[]string{&c.named.accounts, &c.named.orgs, &c.named.ids, &c.named.vpcs, &c.named.values} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

func (n *named) collect(text string) {
	for len(text) > 0 {
		end := 0
		for end < len(text) && isWord(text[end]) {
			end++
		}
		n.add(text[:end])
		for end < len(text) && !isWord(text[end]) {
			end++
		}
		text = text[end:]
	}
}

func (n *named) add(word string) {
	switch {
	case isAccountID(word):
		n.accounts = append(n.accounts, word)
	case len(word) > 4 && (strings.EqualFold(word[:4], "vpc-") || len(word) > 5 && strings.EqualFold(word[:5], "vpce-")):
		n.vpcs = append(n.vpcs, strings.ToLower(word))
	case len(word) >= 12 && len(word) <= 34 && strings.EqualFold(word[:2], "o-"):
		n.orgs = append(n.orgs, strings.ToLower(word))
	case len(word) >= 16 && (strings.HasPrefix(word, "AROA") || strings.HasPrefix(word, "AIDA")):
		n.ids = append(n.ids, word)
	}
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-'
}
