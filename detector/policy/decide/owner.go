package decide

import (
	"fmt"
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// The owner's two actions.
const (
	putKeyPolicy = "kms:PutKeyPolicy"
	decryptData  = "kms:Decrypt"
)

// ownerOf decides who of the owner's account keeps the key. It asks the search
// of the outsiders, on a policy that is compiled for callers of the owner's
// account, and takes from it only what that account has for sure: see insider.
func ownerOf(p *policy.Policy, keys *condkey.Table, q Question, partition string, b *textsolve.Budget) Owner {
	d := newDecider(compile(p, keys, q, partition, true, b))
	d.views = make(map[viewKey][]*stmt, 4)
	if d.owner == "" {
		unknown := Open{StatementRef{Index: -1}, "the key's owner is not known"}
		return Owner{ManageBlame: unknown, DecryptBlame: unknown}
	}
	var o Owner
	var manage, decrypt standing
	b.Within(b.Left/2, func() { manage = d.access(ask{action: putKeyPolicy}) })
	o.Manage, o.ManageBlame, o.Named, o.Witness = manage.access, manage.blame, manage.named, manage.witness
	if a := (ask{action: decryptData}); d.supported(a) {
		decrypt = d.access(a)
		o.Decrypt, o.DecryptBlame = decrypt.access, decrypt.blame
	} else {
		o.Decrypt = AccessNotApplicable
	}
	return o
}

// A standing is what one action of the owner comes to.
type standing struct {
	access  Access
	blame   Open
	named   []string
	witness *evaluate.Request
}

// through says which principals of the owner's account may be let in.
type through int

const (
	byAccount through = iota // anybody whom the account's own IAM policies choose
	byName                   // principals that the policy names, while they exist
	byID                     // also those that it names by a unique id
)

// access decides one action of the owner, the best for the account first.
func (d *decider) access(a ask) standing {
	kinds := d.ownerKinds(a)
	for _, how := range [...]through{byAccount, byName} {
		r := d.letsIn(kinds, how, true, nil)
		if r == nil {
			continue
		}
		s := standing{access: AccessYes, witness: r}
		if how == byName {
			if d.letsIn(kinds, byAccount, false, nil) != nil || d.ownerOpen || d.b.Out() {
				break // those who are named, and perhaps the account itself
			}
			s.access, s.named = AccessNamed, d.namedOwners(kinds)
			if len(s.named) == 0 { // no room to look for each
				s.named = []string{r.Principal}
			}
			s.blame = d.noAccount(a)
		}
		return s
	}
	may := d.letsIn(kinds, byID, false, nil)
	if may == nil && !d.b.Out() && !d.ownerOpen {
		return standing{access: AccessNo, blame: d.lockedBy(a, kinds)}
	}
	return standing{blame: d.ownerDoubt(a)}
}

// ownerKinds lists the kinds of requests that the owner's account can make,
// the root user's first.
func (d *decider) ownerKinds(a ask) []*requestKind {
	list := d.requestKinds(a)
	order := []callerKind{rootCaller, roleCaller, userCaller, fedCaller}
	slices.SortStableFunc(list, func(x, y *requestKind) int {
		return slices.Index(order, x.typ) - slices.Index(order, y.typ)
	})
	return list
}

// letsIn returns a request of the owner's account that gets in, nil when none
// was found. spared is a Deny to leave out, nil for none.
func (d *decider) letsIn(kinds []*requestKind, how through, sure bool, spared *stmt, more ...literal) *evaluate.Request {
	d.ownerOpen = false
	var open ipset.Set
	for _, sc := range kinds {
		if sure && sc.path == via && sc.action == putKeyPolicy {
			continue // AWS does not say which services change key policies for their customers
		}
		s := d.newSearch(sc, reach{freshWhere: sure}, sure)
		if how < byID {
			s.base = append(s.base[:len(s.base):len(s.base)], noneOf(sUnique, d.named.ids...), noneOf(sParentID, d.named.ids...))
		}
		s.base = append(s.base, more...)
		s.allows = d.ownersView(sc.action, policy.Allow, how, sure)
		s.denies = slices.DeleteFunc(slices.Clone(d.ownersView(sc.action, policy.Deny, how, sure)), func(st *stmt) bool {
			return spared != nil && st.Statement == spared.Statement
		})
		d.b.Spend(20 + 3*len(s.denies))
		m := s.findWide(&open)
		if d.b.Out() {
			return nil
		}
		if m == nil {
			d.ownerOpen = d.ownerOpen || s.incomplete && !s.disproven(open)
			continue
		}
		r := s.request(m, sc.ask)
		d.b.Spend(d.evaluation(s, m))
		if sure && spared == nil && !d.confirmsOwner(r) {
			open = nil
			continue
		}
		return &r
	}
	return nil
}

// confirmsOwner asks the separate evaluator about a witness. A key that is not
// known gets an ARN that the owner's keys could have.
func (d *decider) confirmsOwner(r evaluate.Request) bool {
	if r.Resource == "" {
		r.Resource = d.someKey()
	}
	return evaluate.AllowsWithKeys(d.policy, d.keys, r, d.q.RCPs) == evaluate.Yes
}

// A viewKey is a question to ownersView.
type viewKey struct {
	action string
	effect policy.Effect
	how    through
	sure   bool
}

// ownersView returns the statements of an effect as far as they count for the owner. What a
// condition makes of something that neither the account decides nor the
// question says is taken against what is to be shown: a sure access does not
// count on such an Allow and is not spared by such a condition of a Deny; a
// possible one is the other way round.
func (d *decider) ownersView(action string, effect policy.Effect, how through, sure bool) []*stmt {
	k := viewKey{action, effect, how, sure}
	view, ok := d.views[k]
	if ok {
		return view
	}
	for _, st := range d.statements(action, effect, sure) {
		d.b.Spend(150 + 20*len(st.clauses))
		t := *st
		t.clauses = nil
		open := false
		for i := range st.clauses {
			if d.beyondOwner(&st.clauses[i]) {
				open = true
			} else {
				t.clauses = append(t.clauses, st.clauses[i])
			}
		}
		if open && sure == (st.Effect == policy.Allow) {
			continue
		}
		if st.Effect == policy.Allow && !st.NotPrincipal {
			t.entries = st.entries.through(how)
		}
		view = append(view, &t)
	}
	d.views[k] = view
	return view
}

// through returns the entries that count for one way of getting in.
func (e entries) through(how through) entries {
	switch how {
	case byAccount:
		return entries{star: e.star, accounts: e.accounts}
	case byName:
		e.roleIDs, e.userIDs = nil, nil
		e.made = [waysKinds][serviceCaller + 1]*[][]literal{}
	}
	return e
}

// beyondOwner says whether a clause turns on a fact that is neither in the
// question nor in the account's own hands.
func (d *decider) beyondOwner(cl *clause) bool {
	if d.slots[cl.sure.slot].Tie == condkey.TieOrgPaths && d.q.Key.Org != "" && cl.sure.asksPresence() && cl.possible.asksPresence() {
		return false // who is in an organization has a path
	}
	if d.factUnknown(cl.sure.slot) {
		return true
	}
	for _, set := range [...]*valueSet{cl.sure.set, cl.possible.set} {
		for i := range set.pats {
			for _, p := range set.pats[i].Parts {
				if p.Variable != "" && d.factUnknown(p.Slot) {
					return true
				}
			}
		}
	}
	return false
}

// factUnknown says whether a key holds a fact about the owner or its key that
// the question does not say, the same in all its requests.
func (c *compiled) factUnknown(slot int) bool {
	key := c.slots[slot]
	switch key.Tie {
	case condkey.TieOrgID, condkey.TieVpceOrgID:
		return c.q.Key.Org == ""
	case condkey.TieOrgPaths, condkey.TieVpceOrgPaths:
		return true
	}
	return key.Reads&c.unknownFacts() != 0
}

// insider lists what makes a caller one whom the owner's account can send: of
// the account and its organization, no service-linked role, which only AWS
// assumes, and where it is to be sure, from no network that the policy names:
// the text does not say whose that is.
func (s *search) insider() []literal {
	c := s.c
	lits := []literal{equals(sAccount, c.owner)}
	if org := c.q.Key.Org; org != "" && c.mentionsAny(condkey.TieOrgID, condkey.TieOrgPaths) {
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

// namedOwners lists the principals of the owner's account that are let in by name.
func (d *decider) namedOwners(kinds []*requestKind) []string {
	var names []string
	look := func(kind callerKind, name string, lits ...literal) {
		if d.b.Out() {
			return
		}
		mine := slices.DeleteFunc(slices.Clone(kinds), func(s *requestKind) bool { return s.typ != kind })
		if d.letsIn(mine, byName, true, nil, lits...) != nil {
			names = append(names, name)
		}
	}
	for _, kind := range [...]callerKind{roleCaller, userCaller, fedCaller} {
		arns, _, sessions := d.namedPrincipals(kind)
		for _, arn := range arns[:min(len(arns), maxNamed)] {
			look(kind, arn, equals(sArn, arn))
		}
		for _, x := range sessions[:min(len(sessions), maxNamed)] {
			look(kind, "arn:"+d.partition+":sts::"+x.account+":assumed-role/"+x.role+"/"+x.name, x.literals()...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// noAccount says that no Allow gives the action to the account itself.
func (d *decider) noAccount(a ask) Open {
	for _, st := range d.stmtsAbout(a, policy.Deny) {
		if d.b.Out() {
			break
		}
		if d.letsIn(d.ownerKinds(a), byAccount, true, st) != nil {
			return Open{StatementRef{st.Index, st.Sid}, "it denies " + a.action + " to the key owner's account, apart from principals that are named"}
		}
	}
	return Open{StatementRef{Index: -1}, "no statement allows " + a.action + " to the key owner's account itself, only to principals by name"}
}

// lockedBy finds the statement that locks the account out.
func (d *decider) lockedBy(a ask, kinds []*requestKind) Open {
	allows, denies := d.stmtsAbout(a, policy.Allow), d.stmtsAbout(a, policy.Deny)
	named := slices.ContainsFunc(allows, func(st *stmt) bool { return st.entries.reachable(st.NotPrincipal) })
	if !named {
		return Open{StatementRef{Index: -1}, fmt.Sprintf("no statement allows %s to the key owner's account %s or a principal in it", a.action, d.owner)}
	}
	for _, st := range denies {
		if d.b.Out() {
			break
		}
		if d.letsIn(kinds, byID, false, st) != nil {
			return Open{d.ref(st), fmt.Sprintf("it denies %s to the key owner's account %s", a.action, d.owner)}
		}
	}
	if len(denies) > 0 {
		return Open{d.ref(denies[0]), fmt.Sprintf("it denies %s to the key owner's account %s, as other statements do", a.action, d.owner)}
	}
	for _, st := range allows {
		if st.entries.reachable(st.NotPrincipal) {
			return Open{d.ref(st), fmt.Sprintf("its conditions keep the key owner's account %s from %s", d.owner, a.action)}
		}
	}
	return Open{StatementRef{Index: -1}, "no request of the key owner's account is allowed " + a.action}
}

// ownerDoubt says what keeps an access of the owner undecided.
func (d *decider) ownerDoubt(a ask) Open {
	for _, st := range append(d.stmtsAbout(a, policy.Deny), d.stmtsAbout(a, policy.Allow)...) {
		if why := d.unknownReasons(st, a.action); why != nil {
			return why[0]
		}
		for i := range st.clauses {
			if cl := &st.clauses[i]; d.beyondOwner(cl) || cl.hasDoubt() || d.isNetwork(cl) {
				return Open{d.ref(st), "whether the key owner's account meets `" + shorten(cl.text(), 120) + "` is not known here"}
			}
		}
		if st.Effect == policy.Allow && len(st.entries.roleIDs)+len(st.entries.userIDs) > 0 {
			return Open{d.ref(st), "it names a unique id whose account the text does not give"}
		}
	}
	if d.b.Out() {
		return Open{StatementRef{Index: -1}, tooIntricate}
	}
	return Open{StatementRef{Index: -1}, "AWS does not document the outcome of a request that the key owner's account could make"}
}

// isNetwork says whether a clause is about where a request comes from.
func (d *decider) isNetwork(cl *clause) bool {
	key := d.slots[cl.sure.slot]
	return key.Names.Where() || key.Types&condkey.IP != 0
}

// stmtsAbout lists the statements of an effect that may apply to an action.
func (d *decider) stmtsAbout(a ask, effect policy.Effect) []*stmt {
	var list []*stmt
	for i, m := range d.matches(a.action) {
		if st := &d.stmts[i]; (st.Effect == effect || st.Effect == 0) && m.possible() {
			list = append(list, st)
		}
	}
	return list
}

// ref names a statement; one of a resource control policy is none of the document's.
func (d *decider) ref(st *stmt) StatementRef {
	if st.control {
		return StatementRef{-1, st.Sid}
	}
	return StatementRef{st.Index, st.Sid}
}
