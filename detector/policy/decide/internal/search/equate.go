package search

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// equate changes m to meet literals with variables, which require two keys to
// have equal, or partly equal, values. trial holds values that would do if
// variables could have any value. If a guess fails, the search is incomplete.
func (s *Search) equate(c, lits []compile.Literal, m, trial *compile.Model, layouts []layout) bool {
	for i := range lits {
		l := &lits[i]
		if !l.Set.Variables {
			continue
		}
		if !l.Inside() {
			if s.changeVariable(c, lits, l, m, layouts) {
				return true
			}
			continue
		}
		ok, impossible := s.join(c, lits, i, m, trial, layouts)
		if ok || impossible {
			return ok
		}
		if s.variableFirst(c, lits, l, m, layouts) {
			return true
		}
	}
	s.Incomplete = true
	return false
}

// variableFirst gives the key of one of l's variables a value that meets the
// literals on that key, and then solves lits. That is the reverse of join, which
// starts with lits.
func (s *Search) variableFirst(c, lits []compile.Literal, l *compile.Literal, m *compile.Model, layouts []layout) bool {
	for j := range l.Set.Patterns {
		ref := firstRef(&l.Set.Patterns[j])
		asked := slices.ContainsFunc(c, func(l compile.Literal) bool { return l.Slot == ref && !l.Absent })
		if asked && s.after(c, lits, compile.PresentKey(ref), m, layouts) {
			return true
		}
	}
	return false
}

// join makes the key of lits[i] match one of its patterns. impossible is true if
// it has proved that none of them can match.
func (s *Search) join(c, lits []compile.Literal, i int, m, trial *compile.Model, layouts []layout) (ok, impossible bool) {
	impossible = true
	rest := append(append([]compile.Literal(nil), lits[:i]...), lits[i+1:]...)
	for j := range lits[i].Set.Patterns {
		if m.Budget.Out() {
			return false, false
		}
		p := &lits[i].Set.Patterns[j]
		switch {
		case p.Terms == nil:
			only := compile.Literal{Slot: lits[i].Slot, Mode: compile.EachIn, Set: &compile.ValueSet{Patterns: lits[i].Set.Patterns[j : j+1]}}
			with := append(rest[:len(rest):len(rest)], only)
			impossible = impossible && s.unmeetable(layouts, with, m) // fill has already failed to match it
		case len(p.Terms) == 1:
			v := p.Terms[0]
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
			text := trial.Text(lits[i].Slot)
			texts := captures(p, text, m.Budget)
			if texts == nil { // wildcards around the variable: let it hold the whole value
				texts = []string{text}
			}
			if s.after(c, lits, compile.Equals(firstRef(p), texts...), m, layouts) {
				return true, false
			}
		}
	}
	return false, impossible
}

// unmeetable reports whether lits cannot be met even if variables can have any
// value.
func (s *Search) unmeetable(layouts []layout, lits []compile.Literal, m *compile.Model) bool {
	return !s.fill(layouts, lits, m.Clone(), compile.AsAnything) && !m.Budget.Out()
}

// byDefault makes the variable's key absent, so that its default applies.
func (s *Search) byDefault(c, lits, rest []compile.Literal, i int, v textsolve.Term, m *compile.Model, layouts []layout) (ok, impossible bool) {
	if !v.HasDefault || !absentFits(on(c, v.Slot)) {
		return false, true
	}
	with := append(rest[:len(rest):len(rest)], compile.Equals(lits[i].Slot, v.Default))
	if s.unmeetable(layouts, with, m) {
		return false, true
	}
	return s.after(c, lits, compile.AbsentKey(v.Slot), m, layouts), false
}

// after gives a variable's key a value that meets want, and then solves lits
// again. It does not add want to c.
func (s *Search) after(c, lits []compile.Literal, want compile.Literal, m *compile.Model, layouts []layout) bool {
	if m.Budget.Spend(20 + 10*len(c)); m.Budget.Out() || s.groupOf(want.Slot) == s.groupOf(lits[0].Slot) || s.depth > maxDepth {
		return false
	}
	s.depth++
	defer func() { s.depth-- }()
	trial := m.Clone()
	if !s.assign(append(c[:len(c):len(c)], want), trial, want.Slot) || !s.fill(layouts, lits, trial, compile.AsModel) {
		return false
	}
	m.Values = trial.Values
	return true
}

