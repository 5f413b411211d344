package decide

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// denyOpen is denyEscapes for a Deny with principals that are not known: it
// applies when the caller does not escape one of the ways.
func (s *searching) denyOpen(ways [][]literal, m *model) (applies bool, moves [][]literal) {
next:
	for _, way := range ways {
		moves = moves[:0]
		for _, l := range way {
			m.b.Spend(20)
			l = s.read(l.not())
			if l.holds(m) {
				continue next
			}
			moves = append(moves, []literal{l})
		}
		return true, moves
	}
	return false, nil
}

// applies reports whether the principals of an Allow cover the caller in m.
func (s *searching) applies(st *stmt, m *model) bool {
	return holdsAny(s.readWays(st, st.allowWays(s.typ, m.b)), m) >= 0
}

// readWays reads what is not known in the ways of a statement.
func (s *searching) readWays(st *stmt, ways [][]literal) [][]literal {
	if st.entries.open == nil {
		return ways
	}
	list := make([][]literal, len(ways))
	for i, way := range ways {
		list[i] = s.readWay(st, way)
	}
	return list
}

func (s *searching) readWay(st *stmt, way []literal) []literal {
	if st.entries.open == nil {
		return way
	}
	list := make([]literal, len(way))
	for i, l := range way {
		list[i] = s.read(l)
	}
	return list
}

// holdsAny returns the first way that holds in m, -1 when none does.
func holdsAny(ways [][]literal, m *model) int {
	m.b.Spend(1)
next:
	for i, w := range ways {
		for j := range w {
			if !w[j].holds(m) {
				continue next
			}
		}
		return i
	}
	return -1
}

// denyEscapes says whether a Deny applies to the caller in m, as far as its
// principals go, and lists the moves that take a caller out of them.
func (s *searching) denyEscapes(st *stmt, m *model) (applies bool, moves [][]literal) {
	if st.NotPrincipal {
		exempt := s.readWays(st, st.exemptWays(s.typ, s.sure, m.b))
		if holdsAny(exempt, m) >= 0 {
			return false, nil
		}
		return true, exempt
	}
	ways := st.listedWays(s.typ, m.b)
	if st.entries.open != nil {
		return s.denyOpen(ways, m)
	}
	i := holdsAny(ways, m)
	if i < 0 || st.control && policy.IsServiceLinked(m.text(sArn)) {
		return false, nil
	}
	for _, l := range ways[i] {
		m.b.Spend(20)
		moves = append(moves, []literal{l.not()})
	}
	return true, moves
}

// An apart is a key that must not be what unknown texts say.
type apart struct {
	slot int
	open *openSet
}

// read reads the unknown values of l as this kind of search has to.
func (s *searching) read(l literal) literal {
	if l.set == nil || l.set.open == nil {
		return l
	}
	return s.orient(l, !s.sure)
}

// orient reads the unknown values of l: so that l holds whenever it may (wide),
// or only when it must.
//
// What only may be in the set is left out or taken in. Two readings lie
// between: an unknown text that names somebody is never a stranger's, since
// strangers are those whom the policy does not name; and a request that must
// not be what an unknown text says is as good as any other that is not, so that
// it is enough to find several of them (see anyway).
func (s *searching) orient(l literal, wide bool) literal {
	o := l.set.open
	if _, fixed := l.present(); fixed {
		return l
	}
	in := l.inside()
	switch {
	case in && wide && s.estranged(l.slot):
		l.set = o.fresh
	case in && wide:
		l.set = o.wide
	case !in && !wide && o.one > 0:
		if x := (apart{l.slot, o}); !slices.Contains(s.apart, x) {
			s.apart = append(s.apart, x)
		}
		l.set = o.known
	case !in && !wide:
		l.set = o.wide
	default:
		l.set = o.known
	}
	if l.set == nil {
		l.mode, l.set = none, o.known
		if in {
			l.mode = all
		}
	}
	return l
}

// estranged reports whether a stranger, in this search, is somebody whose value
// of the key the policy does not name.
func (s *searching) estranged(slot int) bool {
	switch slot {
	case sAccount, sArn, sUserID, sUnique, sOrgID, sOrgPaths, sParent, sParentID:
		return s.freshWho
	}
	switch names := s.c.slots[slot].Names; {
	case names.Where():
		return s.freshWhere
	case names.Customer():
		return s.typ == serviceCaller && s.base != nil
	default: // also of those who have no id of AWS: who has such a name the text alone may not tell
		return false
	}
}
