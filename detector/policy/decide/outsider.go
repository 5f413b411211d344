package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A baseKey tells the lists of literals apart that make a caller an outsider.
type baseKey struct {
	reach
	sure bool
}

// strangers returns the literals that every caller of the wanted kind meets.
func (s *searching) strangers() []literal {
	if s.typ == serviceCaller {
		if s.c.customer == nil {
			s.c.customer = s.strangeCustomer()
		}
		return s.c.customer
	}
	key := baseKey{s.reach, s.sure}
	base, ok := s.c.bases[key]
	if !ok {
		s.c.b.Spend(200 + textsolve.PatternSize*(len(s.c.named.accounts)+len(s.c.named.orgs)+len(s.c.named.ids)+len(s.c.named.vpcs)+len(s.c.named.values)))
		if s.c.Insiders {
			base = s.insider()
		} else {
			base = s.outsider()
		}
		s.c.bases[key] = base
	}
	if s.sure && slices.ContainsFunc(base, s.ownPlace) {
		base = slices.DeleteFunc(slices.Clone(base), s.ownPlace)
	}
	base = base[:len(base):len(base)]
	if s.typ == fedCaller { // keeps the user behind the session in the caller's account
		base = append(base, presentKey(sParent))
	}
	for i := sFirst; i < len(s.domains); i++ { // and what carries the account, where it must be there
		if d := s.domains[i]; d.ofCaller && !d.canLack(s.sure) {
			base = append(base, presentKey(i))
		}
	}
	return base
}

// ownPlace reports whether l is about where a stranger calls from, by a key of
// which AWS leaves open whether the request carries it. If it does, the value is
// of the stranger's own network, and so none that the policy names.
func (s *searching) ownPlace(l literal) bool {
	return s.c.slots[l.slot].Names.Where() && s.domains[l.slot].presence == condkey.Unsaid
}

// outsider lists what makes a caller an outsider of the wanted kind.
func (s *searching) outsider() []literal {
	c := s.c
	out := func(slot int, lists ...[]string) literal {
		l := noneOf(slot, slices.Concat(lists...)...)
		l.absent = slot != sAccount // every request has that one
		return l
	}
	owner := []string{}
	if c.owner != "" {
		owner = append(owner, c.owner)
	}
	lits := make([]literal, 0, 6)
	if !s.freshWho {
		lits = append(lits, out(sAccount, owner, c.TrustedAccounts))
		if len(c.trustedOrgs) > 0 {
			lits = append(lits, out(sOrgID, c.trustedOrgs))
		}
	} else {
		lits = append(lits, out(sAccount, owner, c.TrustedAccounts, c.named.accounts))
		if c.mentionsAny(condkey.TieOrgID, condkey.TieOrgPaths) || len(c.trustedOrgs) > 0 {
			lits = append(lits, out(sOrgID, c.trustedOrgs, c.named.orgs, []string{c.Key.Org}))
		}
		lits = append(lits, c.notOwnersOrg(sOrgID)...)
		if len(c.named.ids) > 0 {
			lits = append(lits, out(sUnique, c.named.ids), out(sParentID, c.named.ids))
		}
	}
	for i := sFirst; i < len(c.slots); i++ {
		lits = append(lits, s.strange(i, c.slots[i])...)
	}
	return lits
}

// strange lists what a key of a stranger, or of one in a strange network, is
// not: what the policy names, by what the key's values name.
func (s *searching) strange(slot int, key condkey.Key) []literal {
	c := s.c
	lits := s.doubtful(slot, key)
	switch {
	case !s.freshWho || key.Names.Where() && !s.freshWhere:
		return lits
	case key.Names == condkey.Audience && !s.sure:
		return lits
	case key.Names == condkey.Image || key.Names == condkey.Person || key.Names == condkey.Subject || key.Names == condkey.Audience:
		set := &valueSet{}
		for _, v := range c.named.values {
			set.pats = append(set.pats, newPattern(v, policy.StringEqualsIgnoreCase, nil))
		}
		if s.sure && (key.Names == condkey.Subject || key.Names == condkey.Audience) { // whom a pattern covers only the provider knows
			for _, v := range c.named.patterns {
				set.pats = append(set.pats, newPattern(v, policy.StringLike, nil))
			}
		}
		return append(lits, literal{slot: slot, absent: true, mode: eachOut, set: set})
	case key.Names == condkey.Issuer:
		return append(lits, absentKey(slot))
	case key.Names == condkey.NetworkID && key.Tie != condkey.TieVpcARN: // see strangeNetwork
		return append(lits, noneOf(slot, c.named.vpcs...))
	case key.Names == condkey.NetworkAccount:
		return append(lits, noneOf(slot, slices.Concat([]string{c.owner}, c.TrustedAccounts, c.named.accounts)...))
	case key.Names == condkey.NetworkOrg && key.Multi:
		return append(append(lits, literal{slot: slot, absent: true, mode: eachOut, set: pathsOf(c.insideOrgs())}), c.notOwnersOrg(slot)...)
	case key.Names == condkey.NetworkOrg:
		return append(append(lits, noneOf(slot, c.insideOrgs()...)), c.notOwnersOrg(slot)...)
	}
	return lits
}

