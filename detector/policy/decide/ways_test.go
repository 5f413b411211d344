package decide

import (
	"testing"
	"time"
)

// A request must differ from an unknown text only where it counts for sure.
func TestOrient(t *testing.T) {
	known, wide, fresh := exactly("a"), exactly("a", "b"), exactly("a", "c")
	o := &openSet{known: known, wide: wide, fresh: fresh, one: 1}
	for _, row := range []struct {
		name     string
		mode     mode
		wide     bool
		freshWho bool
		want     *valueSet
		apart    int
	}{
		{"in, whenever it may be", eachIn, true, false, wide, 0},
		{"in, by a stranger", someIn, true, true, fresh, 0},
		{"in for sure", eachIn, false, false, known, 0},
		{"out, whenever it may be", eachOut, true, false, known, 0},
		{"out for sure, of one text", eachOut, false, false, known, 1},
	} {
		s := &searching{requestKind: &requestKind{c: newSpace(&compiled{}, time.Time{}, nil)}, reach: reach{freshWho: row.freshWho}}
		got := s.orient(literal{slot: sAccount, mode: row.mode, set: &valueSet{open: o}}, row.wide)
		if got.set != row.want || got.mode != row.mode || len(s.apart) != row.apart {
			t.Errorf("%s: %d patterns, mode %v, apart %v", row.name, len(got.set.pats), got.mode, s.apart)
		}
	}
	o.one = 0
	s := &searching{requestKind: &requestKind{c: newSpace(&compiled{}, time.Time{}, nil)}}
	if got := s.orient(literal{slot: sAccount, mode: eachOut, set: &valueSet{open: o}}, false); got.set != wide || s.apart != nil {
		t.Errorf("out for sure, of many texts: %d patterns, apart %v", len(got.set.pats), s.apart)
	}
}
