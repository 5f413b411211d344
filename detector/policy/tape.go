package policy

import "strings"

// A tape is the shape of all values that a key, or several keys that depend on
// each other, can have: segments one behind the other. The ARN of a role is
// "arn:aws:iam::", an account, ":role/", a name.
type tape struct {
	segs []segment
}

// A segment is a fixed text, or min to max characters of a class.
type segment struct {
	text  []rune // the fixed text; nil for a class
	class *class
	min   int
	max   int
}

// A class is a set of characters. sample lists the characters to choose from
// when any will do, the pleasant ones first.
type class struct {
	has    func(rune) bool
	sample string
}

func fixed(s string) segment { return segment{text: []rune(s)} }

func repeat(c *class, lo, hi int) segment { return segment{class: c, min: lo, max: hi} }

// A need is one constraint on a tape: the segments from first to last, read as
// one text, must match (or, negated, must not match) one of the patterns.
// Segments in skip are left out of that text.
type need struct {
	first, last int
	skip        int // index of a segment to leave out; -1 none
	negated     bool
	pats        []pattern // none of them has variables
}

func (n *need) reads(seg int) bool { return n.first <= seg && seg <= n.last && seg != n.skip }

// holds checks the need against the texts of the segments.
func (n *need) holds(texts []string) bool {
	var b strings.Builder
	for i := n.first; i <= n.last; i++ {
		if i != n.skip {
			b.WriteString(texts[i])
		}
	}
	s := b.String()
	for i := range n.pats {
		if n.pats[i].matches(s) {
			return !n.negated
		}
	}
	return n.negated
}

// An automaton walks a tape and, at the same time, every pattern of every need.
// A state is the place on the tape and the set of pattern positions that are
// reachable there; positions of all patterns are numbered through, so that a
// state is a short sorted list.
type automaton struct {
	tape  tape
	needs []need
	toks  []token // of all patterns, each followed by an end mark
	owner []int   // the need of each position
	start [][]int // first positions of each need's patterns
	ends  []bool
	track bool // count every character up to max, not only up to min
	work  *int // steps left; shared with the whole decision
}

// A node is a reached state with the way back to the start.
type node struct {
	prev  int
	char  rune // the character read to get here; 0 for a step to the next segment
	seg   int
	count int
	set   []int
}

// solve returns the texts of the segments of a shortest value that meets all
// needs. ok is false when there is none, or when the work ran out: then *work
// is negative.
func (t tape) solve(needs []need, work *int) (texts []string, ok bool) {
	a := automaton{tape: t, needs: needs, work: work}
	a.number()
	texts, ok = a.walk()
	if ok && t.tooLong(texts) {
		a.track = true
		return a.walk()
	}
	return texts, ok
}

func (t tape) tooLong(texts []string) bool {
	for i, s := range t.segs {
		if s.text == nil && len([]rune(texts[i])) > s.max {
			return true
		}
	}
	return false
}

func (a *automaton) number() {
	a.start = make([][]int, len(a.needs))
	for i := range a.needs {
		for j := range a.needs[i].pats {
			a.start[i] = append(a.start[i], len(a.toks))
			toks := a.needs[i].pats[j].tokens()
			a.toks = append(a.toks, toks...)
			a.toks = append(a.toks, token{})
			for range toks {
				a.owner, a.ends = append(a.owner, i), append(a.ends, false)
			}
			a.owner, a.ends = append(a.owner, i), append(a.ends, true)
		}
	}
}

// walk searches breadth first, so the first way found is a shortest.
func (a *automaton) walk() ([]string, bool) {
	nodes := []node{{prev: -1}}
	if !a.enter(&nodes[0]) {
		return nil, false
	}
	seen := map[string]bool{a.key(&nodes[0]): true}
	push := func(n node) {
		k := a.key(&n)
		if !seen[k] {
			seen[k] = true
			nodes = append(nodes, n)
		}
	}
	for i := 0; i < len(nodes); i++ {
		if *a.work -= 1 + len(nodes[i].set)/8; *a.work < 0 {
			return nil, false
		}
		n := nodes[i]
		if n.seg == len(a.tape.segs) {
			return a.texts(nodes, i), true
		}
		s := &a.tape.segs[n.seg]
		if n.count >= s.least() {
			if next, ok := a.leave(n, i); ok {
				push(next)
			}
		}
		for _, r := range a.chars(s, &n) {
			if next := a.read(n, i, r); a.hopeful(&next) {
				push(next)
			}
		}
	}
	return nil, false
}

func (s *segment) least() int {
	if s.text != nil {
		return len(s.text)
	}
	return s.min
}

