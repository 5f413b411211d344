package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// equate meets literals with variables: two keys must have equal, or partly
// equal, values. trial holds values that would do if variables could be
// anything. Where it has to guess, the search is incomplete if the guess fails.
func (s *search) equate(c, lits []literal, m, trial *model, layouts []layout) bool {
	for i := range lits {
		l := &lits[i]
		if !l.set.vars {
			continue
		}
		if !l.inside() {
			if s.part(c, lits, l, m, layouts) {
				return true
			}
			continue
		}
		ok, impossible := s.join(c, lits, i, m, trial, layouts)
		if ok || impossible {
			return ok
		}
	}
	s.incomplete = true
	return false
}

// join makes the key of lits[i] equal to one of its patterns. impossible is
// true when each of them is proven out of reach.
func (s *search) join(c, lits []literal, i int, m, trial *model, layouts []layout) (ok, impossible bool) {
	impossible = true
	rest := append(append([]literal(nil), lits[:i]...), lits[i+1:]...)
	for j := range lits[i].set.pats {
		if m.b.Out() {
			return false, false
		}
		p := &lits[i].set.pats[j]
		switch {
		case p.Parts == nil:
			only := literal{slot: lits[i].slot, mode: eachIn, set: &valueSet{pats: lits[i].set.pats[j : j+1]}}
			with := append(rest[:len(rest):len(rest)], only)
			impossible = impossible && s.never(layouts, with, m) // that it does not do, fill has found out
		case len(p.Parts) == 1:
			v := p.Parts[0]
			for _, way := range [...]func() (ok, impossible bool){
				func() (bool, bool) { return s.merge(c, lits, rest, i, v.Slot, m, layouts) },
				func() (bool, bool) { return s.byDefault(c, lits, rest, i, v, m, layouts) },
			} {
				ok, no := way()
				if ok {
					return true, false
				}
				impossible = impossible && no
			}
		default:
			impossible = false
			text := trial.text(lits[i].slot)
			texts := captures(p, text, m.b)
			if texts == nil { // wildcards around the variable: let it hold the whole value
				texts = []string{text}
			}
			if s.after(c, lits, equals(firstRef(p), texts...), m, layouts) {
				return true, false
			}
		}
	}
	return false, impossible
}

// never reports whether lits cannot be met even with all variables free.
func (s *search) never(layouts []layout, lits []literal, m *model) bool {
	return !s.fill(layouts, lits, m.clone(), asAnything) && !m.b.Out()
}

// byDefault lets the variable be absent, so that its default counts.
func (s *search) byDefault(c, lits, rest []literal, i int, v textsolve.Part, m *model, layouts []layout) (ok, impossible bool) {
	if !v.HasDefault || !absentFits(on(c, v.Slot)) {
		return false, true
	}
	with := append(rest[:len(rest):len(rest)], equals(lits[i].slot, v.Default))
	if s.never(layouts, with, m) {
		return false, true
	}
	return s.after(c, lits, absentKey(v.Slot), m, layouts), false
}

// after gives a variable's key a value that meets want, and then solves lits
// again. What it chose is not held on to: c stays as it is.
func (s *search) after(c, lits []literal, want literal, m *model, layouts []layout) bool {
	if m.b.Spend(20 + 10*len(c)); m.b.Out() || s.groupOf(want.slot) == s.groupOf(lits[0].slot) || s.depth > maxDepth {
		return false
	}
	s.depth++
	defer func() { s.depth-- }()
	trial := m.clone()
	if !s.repair(append(c[:len(c):len(c)], want), trial, want.slot) || !s.fill(layouts, lits, trial, asModel) {
		return false
	}
	m.vals = trial.vals
	return true
}

// maxDepth bounds chains of variables that depend on variables.
const maxDepth = 6

