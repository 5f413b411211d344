package decide

import (
	"fmt"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
)

// explain says in sentences why a witness gets in: what lets it in, why the
// conditions do not keep it out, and how it escapes each Deny.
func (d *decider) explain(o *outcome) []string {
	var why []string
	s, m := o.search, o.model
	for _, st := range s.allows {
		if !s.lets(st, m) {
			continue
		}
		why = append(why, d.opening(st, o))
		for i := range st.clauses {
			why = append(why, d.sentence(&st.clauses[i], o, true))
		}
		break
	}
	for _, st := range s.denies {
		if w := d.escaped(st, o); w != "" {
			why = append(why, w)
		}
	}
	if s.path.through() {
		why = append(why, "The stranger uses an AWS service in their own account; the service then calls KMS with the stranger's permissions (forward access session).")
	}
	return why
}

// label names a statement for people, counted from 1.
func label(st *stmt) string {
	if st.control {
		return "A resource control policy"
	}
	if st.Sid == "" {
		return fmt.Sprintf("Statement %d", st.Index+1)
	}
	return fmt.Sprintf("Statement %d (%q)", st.Index+1, st.Sid)
}

func (d *decider) opening(st *stmt, o *outcome) string {
	var whom string
	switch {
	case st.NotPrincipal:
		whom = "everyone but the principals it lists (Allow with NotPrincipal)"
	case st.entries.star:
		whom = `every AWS principal (Principal "*")`
	default:
		names := st.entries.names()
		whom = strings.Join(names[:min(3, len(names))], ", ")
		if n := len(names) - 3; n > 0 {
			whom += fmt.Sprintf(" and %d more", n)
		}
	}
	end := " and has no condition."
	if len(st.clauses) == 1 {
		end = "; its condition does not keep this caller out:"
	} else if len(st.clauses) > 1 {
		end = "; its conditions do not keep this caller out:"
	}
	return fmt.Sprintf("%s allows %s%s", label(st), whom, end)
}

// sentence says why a clause holds, or does not hold, for the outcome's request.
func (d *decider) sentence(cl *clause, o *outcome, holds bool) string {
	key := d.slots[cl.sure.slot]
	head := "`" + shorten(cl.text(), 120) + "`: "
	vals := o.model.vals[cl.sure.slot]
	if cl.sure.slot == sAccount {
		key.Name = cl.cond.Key
	}
	switch {
	case o.search.uncertainSlot(cl.sure.slot):
		return head + "whatever this key holds in such a request, the outcome is the same."
	case len(vals) == 0:
		return head + key.AbsentText(o.search.kind) + ", " + whenAbsent(cl.cond.Operator, holds) + "."
	case holds:
		return head + presence(key, cl.cond.Operator.Negated, o, vals) + "."
	default:
		return head + fmt.Sprintf("here %s is %s, so this does not hold.", key.Name, quoteValues(vals))
	}
}

func (s *search) uncertainSlot(slot int) bool {
	return slot >= sFirst && s.domains[slot].presence == condkey.Unsaid
}

// whenAbsent says what an operator makes of an absent key.
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
func presence(key condkey.Key, negated bool, o *outcome, vals []value) string {
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
	return strings.Replace(text, "%s", quoteValues(vals), 1)
}

// escaped says how the request escapes a Deny; "" when the Deny is about other
// principals than the caller.
func (d *decider) escaped(st *stmt, o *outcome) string {
	applies, _ := st.denyEscapes(o.search, o.model)
	if !applies {
		if st.NotPrincipal {
			return label(st) + " denies all but the principals it lists; this caller is listed."
		}
		if o.level == Public {
			return ""
		}
		return label(st) + " denies principals other than this caller."
	}
	for i := range st.clauses {
		n := st.clauses[i].possible.not()
		if o.search.holds(&n, o.model) {
			return label(st) + " denies, but not this request. " + d.sentence(&st.clauses[i], o, false)
		}
	}
	return ""
}

func quoteValues(vals []value) string {
	texts := make([]string, len(vals))
	for i, v := range vals {
		texts[i] = shorten(v.s, 80)
	}
	return fmt.Sprintf("%q", strings.Join(texts, ", "))
}

// shorten returns the text, cut when it has more than n characters.
func shorten(s string, n int) string {
	count, cut := 0, 0
	for i := range s {
		if count == n-3 {
			cut = i
		}
		if count++; count > n {
			return s[:cut] + "..."
		}
	}
	return s
}

