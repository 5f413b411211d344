package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// An automaton walks a tape and, at the same time, every pattern of every need.
// A state is the place on the tape and the set of pattern positions that are
// reachable there; positions of all patterns are numbered through, so that a
// state is a short sorted list.
type automaton struct {
	tape  tape
	needs []need
	steps []step    // of all patterns, each pattern followed by its end
	start [][]int32 // first positions of each need's patterns
	track bool      // count every character up to max, not only up to min
	work  *int      // steps left; shared with the whole decision

	nodes []node
	sets  []int32          // of all nodes, one behind the other
	seen  map[uint64]int32 // first node of each hash
	chars []rune           // scratch
}

// A step is a token of a pattern, or the end of one.
type step struct {
	token
	need int32
	end  bool
}

// A node is a reached state with the way back to the start.
type node struct {
	prev     int32
	chain    int32 // the next node of the same hash, -1 for none
	char     rune  // the character read to get here; 0 for a step to the next segment
	seg      int16
	count    int16
	from, to int32 // its positions in sets
}

func newAutomaton(t tape, needs []need, work *int) *automaton {
	a := &automaton{tape: t, needs: needs, work: work, start: make([][]int32, len(needs))}
	for i := range needs {
		for j := range needs[i].pats {
			a.start[i] = append(a.start[i], int32(len(a.steps)))
			for _, t := range needs[i].pats[j].tokens() {
				a.steps = append(a.steps, step{token: t, need: int32(i)})
			}
			a.steps = append(a.steps, step{need: int32(i), end: true})
		}
	}
	*work -= len(a.steps) / 4
	return a
}

// walk searches breadth first, so the first way found is a shortest.
func (a *automaton) walk() ([]string, bool) {
	a.nodes = a.nodes[:0]
	a.sets = a.sets[:0]
	a.seen = make(map[uint64]int32, 64)
	if !a.enter(node{prev: -1}) {
		return nil, false
	}
	for i := 0; i < len(a.nodes); i++ {
		n := a.nodes[i]
		if *a.work -= 2; *a.work < 0 {
			return nil, false
		}
		if int(n.seg) == len(a.tape.segs) {
			return a.texts(i), true
		}
		s := &a.tape.segs[n.seg]
		if s.class == nil {
			a.readFixed(s, n, int32(i))
			continue
		}
		if int(n.count) >= s.min {
			a.leave(n, int32(i))
		}
		for _, r := range a.candidates(s, n) {
			a.read(n, int32(i), r)
		}
	}
	return nil, false
}

// set returns the positions of a node.
func (a *automaton) set(n node) []int32 { return a.sets[n.from:n.to] }

// readFixed reads a whole fixed segment and goes on to the next.
func (a *automaton) readFixed(s *segment, n node, prev int32) {
	cur := n
	for _, r := range s.text {
		if cur = a.advance(cur, r); !a.hopeful(cur) {
			return
		}
	}
	a.leave(cur, prev)
}

// candidates lists the characters worth reading: those that some pattern waits
// for, and one that no pattern waits for, which stands for all the others.
func (a *automaton) candidates(s *segment, n node) []rune {
	if a.track && int(n.count) >= s.max {
		return nil
	}
	*a.work -= int(n.to-n.from) / 2
	rs := a.chars[:0]
	add := func(r rune) {
		if s.class.has(r) && !slices.Contains(rs, r) {
			rs = append(rs, r)
		}
	}
	for _, p := range a.set(n) {
		switch t := &a.steps[p]; {
		case t.end:
		case t.kind != tokLit:
			if t.noColon {
				add(':')
			}
		default:
			add(t.r)
			if t.fold {
				add(foldRune(t.r))
				up, _ := utf8.DecodeRuneInString(strings.ToUpper(string(t.r)))
				add(up)
			}
		}
	}
	for _, r := range s.class.sample {
		if !slices.Contains(rs, r) {
			rs = append(rs, r)
			n := len(rs) - 1
			rs[0], rs[n] = rs[n], rs[0]
			break
		}
	}
	a.chars = rs
	return rs
}

// read reads r within a segment.
func (a *automaton) read(n node, prev int32, r rune) {
	next := a.advance(n, r)
	next.prev, next.char, next.count = prev, r, n.count+1
	if s := &a.tape.segs[n.seg]; !a.track && int(next.count) > s.min {
		next.count = int16(s.min)
	}
	if a.hopeful(next) {
		a.push(next)
	}
}

