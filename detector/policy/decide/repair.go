package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A group is a set of keys whose values hang together.
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

// groupOf returns the group of a slot; a key that stands alone is its own group.
func (s *search) groupOf(slot int) group {
	switch slot {
	case sAccount, sArn, sName:
		return gCaller
	case sUserID:
		if s.typ == rootCaller || s.typ == fedCaller {
			return gCaller
		}
		return gUser
	case sUnique, sSession:
		return gUser
	case sParent:
		return gParent
	case sOrgID, sOrgPaths:
		return gOrg
	}
	switch s.c.slots[slot].Tie {
	case condkey.TieUsername:
		return gCaller
	case condkey.TieVpc, condkey.TieVpcARN:
		return gVpc
	case condkey.TieVpceOrgID, condkey.TieVpceOrgPaths:
		return gVpceOrg
	case condkey.TieOwnerOrg, condkey.TieOwnerOrgPaths:
		if s.c.q.Key.Org == "" && s.c.ties[condkey.TieOwnerOrg] && s.c.ties[condkey.TieOwnerOrgPaths] {
			return gOwnerOrg
		}
	case condkey.TieCalled, condkey.TieCalledFirst, condkey.TieCalledLast:
		return gCalled
	case condkey.TieContext, condkey.TieContextKeys, condkey.TieConstraint:
		return gContext
	case condkey.TieMFA, condkey.TieMFAAge:
		if s.temp && s.typ != fedCaller {
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

// builds reports whether a request has the ARNs both of a build and of its
// project, and the policy asks for both.
func (s *search) builds() bool {
	there := func(slot int) bool {
		return slot >= 0 && s.domains[slot].ofCaller && !(s.sure && s.domains[slot].presence == condkey.Unsaid)
	}
	return there(s.c.slotWith(condkey.TieBuild)) && there(s.c.slotWith(condkey.TieProject))
}

// repair gives the keys of slot's group values in m that meet all of c. When it
// fails and the search is not incomplete, there are none.
func (s *search) repair(c []literal, m *model, slot int) bool {
	if m.b.Spend(10); m.b.Out() {
		return false
	}
	g := s.groupOf(slot)
	lits := s.literalsOf(c, g)
	switch g {
	case gContext:
		return s.repairContext(c, lits, m)
	case gCalled, gMFA, gSpec:
		return s.repairFew(g, lits, m)
	}
	if g >= 0 && !s.isText(slot) {
		vals, ok := s.pick(slot, lits, m)
		m.vals[slot] = vals
		return ok || s.domains[slot].kind != never && !s.settled(lits) && s.invert(c, lits, m, slot)
	}
	return s.repairText(c, lits, m, g, slot)
}

// repairFew solves the groups that have few values between them. Their
// literals with variables are read as the model has the variables.
func (s *search) repairFew(g group, lits []literal, m *model) bool {
	var ok bool
	switch g {
	case gCalled:
		ok = s.repairCalled(lits, m)
	case gMFA:
		ok = s.repairMFA(lits, m)
	default:
		ok = s.repairSpec(lits, m)
	}
	if !ok && !s.settled(lits) {
		s.incomplete = true // other values of the variables may do
	}
	return ok
}

func (s *search) isText(slot int) bool {
	return slot < sFirst || s.domains[slot].kind == text && !s.domains[slot].multi && !(s.sure && s.domains[slot].presence == condkey.Unsaid)
}

func (s *search) literalsOf(c []literal, g group) []literal {
	var lits []literal
	for i := range c {
		if s.groupOf(c[i].slot) == g {
			lits = append(lits, c[i])
		}
	}
	s.c.b.Spend(len(c) + 16*len(lits))
	return lits
}

func absentFits(lits []literal) bool {
	for _, l := range lits {
		if !l.absent {
			return false
		}
	}
	return true
}

// repairText solves a group of text keys.
func (s *search) repairText(c, lits []literal, m *model, g group, slot int) bool {
	layouts, optional := s.layouts(g, slot, m)
	lits = s.dropOwner(lits)
	if (optional || len(layouts) == 0) && absentFits(lits) {
		for _, l := range lits {
			m.vals[l.slot] = nil
		}
		s.clear(g, m)
		return true
	}
	if len(layouts) == 0 {
		return false // no request of this request kind has the key
	}
	if g >= sFirst && s.prefer(slot, lits, m) {
		return true
	}
	if s.fill(layouts, lits, m, asModel) {
		return s.documented(slot, lits, m)
	}
	switch {
	case g == gParent:
		return s.moveAccount(c, lits, m, s.parentLayouts)
	case g == gBuild:
		return s.moveAccount(c, lits, m, s.buildLayouts)
	case g >= sFirst && s.domains[slot].ofCaller:
		return s.moveAccount(c, lits, m, func(account string) []layout { return s.sessionLayouts(slot, account) })
	}
	if s.settled(lits) || m.b.Out() {
		return false
	}
	trial := m.clone()
	if !s.fill(layouts, lits, trial, asAnything) {
		return false
	}
	if allLiteralsHold(lits, trial) { // the variable hangs together with the key itself
		m.vals = trial.vals
		return true
	}
	return s.equate(c, lits, m, trial, layouts)
}

// prefer tries the well-known values of a key.
func (s *search) prefer(slot int, lits []literal, m *model) bool {
	d := s.domain(slot)
	v := make([]value, 1)
	for i := -1; i < len(d.known) && !m.b.Out(); i++ {
		v[0].s = d.first
		if i >= 0 {
			v[0].s = d.known[i]
		}
		if v[0].s != "" && fitsAll(v, lits, m) {
			m.vals[slot] = v
			return true
		}
	}
	return false
}

// documented says whether a sure search may use the value that m has: it may
// not invent AWS services, but it believes the policy that names one.
func (s *search) documented(slot int, lits []literal, m *model) bool {
	if slot < sFirst || s.domains[slot].known == nil || !s.sure {
		return true
	}
	for i := range lits {
		for j := range lits[i].set.pats {
			if lits[i].set.pats[j].Plain == m.text(slot) { // "" for a pattern with wildcards
				return true
			}
		}
	}
	return false
}

// clear makes all keys of a group absent.
func (s *search) clear(g group, m *model) {
	switch g {
	case gOrg:
		m.vals[sOrgID], m.vals[sOrgPaths] = nil, nil
	case gVpc, gVpceOrg, gBuild:
		for i := sFirst; i < len(s.c.slots); i++ {
			if s.groupOf(i) == g {
				m.vals[i] = nil
			}
		}
	}
}

// settled reports whether all variables in lits have one value in every
// request of this request kind: then there is nothing to try.
func (s *search) settled(lits []literal) bool {
	for i := range lits {
		for j := range lits[i].set.pats {
			for _, p := range lits[i].set.pats[j].Parts {
				if p.Variable != "" && !s.settledSlot(p.Slot) {
					return false
				}
			}
		}
	}
	return true
}

func (s *search) settledSlot(slot int) bool {
	if s.c.hasTie(slot, condkey.TieUsername) {
		return s.typ != userCaller
	}
	if s.groupOf(slot) < 0 { // all of the caller's own keys are in one
		return false
	}
	d := s.domains[slot]
	return d.kind == fixedTo || d.kind == never
}

// dropOwner takes equations with the key owner's account or organization out
// where they cannot hold: an outsider has another account, and a stranger
// another organization. No default helps: the key's account is in every
// request, and an organization that a default spells out is not a stranger's.
func (s *search) dropOwner(lits []literal) []literal {
	if !slices.ContainsFunc(lits, s.dropsOwner) {
		return lits
	}
	for i := range lits {
		s.c.b.Spend(textsolve.PatternSize * len(lits[i].set.pats))
	}
	lits = append([]literal(nil), lits...)
	for i := range lits {
		l := &lits[i]
		if !l.set.vars || !l.inside() {
			continue
		}
		set := &valueSet{}
		for _, p := range l.set.pats {
			if len(p.Parts) == 1 && s.neverEqual(l.slot, p.Parts[0].Slot) {
				continue
			}
			set.pats = append(set.pats, p)
			set.vars = set.vars || p.Parts != nil
		}
		l.set = set
		if len(set.pats) == 0 {
			l.mode = none
		}
	}
	return lits
}

// dropsOwner reports whether dropOwner has something to take out of l.
func (s *search) dropsOwner(l literal) bool {
	return l.inside() && slices.ContainsFunc(l.set.pats, func(p textsolve.Pattern) bool {
		return len(p.Parts) == 1 && s.neverEqual(l.slot, p.Parts[0].Slot)
	})
}

// neverEqual says that one key is the caller's account, or a stranger's
// organization, and the other the key owner's.
func (s *search) neverEqual(a, b int) bool {
	if a > b {
		a, b = b, a
	}
	if s.c.insiders {
		return false
	}
	tie := s.c.slots[b].Tie
	return a == sAccount && tie == condkey.TieOwner || a == sOrgID && tie == condkey.TieOwnerOrg && s.freshWho
}

func arnAccount(arn string) string {
	a, _ := awsid.SplitARN(arn)
	return a.Account
}