// notes says for each statement what it does about outsiders, given what all
// of them together come to.
func (d *decider) notes(together Verdict) []StatementNote {
	notes := make([]StatementNote, len(d.policy.Statements))
	for i := range notes {
		st := &d.stmts[i]
		n := StatementNote{Statement: StatementRef{st.Index, st.Sid}, Effect: st.Effect, Opens: Private}
		if st.Effect == policy.Deny {
			n.Why = d.denyNote(st)
		} else {
			n.Opens, n.Why = d.allowNote(st)
			if together == Private && n.Opens != Private {
				n.Why += " The Deny statements stop all of them."
			}
		}
		notes[i] = n
	}
	return notes
}

// allowNote decides one Allow as if it stood alone.
func (d *decider) allowNote(st *stmt) (Verdict, string) {
	asks := d.asks(st)
	switch {
	case st.Actions == nil:
		return Private, "It has no Action, so it has no effect."
	case st.Resources == nil:
		return Private, "It has no Resource, so it has no effect."
	case st.resource == matchNo:
		return Private, "Its Resource is not this key, so it has no effect."
	case asks == nil:
		return Private, "It allows no action with which outsiders could encrypt, decrypt or sign."
	case !st.entries.reachable(st.NotPrincipal) && len(st.entries.services) > 0:
		return Private, "It names AWS services, which are not principals of another account."
	case !st.entries.reachable(st.NotPrincipal):
		return Private, "It names only principals of the key owner's account, or trusted ones."
	}
	v, ok := d.alone(st, asks, st.clauses)
	switch {
	case !ok:
		return Undecided, "What it opens by itself is too intricate to say within the bound of work."
	case v != Private:
		return v, d.opens(v)
	}
	return Private, "Its conditions keep outsiders out: " + d.barrier(st, asks) + "."
}

func (d *decider) opens(v Verdict) string {
	s := map[Verdict]string{
		Public:  "By itself it lets any stranger in.",
		Network: "By itself it lets in anyone who comes from a named network.",
		Shared:  "By itself it lets in outsiders whom the policy names.",
	}[v]
	if s == "" {
		return "Whether it lets outsiders in is not documented by AWS."
	}
	return s
}

// asks lists what decides the verdict and st matches, one of each kind that
// the policy treats alike.
func (d *decider) asks(st *stmt) []ask {
	var list []ask
	seen := map[string]bool{}
	for _, a := range weighty() {
		if key := d.alike(a); d.acts(a.action)[st.at] != matchNo && d.supported(a) && !seen[key] {
			seen[key] = true
			list = append(list, a)
		}
	}
	return list
}

// alone says how far outsiders get through one Allow with some of its clauses;
// ok is false when the budget was not enough to say.
func (d *decider) alone(st *stmt, asks []ask, clauses []clause) (v Verdict, ok bool) {
	t := *st
	t.clauses = clauses
	ok = d.b.Within(d.b.Left/4, func() { v = d.aloneAt(&t, asks) })
	return v, ok
}

func (d *decider) aloneAt(st *stmt, asks []ask) Verdict {
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

func (d *decider) opensAlone(st *stmt, a ask, level Verdict, sure bool) bool {
	var open ipset.Set
	for _, sc := range d.outcome(a).kinds {
		if d.b.Out() {
			return false
		}
		s := d.newSearch(sc, reachOf(level), sure)
		s.allows, s.denies = []*stmt{st}, nil
		if s.findWide(&open) != nil {
			return true
		}
	}
	return false
}

// barrier names the clauses without any one of which the statement would open.
func (d *decider) barrier(st *stmt, asks []ask) string {
	var names []string
	for i := range st.clauses {
		rest := append(append([]clause(nil), st.clauses[:i]...), st.clauses[i+1:]...)
		if v, ok := d.alone(st, asks, rest); ok && v != Private {
			names = append(names, "`"+shorten(st.clauses[i].text(), 120)+"`")
		}
	}
	if names == nil {
		for i := range st.clauses {
			names = append(names, "`"+shorten(st.clauses[i].text(), 120)+"`")
		}
	}
	return strings.Join(names, ", ")
}

func (d *decider) denyNote(st *stmt) string {
	switch {
	case st.Actions == nil || st.Resources == nil:
		return "It lacks Action or Resource, so it denies nothing."
	case st.resource == matchNo:
		return "Its Resource is not this key, so it denies nothing here."
	case d.asks(st) == nil:
		return "It denies no action with which outsiders could encrypt, decrypt or sign."
	case !st.NotPrincipal && !st.entries.reachable(false):
		return "It denies principals that are not outsiders."
	case len(st.clauses) == 0 && !st.NotPrincipal && st.entries.star:
		return "It denies everyone, the owner too."
	case st.NotPrincipal:
		return "It denies everyone but the principals it lists."
	case len(st.clauses) == 0:
		return "It denies the principals it names."
	default:
		return "It denies requests that meet its conditions."
	}
}
