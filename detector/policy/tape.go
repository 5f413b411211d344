package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A tape is the shape of all values that a key, or several keys that depend on
// each other, can have: segments one behind the other. The ARN of a role is
// "arn:aws:iam::", an account, ":role/", a name.
type tape struct {
	segs []segment
}

// A segment is a fixed text, or min to max characters of a class.
type segment struct {
	text  string // the fixed text; unused when class is set
	class *class
	min   int
	max   int
}

func fixed(s string) segment { return segment{text: s} }

func repeat(c *class, lo, hi int) segment { return segment{class: c, min: lo, max: hi} }

// A need is one constraint on a tape: the segments from first to last, read as
// one text, must match (or, negated, must not match) one of the patterns.
// Segment skip is left out of that text.
type need struct {
	first, last int
	skip        int // -1: none is left out
	negated     bool
	pats        []pattern           // none of them has variables
	index       map[string]struct{} // of pats, when they are many plain texts
}

// text returns what the need reads.
func (n *need) text(texts []string) string {
	if n.first == n.last {
		return texts[n.first]
	}
	var b strings.Builder
	for i := n.first; i <= n.last; i++ {
		if i != n.skip {
			b.WriteString(texts[i])
		}
	}
	return b.String()
}

// holds checks the need against the texts of the segments.
func (n *need) holds(texts []string, b *budget) bool { return n.admits(n.text(texts), b) }

// admits reports whether the need holds for s.
func (n *need) admits(s string, b *budget) bool {
	if n.index == nil {
		return n.offender(s, b) < 0
	}
	b.spend(3)
	_, in := n.index[s]
	return in != n.negated
}

// offender returns -1 when the need holds for s, else the pattern at fault; 0
// for a need that matches none of its patterns.
func (n *need) offender(s string, b *budget) int {
	b.spend(2)
	for i := range n.pats {
		if n.pats[i].matches(s, b) {
			if n.negated {
				return i
			}
			return -1
		}
	}
	if n.negated {
		return -1
	}
	return 0
}

// exact reports whether the need asks for one of some fixed texts.
func (n *need) exact() bool {
	for i := range n.pats {
		if !n.pats[i].exact || n.pats[i].fold {
			return false
		}
	}
	return true
}

func allHold(needs []need, texts []string, b *budget) bool {
	for i := range needs {
		if !needs[i].holds(texts, b) {
			return false
		}
	}
	return true
}

// solve returns the texts of the segments of a shortest value that meets all
// needs. ok is false when there is none, or when the budget ran out.
func (t tape) solve(needs []need, b *budget) (texts []string, ok bool) {
	needs, ok = narrow(needs, b)
	if !ok {
		return nil, false
	}
	if needs, ok = t.fitting(needs, b); !ok {
		return nil, false
	}
	for i := range needs {
		if n := &needs[i]; !n.negated && n.exact() && n.first == 0 && n.last == len(t.segs)-1 && n.skip < 0 {
			return t.choose(n.pats, needs, b)
		}
	}
	if texts, ok := t.guess(needs, b); ok {
		return texts, true
	}
	return t.refine(needs, b)
}

// manyTokens is from how many tokens of one pattern on guessing comes first.
const manyTokens = 40

