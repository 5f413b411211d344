package textsolve

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// An automaton simulates a shape and every pattern of every constraint at the
// same time. A state is a position in the shape and the set of pattern positions
// that are reachable there. The positions of all patterns are numbered
// consecutively, with constraints that begin later last, so that a state is a
// short list that is always built in order.
type automaton struct {
	shape       Shape
	constraints []Constraint
	steps       []step  // of all patterns, each pattern followed by its end
	start       []int32 // first positions of all patterns
	from        []int   // by segment: the index in start of the constraints that begin there
	must        []int   // by segment: the number of constraints that must match and span it
	built       int     // the length of the longest steps so far
	track       bool    // count characters up to a segment's Max, not only up to its Min
	b           *Budget

	nodes []node
	sets  []int32              // the position sets of all nodes, concatenated
	seen  []int32              // hash table: the first node of each chain, -1 for none
	chars []rune               // scratch: the candidates
	known [utf8.RuneSelf]int32 // by ASCII character: the round in which it last became a candidate
	round int32
	ends  []int32 // scratch, by constraint: the node at which it last accepted
}

// A step is a token of a pattern, or the end of one.
type step struct {
	Token
	end        bool
	constraint int32
}

// A node is a state that was reached, with a link back toward the start.
type node struct {
	prev     int32
	hash     uint32
	chain    int32 // the next node in the same slot of seen, -1 for none
	char     rune  // the character read to get here; 0 for a move to the next segment
	seg      int16
	count    int16
	from, to int32 // its positions are sets[from:to]
	met      int32 // the number of constraints that must match and have a position in the set
}

// build prepares the automaton for a shape and constraints.
func (a *automaton) build(t Shape, constraints []Constraint, b *Budget) {
	constraints = slices.Clone(constraints)
	slices.SortStableFunc(constraints, func(x, y Constraint) int { return x.First - y.First })
	a.shape, a.constraints, a.b, a.track = t, constraints, b, false
	a.steps, a.start, a.ends = a.steps[:0], a.start[:0], a.ends[:0]
	a.must = append(a.must[:0], make([]int, len(t.Segments))...)
	a.from = append(a.from[:0], make([]int, len(t.Segments)+1)...)
	for i := range constraints {
		n := &constraints[i]
		for j := range n.Patterns {
			a.start = append(a.start, int32(len(a.steps)))
			p := &n.Patterns[j]
			for _, t := range p.Tokens {
				a.steps = append(a.steps, step{Token: t, constraint: int32(i)})
			}
			for _, r := range p.Plain { // an exact pattern has no tokens
				a.steps = append(a.steps, step{Token: Token{Char: r, fold: p.Fold}, constraint: int32(i)})
			}
			a.steps = append(a.steps, step{constraint: int32(i), end: true})
		}
		for k := n.First; k <= n.Last && !n.Negated; k++ {
			a.must[k]++
		}
		a.ends = append(a.ends, -1)
		for k := n.First; k < len(t.Segments); k++ {
			a.from[k+1] = len(a.start)
		}
	}
	b.Spend(24*len(constraints) + len(a.steps))
	if len(a.steps) > a.built {
		b.Spend(6 * (len(a.steps) - a.built))
		a.built = len(a.steps)
	}
}

// walk returns the texts of the segments of a value that meets all constraints.
// It searches breadth first, so the value is a shortest one. ok is false if there
// is none, or if the budget ran out.
func (a *automaton) walk() ([]string, bool) {
	a.nodes = a.nodes[:0]
	a.sets = a.sets[:0]
	if a.seen == nil {
		a.seen = make([]int32, 64)
	}
	a.b.Spend(len(a.seen) / 32)
	for i := range a.seen {
		a.seen[i] = -1
	}
	for i := range a.ends {
		a.ends[i] = -1
	}
	a.enter(node{prev: -1})
	for i := 0; i < len(a.nodes); i++ {
		n := a.nodes[i]
		if a.b.Spend(4); a.b.Out() {
			return nil, false
		}
		if int(n.seg) == len(a.shape.Segments) {
			return a.texts(i), true
		}
		s := &a.shape.Segments[n.seg]
		if s.Class == nil {
			a.readFixed(s, n, int32(i))
			continue
		}
		if int(n.count) >= s.Min {
			a.leave(n, int32(i))
		}
		for _, r := range a.candidates(s, n) {
			a.read(n, int32(i), r)
			if a.b.Left < 0 {
				return nil, false
			}
		}
	}
	return nil, false
}

