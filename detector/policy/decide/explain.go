package decide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// explain returns sentences that say why a witness gets in: what lets it in, why
// the conditions do not keep it out, and how it escapes each Deny.
func (d *decider) explain(o *outcome) []string {
	var why []string
	s, m := o.search, o.model
	for _, st := range s.Allows {
		if !s.Lets(st, m) {
			continue
		}
		why = append(why, d.opening(st, o))
		for i := range st.Clauses {
			why = append(why, d.sentence(&st.Clauses[i], o, true))
		}
		break
	}
	for _, st := range s.Denies {
		if w := d.escaped(st, o); w != "" {
			why = append(why, w)
		}
	}
	if s.Path.Through() {
		why = append(why, "The stranger uses an AWS service in their own account; the service then calls KMS with the stranger's permissions (forward access session).")
	}
	return why
}

// label names a statement for people, who count from 1.
func label(st *compile.Statement) string {
	if st.Control {
		return "A resource control policy"
	}
	if st.Sid == "" {
		return fmt.Sprintf("Statement %d", st.Index+1)
	}
	return fmt.Sprintf("Statement %d (%q)", st.Index+1, st.Sid)
}

func (d *decider) opening(st *compile.Statement, o *outcome) string {
	var whom string
	switch {
	case st.NotPrincipal:
		whom = "everyone but the principals it lists (Allow with NotPrincipal)"
	case st.Entries.Star:
		whom = `every AWS principal (Principal "*")`
	default:
		names := st.Entries.Names()
		whom = strings.Join(names[:min(3, len(names))], ", ")
		if n := len(names) - 3; n > 0 {
			whom += fmt.Sprintf(" and %d more", n)
		}
	}
	end := " and has no condition."
	if len(st.Clauses) == 1 {
		end = "; its condition does not keep this caller out:"
	} else if len(st.Clauses) > 1 {
		end = "; its conditions do not keep this caller out:"
	}
	return fmt.Sprintf("%s allows %s%s", label(st), whom, end)
}

// sentence returns a sentence that says why a clause holds, or does not hold, for
// the outcome's request.
func (d *decider) sentence(cl *compile.Clause, o *outcome, holds bool) string {
	key := d.Slots[cl.Sure.Slot]
	head := "`" + compile.Shorten(cl.Text(), 120) + "`: "
	vals := o.model.Values[cl.Sure.Slot]
	if cl.Sure.Slot == compile.SlotAccount {
		key.Name = cl.Cond.Key
	}
	switch {
	case o.search.UncertainSlot(cl.Sure.Slot):
		return head + "whatever this key holds in such a request, the outcome is the same."
	case len(vals) == 0:
		return head + key.AbsentText(o.search.Kind) + ", " + whenAbsent(cl.Cond.Operator, holds) + "."
	case holds:
		return head + presence(key, cl.Cond.Operator.Negated, o, vals) + "."
	default:
		return head + fmt.Sprintf("here %s is %s, so this does not hold.", key.Name, search.QuoteValues(vals))
	}
}

// whenAbsent says what an operator does with an absent key.
func whenAbsent(op policy.Operator, holds bool) string {
	switch {
	case op.Base == policy.Null && holds:
		return "which is what the condition asks for"
	case op.Base == policy.Null:
		return "and the condition asks for one"
	case !holds:
		return "and then this does not hold"
	case op.IfExists:
		return "and IfExists then makes the condition hold"
	case op.Set == policy.ForAllValues:
		return "and ForAllValues then makes the condition hold"
	default:
		return "and a negated operator then holds"
	}
}

// presence says why a present key does not keep the caller out.
func presence(key condkey.Key, negated bool, o *outcome, vals []compile.Value) string {
	text := key.Say.Present
	switch {
	case o.level == Shared && key.Say.Shared != "":
		text = key.Say.Shared
	case negated && key.Say.Negated != "":
		text = key.Say.Negated
	case o.level == Network && key.Say.Network != "":
		text = key.Say.Network
	case text == "":
		text = "the caller chooses it in the request: %s"
	}
	return strings.Replace(text, "%s", search.QuoteValues(vals), 1)
}

