package policy

import "strings"

// equate meets literals with variables: two keys must have equal, or partly
// equal, values. trial holds values that would do if variables could be
// anything. Where it has to guess, the search is incomplete if the guess fails.
func (s *search) equate(c, lits []literal, m, trial *model, variants []variant) bool {
	for i := range lits {
		l := &lits[i]
		if l.set == nil || !l.set.vars {
			continue
		}
		if !l.inside() {
			if s.part(c, lits, l, m, variants) {
				return true
			}
			continue
		}
		ok, impossible := s.join(c, lits, i, m, trial, variants)
		if ok || impossible {
			return ok
		}
	}
	s.incomplete = true
	return false
}

// join makes the key of lits[i] equal to one of its patterns. impossible is
// true when each of them is proven out of reach.
func (s *search) join(c, lits []literal, i int, m, trial *model, variants []variant) (ok, impossible bool) {
	impossible = true
	rest := append(append([]literal(nil), lits[:i]...), lits[i+1:]...)
	for j := range lits[i].set.pats {
		if m.b.out() {
			return false, false
		}
		p := &lits[i].set.pats[j]
		switch {
		case p.parts == nil:
			only := literal{slot: lits[i].slot, mode: eachIn, set: &valueSet{pats: lits[i].set.pats[j : j+1]}}
			with := append(rest[:len(rest):len(rest)], only)
			if s.fill(variants, with, m, resolved) {
				return true, false
			}
			impossible = impossible && s.never(variants, with, m)
		case len(p.parts) == 1:
			v := p.parts[0]
			for _, way := range [...]func() (ok, impossible bool){
				func() (bool, bool) { return s.merge(c, lits, rest, i, v.slot, m, variants) },
				func() (bool, bool) { return s.byDefault(c, lits, rest, i, v, m, variants) },
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
			slot, captured, ok := p.capture(text)
			if !ok { // wildcards around the variable: let it hold the whole value
				slot, captured = p.firstRef(), text
			}
			if s.force(c, lits, m, variants, slot, captured) {
				return true, false
			}
		}
	}
	return false, impossible
}

// never reports whether lits cannot be met even with all variables free.
func (s *search) never(variants []variant, lits []literal, m *model) bool {
	return !s.fill(variants, lits, m.clone(), loose) && !m.b.out()
}

// byDefault lets the variable be absent, so that its default counts.
func (s *search) byDefault(c, lits, rest []literal, i int, v part, m *model, variants []variant) (ok, impossible bool) {
	if !v.hasDef || !absentFits(on(c, v.slot)) {
		return false, true
	}
	with := append(rest[:len(rest):len(rest)], equals(lits[i].slot, v.defText))
	if s.never(variants, with, m) {
		return false, true
	}
	return s.after(c, lits, literal{slot: v.slot, absent: true, mode: none}, m, variants), false
}

// after gives a variable's key a value that meets want, and then solves lits
// again. What it chose is not held on to: c stays as it is.
func (s *search) after(c, lits []literal, want literal, m *model, variants []variant) bool {
	if m.b.spend(20 + 10*len(c)); m.b.out() || s.groupOf(want.slot) == s.groupOf(lits[0].slot) || s.depth > maxDepth {
		return false
	}
	s.depth++
	defer func() { s.depth-- }()
	trial := m.clone()
	if !s.repair(append(c[:len(c):len(c)], want), trial, want.slot) || !want.holds(trial) || !s.fill(variants, lits, trial, resolved) {
		return false
	}
	m.vals = trial.vals
	return true
}

// maxDepth bounds chains of variables that depend on variables.
const maxDepth = 6

// merge gives two keys one value that meets the literals on both.
func (s *search) merge(c, lits, rest []literal, i, ref int, m *model, variants []variant) (ok, impossible bool) {
	m.b.spend(len(c) + 20*len(rest))
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
	if s.never(variants, joined, m) {
		return false, true
	}
	trial := m.clone()
	if !s.fill(variants, joined, trial, resolved) {
		return false, s.settled(joined)
	}
	return s.force(c, lits, m, variants, ref, trial.text(lits[i].slot)), false
}

// outlines returns patterns that match at least all values of a key, nil when
// nothing is known of them. possible is false when no request of this scene
// has the key.
func (s *search) outlines(slot int, m *model) (list []pattern, possible bool) {
	g := s.groupOf(slot)
	switch {
	case g == gCalled:
		return nil, s.path.through()
	case g == gContext || g == gMFA || g == gSpec:
		return nil, true
	case g >= 0 && !s.isText(slot):
		d := s.domain(slot)
		if d.kind == fixedTo || d.kind == choice {
			for _, v := range d.vals {
				list = append(list, pattern{text: v.s, plain: v.s, exact: true})
			}
		}
		return list, d.kind != never
	}
	variants, _ := s.variants(g, slot, m)
	for i := range variants {
		if p, ok := variants[i].placeOf(slot); ok {
			list = append(list, variants[i].outline(p))
		}
	}
	return list, len(list) > 0
}

// outline is the shape of what stands at a place: its fixed texts, and
// wildcards for the rest.
func (v *variant) outline(p place) pattern {
	var toks []token
	for i := p.first; i <= p.last; i++ {
		g := &v.segs[i]
		switch {
		case i == p.skip:
		case g.class == nil:
			for _, r := range g.text {
				toks = append(toks, token{r: r})
			}
		default:
			for range min(g.min, maxOutline) {
				toks = append(toks, token{kind: tokAny})
			}
			if g.max > g.min || g.min > maxOutline {
				toks = append(toks, token{kind: tokStar})
			}
		}
	}
	return pattern{toks: toks}
}

// maxOutline bounds how exactly an outline counts characters.
const maxOutline = 32

// force puts text into the variable's key and solves the group again.
func (s *search) force(c, lits []literal, m *model, variants []variant, ref int, text string) bool {
	return s.after(c, lits, equals(ref, text), m, variants)
}

// part keeps a key away from a variable: it changes the variable's value.
func (s *search) part(c, lits []literal, l *literal, m *model, variants []variant) bool {
	for j := range l.set.pats {
		for _, p := range l.set.pats[j].parts {
			if p.ref == "" {
				continue
			}
			if m.b.spend(patternSize); m.b.out() {
				return false
			}
			other := equals(p.slot, m.text(p.slot)).not()
			other.absent = false
			if s.after(c, lits, other, m, variants) {
				return true
			}
		}
	}
	return false
}

// firstRef returns the slot of the pattern's first variable.
func (p *pattern) firstRef() int {
	for _, s := range p.parts {
		if s.ref != "" {
			return s.slot
		}
	}
	return -1
}

// capture tells what the only variable of p must be for p to match v, when text
// without wildcards stands on both sides of it. Behind a wildcard there is more
// than one answer, and none is given; before one, the shortest is.
func (p *pattern) capture(v string) (slot int, text string, ok bool) {
	slot = -1
	var before, after strings.Builder
	open := false // a wildcard was seen behind the variable
	for _, s := range p.parts {
		wild := -1
		if p.wild && !s.literal {
			wild = strings.IndexAny(s.text, "*?")
		}
		switch {
		case s.ref != "" && slot >= 0:
			return 0, "", false
		case s.ref != "":
			slot = s.slot
		case slot < 0 && wild >= 0:
			return 0, "", false
		case slot < 0:
			before.WriteString(s.text)
		case wild >= 0 && !open:
			after.WriteString(s.text[:wild])
			open = true
		case !open:
			after.WriteString(s.text)
		}
	}
	rest, okBefore := strings.CutPrefix(v, before.String())
	if slot < 0 || !okBefore {
		return 0, "", false
	}
	if open {
		text, _, ok = strings.Cut(rest, after.String())
		return slot, text, ok && after.Len() > 0
	}
	text, ok = strings.CutSuffix(rest, after.String())
	return slot, text, ok
}

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
		if h, fixed := l.present(); fixed || l.set == nil || !l.set.vars {
			return fixed && h
		}
		if !s.giveWayTo(c, l, m) {
			return false
		}
	}
	return true
}