// set returns the positions of a node.
func (a *automaton) set(n node) []int32 { return a.sets[n.from:n.to] }

// readFixed reads a whole fixed segment and enters the next one.
func (a *automaton) readFixed(s *Segment, n node, prev int32) {
	cur := n
	for _, r := range s.Text {
		if cur = a.advance(cur, r); !a.hopeful(cur) {
			return
		}
	}
	a.leave(cur, prev)
}

// candidates returns the characters worth trying: those that some pattern
// expects, and one that no pattern expects, which represents all the others.
func (a *automaton) candidates(s *Segment, n node) []rune {
	if a.track && int(n.count) >= s.Max {
		return nil
	}
	a.b.Spend(int(n.to-n.from) / 4)
	a.chars = a.chars[:0]
	a.round++
	for _, p := range a.set(n) {
		switch t := &a.steps[p]; {
		case t.end:
		case t.Kind != tokLit:
			if t.NoColon {
				a.candidate(s.Class, ':')
			}
		default:
			a.candidate(s.Class, t.Char)
			if t.fold {
				for r := unicode.SimpleFold(t.Char); r != t.Char; r = unicode.SimpleFold(r) {
					a.candidate(s.Class, r)
				}
				a.b.Spend(4)
			}
		}
	}
	rs := a.chars
	for _, r := range s.Class.Sample {
		if !a.isCandidate(r) {
			rs = append(rs, r)
			n := len(rs) - 1
			rs[0], rs[n] = rs[n], rs[0]
			break
		}
	}
	a.chars = rs
	return rs
}

func (a *automaton) candidate(c *Class, r rune) {
	if c.Has(r) && !a.isCandidate(r) {
		if r < utf8.RuneSelf {
			a.known[r] = a.round
		}
		a.chars = append(a.chars, r)
	}
}

func (a *automaton) isCandidate(r rune) bool {
	if r < utf8.RuneSelf {
		return a.known[r] == a.round
	}
	a.b.Spend(1 + len(a.chars)/8)
	return slices.Contains(a.chars, r)
}

// read reads r within a segment and records the state reached, unless it is
// hopeless.
func (a *automaton) read(n node, prev int32, r rune) {
	next := a.advance(n, r)
	next.prev, next.char, next.count = prev, r, n.count+1
	if s := &a.shape.Segments[n.seg]; !a.track && int(next.count) > s.Min {
		next.count = int16(s.Min)
	}
	if a.hopeful(next) {
		a.push(next)
	} else {
		a.sets = a.sets[:next.from]
	}
}

// advance returns the state after reading r: the positions that every position
// of n moves to, and those reachable from them without reading, since a star may
// match nothing.
func (a *automaton) advance(n node, r rune) node {
	a.b.Spend(2 + int(n.to-n.from)/2)
	if room := int(n.to-n.from) * 2; cap(a.sets)-len(a.sets) < room {
		a.b.Spend(room + len(a.sets)*2)
		a.sets = slices.Grow(a.sets, room+len(a.sets))
	}
	next := n
	next.from, next.met = int32(len(a.sets)), 0
	last, constraint := int32(-1), int32(-1)
	for k := n.from; k < n.to; k++ {
		p := a.sets[k]
		switch t := &a.steps[p]; {
		case a.constraints[t.constraint].Skip == int(n.seg):
		case t.end || !t.matches(r):
			continue
		case t.Kind != Star:
			p++
		}
		last, constraint = a.add(p, last, constraint, &next)
	}
	next.to = int32(len(a.sets))
	return next
}

// add appends p, and the positions reachable from it without reading, to the set
// of n, which must be the last in a.sets. Positions come in ascending order, so
// one that is not after last is already in the set. last and constraint are those
// of the previous call, -1 at first.
func (a *automaton) add(p, last, constraint int32, n *node) (newLast, newNeed int32) {
	for p > last {
		a.sets = append(a.sets, p)
		last = p
		t := &a.steps[p]
		if t.constraint != constraint {
			constraint = t.constraint
			if !a.constraints[constraint].Negated {
				n.met++
			}
		}
		if t.Kind != Star {
			break
		}
		p++
	}
	return last, constraint
}