// escaped says how the request escapes a Deny; "" if there is nothing to say, as
// when a public grant is about a Deny of named principals.
func (d *decider) escaped(st *compile.Statement, o *outcome) string {
	applies, _ := o.search.DenyEscapes(st, o.model)
	if !applies {
		if st.NotPrincipal {
			return label(st) + " denies all but the principals it lists; this caller is listed."
		}
		if o.level == Public {
			return ""
		}
		return label(st) + " denies principals other than this caller."
	}
	for i := range st.Clauses {
		n := st.Clauses[i].Possible.Not()
		if o.search.Holds(&n, o.model) {
			return label(st) + " denies, but not this request. " + d.sentence(&st.Clauses[i], o, false)
		}
	}
	return ""
}

// notes says what each statement does about outsiders. together is the verdict of
// all of them.
func (d *decider) notes(together Verdict) []StatementNote {
	notes := make([]StatementNote, len(d.Source.Statements))
	for i := range notes {
		st := &d.Statements[i]
		n := StatementNote{Statement: StatementRef{st.Index, st.Sid}, Effect: st.Effect, Opens: Private}
		if st.Effect == policy.Deny {
			n.Why = d.denyNote(st)
		} else {
			n.Opens, n.Why = d.allowNote(st, together)
		}
		notes[i] = n
	}
	return notes
}

// allowNote decides one Allow as if it were the only statement, and says why.
// together is the verdict of all statements.
func (d *decider) allowNote(st *compile.Statement, together Verdict) (Verdict, string) {
	asks := d.asks(st)
	switch {
	case st.Actions == nil:
		return Private, "It has no Action, so it has no effect."
	case st.Resources == nil:
		return Private, "It has no Resource, so it has no effect."
	case st.Resource == compile.No:
		return Private, "Its Resource is not this key, so it has no effect."
	case asks == nil:
		return Private, "It allows no action with which outsiders could encrypt, decrypt or sign."
	case !st.Entries.Reachable(st.NotPrincipal) && len(st.Entries.Services) > 0:
		return Private, "It names AWS services, which are not principals of another account."
	case !st.Entries.Reachable(st.NotPrincipal) && d.namesInsiders(st):
		return Private, "It names only principals of the key owner's account, or trusted ones."
	case !st.Entries.Reachable(st.NotPrincipal):
		return Private, noOutsider
	}
	v, ok := d.alone(st, asks, st.Clauses)
	switch {
	case !ok:
		return Undecided, "What it opens by itself is too intricate to say within the bound of work."
	case v != Private && together == Private:
		return v, d.opens(st, asks, v) + " " + d.stoppers() + " stop all of them."
	case v != Private:
		return v, d.opens(st, asks, v)
	}
	return Private, d.barrier(st, asks)
}

// noOutsider is said of an Allow that lets in no outsider whatever its conditions.
const noOutsider = "It covers no principal that an outsider can be."

// namesInsiders reports whether all principals of a statement that is not reachable
// are of accounts: those are the owner's and trusted ones.
func (d *decider) namesInsiders(st *compile.Statement) bool {
	for _, p := range st.Principals {
		arn, ok := awsid.ParseARN(p.Value)
		if p.Kind != policy.KindAWS || ok && arn.Partition != d.Partition {
			return false
		}
	}
	return true
}

// stoppers names the kinds of Denies that there are.
func (d *decider) stoppers() string {
	own, controls := false, false
	for i := range d.Statements {
		if st := &d.Statements[i]; st.Control {
			controls = true
		} else if st.Effect == policy.Deny {
			own = true
		}
	}
	switch {
	case own && controls:
		return "The Deny statements and resource control policies"
	case controls:
		return "The resource control policies"
	default:
		return "The Deny statements"
	}
}

