package search

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A baseKey holds what the literals that make a caller an outsider depend on.
type baseKey struct {
	Reach
	sure bool
}

// strangers returns the literals that every caller that the search looks for
// meets.
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

// ownPlace reports whether l is about where a stranger calls from, on a key that
// AWS does not say requests have. If a request has it, the value is that of the
// stranger's own network, which the policy does not name.
func (s *Search) ownPlace(l compile.Literal) bool {
	return s.c.Slots[l.Slot].Names.Where() && s.domains[l.Slot].presence == condkey.Unsaid
}

// outsider returns the literals that hold if a caller is an outsider within
// s.Reach.
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

// strange returns literals that exclude, for a stranger, the values of a key that
// the policy names, or that name those whom it names.
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

// doubtful returns literals that keep a sure search from values that may never
// occur.
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

// insideOrgs returns the owner's organization, which may be "", and those that are
// trusted or named.
func (c *Space) insideOrgs() []string {
	return slices.Concat([]string{c.Key.Org}, c.trustedOrgs, c.Named.Orgs)
}

// pathsOf returns the set of all paths in some organizations.
func pathsOf(orgs []string) *compile.ValueSet {
	set := &compile.ValueSet{}
	for _, o := range orgs {
		if o != "" {
			set.Patterns = append(set.Patterns, compile.NewPattern(o+"/*", policy.StringLike, nil))
		}
	}
	return set
}

// insider returns the literals that hold if a caller is one that the owner's
// account controls: in the account and its organization, and not a service-linked
// role, which only AWS can assume. For a sure answer the caller is also not in a
// network that the policy names, since the policy does not say whose it is.
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

// variable returns the set of texts that consist of the value of the key in a slot
// and then behind, in which * is a wildcard.
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

// notOwnersOrg returns literals that keep an organization, or the path of one,
// from being that of the key owner, whatever that is. There are none if the key
// owner's organization is known or no condition tests it.
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

// without returns literals that exclude values which do not occur in any request
// though the domains contain them. It computes them only once.
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

// contradict reports whether one literal requires a value that matches a pattern
// with a variable, and another excludes such a value.
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
