package compile

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// Named holds the identities and networks that a policy names, sorted and without
// duplicates. A stranger is a caller who is none of them.
type Named struct {
	Accounts []string
	Orgs     []string
	IDs      []string // AIDA... and AROA...
	VPCs     []string // vpc-... and vpce-...
	Values   []string // exact values of keys that name an image, a person or a subject
	Patterns []string // values of such keys that have wildcards and text
}

// collectNames adds to c.Named what the principals and conditions of p name.
func (c *Policy) collectNames(p *policy.Policy) {
	for i := range p.Statements {
		s := &p.Statements[i]
		for _, p := range s.Principals {
			c.Named.Collect(p.Value)
		}
		for _, cond := range s.Conditions {
			key, _ := c.Table.Lookup(cond.Key)
			for _, v := range cond.Values {
				c.Named.Collect(v)
				switch key.Names {
				case condkey.Image, condkey.Person, condkey.Subject, condkey.Audience:
					c.Named.addValue(v)
				}
			}
		}
	}
	for _, list := range []*[]string{&c.Named.Accounts, &c.Named.Orgs, &c.Named.IDs, &c.Named.VPCs, &c.Named.Values, &c.Named.Patterns} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// addValue adds a value of a key whose values name somebody. A value of zeros
// names nobody: an attestation register is zero until something is written to it.
func (n *Named) addValue(v string) {
	switch {
	case strings.Trim(v, "0") == "" || strings.Trim(v, "*?") == "":
	case strings.ContainsAny(v, "*?"):
		n.Patterns = append(n.Patterns, v)
	default:
		n.Values = append(n.Values, v)
	}
}

// Collect adds the accounts, organizations, unique ids and VPCs that a text
// contains.
func (n *Named) Collect(text string) {
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

func (n *Named) add(word string) {
	switch {
	case awsid.IsAccount(word):
		n.Accounts = append(n.Accounts, word)
	case len(word) > 4 && (strings.EqualFold(word[:4], "vpc-") || len(word) > 5 && strings.EqualFold(word[:5], "vpce-")):
		n.VPCs = append(n.VPCs, strings.ToLower(word))
	case len(word) >= 12 && len(word) <= 34 && strings.EqualFold(word[:2], "o-"):
		n.Orgs = append(n.Orgs, strings.ToLower(word))
	case len(word) >= 16 && (strings.HasPrefix(word, "AROA") || strings.HasPrefix(word, "AIDA")):
		n.IDs = append(n.IDs, word)
	}
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-'
}