// doubtful keeps a sure search from values that may never occur.
func (s *searching) doubtful(slot int, key condkey.Key) []literal {
	if !s.sure {
		return nil
	}
	var lits []literal
	for i := range key.Cases {
		if d := key.Cases[i].Doubtful; d != nil {
			lits = append(lits, noneOf(slot, d...))
		}
	}
	return lits
}

// insideOrgs lists the organizations of the owner, of those trusted and those named.
func (c *space) insideOrgs() []string {
	return slices.Concat([]string{c.Key.Org}, c.trustedOrgs, c.named.orgs)
}

// pathsOf is the set of all paths in some organizations.
func pathsOf(orgs []string) *valueSet {
	set := &valueSet{}
	for _, o := range orgs {
		if o != "" {
			set.pats = append(set.pats, newPattern(o+"/*", policy.StringLike, nil))
		}
	}
	return set
}

// insider lists what makes a caller one whom the owner's account can send: of
// the account and its organization, no service-linked role, which only AWS
// assumes, and where it is to be sure, from no network that the policy names:
// the text does not say whose that is.
func (s *searching) insider() []literal {
	c := s.c
	lits := []literal{equals(sAccount, c.owner)}
	if org := c.Key.Org; org != "" && c.mentionsAny(condkey.TieOrgID, condkey.TieOrgPaths) {
		lits = append(lits, equals(sOrgID, org))
	}
	reserved := &valueSet{pats: []textsolve.Pattern{newPattern("arn:*:iam::*"+policy.ServiceLinkedPath+"*", policy.StringLike, nil)}}
	lits = append(lits, literal{slot: sArn, mode: eachOut, set: reserved})
	if !s.freshWhere {
		return lits
	}
	others := slices.DeleteFunc(slices.Clone(c.named.accounts), func(a string) bool { return a == c.owner })
	for i := sFirst; i < len(c.slots); i++ {
		switch key := c.slots[i]; {
		case key.Names == condkey.NetworkID && key.Tie != condkey.TieVpcARN: // see strangeNetwork
			lits = append(lits, noneOf(i, c.named.vpcs...))
		case key.Names == condkey.NetworkAccount:
			lits = append(lits, noneOf(i, others...))
		case key.Names == condkey.Image:
			lits = append(lits, noneOf(i, c.named.values...))
		}
		lits = append(lits, s.doubtful(i, c.slots[i])...)
	}
	return lits
}

// variable is the set of texts that begin with the value of a key.
func (c *space) variable(slot int, behind string) *valueSet {
	base := policy.StringEquals
	if strings.Contains(behind, "*") {
		base = policy.StringLike
	}
	p := newPattern("${"+c.slots[slot].Name+"}"+behind, base, c.keys)
	for i := range p.Parts {
		p.Parts[i].Slot = slot // of the only variable
	}
	return &valueSet{pats: []textsolve.Pattern{p}, vars: true}
}

// notOwnersOrg keeps an organization, or the path of one, from being the key
// owner's, whatever that is. Where it is known, or no condition asks for it,
// there is nothing to say.
func (c *space) notOwnersOrg(slot int) []literal {
	owner := c.slotWith(condkey.TieOwnerOrg)
	switch {
	case owner < 0 || c.Key.Org != "":
		return nil
	case c.slots[slot].Multi:
		return []literal{{slot: slot, absent: true, mode: eachOut, set: c.variable(owner, "/*")}}
	}
	lits := []literal{{slot: owner, absent: true, mode: eachOut, set: c.variable(slot, "")}}
	if slot >= sFirst { // the equation can be written from either side; see contradict
		lits = append(lits, literal{slot: slot, absent: true, mode: eachOut, set: c.variable(owner, "")})
	}
	return lits
}

// without returns what holds of all requests beside the domains: some values
// do not occur. It is made once.
func (c *space) without() []literal {
	if c.withoutMade {
		return c.withoutLits
	}
	c.withoutMade = true
	for i := sFirst; i < len(c.slots); i++ {
		if not := c.slots[i].Without(); not != nil {
			set := &valueSet{}
			for _, v := range not {
				set.pats = append(set.pats, newPattern(v, policy.StringLike, nil))
			}
			c.b.Spend(textsolve.PatternSize * len(not))
			c.withoutLits = append(c.withoutLits, literal{slot: i, absent: true, mode: eachOut, set: set})
		}
	}
	return c.withoutLits
}

// contradict reports whether some literal asks for a value that meets a
// pattern with a variable, and another for none that does.
func contradict(c []literal) bool {
	for i := range c {
		a := &c[i]
		if a.absent || !a.inside() || !a.set.vars {
			continue
		}
		for j := range c {
			b := &c[j]
			if b.mode != eachOut {
				continue
			}
			if b.slot == a.slot && a.set.within(b.set) || a.set.equalTo(b.slot) && b.set.equalTo(a.slot) {
				return true
			}
		}
	}
	return false
}
