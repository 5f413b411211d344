package decide

import (
	"fmt"
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// The owner's two actions.
const (
	putKeyPolicy = "kms:PutKeyPolicy"
	decryptData  = "kms:Decrypt"
)

// ownerOf decides who in the owner's account keeps access to the key. It uses the
// same search as for outsiders, on a policy compiled for callers in the owner's
// account; see insider in package search.
func ownerOf(p *policy.Policy, keys *condkey.Table, q Question, partition string, b *textsolve.Budget) Owner {
	about := q.about(partition)
	about.Insiders = true
	d := newDecider(search.NewSpace(compile.New(p, keys, about, b), q.At, q.TrustedOrgs), q)
	d.views = make(map[viewKey][]*compile.Statement, 4)
	if d.Owner == "" {
		unknown := Doubt{StatementRef{Index: -1}, "the key's owner is not known"}
		return Owner{ManageBlame: unknown, DecryptBlame: unknown}
	}
	var o Owner
	var manage, decrypt standing
	b.Within(b.Left/2, func() { manage = d.access(kmsapi.Ask{Action: putKeyPolicy}) })
	o.Manage, o.ManageBlame, o.Named, o.Witness = manage.access, manage.blame, manage.named, manage.witness
	if a := (kmsapi.Ask{Action: decryptData}); d.Supported(a) {
		decrypt = d.access(a)
		o.Decrypt, o.DecryptBlame = decrypt.access, decrypt.blame
	} else {
		o.Decrypt = AccessNotApplicable
	}
	return o
}

// A standing is the answer for one action of the owner.
type standing struct {
	access  Access
	blame   Doubt
	named   []string
	witness *evaluate.Request
}

// through says which principals of the owner's account a search considers.
type through int

const (
	byAccount through = iota // those let in as part of the account, through its IAM policies
	byName                   // also those that the policy names, while they exist
	byID                     // also those that it names by unique id
)

// access decides one action of the owner. It tries the best answer for the
// account first.
func (d *decider) access(a kmsapi.Ask) standing {
	kinds := d.ownerKinds(a)
	for _, how := range [...]through{byAccount, byName} {
		r := d.letsIn(kinds, how, true, nil)
		if r == nil {
			continue
		}
		s := standing{access: AccessYes, witness: r}
		if how == byName {
			if d.letsIn(kinds, byAccount, false, nil) != nil || d.ownerOpen || d.Budget.Out() {
				break // perhaps the account itself, not only those who are named
			}
			s.access, s.named = AccessNamed, d.namedOwners(kinds)
			if len(s.named) == 0 { // the budget ran out
				s.named = []string{r.Principal}
			}
			s.blame = d.noAccount(a)
		}
		return s
	}
	may := d.letsIn(kinds, byID, false, nil)
	if may == nil && !d.Budget.Out() && !d.ownerOpen {
		return standing{access: AccessNo, blame: d.lockedBy(a, kinds)}
	}
	return standing{blame: d.ownerDoubt(a)}
}

// ownerKinds returns the kinds of requests that the owner's account can make, the
// root user's first.
func (d *decider) ownerKinds(a kmsapi.Ask) []*search.RequestKind {
	list := d.RequestKinds(a)
	order := []compile.CallerKind{compile.RootCaller, compile.RoleCaller, compile.UserCaller, compile.FedCaller}
	slices.SortStableFunc(list, func(x, y *search.RequestKind) int {
		return slices.Index(order, x.Caller) - slices.Index(order, y.Caller)
	})
	return list
}

// letsIn returns a request of the owner's account that meets more and gets in,
// certainly if sure is true, or nil if it found none; d.ownerOpen then says
// whether there may be one all the same. It leaves out the Deny spared, unless
// that is nil.
func (d *decider) letsIn(kinds []*search.RequestKind, how through, sure bool, spared *compile.Statement, more ...compile.Literal) *evaluate.Request {
	d.ownerOpen = false
	var open ipset.Set
	for _, sc := range kinds {
		if sure && sc.Path == search.ViaService && sc.Action == putKeyPolicy {
			continue // AWS does not say which services change key policies for their customers
		}
		s := d.NewSearch(sc, search.Reach{FreshWhere: sure}, sure)
		if how < byID {
			s.Base = append(s.Base[:len(s.Base):len(s.Base)], compile.NoneOf(compile.SlotUniqueID, d.Named.IDs...), compile.NoneOf(compile.SlotParentID, d.Named.IDs...))
		}
		s.Base = append(s.Base, more...)
		s.Allows = d.ownersView(sc.Action, policy.Allow, how, sure)
		s.Denies = slices.DeleteFunc(slices.Clone(d.ownersView(sc.Action, policy.Deny, how, sure)), func(st *compile.Statement) bool {
			return spared != nil && st.Statement == spared.Statement
		})
		d.Budget.Spend(20 + 3*len(s.Denies))
		m := s.FindWide(&open)
		if d.Budget.Out() {
			return nil
		}
		if m == nil {
			d.ownerOpen = d.ownerOpen || s.Incomplete && !s.Disproven(open)
			continue
		}
		r := s.Request(m, sc.Ask)
		d.Budget.Spend(d.evaluation(s, m))
		if sure && spared == nil && !d.confirmsOwner(r) {
			open = nil
			continue
		}
		return &r
	}
	return nil
}

// confirmsOwner reports whether the independent evaluator allows a witness. It
// gives an unknown key an ARN that a key of the owner could have.
func (d *decider) confirmsOwner(r evaluate.Request) bool {
	if r.Resource == "" {
		r.Resource = d.SomeKey()
	}
	return evaluate.AllowsWithKeys(d.Source, d.Table, r, d.RCPs) == evaluate.Yes
}

// A viewKey holds the arguments of ownersView.
type viewKey struct {
	action string
	effect policy.Effect
	how    through
	sure   bool
}

// ownersView returns the statements of an effect as they apply to the owner. A
// condition on something that neither the account decides nor the question gives
// (see beyondOwner) is read against what is to be shown. For a sure access, an
// Allow with such a condition is left out, and a Deny is taken without the
// condition; for a possible access it is the other way round.
func (d *decider) ownersView(action string, effect policy.Effect, how through, sure bool) []*compile.Statement {
	k := viewKey{action, effect, how, sure}
	view, ok := d.views[k]
	if ok {
		return view
	}
	for _, st := range d.Applying(action, effect, sure) {
		d.Budget.Spend(150 + 20*len(st.Clauses))
		t := *st
		t.Clauses = nil
		doubtful := false
		for i := range st.Clauses {
			if d.beyondOwner(&st.Clauses[i]) {
				doubtful = true
			} else {
				t.Clauses = append(t.Clauses, st.Clauses[i])
			}
		}
		if doubtful && sure == (st.Effect == policy.Allow) {
			continue
		}
		if st.Effect == policy.Allow && !st.NotPrincipal {
			switch how {
			case byAccount:
				t.Entries = st.Entries.AccountsOnly()
			case byName:
				t.Entries = st.Entries.WithoutIDs()
			}
		}
		view = append(view, &t)
	}
	d.views[k] = view
	return view
}

// beyondOwner reports whether a clause turns on a fact that neither the question
// gives nor the account decides.
func (d *decider) beyondOwner(cl *compile.Clause) bool {
	if d.Slots[cl.Sure.Slot].Tie == condkey.TieOrgPaths && d.Key.Org != "" && cl.Sure.AsksPresence() && cl.Possible.AsksPresence() {
		return false // every account in an organization has a path
	}
	if d.FactUnknown(cl.Sure.Slot) {
		return true
	}
	for _, set := range [...]*compile.ValueSet{cl.Sure.Set, cl.Possible.Set} {
		for i := range set.Patterns {
			for _, p := range set.Patterns[i].Terms {
				if p.Variable != "" && d.FactUnknown(p.Slot) {
					return true
				}
			}
		}
	}
	return false
}

// namedOwners returns the principals of the owner's account that get in by name,
// sorted.
func (d *decider) namedOwners(kinds []*search.RequestKind) []string {
	var names []string
	look := func(kind compile.CallerKind, name string, lits ...compile.Literal) {
		if d.Budget.Out() {
			return
		}
		mine := slices.DeleteFunc(slices.Clone(kinds), func(s *search.RequestKind) bool { return s.Caller != kind })
		if d.letsIn(mine, byName, true, nil, lits...) != nil {
			names = append(names, name)
		}
	}
	for _, kind := range [...]compile.CallerKind{compile.RoleCaller, compile.UserCaller, compile.FedCaller} {
		arns, _, sessions := d.namedPrincipals(kind)
		for _, arn := range arns[:min(len(arns), maxNamed)] {
			look(kind, arn, compile.Equals(compile.SlotARN, arn))
		}
		for _, x := range sessions[:min(len(sessions), maxNamed)] {
			look(kind, "arn:"+d.Partition+":sts::"+x.Account+":assumed-role/"+x.Role+"/"+x.Name, x.Literals()...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// noAccount says why the action is not allowed to the account itself.
func (d *decider) noAccount(a kmsapi.Ask) Doubt {
	for _, st := range d.stmtsAbout(a, policy.Deny) {
		if d.Budget.Out() {
			break
		}
		if d.letsIn(d.ownerKinds(a), byAccount, true, st) != nil {
			return Doubt{StatementRef{st.Index, st.Sid}, "it denies " + a.Action + " to the key owner's account, apart from principals that are named"}
		}
	}
	return Doubt{StatementRef{Index: -1}, "no statement allows " + a.Action + " to the key owner's account itself, only to principals by name"}
}

// lockedBy says which statement locks the account out, or that no statement lets
// it in.
func (d *decider) lockedBy(a kmsapi.Ask, kinds []*search.RequestKind) Doubt {
	allows, denies := d.stmtsAbout(a, policy.Allow), d.stmtsAbout(a, policy.Deny)
	named := slices.ContainsFunc(allows, func(st *compile.Statement) bool { return st.Entries.Reachable(st.NotPrincipal) })
	if !named {
		return Doubt{StatementRef{Index: -1}, fmt.Sprintf("no statement allows %s to the key owner's account %s or a principal in it", a.Action, d.Owner)}
	}
	for _, st := range denies {
		if d.Budget.Out() {
			break
		}
		if d.letsIn(kinds, byID, false, st) != nil {
			return Doubt{d.ref(st), fmt.Sprintf("it denies %s to the key owner's account %s", a.Action, d.Owner)}
		}
	}
	if len(denies) > 0 {
		return Doubt{d.ref(denies[0]), fmt.Sprintf("it denies %s to the key owner's account %s, as other statements do", a.Action, d.Owner)}
	}
	for _, st := range allows {
		if st.Entries.Reachable(st.NotPrincipal) {
			return Doubt{d.ref(st), fmt.Sprintf("its conditions keep the key owner's account %s from %s", d.Owner, a.Action)}
		}
	}
	return Doubt{StatementRef{Index: -1}, "no request of the key owner's account is allowed " + a.Action}
}

// ownerDoubt says what keeps an access of the owner undecided.
func (d *decider) ownerDoubt(a kmsapi.Ask) Doubt {
	for _, st := range append(d.stmtsAbout(a, policy.Deny), d.stmtsAbout(a, policy.Allow)...) {
		if why := d.unknownReasons(st, a.Action); why != nil {
			return why[0]
		}
		for i := range st.Clauses {
			if cl := &st.Clauses[i]; d.beyondOwner(cl) || cl.HasDoubt() || d.isNetwork(cl) {
				return Doubt{d.ref(st), "whether the key owner's account meets `" + compile.Shorten(cl.Text(), 120) + "` is not known here"}
			}
		}
		if st.Effect == policy.Allow && len(st.Entries.RoleIDs)+len(st.Entries.UserIDs) > 0 {
			return Doubt{d.ref(st), "it names a unique id whose account the text does not give"}
		}
	}
	if d.Budget.Out() {
		return Doubt{StatementRef{Index: -1}, tooIntricate}
	}
	return Doubt{StatementRef{Index: -1}, "AWS does not document the outcome of a request that the key owner's account could make"}
}

// isNetwork reports whether a clause is about where a request comes from.
func (d *decider) isNetwork(cl *compile.Clause) bool {
	key := d.Slots[cl.Sure.Slot]
	return key.Names.Where() || key.Types&condkey.IP != 0
}

// stmtsAbout returns the statements that may have the effect and may cover an
// action.
func (d *decider) stmtsAbout(a kmsapi.Ask, effect policy.Effect) []*compile.Statement {
	var list []*compile.Statement
	for i, m := range d.Matches(a.Action) {
		if st := &d.Statements[i]; (st.Effect == effect || st.Effect == 0) && m.Possible() {
			list = append(list, st)
		}
	}
	return list
}

// ref returns a reference to a statement. Its Index is -1 for one of a resource
// control policy, which is not in the document.
func (d *decider) ref(st *compile.Statement) StatementRef {
	if st.Control {
		return StatementRef{-1, st.Sid}
	}
	return StatementRef{st.Index, st.Sid}
}
