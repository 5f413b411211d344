// Package textsolve finds a text of a given shape, such as that of an ARN, that
// matches some patterns and does not match others. It knows nothing about AWS.
//
// Every step is charged to a Budget. A result obtained after the budget has run
// out proves nothing.
package textsolve

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// FewTexts is the length up to which a list of texts is searched one by one.
const FewTexts = 8

// A Shape describes the values that a key, or several keys that depend on each
// other, can have: a sequence of segments. The ARN of a role, for example, is
// "arn:aws:iam::", an account, ":role/", a name.
type Shape struct {
	Segments []Segment
}

// A Segment is a fixed text, or Min to Max characters of a class.
type Segment struct {
	Text  string // the fixed text; unused if Class is set
	Class *Class // nil for a fixed text
	Min   int
	Max   int
}

// Fixed returns the segment of one text.
func Fixed(s string) Segment { return Segment{Text: s} }

// Repeat returns the segment of lo to hi characters of a class.
func Repeat(c *Class, lo, hi int) Segment { return Segment{Class: c, Min: lo, Max: hi} }

// A Constraint restricts the values of a shape: the concatenated texts of the
// segments First to Last, without segment Skip, must match one of the patterns,
// or, if Negated, none of them.
type Constraint struct {
	First, Last int
	Skip        int // -1 for none
	Negated     bool
	Patterns    []Pattern           // without variables
	Index       map[string]struct{} // the texts of Patterns if these are many plain texts; else nil
}

// text returns the text that the constraint restricts.
func (n *Constraint) text(texts []string) string {
	if n.First == n.Last {
		return texts[n.First]
	}
	var b strings.Builder
	for i := n.First; i <= n.Last; i++ {
		if i != n.Skip {
			b.WriteString(texts[i])
		}
	}
	return b.String()
}

// Holds reports whether the constraint holds for the texts of the segments.
func (n *Constraint) Holds(texts []string, b *Budget) bool { return n.admits(n.text(texts), b) }

// admits reports whether the constraint holds for s.
func (n *Constraint) admits(s string, b *Budget) bool {
	if n.Index == nil {
		return n.offender(s, b) < 0
	}
	b.Spend(3)
	_, in := n.Index[s]
	return in != n.Negated
}

// offender returns -1 if the constraint holds for s. Otherwise it returns the
// index of the pattern that s must not match but does, or 0 if the constraint is
// not negated.
func (n *Constraint) offender(s string, b *Budget) int {
	b.Spend(2)
	for i := range n.Patterns {
		if n.Patterns[i].Matches(s, b) {
			if n.Negated {
				return i
			}
			return -1
		}
	}
	if n.Negated {
		return -1
	}
	return 0
}

// exact reports whether all patterns are exact and case-sensitive.
func (n *Constraint) exact() bool {
	for i := range n.Patterns {
		if !n.Patterns[i].Exact || n.Patterns[i].Fold {
			return false
		}
	}
	return true
}

// AllHold reports whether texts, one for each segment, meet all constraints.
func AllHold(constraints []Constraint, texts []string, b *Budget) bool {
	for i := range constraints {
		if !constraints[i].Holds(texts, b) {
			return false
		}
	}
	return true
}

// Solve returns the texts of the segments of a value that meets all constraints,
// preferring short values. ok is false if there is none, or if the budget ran
// out.
func (t Shape) Solve(constraints []Constraint, b *Budget) (texts []string, ok bool) {
	constraints, ok = narrow(constraints, b)
	if !ok {
		return nil, false
	}
	if constraints, ok = t.fitting(constraints, b); !ok {
		return nil, false
	}
	for i := range constraints {
		if n := &constraints[i]; !n.Negated && n.exact() && n.First == 0 && n.Last == len(t.Segments)-1 && n.Skip < 0 {
			return t.choose(n.Patterns, constraints, b)
		}
	}
	if texts, ok := t.guess(constraints, b); ok {
		return texts, true
	}
	return t.refine(constraints, b)
}

// manyTokens is the number of tokens of a pattern from which on guess tries it.
const manyTokens = 40

