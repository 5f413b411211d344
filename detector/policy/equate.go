package policy

import "strings"

// equate meets literals with variables: two keys must have equal, or partly
// equal, values. trial holds values that would do if variables could be
// anything. Where it has to guess, the search is incomplete if the guess fails.
func (s *search) equate(c, lits []literal, m, trial *model, variants []variant) ([]literal, bool) {
	for i := range lits {
		l := &lits[i]
		if l.set == nil || !l.set.vars || l.holds(m) {
			continue
		}
		var ok bool
		if l.inside() {
			if c, ok = s.join(c, lits, i, m, trial, variants); ok {
				return c, true
			}
			continue
		}
		if c, ok = s.part(c, lits, l, m, variants); ok {
			return c, true
		}
	}
	if c, ok := s.onlyAsk(c, lits, m, variants); ok {
		return c, true
	}
	s.incomplete = true
	return c, false
}

// join makes the key of lits[i] equal to a pattern with variables.
func (s *search) join(c, lits []literal, i int, m, trial *model, variants []variant) ([]literal, bool) {
	for j := range lits[i].set.pats {
		p := &lits[i].set.pats[j]
		if p.parts == nil {
			continue
		}
		if len(p.parts) == 1 {
			if c, ok := s.merge(c, lits, i, p.parts[0].slot, m, variants); ok {
				return c, true
			}
			continue
		}
		if slot, text, ok := p.capture(trial.text(lits[i].slot)); ok {
			if c2, ok := s.force(c, lits, m, variants, slot, text); ok {
				return c2, true
			}
		}
	}
	return c, false
}

// merge gives two keys one value that meets the literals on both.
func (s *search) merge(c, lits []literal, i, ref int, m *model, variants []variant) ([]literal, bool) {
	joined := append(append([]literal(nil), lits[:i]...), lits[i+1:]...)
	for _, l := range c {
		if l.slot == ref && (l.set == nil || !l.set.vars) {
			l.slot, l.absent = lits[i].slot, false
			joined = append(joined, l)
		}
	}
	trial := m.clone()
	if !s.fill(variants, joined, trial, resolved) {
		return c, false
	}
	return s.force(c, lits, m, variants, ref, trial.text(lits[i].slot))
}

// force puts text into the variable's key and solves the group again.
func (s *search) force(c, lits []literal, m *model, variants []variant, ref int, text string) ([]literal, bool) {
	want := equals(ref, text)
	for i := range c {
		if c[i].slot == ref && c[i].mode == eachIn && c[i].set != nil && len(c[i].set.pats) == 1 && c[i].set.pats[0].plain == text {
			want.slot = -1 // asked before: do not ask again
		}
	}
	if *s.work -= 20; *s.work < 0 || want.slot < 0 || s.groupOf(ref) == s.groupOf(lits[0].slot) {
		return c, false
	}
	trial := m.clone()
	c2, ok := s.repair(append(c[:len(c):len(c)], want), trial, ref)
	if !ok || !want.holds(trial) || !s.fill(variants, lits, trial, resolved) {
		return c, false
	}
	m.vals = trial.vals
	s.incomplete = true // this value is one of several
	return c2, true
}

// part keeps a key away from a variable: it changes the variable's value.
func (s *search) part(c, lits []literal, l *literal, m *model, variants []variant) ([]literal, bool) {
	for j := range l.set.pats {
		for _, p := range l.set.pats[j].parts {
			if p.ref == "" || s.groupOf(p.slot) == s.groupOf(l.slot) {
				continue
			}
			other := equals(p.slot, m.text(p.slot)).not()
			other.absent = false
			trial := m.clone()
			c2, ok := s.repair(append(c[:len(c):len(c)], other), trial, p.slot)
			if ok && s.fill(variants, lits, trial, resolved) {
				m.vals = trial.vals
				s.incomplete = true
				return c2, true
			}
		}
	}
	return c, false
}

// onlyAsk asks for each variable's key to be present, with any value.
func (s *search) onlyAsk(c, lits []literal, m *model, variants []variant) ([]literal, bool) {
	for i := range lits {
		if lits[i].set == nil || !lits[i].set.vars || !lits[i].inside() {
			continue
		}
		for j := range lits[i].set.pats {
			for _, p := range lits[i].set.pats[j].parts {
				if p.ref == "" || len(m.vals[p.slot]) > 0 || s.groupOf(p.slot) == s.groupOf(lits[i].slot) {
					continue
				}
				trial := m.clone()
				c2, ok := s.repair(append(c[:len(c):len(c)], literal{slot: p.slot, mode: all, set: &valueSet{}}), trial, p.slot)
				if ok && s.fill(variants, lits, trial, resolved) {
					m.vals = trial.vals
					s.incomplete = true
					return c2, true
				}
			}
		}
	}
	return c, false
}

// capture tells what the only variable of p must be for p to match v. Wildcards
// beside the variable make it ambiguous: then there is no answer.
func (p *pattern) capture(v string) (slot int, text string, ok bool) {
	slot = -1
	var before, after strings.Builder
	for _, s := range p.parts {
		switch {
		case s.ref != "" && slot >= 0:
			return 0, "", false
		case s.ref != "":
			slot = s.slot
		case p.wild && !s.literal && strings.ContainsAny(s.text, "*?"):
			return 0, "", false
		case slot < 0:
			before.WriteString(s.text)
		default:
			after.WriteString(s.text)
		}
	}
	rest, okBefore := strings.CutPrefix(v, before.String())
	text, okAfter := strings.CutSuffix(rest, after.String())
	return slot, text, slot >= 0 && okBefore && okAfter
}

// moveAccount solves a session's ARN, which carries the caller's account: when
// no ARN of this account will do, the caller moves to one that has some.
func (s *search) moveAccount(c, lits []literal, m *model, slot int) ([]literal, bool) {
	trial := m.clone()
	if !s.fill([]variant{whole(slot, s.sessionTape(""))}, lits, trial, loose) {
		return c, false
	}
	s.incomplete = true
	want := equals(sAccount, arnAccount(trial.text(slot)))
	c2 := append(c[:len(c):len(c)], want)
	moved := m.clone()
	c2, ok := s.repair(c2, moved, sAccount)
	if !ok || !s.fill([]variant{whole(slot, s.sessionTape(moved.text(sAccount)))}, lits, moved, resolved) {
		return c, false
	}
	m.vals = moved.vals
	return c2, true
}