// guess tries the plainest texts of long patterns, since walking along these is
// dear: nothing for each star, and for each question mark one character.
func (t tape) guess(needs []need, b *budget) ([]string, bool) {
	for i := range needs {
		n := &needs[i]
		if n.negated || n.first != 0 || n.last != len(t.segs)-1 || n.skip >= 0 {
			continue
		}
		for j := range n.pats {
			p := &n.pats[j]
			if len(p.toks) < manyTokens {
				continue
			}
			for _, fill := range [...]rune{'x', '0'} {
				var s strings.Builder
				for _, tok := range p.toks {
					switch tok.kind {
					case tokLit:
						s.WriteRune(tok.r)
					case tokAny:
						s.WriteRune(fill)
					}
				}
				if b.spend(len(p.toks)); b.out() {
					return nil, false
				}
				if texts, ok := t.split(s.String()); ok && allHold(needs, texts, b) {
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

// fitting drops patterns that are longer than the value can be, and from long
// lists those that begin as no value does; ok is false when none is left of what
// must match.
func (t tape) fitting(needs []need, b *budget) ([]need, bool) {
	most := 0
	for i := range t.segs {
		most += t.segs[i].max + utf8.RuneCountInString(t.segs[i].text)
	}
	for i := range needs {
		n := &needs[i]
		if n.negated {
			continue
		}
		whole := len(n.pats) > fewTexts && n.first == 0 && n.last == len(t.segs)-1 && n.skip < 0
		never := func(p pattern) bool { return p.shortest() > most || whole && !t.begins(&p, needs, b) }
		b.spend(len(n.pats) + n.size()/8)
		if !slices.ContainsFunc(n.pats, never) {
			continue
		}
		left := make([]pattern, 0, min(len(n.pats), fewTexts))
		for _, p := range n.pats {
			if !never(p) {
				b.spend(2 * patternSize)
				left = append(left, p)
			}
		}
		if len(left) == 0 {
			return nil, false
		}
		needs = slices.Clone(needs)
		needs[i].pats, needs[i].index = left, nil
	}
	return needs, true
}

// begins reports whether some value may begin as the pattern does: as far as the
// pattern asks for certain characters and the segments have one length, each
// segment is one of which the needs on it admit the text.
func (t tape) begins(p *pattern, needs []need, b *budget) bool {
	head := p.head()
	b.spend(4 + len(head)/2)
	for i := range t.segs {
		g := &t.segs[i]
		if g.class == nil {
			n := min(len(g.text), len(head))
			if g.text[:n] != head[:n] {
				return false
			}
			head = head[n:]
			continue
		}
		if g.min != g.max || len(head) < g.min {
			return true
		}
		text := head[:g.min]
		for j := range needs {
			if n := &needs[j]; n.first == i && n.last == i && !n.admits(text, b) {
				return false
			}
		}
		head = head[g.min:]
	}
	return true
}

// narrow keeps, of the fixed texts that a place may have, those that all needs
// on the same place accept, and drops these needs.
func narrow(needs []need, b *budget) ([]need, bool) {
	for i := range needs {
		n := needs[i]
		if n.negated || !n.exact() {
			continue
		}
		b.spend(16 + 12*len(needs) + len(n.pats))
		var rest []need
		same := []*need{}
		for j := range needs {
			switch m := &needs[j]; {
			case j == i:
			case m.first == n.first && m.last == n.last && m.skip == n.skip:
				same = append(same, m)
			default:
				rest = append(rest, *m)
			}
		}
		if len(same) == 0 {
			continue
		}
		left := make([]pattern, 0, min(len(n.pats), fewTexts))
	next:
		for _, p := range n.pats {
			for _, m := range same {
				if !m.admits(p.plain, b) {
					continue next
				}
			}
			b.spend(2 * patternSize)
			left = append(left, p)
		}
		n.pats, n.index = left, nil
		if len(left) == 0 {
			return nil, false
		}
		return narrow(append(rest, n), b)
	}
	return needs, !b.out()
}

// patternSize is what a copy of a pattern is charged.
const patternSize = 24

// choose returns the first of some whole values that meets all needs.
func (t tape) choose(pats []pattern, needs []need, b *budget) ([]string, bool) {
	for i := range pats {
		if b.spend(10 + 4*len(t.segs) + len(pats[i].plain)/4); b.out() {
			return nil, false
		}
		if texts, ok := t.split(pats[i].plain); ok && allHold(needs, texts, b) {
			return texts, true
		}
	}
	return nil, false
}

// split cuts s into the tape's segments. Our tapes cut in one way only: what
// ends a segment is not in its class, or stands last in the value.
func (t tape) split(s string) ([]string, bool) {
	texts := make([]string, len(t.segs))
	return texts, splitInto(texts, t.segs, s)
}

func splitInto(texts []string, segs []segment, s string) bool {
	if len(segs) == 0 {
		return s == ""
	}
	g := &segs[0]
	if g.class == nil {
		rest, ok := strings.CutPrefix(s, g.text)
		texts[0] = g.text
		return ok && splitInto(texts[1:], segs[1:], rest)
	}
	n, end := 0, 0
	for {
		if n >= g.min {
			texts[0] = s[:end]
			if splitInto(texts[1:], segs[1:], s[end:]) {
				return true
			}
		}
		r, size := utf8.DecodeRuneInString(s[end:])
		if size == 0 || n == g.max || !g.class.has(r) {
			return false
		}
		n, end = n+1, end+size
	}
}

// manyPatterns is from where on patterns to avoid are only looked at once a
// solution runs into one, and fewRounds how often that is tried.
const (
	manyPatterns = 6
	manyMore     = 4 // times what is asked for: less to avoid is no burden
	fewRounds    = 8
)

// size returns how many steps an automaton has for the need.
func (n *need) size() int {
	size := 0
	for i := range n.pats {
		size += len(n.pats[i].toks) + len(n.pats[i].plain) + 1
	}
	return size
}

// refine leaves long lists of things to avoid out at first, where they are long
// beside what is asked for, and takes in those that a solution runs into; if it
// runs into many, all of them.
func (t tape) refine(needs []need, b *budget) ([]string, bool) {
	b.spend(20 * len(needs))
	active := append([]need(nil), needs...)
	wanted := 0
	for i := range active {
		if !active[i].negated {
			wanted += active[i].size()
		}
	}
	for i := range active {
		if len(active[i].pats) > manyPatterns && active[i].size() > manyMore*wanted {
			active[i].pats, active[i].index = nil, nil
		}
	}
	for range fewRounds {
		texts, ok := t.walk(active, b)
		if !ok {
			return nil, false
		}
		met := true
		for i := range needs {
			if len(active[i].pats) == len(needs[i].pats) {
				continue
			}
			b.spend(textsSize(texts) / 4)
			if s := needs[i].text(texts); !needs[i].admits(s, b) {
				k := needs[i].offender(s, b)
				if k < 0 { // the budget has run out in between
					return nil, false
				}
				active[i].pats = append(active[i].pats, needs[i].pats[k])
				met = false
			}
		}
		if met {
			return texts, true
		}
	}
	return t.walk(needs, b)
}

// walk runs the automaton, and once more with exact counts when the value that
// it found is longer than the tape allows.
func (t tape) walk(needs []need, b *budget) ([]string, bool) {
	a := &b.scratch
	a.build(t, needs, b)
	texts, ok := a.walk()
	if ok && t.tooLong(texts) {
		a.track = true
		return a.walk()
	}
	return texts, ok
}

func (t tape) tooLong(texts []string) bool {
	for i := range t.segs {
		if t.segs[i].class != nil && utf8.RuneCountInString(texts[i]) > t.segs[i].max {
			return true
		}
	}
	return false
}