// guess tries the plainest texts that match long patterns, for which walk is
// expensive: no characters for each star, and the same one for each question
// mark.
func (t Shape) guess(constraints []Constraint, b *Budget) ([]string, bool) {
	for i := range constraints {
		n := &constraints[i]
		if n.Negated || n.First != 0 || n.Last != len(t.Segments)-1 || n.Skip >= 0 {
			continue
		}
		for j := range n.Patterns {
			p := &n.Patterns[j]
			if len(p.Tokens) < manyTokens {
				continue
			}
			for _, fill := range [...]rune{'x', '0'} {
				var s strings.Builder
				for _, tok := range p.Tokens {
					switch tok.Kind {
					case tokLit:
						s.WriteRune(tok.Char)
					case AnyChar:
						s.WriteRune(fill)
					}
				}
				if b.Spend(len(p.Tokens)); b.Out() {
					return nil, false
				}
				if texts, ok := t.Split(s.String()); ok && AllHold(constraints, texts, b) {
					return texts, true
				}
			}
		}
	}
	return nil, false
}

func textsSize(texts []string) int {
	n := 0
	for _, t := range texts {
		n += len(t)
	}
	return n
}

// fitting drops patterns that are longer than any value, and from long lists also
// those that begin as no value can. ok is false if this leaves a constraint that
// must match without patterns.
func (t Shape) fitting(constraints []Constraint, b *Budget) ([]Constraint, bool) {
	most := 0
	for i := range t.Segments {
		most += t.Segments[i].Max + utf8.RuneCountInString(t.Segments[i].Text)
	}
	for i := range constraints {
		n := &constraints[i]
		if n.Negated {
			continue
		}
		whole := len(n.Patterns) > FewTexts && n.First == 0 && n.Last == len(t.Segments)-1 && n.Skip < 0
		cannot := func(p Pattern) bool { return p.shortest() > most || whole && !t.begins(&p, constraints, b) }
		b.Spend(len(n.Patterns) + n.size()/8)
		if !slices.ContainsFunc(n.Patterns, cannot) {
			continue
		}
		left := make([]Pattern, 0, min(len(n.Patterns), FewTexts))
		for _, p := range n.Patterns {
			if !cannot(p) {
				b.Spend(2 * PatternSize)
				left = append(left, p)
			}
		}
		if len(left) == 0 {
			return nil, false
		}
		constraints = slices.Clone(constraints)
		constraints[i].Patterns, constraints[i].Index = left, nil
	}
	return constraints, true
}

// begins reports whether some value may begin as the pattern does. It compares
// the pattern's head with the leading segments, as long as these have a fixed
// length, and with the constraints on each of them.
func (t Shape) begins(p *Pattern, constraints []Constraint, b *Budget) bool {
	head := p.head()
	b.Spend(4 + len(head)/2)
	for i := range t.Segments {
		g := &t.Segments[i]
		if g.Class == nil {
			n := min(len(g.Text), len(head))
			if g.Text[:n] != head[:n] {
				return false
			}
			head = head[n:]
			continue
		}
		if g.Min != g.Max || len(head) < g.Min {
			return true
		}
		text := head[:g.Min]
		for j := range constraints {
			if n := &constraints[j]; n.First == i && n.Last == i && !n.admits(text, b) {
				return false
			}
		}
		head = head[g.Min:]
	}
	return true
}

// narrow merges the constraints on the same segments as an exact one into it: it
// keeps the texts that all of them accept. ok is false if none is left, or if the
// budget ran out.
func narrow(constraints []Constraint, b *Budget) ([]Constraint, bool) {
	for i := range constraints {
		n := constraints[i]
		if n.Negated || !n.exact() {
			continue
		}
		b.Spend(16 + 12*len(constraints) + len(n.Patterns))
		var rest []Constraint
		same := []*Constraint{}
		for j := range constraints {
			switch m := &constraints[j]; {
			case j == i:
			case m.First == n.First && m.Last == n.Last && m.Skip == n.Skip:
				same = append(same, m)
			default:
				rest = append(rest, *m)
			}
		}
		if len(same) == 0 {
			continue
		}
		left := make([]Pattern, 0, min(len(n.Patterns), FewTexts))
	next:
		for _, p := range n.Patterns {
			for _, m := range same {
				if !m.admits(p.Plain, b) {
					continue next
				}
			}
			b.Spend(2 * PatternSize)
			left = append(left, p)
		}
		n.Patterns, n.Index = left, nil
		if len(left) == 0 {
			return nil, false
		}
		return narrow(append(rest, n), b)
	}
	return constraints, !b.Out()
}

