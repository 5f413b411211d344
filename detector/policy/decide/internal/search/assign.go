package search

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A group is a set of keys whose values depend on each other. A nonnegative group
// is the slot of an independent key.
type group int

const (
	gCaller   group = -1 - iota // account, ARN, name
	gUser                       // user id, unique id, session name
	gParent                     // the user behind a federated session
	gOrg                        // organization id and path of the caller
	gVpc                        // VPC id and ARN
	gVpceOrg                    // organization of the endpoint's owner
	gOwnerOrg                   // organization of the key's owner
	gCalled                     // aws:CalledVia, First and Last
	gContext                    // encryption context, its keys, and a grant's constraint
	gMFA                        // MFA present and age
	gSpec                       // key spec, usage, algorithm, type of message
	gBuild                      // a build and its project
)

// groupOf returns the group of a slot.
func (s *Search) groupOf(slot int) group {
	switch slot {
	case compile.SlotAccount, compile.SlotARN, compile.SlotName:
		return gCaller
	case compile.SlotUserID:
		if s.Caller == compile.RootCaller || s.Caller == compile.FedCaller {
			return gCaller
		}
		return gUser
	case compile.SlotUniqueID, compile.SlotSession:
		return gUser
	case compile.SlotParent:
		return gParent
	case compile.SlotOrgID, compile.SlotOrgPaths:
		return gOrg
	}
	switch s.c.Slots[slot].Tie {
	case condkey.TieUsername:
		return gCaller
	case condkey.TieVpc, condkey.TieVpcARN:
		return gVpc
	case condkey.TieVpceOrgID, condkey.TieVpceOrgPaths:
		return gVpceOrg
	case condkey.TieOwnerOrg, condkey.TieOwnerOrgPaths:
		if s.c.Key.Org == "" && s.c.Ties[condkey.TieOwnerOrg] && s.c.Ties[condkey.TieOwnerOrgPaths] {
			return gOwnerOrg
		}
	case condkey.TieCalled, condkey.TieCalledFirst, condkey.TieCalledLast:
		return gCalled
	case condkey.TieContext, condkey.TieContextKeys, condkey.TieConstraint:
		return gContext
	case condkey.TieMFA, condkey.TieMFAAge:
		if s.Temporary && s.Caller != compile.FedCaller {
			return gMFA
		}
	case condkey.TieSpec, condkey.TieUsage, condkey.TieAlgorithm, condkey.TieMessage:
		return gSpec
	case condkey.TieBuild, condkey.TieProject:
		if s.builds() {
			return gBuild
		}
	}
	return group(slot)
}

// builds reports whether requests have the ARNs of both a build and its project,
// and the policy tests both.
func (s *Search) builds() bool {
	there := func(slot int) bool {
		return slot >= 0 && s.domains[slot].ofCaller && !(s.sure && s.domains[slot].presence == condkey.Unsaid)
	}
	return there(s.c.SlotWith(condkey.TieBuild)) && there(s.c.SlotWith(condkey.TieProject))
}

// assign gives the keys of slot's group values in m that meet all of c, and
// reports whether it found any. If it fails and the search is not incomplete,
// there are none.
func (s *Search) assign(c []compile.Literal, m *compile.Model, slot int) bool {
	if m.Budget.Spend(10); m.Budget.Out() {
		return false
	}
	g := s.groupOf(slot)
	lits := s.literalsOf(c, g)
	switch g {
	case gContext:
		return s.assignContext(c, lits, m)
	case gCalled, gMFA, gSpec:
		return s.assignFew(g, lits, m)
	}
	if g >= 0 && !s.isText(slot) {
		vals, ok := s.pick(slot, lits, m)
		m.Values[slot] = vals
		return ok || s.domains[slot].kind != alwaysAbsent && !s.settled(lits) && s.invert(c, lits, m, slot)
	}
	return s.assignText(c, lits, m, g, slot)
}

// assignFew solves the groups with few combinations of values. Variables have
// their values in m.
func (s *Search) assignFew(g group, lits []compile.Literal, m *compile.Model) bool {
	var ok bool
	switch g {
	case gCalled:
		ok = s.assignCalled(lits, m)
	case gMFA:
		ok = s.assignMFA(lits, m)
	default:
		ok = s.assignSpec(lits, m)
	}
	if !ok && !s.settled(lits) {
		s.Incomplete = true // other values of the variables may work
	}
	return ok
}

func (s *Search) isText(slot int) bool {
	return slot < compile.FirstSlot || s.domains[slot].kind == text && !s.domains[slot].multi && !(s.sure && s.domains[slot].presence == condkey.Unsaid)
}

func (s *Search) literalsOf(c []compile.Literal, g group) []compile.Literal {
	var lits []compile.Literal
	for i := range c {
		if s.groupOf(c[i].Slot) == g {
			lits = append(lits, c[i])
		}
	}
	s.c.Budget.Spend(len(c) + 16*len(lits))
	return lits
}

func absentFits(lits []compile.Literal) bool {
	for _, l := range lits {
		if !l.Absent {
			return false
		}
	}
	return true
}

