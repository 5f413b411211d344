package policy

// A memo remembers what groups of keys came to whose values depend on nothing
// but their own literals: the same question comes up in scene after scene.
type memo map[memoKey]memoValue

// maxMemoLiterals is how many literals a remembered question can have.
const maxMemoLiterals = 8

type memoKey struct {
	g    group
	typ  callerKind
	path pathKind
	sure bool
	lits [maxMemoLiterals]memoLiteral
}

type memoLiteral struct {
	slot   int
	absent bool
	mode   mode
	set    *valueSet
}

type memoValue struct {
	ok   bool
	vals [][]value // by slot, for the group's slots; nil when not ok
}

// key returns the question, and whether it can be remembered.
func (s *search) key(g group, lits []literal) (memoKey, bool) {
	k := memoKey{g: g, typ: s.typ, sure: s.sure}
	switch g {
	case gCaller, gUser:
	case gOrg, gVpceOrg: // all people's are alike
		if s.typ != serviceCaller {
			k.typ, k.sure = roleCaller, false
		}
		if g == gVpceOrg {
			k.path = s.path
		}
	default:
		return k, false
	}
	if len(lits) > maxMemoLiterals || anyVariables(lits) {
		return k, false
	}
	for i, l := range lits {
		k.lits[i] = memoLiteral{l.slot, l.absent, l.mode, l.set}
	}
	return k, true
}

// recall answers a remembered question by writing the values into m.
func (s *search) recall(k memoKey, m *model) (ok, known bool) {
	v, known := s.c.memo[k]
	if known && v.ok {
		for slot, vals := range v.vals {
			if s.groupOf(slot) == k.g {
				m.vals[slot] = vals
			}
		}
	}
	return v.ok, known
}

// remember keeps an answer; not one that lack of work cut short.
func (s *search) remember(k memoKey, m *model, ok bool) {
	if *s.work < 0 {
		return
	}
	v := memoValue{ok: ok}
	if ok {
		v.vals = m.clone().vals
	}
	s.c.memo[k] = v
}