// PatternSize is the charge, in steps, for a copy of a pattern.
const PatternSize = 24

// choose returns the segments of the first text in pats that has the shape and
// meets all constraints.
func (t Shape) choose(pats []Pattern, constraints []Constraint, b *Budget) ([]string, bool) {
	for i := range pats {
		if b.Spend(10 + 4*len(t.Segments) + len(pats[i].Plain)/4); b.Out() {
			return nil, false
		}
		if texts, ok := t.Split(pats[i].Plain); ok && AllHold(constraints, texts, b) {
			return texts, true
		}
	}
	return nil, false
}

// Split splits s into the texts of the shape's segments; ok is false if s does
// not have the shape. If there are several ways to split s, the first segments
// are as short as possible.
func (t Shape) Split(s string) ([]string, bool) {
	texts := make([]string, len(t.Segments))
	return texts, splitInto(texts, t.Segments, s)
}

func splitInto(texts []string, segs []Segment, s string) bool {
	if len(segs) == 0 {
		return s == ""
	}
	g := &segs[0]
	if g.Class == nil {
		rest, ok := strings.CutPrefix(s, g.Text)
		texts[0] = g.Text
		return ok && splitInto(texts[1:], segs[1:], rest)
	}
	n, end := 0, 0
	for {
		if n >= g.Min {
			texts[0] = s[:end]
			if splitInto(texts[1:], segs[1:], s[end:]) {
				return true
			}
		}
		r, size := utf8.DecodeRuneInString(s[end:])
		if size == 0 || n == g.Max || !g.Class.Has(r) {
			return false
		}
		n, end = n+1, end+size
	}
}

// The limits of refine.
const (
	manyPatterns = 6 // a longer list of patterns to avoid may be left out at first
	manyMore     = 4 // if it is also this many times as large as all that must match
	fewRounds    = 8 // the number of attempts before all lists are used in full
)

// size returns an upper bound of the number of steps that an automaton has for
// the constraint.
func (n *Constraint) size() int {
	size := 0
	for i := range n.Patterns {
		size += len(n.Patterns[i].Tokens) + len(n.Patterns[i].Plain) + 1
	}
	return size
}

// refine solves the constraints by walk. At first it leaves out lists of patterns
// to avoid that are long compared with what must match, and then adds those that
// a solution matches. After fewRounds attempts it adds all of them.
func (t Shape) refine(constraints []Constraint, b *Budget) ([]string, bool) {
	b.Spend(20 * len(constraints))
	active := append([]Constraint(nil), constraints...)
	wanted := 0
	for i := range active {
		if !active[i].Negated {
			wanted += active[i].size()
		}
	}
	for i := range active {
		if len(active[i].Patterns) > manyPatterns && active[i].size() > manyMore*wanted {
			active[i].Patterns, active[i].Index = nil, nil
		}
	}
	for range fewRounds {
		texts, ok := t.walk(active, b)
		if !ok {
			return nil, false
		}
		met := true
		for i := range constraints {
			if len(active[i].Patterns) == len(constraints[i].Patterns) {
				continue
			}
			b.Spend(textsSize(texts) / 4)
			if s := constraints[i].text(texts); !constraints[i].admits(s, b) {
				k := constraints[i].offender(s, b)
				if k < 0 { // the budget has run out meanwhile
					return nil, false
				}
				active[i].Patterns = append(active[i].Patterns, constraints[i].Patterns[k])
				met = false
			}
		}
		if met {
			return texts, true
		}
	}
	return t.walk(constraints, b)
}

// walk runs the automaton, and runs it again with exact counts if the value that
// it found is longer than the shape allows.
func (t Shape) walk(constraints []Constraint, b *Budget) ([]string, bool) {
	a := &b.scratch
	a.build(t, constraints, b)
	texts, ok := a.walk()
	if ok && t.tooLong(texts) {
		a.track = true
		return a.walk()
	}
	return texts, ok
}

func (t Shape) tooLong(texts []string) bool {
	for i := range t.Segments {
		if t.Segments[i].Class != nil && utf8.RuneCountInString(texts[i]) > t.Segments[i].Max {
			return true
		}
	}
	return false
}