// maxDepth bounds chains of variables that depend on variables.
const maxDepth = 6

// merge gives the key of lits[i] and that in slot ref the same value, which meets
// the literals on both.
func (s *Search) merge(c, lits, rest []compile.Literal, i, ref int, m *compile.Model, layouts []layout) (ok, impossible bool) {
	m.Budget.Spend(len(c) + 20*len(rest))
	joined := rest[:len(rest):len(rest)]
	for _, l := range c {
		if l.Slot == ref {
			l.Slot, l.Absent = lits[i].Slot, false
			joined = append(joined, l)
		}
	}
	shapes, possible := s.outlines(ref, m)
	if !possible {
		return false, true
	}
	if shapes != nil {
		joined = append(joined, compile.Literal{Slot: lits[i].Slot, Mode: compile.EachIn, Set: &compile.ValueSet{Patterns: shapes}})
	}
	if s.unmeetable(layouts, joined, m) {
		return false, true
	}
	trial := m.Clone()
	if !s.fill(layouts, joined, trial, compile.AsModel) {
		return false, s.settled(joined)
	}
	return s.after(c, lits, compile.Equals(ref, trial.Text(lits[i].Slot)), m, layouts), false
}

// outlines returns patterns that match at least all values of a key, or nil if
// nothing is known about them. possible is false if no request of this kind has
// the key.
func (s *Search) outlines(slot int, m *compile.Model) (list []textsolve.Pattern, possible bool) {
	g := s.groupOf(slot)
	switch {
	case g == gCalled:
		return nil, s.Path.Through()
	case g == gContext || g == gMFA || g == gSpec:
		return nil, true
	case g >= 0 && !s.isText(slot):
		d := s.domain(slot)
		for _, v := range d.vals {
			list = append(list, textsolve.Pattern{Text: v.Text, Plain: v.Text, Exact: true})
		}
		return list, d.kind != alwaysAbsent
	}
	layouts, _ := s.layouts(g, slot, m)
	for i := range layouts {
		if p, ok := layouts[i].placeOf(slot); ok {
			list = append(list, layouts[i].outline(p))
		}
	}
	return list, len(list) > 0
}

// outline returns a pattern for the text at a place: its fixed texts, and
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

// changeVariable meets l, which excludes the value of a variable, by changing
// that value.
func (s *Search) changeVariable(c, lits []compile.Literal, l *compile.Literal, m *compile.Model, layouts []layout) bool {
	for j := range l.Set.Patterns {
		for _, p := range l.Set.Patterns[j].Terms {
			if p.Variable == "" {
				continue
			}
			if m.Budget.Spend(textsolve.PatternSize); m.Budget.Out() {
				return false
			}
			other := compile.Equals(p.Slot, m.Text(p.Slot)).Not()
			other.Absent = false
			if s.after(c, lits, other, m, layouts) {
				return true
			}
		}
	}
	return false
}

// firstRef returns the slot of the pattern's first variable.
func firstRef(p *textsolve.Pattern) int {
	for _, s := range p.Terms {
		if s.Variable != "" {
			return s.Slot
		}
	}
	return -1
}