func (s *search) giveWayTo(c []literal, l *literal, m *model) bool {
	text := m.text(l.slot)
	proven := true
	for j := range l.set.pats {
		p := &l.set.pats[j]
		for _, v := range p.parts {
			if v.ref == "" {
				continue
			}
			if m.b.spend(4 * patternSize); m.b.out() {
				return false
			}
			wants, exact := []literal{equals(v.slot, text)}, len(p.parts) == 1 && !v.hasDef
			if slot, captured, ok := p.capture(text); ok && slot == v.slot {
				wants, exact = []literal{equals(v.slot, captured)}, !v.hasDef
			}
			if !l.inside() {
				other := equals(v.slot, m.text(v.slot)).not()
				other.absent = false
				wants, exact = []literal{other}, false
			}
			wants = append(wants, literal{slot: v.slot, absent: true, mode: none})
			for _, want := range wants {
				ok, no := s.giveOne(c, l, want, m)
				if ok {
					return true
				}
				exact = exact && no
			}
			proven = proven && exact
		}
	}
	if !proven {
		s.incomplete = true
	}
	return false
}

// giveOne gives one variable a value; impossible is true when it cannot have it.
func (s *search) giveOne(c []literal, l *literal, want literal, m *model) (ok, impossible bool) {
	if m.b.spend(20 + 10*len(c)); m.b.out() || s.depth > maxDepth {
		return false, false
	}
	s.depth++
	before := s.incomplete
	s.incomplete = false
	trial := m.clone()
	ok = s.repair(append(c[:len(c):len(c)], want), trial, want.slot) && want.holds(trial)
	impossible = !ok && !s.incomplete
	s.incomplete = s.incomplete || before
	s.depth--
	if !ok || !l.holds(trial) {
		return false, impossible || want.mode == none
	}
	m.vals = trial.vals
	return true, false
}

// maxAccounts bounds how many accounts moveAccount tries.
const maxAccounts = 8

// moveAccount solves an ARN that carries the caller's account: when no ARN of
// this account will do, the caller moves to an account that has some. build
// returns the ARN's shapes in an account, in any account for "".
func (s *search) moveAccount(c, lits []literal, m *model, build func(account string) []variant) bool {
	var tried []string
	how := loose
	if s.settled(lits) { // the variables have one value in all these requests
		how = resolved
	}
	for range maxAccounts {
		m.b.spend(400 + 20*len(lits))
		trial := m.clone()
		with := append(append(append([]literal(nil), lits...), on(c, sAccount)...), equals(sAccount, tried...).not())
		if !s.fill(build(""), with, trial, how) {
			return false
		}
		account := trial.text(sAccount)
		moved := m.clone()
		if s.repair(append(c[:len(c):len(c)], equals(sAccount, account)), moved, sAccount) && s.fill(build(account), lits, moved, resolved) {
			m.vals = moved.vals
			return true
		}
		tried = append(tried, account)
	}
	s.incomplete = true // another account may do
	return false
}