// leave enters the next segment, unless a constraint that ends here fails.
func (a *automaton) leave(n node, prev int32) {
	a.b.Spend(int(n.to-n.from)/4 + len(a.constraints)/2)
	for _, p := range a.set(n) {
		if t := &a.steps[p]; t.end {
			a.ends[t.constraint] = prev
		}
	}
	for i := range a.constraints {
		if a.constraints[i].Last == int(n.seg) && (a.ends[i] == prev) == a.constraints[i].Negated {
			return
		}
	}
	next := node{prev: prev, seg: n.seg + 1, from: int32(len(a.sets))}
	last, constraint := int32(-1), int32(-1)
	for k := n.from; k < n.to; k++ {
		if p := a.sets[k]; a.constraints[a.steps[p].constraint].Last > int(n.seg) {
			last, constraint = a.add(p, last, constraint, &next)
		}
	}
	a.enter(next)
}

// enter adds to n the start positions of the constraints that begin with its
// segment, and records it.
func (a *automaton) enter(n node) {
	last, constraint := int32(-1), int32(-1) // all positions so far come before those that begin here
	if int(n.seg) < len(a.from)-1 {
		starts := a.start[a.from[n.seg]:a.from[n.seg+1]]
		a.b.Spend(len(starts) / 2)
		for _, p := range starts {
			last, constraint = a.add(p, last, constraint, &n)
		}
	}
	n.to = int32(len(a.sets))
	a.push(n)
}

// hopeful reports whether every constraint that must match can still match.
func (a *automaton) hopeful(n node) bool { return int(n.met) == a.must[n.seg] }

// push adds a node, unless its state was reached before.
func (a *automaton) push(n node) {
	n.hash = a.hash(n)
	slot := &a.seen[n.hash&uint32(len(a.seen)-1)]
	n.chain = *slot
	for i := n.chain; i >= 0; i = a.nodes[i].chain {
		m := &a.nodes[i]
		if m.seg == n.seg && m.count == n.count && slices.Equal(a.set(*m), a.set(n)) {
			a.sets = a.sets[:n.from]
			a.b.Spend(4 + int(n.to-n.from)/4)
			return
		}
	}
	a.b.Spend(6 + int(n.to-n.from)/4)
	if len(a.nodes) == cap(a.nodes) { // the buffers are about to grow
		a.b.Spend(nodeSize * max(64, len(a.nodes)))
	}
	*slot = int32(len(a.nodes))
	a.nodes = append(a.nodes, n)
	if len(a.nodes) > len(a.seen) {
		a.grow()
	}
}

// nodeSize is the charge, in steps, for room for one more node and its positions.
const nodeSize = 24

func (a *automaton) hash(n node) uint32 {
	const prime = 1099511628211 // FNV-1a, 64 bits
	h := uint64(14695981039346656037)
	h = (h ^ uint64(n.seg)) * prime
	h = (h ^ uint64(n.count)) * prime
	for _, p := range a.set(n) {
		h = (h ^ uint64(p)) * prime
	}
	return uint32(h ^ h>>32)
}

// grow doubles the table of nodes.
func (a *automaton) grow() {
	a.b.Spend(4 * len(a.seen))
	a.seen = slices.Grow(a.seen[:0], 2*len(a.seen))[:2*len(a.seen)]
	for i := range a.seen {
		a.seen[i] = -1
	}
	for i := range a.nodes {
		slot := &a.seen[a.nodes[i].hash&uint32(len(a.seen)-1)]
		a.nodes[i].chain = *slot
		*slot = int32(i)
	}
}

// texts follows the links back from node i and returns the text of each segment.
func (a *automaton) texts(i int) []string {
	texts := make([]string, len(a.shape.Segments))
	rs := make([][]rune, len(a.shape.Segments))
	for ; i > 0; i = int(a.nodes[i].prev) {
		if n := &a.nodes[i]; n.char != 0 {
			rs[n.seg] = append(rs[n.seg], n.char)
		}
	}
	for s := range rs {
		if a.shape.Segments[s].Class == nil {
			texts[s] = a.shape.Segments[s].Text
			continue
		}
		slices.Reverse(rs[s])
		texts[s] = string(rs[s])
	}
	return texts
}