// captures returns the values of the only variable of p for which p matches v.
// There can be several if wildcards surround the variable. It returns nil if p
// has several variables, or if there are no such values or too many.
func captures(p *textsolve.Pattern, v string, b *textsolve.Budget) []string {
	at := slices.IndexFunc(p.Terms, func(s textsolve.Term) bool { return s.Variable != "" })
	if !textsolve.OnlyText(p.Terms[at+1:]) {
		return nil
	}
	head, tail := textsolve.Pattern{Fold: p.Fold, Wild: p.Wild}, textsolve.Pattern{Fold: p.Fold, Wild: p.Wild}
	head.Build(p.Terms[:at])
	tail.Build(p.Terms[at+1:])
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

// maxCaptures bounds the number of values that captures returns.
const maxCaptures = 200

// invert solves literals with variables on a key that has a single value, or one
// of a few: it changes the variables instead.
func (s *Search) invert(c, lits []compile.Literal, m *compile.Model, slot int) bool {
	d := s.domain(slot)
	var choices [][]compile.Value
	switch d.kind {
	case fixedTo:
		choices = [][]compile.Value{d.vals}
	case choice:
		for i := range d.vals {
			choices = append(choices, d.vals[i:i+1])
		}
	default:
		s.Incomplete = true
		return false
	}
	for _, vals := range choices {
		trial := m.Clone()
		trial.Values[slot] = vals
		if s.giveWay(c, lits, trial) {
			m.Values = trial.Values
			return true
		}
	}
	return false
}

// giveWay changes the variables of lits until all of them hold in m. It fails
// with the search still complete only when no value of the variables will do.
func (s *Search) giveWay(c, lits []compile.Literal, m *compile.Model) bool {
	for i := range lits {
		l := &lits[i]
		if l.Holds(m) {
			continue
		}
		if _, fixed := l.Present(); fixed {
			return false
		}
		if !s.giveWayTo(c, l, m) {
			return false
		}
	}
	return true
}

func (s *Search) giveWayTo(c []compile.Literal, l *compile.Literal, m *compile.Model) bool {
	text := m.Text(l.Slot)
	for j := range l.Set.Patterns {
		p := &l.Set.Patterns[j]
		for _, v := range p.Terms {
			if v.Variable == "" {
				continue
			}
			if m.Budget.Spend(4 * textsolve.PatternSize); m.Budget.Out() {
				return false
			}
			wants, exact := []compile.Literal{compile.Equals(v.Slot, text)}, false
			if texts := captures(p, text, m.Budget); texts != nil {
				wants, exact = []compile.Literal{compile.Equals(v.Slot, texts...)}, !v.HasDefault && !p.ARN
			}
			if !l.Inside() {
				other := compile.Equals(v.Slot, m.Text(v.Slot)).Not()
				other.Absent = false
				wants, exact = []compile.Literal{other}, false
			}
			wants = append(wants, compile.AbsentKey(v.Slot))
			for _, want := range wants {
				if s.giveOne(c, l, want, m) {
					return true
				}
			}
			s.Incomplete = s.Incomplete || !exact
		}
	}
	return false
}

// giveOne gives one variable a value that makes l hold.
func (s *Search) giveOne(c []compile.Literal, l *compile.Literal, want compile.Literal, m *compile.Model) bool {
	if m.Budget.Spend(20 + 10*len(c)); m.Budget.Out() || s.depth > maxDepth {
		s.Incomplete = true
		return false
	}
	s.depth++
	defer func() { s.depth-- }()
	trial := m.Clone()
	if !s.assign(append(c[:len(c):len(c)], want), trial, want.Slot) || !l.Holds(trial) {
		return false
	}
	m.Values = trial.Values
	return true
}

// maxAccounts bounds how many accounts moveAccount tries.
const maxAccounts = 8

// moveAccount solves an ARN that contains the caller's account. If no ARN with
// the account in m will do, it changes the account to one that has such ARNs.
// build returns the ARN's shapes in an account, or in any account for "".
func (s *Search) moveAccount(c, lits []compile.Literal, m *compile.Model, build func(account string) []layout) bool {
	var tried []string
	how := compile.AsAnything
	if s.settled(lits) { // the variables have one value in all these requests
		how = compile.AsModel
	}
	for range maxAccounts {
		m.Budget.Spend(400 + 20*len(lits))
		trial := m.Clone()
		with := append(append(append([]compile.Literal(nil), lits...), on(c, compile.SlotAccount)...), compile.Equals(compile.SlotAccount, tried...).Not())
		if !s.fill(build(""), with, trial, how) {
			return false
		}
		account := trial.Text(compile.SlotAccount)
		moved := m.Clone()
		if s.assign(append(c[:len(c):len(c)], compile.Equals(compile.SlotAccount, account)), moved, compile.SlotAccount) && s.fill(build(account), lits, moved, compile.AsModel) {
			m.Values = moved.Values
			return true
		}
		tried = append(tried, account)
	}
	s.Incomplete = true // another account may work
	return false
}