// advance moves every live position over r.
func (a *automaton) advance(n node, r rune) node {
	from := int32(len(a.sets))
	*a.work -= 1 + int(n.to-n.from)/3
	for _, p := range a.sets[n.from:n.to] {
		switch t := &a.steps[p]; {
		case !a.needs[t.need].reads(int(n.seg)):
			a.sets = append(a.sets, p)
		case t.end || !t.matches(r):
		case t.kind == tokStar:
			a.sets = append(a.sets, p)
		default:
			a.sets = append(a.sets, p+1)
		}
	}
	next := n
	next.from = from
	next.to = a.closure(from)
	return next
}

// closure adds what is reachable without reading to the set that begins at
// from: a star may match nothing. It returns the end of the sorted set.
func (a *automaton) closure(from int32) int32 {
	for i := int(from); i < len(a.sets); i++ {
		p := a.sets[i]
		if t := &a.steps[p]; !t.end && t.kind == tokStar {
			a.sets = append(a.sets, p+1)
		}
	}
	set := a.sets[from:]
	slices.Sort(set)
	set = slices.Compact(set)
	a.sets = a.sets[:int(from)+len(set)]
	return int32(len(a.sets))
}

// leave goes on to the next segment, unless a need that ends here fails.
func (a *automaton) leave(n node, prev int32) {
	for i := range a.needs {
		if a.needs[i].last == int(n.seg) && a.accepts(i, n) == a.needs[i].negated {
			return
		}
	}
	next := node{prev: prev, seg: n.seg + 1, from: int32(len(a.sets))}
	for k := n.from; k < n.to; k++ {
		if p := a.sets[k]; a.needs[a.steps[p].need].last > int(n.seg) {
			a.sets = append(a.sets, p)
		}
	}
	next.to = int32(len(a.sets))
	a.enter(next)
}

// enter starts the needs whose text begins with this segment. It reports false
// when a need that must match has no way left.
func (a *automaton) enter(n node) bool {
	grown := false
	for i := range a.needs {
		if a.needs[i].first == int(n.seg) {
			a.sets = append(a.sets, a.start[i]...)
			grown = true
		}
	}
	if grown {
		n.to = a.closure(n.from)
	}
	if !a.hopeful(n) {
		return false
	}
	a.push(n)
	return true
}

// hopeful reports whether every need that must match still has a way to.
func (a *automaton) hopeful(n node) bool {
	for i := range a.needs {
		nd := &a.needs[i]
		if nd.negated || int(n.seg) < nd.first || nd.last < int(n.seg) {
			continue
		}
		if !slices.ContainsFunc(a.set(n), func(p int32) bool { return a.steps[p].need == int32(i) }) {
			return false
		}
	}
	return true
}

func (a *automaton) accepts(need int, n node) bool {
	return slices.ContainsFunc(a.set(n), func(p int32) bool { return a.steps[p].end && a.steps[p].need == int32(need) })
}

// push adds a node unless its state was reached before.
func (a *automaton) push(n node) {
	const prime = 1099511628211 // FNV-1a, 64 bits
	h := uint64(14695981039346656037)
	h = (h ^ uint64(n.seg)) * prime
	h = (h ^ uint64(n.count)) * prime
	for _, p := range a.set(n) {
		h = (h ^ uint64(p)) * prime
	}
	first, found := a.seen[h]
	n.chain = -1
	if found {
		n.chain = first
	}
	for i := n.chain; i >= 0; i = a.nodes[i].chain {
		m := a.nodes[i]
		if m.seg == n.seg && m.count == n.count && slices.Equal(a.set(m), a.set(n)) {
			a.sets = a.sets[:n.from]
			return
		}
	}
	a.seen[h] = int32(len(a.nodes))
	a.nodes = append(a.nodes, n)
}

// texts follows the way back and cuts it into segments.
func (a *automaton) texts(i int) []string {
	texts := make([]string, len(a.tape.segs))
	rs := make([][]rune, len(a.tape.segs))
	for ; i > 0; i = int(a.nodes[i].prev) {
		if n := &a.nodes[i]; n.char != 0 {
			rs[n.seg] = append(rs[n.seg], n.char)
		}
	}
	for s := range rs {
		if a.tape.segs[s].class == nil {
			texts[s] = a.tape.segs[s].text
			continue
		}
		slices.Reverse(rs[s])
		texts[s] = string(rs[s])
	}
	return texts
}