// merge gives two keys one value that meets the literals on both.
func (s *search) merge(c, lits, rest []literal, i, ref int, m *model, layouts []layout) (ok, impossible bool) {
	m.b.Spend(len(c) + 20*len(rest))
	joined := rest[:len(rest):len(rest)]
	for _, l := range c {
		if l.slot == ref {
			l.slot, l.absent = lits[i].slot, false
			joined = append(joined, l)
		}
	}
	shapes, possible := s.outlines(ref, m)
	if !possible {
		return false, true
	}
	if shapes != nil {
		joined = append(joined, literal{slot: lits[i].slot, mode: eachIn, set: &valueSet{pats: shapes}})
	}
	if s.never(layouts, joined, m) {
		return false, true
	}
	trial := m.clone()
	if !s.fill(layouts, joined, trial, asModel) {
		return false, s.settled(joined)
	}
	return s.after(c, lits, equals(ref, trial.text(lits[i].slot)), m, layouts), false
}

// outlines returns patterns that match at least all values of a key, nil when
// nothing is known of them. possible is false when no request of this request kind
// has the key.
func (s *search) outlines(slot int, m *model) (list []textsolve.Pattern, possible bool) {
	g := s.groupOf(slot)
	switch {
	case g == gCalled:
		return nil, s.path.through()
	case g == gContext || g == gMFA || g == gSpec:
		return nil, true
	case g >= 0 && !s.isText(slot):
		d := s.domain(slot)
		for _, v := range d.vals {
			list = append(list, textsolve.Pattern{Text: v.s, Plain: v.s, Exact: true})
		}
		return list, d.kind != never
	}
	layouts, _ := s.layouts(g, slot, m)
	for i := range layouts {
		if p, ok := layouts[i].placeOf(slot); ok {
			list = append(list, layouts[i].outline(p))
		}
	}
	return list, len(list) > 0
}

// outline is the shape of what is at a place: its fixed texts, and
// wildcards for the rest.
func (v *layout) outline(p place) textsolve.Pattern {
	var toks []textsolve.Token
	for i := p.first; i <= p.last; i++ {
		g := &v.Segments[i]
		switch {
		case i == p.skip:
		case g.Class == nil:
			for _, r := range g.Text {
				toks = append(toks, textsolve.Token{Char: r})
			}
		default:
			for range min(g.Min, maxOutline) {
				toks = append(toks, textsolve.Token{Kind: textsolve.AnyChar})
			}
			if g.Max > g.Min || g.Min > maxOutline {
				toks = append(toks, textsolve.Token{Kind: textsolve.Star})
			}
		}
	}
	return textsolve.Pattern{Tokens: toks}
}

// maxOutline bounds how exactly an outline counts characters.
const maxOutline = 32

// part keeps a key away from a variable: it changes the variable's value.
func (s *search) part(c, lits []literal, l *literal, m *model, layouts []layout) bool {
	for j := range l.set.pats {
		for _, p := range l.set.pats[j].Parts {
			if p.Variable == "" {
				continue
			}
			if m.b.Spend(textsolve.PatternSize); m.b.Out() {
				return false
			}
			other := equals(p.Slot, m.text(p.Slot)).not()
			other.absent = false
			if s.after(c, lits, other, m, layouts) {
				return true
			}
		}
	}
	return false
}

// firstRef returns the slot of the pattern's first variable.
func firstRef(p *textsolve.Pattern) int {
	for _, s := range p.Parts {
		if s.Variable != "" {
			return s.Slot
		}
	}
	return -1
}

