package search

import (
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// denyOpen is DenyEscapes for a Deny with unknown principals: it applies unless
// the caller escapes every one of the ways.
func (s *Search) denyOpen(ways [][]compile.Literal, m *compile.Model) (applies bool, moves [][]compile.Literal) {
next:
	for _, way := range ways {
		moves = moves[:0]
		for _, l := range way {
			m.Budget.Spend(20)
			l = s.read(l.Not())
			if l.Holds(m) {
				continue next
			}
			moves = append(moves, []compile.Literal{l})
		}
		return true, moves
	}
	return false, nil
}

// applies reports whether the principals of an Allow cover the caller in m.
func (s *Search) applies(st *compile.Statement, m *compile.Model) bool {
	return holdsAny(s.readWays(st, st.AllowWays(s.Caller, m.Budget)), m) >= 0
}

// readWays returns ways with their unknown values read as this search must.
func (s *Search) readWays(st *compile.Statement, ways [][]compile.Literal) [][]compile.Literal {
	if st.Entries.Unknown == nil {
		return ways
	}
	list := make([][]compile.Literal, len(ways))
	for i, way := range ways {
		list[i] = s.readWay(st, way)
	}
	return list
}

func (s *Search) readWay(st *compile.Statement, way []compile.Literal) []compile.Literal {
	if st.Entries.Unknown == nil {
		return way
	}
	list := make([]compile.Literal, len(way))
	for i, l := range way {
		list[i] = s.read(l)
	}
	return list
}

// holdsAny returns the index of the first way that holds in m, or -1 if none does.
func holdsAny(ways [][]compile.Literal, m *compile.Model) int {
	m.Budget.Spend(1)
next:
	for i, w := range ways {
		for j := range w {
			if !w[j].Holds(m) {
				continue next
			}
		}
		return i
	}
	return -1
}

// DenyEscapes reports whether the principals of a Deny cover the caller in m, and
// returns the lists of literals each of which makes a caller escape them.
func (s *Search) DenyEscapes(st *compile.Statement, m *compile.Model) (applies bool, moves [][]compile.Literal) {
	if st.NotPrincipal {
		exempt := s.readWays(st, st.ExemptWays(s.Caller, s.sure, m.Budget))
		if holdsAny(exempt, m) >= 0 {
			return false, nil
		}
		return true, exempt
	}
	ways := st.ListedWays(s.Caller, m.Budget)
	if st.Entries.Unknown != nil {
		return s.denyOpen(ways, m)
	}
	i := holdsAny(ways, m)
	if i < 0 || st.Control && policy.IsServiceLinked(m.Text(compile.SlotARN)) {
		return false, nil
	}
	for _, l := range ways[i] {
		m.Budget.Spend(20)
		moves = append(moves, []compile.Literal{l.Not()})
	}
	return true, moves
}

// An apart is a key whose value must not be one of some unknown texts.
type apart struct {
	Slot    int
	Unknown *compile.UnknownSet
}

// read returns l with its unknown values read as this search must.
func (s *Search) read(l compile.Literal) compile.Literal {
	if l.Set == nil || l.Set.Unknown == nil {
		return l
	}
	return s.orient(l, !s.sure)
}

// orient returns l with its unknown values read so that it holds whenever it may,
// if wide is true, or else only when it must.
//
// Accordingly, what may be in the set is included or left out, with two
// exceptions. An unknown text that names somebody is never a stranger's, since
// the policy does not name strangers. And if a request must not equal an unknown
// text, any value will do for now, if several such requests can be found (see
// anyway in package decide).
func (s *Search) orient(l compile.Literal, wide bool) compile.Literal {
	o := l.Set.Unknown
	if _, fixed := l.Present(); fixed {
		return l
	}
	in := l.Inside()
	switch {
	case in && wide && s.estranged(l.Slot):
		l.Set = o.Fresh
	case in && wide:
		l.Set = o.Wide
	case !in && !wide && o.One > 0:
		if x := (apart{l.Slot, o}); !slices.Contains(s.Apart, x) {
			s.Apart = append(s.Apart, x)
		}
		l.Set = o.Known
	case !in && !wide:
		l.Set = o.Wide
	default:
		l.Set = o.Known
	}
	if l.Set == nil {
		l.Mode, l.Set = compile.None, o.Known
		if in {
			l.Mode = compile.All
		}
	}
	return l
}

// estranged reports whether this search looks for callers whose value of the key
// in a slot the policy does not name.
func (s *Search) estranged(slot int) bool {
	switch slot {
	case compile.SlotAccount, compile.SlotARN, compile.SlotUserID, compile.SlotUniqueID, compile.SlotOrgID, compile.SlotOrgPaths, compile.SlotParent, compile.SlotParentID:
		return s.FreshWho
	}
	switch names := s.c.Slots[slot].Names; {
	case names.Where():
		return s.FreshWhere
	case names.Customer():
		return s.Caller == compile.ServiceCaller && s.Base != nil
	default: // identities outside AWS too: the policy may not say whom such a value names
		return false
	}
}