// opens says how far an Allow lets outsiders in by itself, which v says: not Private.
func (d *decider) opens(st *compile.Statement, asks []kmsapi.Ask, v Verdict) string {
	switch v {
	case Public:
		return "By itself it lets any stranger in."
	case Network:
		return "By itself it lets in anyone who comes from a named network."
	case Shared:
		return "By itself it lets in outsiders whom the policy names."
	}
	if slices.ContainsFunc(asks, func(a kmsapi.Ask) bool { return d.unknownOf(st, a.Action) != nil }) {
		return "Whether it lets outsiders in depends on a part of it that is not known."
	}
	return "Whether it lets outsiders in is not documented by AWS."
}

// asks returns the asks that decide the verdict and that st covers, one of each
// group that the policy does not distinguish.
func (d *decider) asks(st *compile.Statement) []kmsapi.Ask {
	var list []kmsapi.Ask
	seen := map[string]bool{}
	for _, a := range kmsapi.Weighty() {
		if key := d.alike(a); d.Acts(a.Action)[st.Place] != compile.No && d.Supported(a) && !seen[key] {
			seen[key] = true
			list = append(list, a)
		}
	}
	return list
}

// alone returns how far outsiders get through one Allow with only the given
// clauses; ok is false if the budget was not enough.
func (d *decider) alone(st *compile.Statement, asks []kmsapi.Ask, clauses []compile.Clause) (v Verdict, ok bool) {
	t := *st
	t.Clauses = clauses
	ok = d.Budget.Within(d.Budget.Left/4, func() { v = d.aloneAt(&t, asks) })
	return v, ok
}

func (d *decider) aloneAt(st *compile.Statement, asks []kmsapi.Ask) Verdict {
	for _, sure := range [...]bool{true, false} {
		for _, level := range [...]Verdict{Public, Network, Shared} {
			for _, a := range asks {
				if d.opensAlone(st, a, level, sure) {
					if !sure {
						return Undecided
					}
					return level
				}
			}
		}
	}
	return Private
}

func (d *decider) opensAlone(st *compile.Statement, a kmsapi.Ask, level Verdict, sure bool) bool {
	var open ipset.Set
	for _, sc := range d.outcome(a).kinds {
		if d.Budget.Out() {
			return false
		}
		s := d.NewSearch(sc, reachOf(level), sure)
		s.Allows, s.Denies = []*compile.Statement{st}, nil
		if s.FindWide(&open) != nil {
			return true
		}
	}
	return false
}

// barrier says what keeps outsiders out of an Allow: the clauses each of which is
// needed for that or, if none is by itself, all clauses, or its principals.
func (d *decider) barrier(st *compile.Statement, asks []kmsapi.Ask) string {
	var needed, all []string
	for i := range st.Clauses {
		name := "`" + compile.Shorten(st.Clauses[i].Text(), 120) + "`"
		all = append(all, name)
		rest := append(append([]compile.Clause(nil), st.Clauses[:i]...), st.Clauses[i+1:]...)
		if v, ok := d.alone(st, asks, rest); ok && v != Private {
			needed = append(needed, name)
		}
	}
	if needed == nil {
		if v, ok := d.alone(st, asks, nil); ok && v == Private {
			return noOutsider
		}
		needed = all
	}
	return "Its conditions keep outsiders out: " + strings.Join(needed, ", ") + "."
}

func (d *decider) denyNote(st *compile.Statement) string {
	switch {
	case st.Actions == nil || st.Resources == nil:
		return "It lacks Action or Resource, so it denies nothing."
	case st.Resource == compile.No:
		return "Its Resource is not this key, so it denies nothing here."
	case d.asks(st) == nil:
		return "It denies no action with which outsiders could encrypt, decrypt or sign."
	case !st.NotPrincipal && !st.Entries.Reachable(false):
		return "It denies principals that are not outsiders."
	case len(st.Clauses) == 0 && !st.NotPrincipal && st.Entries.Star:
		return "It denies everyone, the owner too."
	case st.NotPrincipal:
		return "It denies everyone but the principals it lists."
	case len(st.Clauses) == 0:
		return "It denies the principals it names."
	default:
		return "It denies requests that meet its conditions."
	}
}