// captures lists what the only variable of p can be for p to match v: more than
// one text next to a wildcard. It is nil when p has several variables, when no
// text will do, and when there are too many.
func captures(p *textsolve.Pattern, v string, b *textsolve.Budget) []string {
	at := slices.IndexFunc(p.Parts, func(s textsolve.Part) bool { return s.Variable != "" })
	if !textsolve.OnlyText(p.Parts[at+1:]) {
		return nil
	}
	head, tail := textsolve.Pattern{Fold: p.Fold, Wild: p.Wild}, textsolve.Pattern{Fold: p.Fold, Wild: p.Wild}
	head.Build(p.Parts[:at])
	tail.Build(p.Parts[at+1:])
	b.Spend(textsolve.PatternSize * (len(p.Text) + len(v)))
	var starts []int
	for i := range len(v) + 1 {
		if head.Matches(v[:i], b) {
			starts = append(starts, i)
		}
	}
	var texts []string
	for end := range len(v) + 1 {
		if !tail.Matches(v[end:], b) {
			continue
		}
		for _, start := range starts {
			if start <= end {
				texts = append(texts, v[start:end])
			}
		}
		if len(texts) > maxCaptures {
			return nil
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// maxCaptures bounds how many texts a variable is tried with at once.
const maxCaptures = 200

// invert solves literals with variables on a key that has one value, or one of
// a few: then it is the variables that must give way.
func (s *search) invert(c, lits []literal, m *model, slot int) bool {
	d := s.domain(slot)
	var choices [][]value
	switch d.kind {
	case fixedTo:
		choices = [][]value{d.vals}
	case choice:
		for i := range d.vals {
			choices = append(choices, d.vals[i:i+1])
		}
	default:
		s.incomplete = true
		return false
	}
	for _, vals := range choices {
		trial := m.clone()
		trial.vals[slot] = vals
		if s.giveWay(c, lits, trial) {
			m.vals = trial.vals
			return true
		}
	}
	return false
}

// giveWay changes the variables of lits until all of them hold in m. It fails
// with the search still complete only when no value of the variables will do.
func (s *search) giveWay(c, lits []literal, m *model) bool {
	for i := range lits {
		l := &lits[i]
		if l.holds(m) {
			continue
		}
		if _, fixed := l.present(); fixed {
			return false
		}
		if !s.giveWayTo(c, l, m) {
			return false
		}
	}
	return true
}

func (s *search) giveWayTo(c []literal, l *literal, m *model) bool {
	text := m.text(l.slot)
	for j := range l.set.pats {
		p := &l.set.pats[j]
		for _, v := range p.Parts {
			if v.Variable == "" {
				continue
			}
			if m.b.Spend(4 * textsolve.PatternSize); m.b.Out() {
				return false
			}
			wants, exact := []literal{equals(v.Slot, text)}, false
			if texts := captures(p, text, m.b); texts != nil {
				wants, exact = []literal{equals(v.Slot, texts...)}, !v.HasDefault && !p.ARN
			}
			if !l.inside() {
				other := equals(v.Slot, m.text(v.Slot)).not()
				other.absent = false
				wants, exact = []literal{other}, false
			}
			wants = append(wants, absentKey(v.Slot))
			for _, want := range wants {
				if s.giveOne(c, l, want, m) {
					return true
				}
			}
			s.incomplete = s.incomplete || !exact
		}
	}
	return false
}

// giveOne gives one variable a value that makes l hold.
func (s *search) giveOne(c []literal, l *literal, want literal, m *model) bool {
	if m.b.Spend(20 + 10*len(c)); m.b.Out() || s.depth > maxDepth {
		s.incomplete = true
		return false
	}
	s.depth++
	defer func() { s.depth-- }()
	trial := m.clone()
	if !s.repair(append(c[:len(c):len(c)], want), trial, want.slot) || !l.holds(trial) {
		return false
	}
	m.vals = trial.vals
	return true
}

// maxAccounts bounds how many accounts moveAccount tries.
const maxAccounts = 8

// moveAccount solves an ARN that carries the caller's account: when no ARN of
// this account will do, the caller moves to an account that has some. build
// returns the ARN's shapes in an account, in any account for "".
func (s *search) moveAccount(c, lits []literal, m *model, build func(account string) []layout) bool {
	var tried []string
	how := asAnything
	if s.settled(lits) { // the variables have one value in all these requests
		how = asModel
	}
	for range maxAccounts {
		m.b.Spend(400 + 20*len(lits))
		trial := m.clone()
		with := append(append(append([]literal(nil), lits...), on(c, sAccount)...), equals(sAccount, tried...).not())
		if !s.fill(build(""), with, trial, how) {
			return false
		}
		account := trial.text(sAccount)
		moved := m.clone()
		if s.repair(append(c[:len(c):len(c)], equals(sAccount, account)), moved, sAccount) && s.fill(build(account), lits, moved, asModel) {
			m.vals = moved.vals
			return true
		}
		tried = append(tried, account)
	}
	s.incomplete = true // another account may do
	return false
}
