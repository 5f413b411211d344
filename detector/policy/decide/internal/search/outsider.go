package search

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A baseKey tells the lists of literals apart that make a caller an outsider.
type baseKey struct {
	Reach
	sure bool
}

// strangers returns the literals that every caller of the wanted kind meets.
func (s *Search) strangers() []compile.Literal {
	if s.Caller == compile.ServiceCaller {
		if s.c.customer == nil {
			s.c.customer = s.strangeCustomer()
		}
		return s.c.customer
	}
	key := baseKey{s.Reach, s.sure}
	base, ok := s.c.bases[key]
	if !ok {
		s.c.Budget.Spend(200 + textsolve.PatternSize*(len(s.c.Named.Accounts)+len(s.c.Named.Orgs)+len(s.c.Named.IDs)+len(s.c.Named.VPCs)+len(s.c.Named.Values)))
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
	if s.Caller == compile.FedCaller { // keeps the user behind the session in the caller's account
		base = append(base, compile.PresentKey(compile.SlotParent))
	}
	for i := compile.FirstSlot; i < len(s.domains); i++ { // and what carries the account, where it must be there
		if d := s.domains[i]; d.ofCaller && !d.canLack(s.sure) {
			base = append(base, compile.PresentKey(i))
		}
	}
	return base
}

// ownPlace reports whether l is about where a stranger calls from, by a key of
// which AWS leaves open whether the request carries it. If it does, the value is
// of the stranger's own network, and so none that the policy names.
func (s *Search) ownPlace(l compile.Literal) bool {
	return s.c.Slots[l.Slot].Names.Where() && s.domains[l.Slot].presence == condkey.Unsaid
}

// outsider lists what makes a caller an outsider of the wanted kind.
func (s *Search) outsider() []compile.Literal {
	c := s.c
	out := func(slot int, lists ...[]string) compile.Literal {
		l := compile.NoneOf(slot, slices.Concat(lists...)...)
		l.Absent = slot != compile.SlotAccount // every request has that one
		return l
	}
	owner := []string{}
	if c.Owner != "" {
		owner = append(owner, c.Owner)
	}
	lits := make([]compile.Literal, 0, 6)
	if !s.FreshWho {
		lits = append(lits, out(compile.SlotAccount, owner, c.TrustedAccounts))
		if len(c.trustedOrgs) > 0 {
			lits = append(lits, out(compile.SlotOrgID, c.trustedOrgs))
		}
	} else {
		lits = append(lits, out(compile.SlotAccount, owner, c.TrustedAccounts, c.Named.Accounts))
		if c.MentionsAny(condkey.TieOrgID, condkey.TieOrgPaths) || len(c.trustedOrgs) > 0 {
			lits = append(lits, out(compile.SlotOrgID, c.trustedOrgs, c.Named.Orgs, []string{c.Key.Org}))
		}
		lits = append(lits, c.notOwnersOrg(compile.SlotOrgID)...)
		if len(c.Named.IDs) > 0 {
			lits = append(lits, out(compile.SlotUniqueID, c.Named.IDs), out(compile.SlotParentID, c.Named.IDs))
		}
	}
	for i := compile.FirstSlot; i < len(c.Slots); i++ {
		lits = append(lits, s.strange(i, c.Slots[i])...)
	}
	return lits
}

// strange lists what a key of a stranger, or of one in a strange network, is
// not: what the policy names, by what the key's values name.
func (s *Search) strange(slot int, key condkey.Key) []compile.Literal {
	c := s.c
	lits := s.doubtful(slot, key)
	switch {
	case !s.FreshWho || key.Names.Where() && !s.FreshWhere:
		return lits
	case key.Names == condkey.Audience && !s.sure:
		return lits
	case key.Names == condkey.Image || key.Names == condkey.Person || key.Names == condkey.Subject || key.Names == condkey.Audience:
		set := &compile.ValueSet{}
		for _, v := range c.Named.Values {
			set.Patterns = append(set.Patterns, compile.NewPattern(v, policy.StringEqualsIgnoreCase, nil))
		}
		if s.sure && (key.Names == condkey.Subject || key.Names == condkey.Audience) { // whom a pattern covers only the provider knows
			for _, v := range c.Named.Patterns {
				set.Patterns = append(set.Patterns, compile.NewPattern(v, policy.StringLike, nil))
			}
		}
		return append(lits, compile.Literal{Slot: slot, Absent: true, Mode: compile.EachOut, Set: set})
	case key.Names == condkey.Issuer:
		return append(lits, compile.AbsentKey(slot))
	case key.Names == condkey.NetworkID && key.Tie != condkey.TieVpcARN: // see strangeNetwork
		return append(lits, compile.NoneOf(slot, c.Named.VPCs...))
	case key.Names == condkey.NetworkAccount:
		return append(lits, compile.NoneOf(slot, slices.Concat([]string{c.Owner}, c.TrustedAccounts, c.Named.Accounts)...))
	case key.Names == condkey.NetworkOrg && key.Multi:
		return append(append(lits, compile.Literal{Slot: slot, Absent: true, Mode: compile.EachOut, Set: pathsOf(c.insideOrgs())}), c.notOwnersOrg(slot)...)
	case key.Names == condkey.NetworkOrg:
		return append(append(lits, compile.NoneOf(slot, c.insideOrgs()...)), c.notOwnersOrg(slot)...)
	}
	return lits
}

// doubtful keeps a sure search from values that may never occur.
func (s *Search) doubtful(slot int, key condkey.Key) []compile.Literal {
	if !s.sure {
		return nil
	}
	var lits []compile.Literal
	for i := range key.Cases {
		if d := key.Cases[i].Doubtful; d != nil {
			lits = append(lits, compile.NoneOf(slot, d...))
		}
	}
	return lits
}

// insideOrgs lists the organizations of the owner, of those trusted and those named.
func (c *Space) insideOrgs() []string {
	return slices.Concat([]string{c.Key.Org}, c.trustedOrgs, c.Named.Orgs)
}

// pathsOf is the set of all paths in some organizations.
func pathsOf(orgs []string) *compile.ValueSet {
	set := &compile.ValueSet{}
	for _, o := range orgs {
		if o != "" {
			set.Patterns = append(set.Patterns, compile.NewPattern(o+"/*", policy.StringLike, nil))
		}
	}
	return set
}

// insider lists what makes a caller one whom the owner's account can send: of
// the account and its organization, no service-linked role, which only AWS
// assumes, and where it is to be sure, from no network that the policy names:
// the text does not say whose that is.
func (s *Search) insider() []compile.Literal {
	c := s.c
	lits := []compile.Literal{compile.Equals(compile.SlotAccount, c.Owner)}
	if org := c.Key.Org; org != "" && c.MentionsAny(condkey.TieOrgID, condkey.TieOrgPaths) {
		lits = append(lits, compile.Equals(compile.SlotOrgID, org))
	}
	reserved := &compile.ValueSet{Patterns: []textsolve.Pattern{compile.NewPattern("arn:*:iam::*"+policy.ServiceLinkedPath+"*", policy.StringLike, nil)}}
	lits = append(lits, compile.Literal{Slot: compile.SlotARN, Mode: compile.EachOut, Set: reserved})
	if !s.FreshWhere {
		return lits
	}
	others := slices.DeleteFunc(slices.Clone(c.Named.Accounts), func(a string) bool { return a == c.Owner })
	for i := compile.FirstSlot; i < len(c.Slots); i++ {
		switch key := c.Slots[i]; {
		case key.Names == condkey.NetworkID && key.Tie != condkey.TieVpcARN: // see strangeNetwork
			lits = append(lits, compile.NoneOf(i, c.Named.VPCs...))
		case key.Names == condkey.NetworkAccount:
			lits = append(lits, compile.NoneOf(i, others...))
		case key.Names == condkey.Image:
			lits = append(lits, compile.NoneOf(i, c.Named.Values...))
		}
		lits = append(lits, s.doubtful(i, c.Slots[i])...)
	}
	return lits
}

// variable is the set of texts that begin with the value of a key.
func (c *Space) variable(slot int, behind string) *compile.ValueSet {
	base := policy.StringEquals
	if strings.Contains(behind, "*") {
		base = policy.StringLike
	}
	p := compile.NewPattern("${"+c.Slots[slot].Name+"}"+behind, base, c.Table)
	for i := range p.Terms {
		p.Terms[i].Slot = slot // of the only variable
	}
	return &compile.ValueSet{Patterns: []textsolve.Pattern{p}, Variables: true}
}

// notOwnersOrg keeps an organization, or the path of one, from being the key
// owner's, whatever that is. Where it is known, or no condition asks for it,
// there is nothing to say.
func (c *Space) notOwnersOrg(slot int) []compile.Literal {
	owner := c.SlotWith(condkey.TieOwnerOrg)
	switch {
	case owner < 0 || c.Key.Org != "":
		return nil
	case c.Slots[slot].Multi:
		return []compile.Literal{{Slot: slot, Absent: true, Mode: compile.EachOut, Set: c.variable(owner, "/*")}}
	}
	lits := []compile.Literal{{Slot: owner, Absent: true, Mode: compile.EachOut, Set: c.variable(slot, "")}}
	if slot >= compile.FirstSlot { // the equation can be written from either side; see contradict
		lits = append(lits, compile.Literal{Slot: slot, Absent: true, Mode: compile.EachOut, Set: c.variable(owner, "")})
	}
	return lits
}

// without returns what holds of all requests besides the domains: some values
// do not occur. It is made once.
func (c *Space) without() []compile.Literal {
	if c.withoutMade {
		return c.withoutLits
	}
	c.withoutMade = true
	for i := compile.FirstSlot; i < len(c.Slots); i++ {
		if not := c.Slots[i].Without(); not != nil {
			set := &compile.ValueSet{}
			for _, v := range not {
				set.Patterns = append(set.Patterns, compile.NewPattern(v, policy.StringLike, nil))
			}
			c.Budget.Spend(textsolve.PatternSize * len(not))
			c.withoutLits = append(c.withoutLits, compile.Literal{Slot: i, Absent: true, Mode: compile.EachOut, Set: set})
		}
	}
	return c.withoutLits
}

// contradict reports whether some literal asks for a value that meets a
// pattern with a variable, and another for none that does.
func contradict(c []compile.Literal) bool {
	for i := range c {
		a := &c[i]
		if a.Absent || !a.Inside() || !a.Set.Variables {
			continue
		}
		for j := range c {
			b := &c[j]
			if b.Mode != compile.EachOut {
				continue
			}
			if b.Slot == a.Slot && a.Set.Within(b.Set) || a.Set.EqualTo(b.Slot) && b.Set.EqualTo(a.Slot) {
				return true
			}
		}
	}
	return false
}