// assignText solves a group of text keys.
func (s *Search) assignText(c, lits []compile.Literal, m *compile.Model, g group, slot int) bool {
	layouts, optional := s.layouts(g, slot, m)
	lits = s.dropOwner(lits)
	if (optional || len(layouts) == 0) && absentFits(lits) {
		for _, l := range lits {
			m.Values[l.Slot] = nil
		}
		s.clear(g, m)
		return true
	}
	if len(layouts) == 0 {
		return false // no request of this kind has the key
	}
	if g >= compile.FirstSlot && s.prefer(slot, lits, m) {
		return true
	}
	if s.fill(layouts, lits, m, compile.AsModel) {
		return s.documented(slot, lits, m)
	}
	switch {
	case g == gParent:
		return s.moveAccount(c, lits, m, s.parentLayouts)
	case g == gBuild:
		return s.moveAccount(c, lits, m, s.buildLayouts)
	case g >= compile.FirstSlot && s.domains[slot].ofCaller:
		return s.moveAccount(c, lits, m, func(account string) []layout { return s.sessionLayouts(slot, account) })
	}
	if s.settled(lits) || m.Budget.Out() {
		return false
	}
	trial := m.Clone()
	if !s.fill(layouts, lits, trial, compile.AsAnything) {
		return false
	}
	if allLiteralsHold(lits, trial) { // the variable is of the same group
		m.Values = trial.Values
		return true
	}
	return s.equate(c, lits, m, trial, layouts)
}

// prefer tries the readable and documented values of a key.
func (s *Search) prefer(slot int, lits []compile.Literal, m *compile.Model) bool {
	d := s.domain(slot)
	v := make([]compile.Value, 1)
	for i := -1; i < len(d.known) && !m.Budget.Out(); i++ {
		v[0].Text = d.first
		if i >= 0 {
			v[0].Text = d.known[i]
		}
		if v[0].Text != "" && fitsAll(v, lits, m) {
			m.Values[slot] = v
			return true
		}
	}
	return false
}

// documented reports whether the search may use the key's value in m. A sure
// search must not invent AWS services, but accepts one that the policy names.
func (s *Search) documented(slot int, lits []compile.Literal, m *compile.Model) bool {
	if slot < compile.FirstSlot || s.domains[slot].known == nil || !s.sure {
		return true
	}
	for i := range lits {
		for j := range lits[i].Set.Patterns {
			if lits[i].Set.Patterns[j].Plain == m.Text(slot) { // "" for a pattern with wildcards
				return true
			}
		}
	}
	return false
}

// clear makes the keys of a group that may be absent as a whole absent.
func (s *Search) clear(g group, m *compile.Model) {
	switch g {
	case gOrg:
		m.Values[compile.SlotOrgID], m.Values[compile.SlotOrgPaths] = nil, nil
	case gVpc, gVpceOrg, gBuild:
		for i := compile.FirstSlot; i < len(s.c.Slots); i++ {
			if s.groupOf(i) == g {
				m.Values[i] = nil
			}
		}
	}
}

// settled reports whether every variable in lits has the same value in all
// requests of this kind, so that there is nothing to try.
func (s *Search) settled(lits []compile.Literal) bool {
	for i := range lits {
		for j := range lits[i].Set.Patterns {
			for _, p := range lits[i].Set.Patterns[j].Terms {
				if p.Variable != "" && !s.settledSlot(p.Slot) {
					return false
				}
			}
		}
	}
	return true
}

func (s *Search) settledSlot(slot int) bool {
	if s.c.HasTie(slot, condkey.TieUsername) {
		return s.Caller != compile.UserCaller
	}
	if s.groupOf(slot) < 0 { // as for all of the caller's own keys
		return false
	}
	d := s.domains[slot]
	return d.kind == fixedTo || d.kind == alwaysAbsent
}

// dropOwner removes from lits the patterns that require the caller's account or
// organization to equal the key owner's, and cannot hold: an outsider has another
// account, and a stranger another organization. A default does not help: every
// request has the key owner's account, and an organization that a default names
// is not a stranger's.
func (s *Search) dropOwner(lits []compile.Literal) []compile.Literal {
	if !slices.ContainsFunc(lits, s.dropsOwner) {
		return lits
	}
	for i := range lits {
		s.c.Budget.Spend(textsolve.PatternSize * len(lits[i].Set.Patterns))
	}
	lits = append([]compile.Literal(nil), lits...)
	for i := range lits {
		l := &lits[i]
		if !l.Set.Variables || !l.Inside() {
			continue
		}
		set := &compile.ValueSet{}
		for _, p := range l.Set.Patterns {
			if len(p.Terms) == 1 && s.neverEqual(l.Slot, p.Terms[0].Slot) {
				continue
			}
			set.Patterns = append(set.Patterns, p)
			set.Variables = set.Variables || p.Terms != nil
		}
		l.Set = set
		if len(set.Patterns) == 0 {
			l.Mode = compile.None
		}
	}
	return lits
}

// dropsOwner reports whether dropOwner has something to remove from l.
func (s *Search) dropsOwner(l compile.Literal) bool {
	return l.Inside() && slices.ContainsFunc(l.Set.Patterns, func(p textsolve.Pattern) bool {
		return len(p.Terms) == 1 && s.neverEqual(l.Slot, p.Terms[0].Slot)
	})
}

// neverEqual reports whether one key is the caller's account or a stranger's
// organization, and the other that of the key owner.
func (s *Search) neverEqual(a, b int) bool {
	if a > b {
		a, b = b, a
	}
	if s.c.Insiders {
		return false
	}
	tie := s.c.Slots[b].Tie
	return a == compile.SlotAccount && tie == condkey.TieOwner || a == compile.SlotOrgID && tie == condkey.TieOwnerOrg && s.FreshWho
}

func arnAccount(arn string) string {
	a, _ := awsid.SplitARN(arn)
	return a.Account
}