// chars lists the characters worth reading: those that some pattern waits for,
// and one that no pattern waits for, which stands for all the others.
func (a *automaton) chars(s *segment, n *node) []rune {
	if s.text != nil {
		if n.count < len(s.text) {
			return s.text[n.count : n.count+1]
		}
		return nil
	}
	if a.track && n.count >= s.max {
		return nil
	}
	var rs []rune
	add := func(r rune) {
		if s.class.has(r) && !contains(rs, r) {
			rs = append(rs, r)
		}
	}
	for _, p := range n.set {
		t := a.toks[p]
		if a.ends[p] || t.kind != tokLit {
			if t.noColon {
				add(':')
			}
			continue
		}
		add(t.r)
		if t.fold {
			add(foldRune(t.r))
			add([]rune(strings.ToUpper(string(t.r)))[0])
		}
	}
	for _, r := range s.class.sample {
		if !contains(rs, r) {
			return append([]rune{r}, rs...)
		}
	}
	return rs
}

func contains[T comparable](list []T, x T) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

// read moves every live position over r.
func (a *automaton) read(n node, prev int, r rune) node {
	next := node{prev: prev, char: r, seg: n.seg, count: n.count + 1}
	s := &a.tape.segs[n.seg]
	if s.text == nil && !a.track && next.count > s.min {
		next.count = s.min
	}
	set := make([]int, 0, len(n.set))
	for _, p := range n.set {
		switch t := a.toks[p]; {
		case !a.needs[a.owner[p]].reads(n.seg):
			set = append(set, p)
		case a.ends[p] || !t.matches(r):
		case t.kind == tokStar:
			set = append(set, p)
		default:
			set = append(set, p+1)
		}
	}
	next.set = a.closure(set)
	return next
}

// closure adds what is reachable without reading: a star may match nothing.
func (a *automaton) closure(set []int) []int {
	for i := 0; i < len(set); i++ {
		p := set[i]
		if !a.ends[p] && a.toks[p].kind == tokStar && !contains(set, p+1) {
			set = append(set, p+1)
		}
	}
	for i := 1; i < len(set); i++ { // short and nearly sorted
		for j := i; j > 0 && set[j] < set[j-1]; j-- {
			set[j], set[j-1] = set[j-1], set[j]
		}
	}
	out := set[:0]
	for i, p := range set {
		if i == 0 || p != set[i-1] {
			out = append(out, p)
		}
	}
	return out
}

// leave goes on to the next segment, unless a need that ends here fails.
func (a *automaton) leave(n node, prev int) (node, bool) {
	next := node{prev: prev, seg: n.seg + 1}
	for i := range a.needs {
		if a.needs[i].last == n.seg && a.accepts(i, n.set) == a.needs[i].negated {
			return next, false
		}
	}
	for _, p := range n.set {
		if a.needs[a.owner[p]].last > n.seg {
			next.set = append(next.set, p)
		}
	}
	return next, a.enter(&next)
}

// enter starts the needs whose text begins with this segment. It reports false
// when a need that must match has no way left.
func (a *automaton) enter(n *node) bool {
	grown := false
	for i := range a.needs {
		if a.needs[i].first == n.seg {
			n.set = append(n.set, a.start[i]...)
			grown = true
		}
	}
	if grown {
		n.set = a.closure(n.set)
	}
	return a.hopeful(n)
}

// hopeful reports whether every need that must match still has a way to.
func (a *automaton) hopeful(n *node) bool {
	for i := range a.needs {
		nd := &a.needs[i]
		if nd.first <= n.seg && n.seg <= nd.last && !nd.negated && !a.alive(i, n.set) {
			return false
		}
	}
	return true
}

func (a *automaton) alive(need int, set []int) bool {
	for _, p := range set {
		if a.owner[p] == need {
			return true
		}
	}
	return false
}

func (a *automaton) accepts(need int, set []int) bool {
	for _, p := range set {
		if a.owner[p] == need && a.ends[p] {
			return true
		}
	}
	return false
}

func (a *automaton) key(n *node) string {
	b := make([]byte, 0, 8+3*len(n.set))
	b = append(b, byte(n.seg), byte(n.count), byte(n.count>>8))
	for _, p := range n.set {
		b = append(b, byte(p), byte(p>>8), byte(p>>16))
	}
	return string(b)
}

// texts follows the way back and cuts it into segments.
func (a *automaton) texts(nodes []node, i int) []string {
	texts := make([]string, len(a.tape.segs))
	rs := make([][]rune, len(a.tape.segs))
	for ; i > 0; i = nodes[i].prev {
		if nodes[i].char != 0 {
			rs[nodes[i].seg] = append(rs[nodes[i].seg], nodes[i].char)
		}
	}
	for s := range rs {
		for l, r := 0, len(rs[s])-1; l < r; l, r = l+1, r-1 {
			rs[s][l], rs[s][r] = rs[s][r], rs[s][l]
		}
		texts[s] = string(rs[s])
	}
	return texts
}

// parse cuts s into the tape's segments, or reports that s is no value of it.
func (t tape) parse(s string, work *int) ([]string, bool) {
	n := need{first: 0, last: len(t.segs) - 1, skip: -1, pats: []pattern{{exact: true, plain: s}}}
	return t.solve([]need{n}, work)
}
