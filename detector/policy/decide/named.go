package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// named holds the identities and networks that a policy names. A stranger is
// somebody who equals none of them.
type named struct {
	accounts []string
	orgs     []string
	ids      []string // AIDA... and AROA...
	vpcs     []string // vpc-... and vpce-...
	values   []string // exact values of keys that name an image, a person or a subject
	patterns []string // patterns of such keys that say more than "any"
}

// collectNames finds every account, organization, unique id and VPC that the
// policy's principals and conditions spell out.
func (c *compiled) collectNames(p *policy.Policy) {
	for i := range p.Statements {
		s := &p.Statements[i]
		for _, p := range s.Principals {
			c.named.collect(p.Value)
		}
		for _, cond := range s.Conditions {
			key, _ := c.keys.Lookup(cond.Key)
			for _, v := range cond.Values {
				c.named.collect(v)
				switch key.Names {
				case condkey.Image, condkey.Person, condkey.Subject, condkey.Audience:
					c.named.addValue(v)
				}
			}
		}
	}
	for _, list := range []*[]string{&c.named.accounts, &c.named.orgs, &c.named.ids, &c.named.vpcs, &c.named.values, &c.named.patterns} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// addValue notes a value of a key whose values name somebody. Zeros name
// nobody: they are what registers hold that nobody has written.
func (n *named) addValue(v string) {
	switch {
	case strings.Trim(v, "0") == "" || strings.Trim(v, "*?") == "":
	case strings.ContainsAny(v, "*?"):
		n.patterns = append(n.patterns, v)
	default:
		n.values = append(n.values, v)
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
	case awsid.IsAccount(word):
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
