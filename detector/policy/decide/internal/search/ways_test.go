package search

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// A request must differ from an unknown text only where it counts for sure.
func TestOrient(t *testing.T) {
	known, wide, fresh := compile.Exactly("a"), compile.Exactly("a", "b"), compile.Exactly("a", "c")
	o := &compile.UnknownSet{Known: known, Wide: wide, Fresh: fresh, One: 1}
	for _, row := range []struct {
		name     string
		Mode     compile.Mode
		wide     bool
		freshWho bool
		want     *compile.ValueSet
		apart    int
	}{
		{"in, whenever it may be", compile.EachIn, true, false, wide, 0},
		{"in, by a stranger", compile.SomeIn, true, true, fresh, 0},
		{"in for sure", compile.EachIn, false, false, known, 0},
		{"out, whenever it may be", compile.EachOut, true, false, known, 0},
		{"out for sure, of one text", compile.EachOut, false, false, known, 1},
	} {
		s := &Search{RequestKind: &RequestKind{c: NewSpace(&compile.Policy{}, time.Time{}, nil)}, Reach: Reach{FreshWho: row.freshWho}}
		got := s.orient(compile.Literal{Slot: compile.SlotAccount, Mode: row.Mode, Set: &compile.ValueSet{Unknown: o}}, row.wide)
		if got.Set != row.want || got.Mode != row.Mode || len(s.Apart) != row.apart {
			t.Errorf("%s: %d patterns, mode %v, apart %v", row.name, len(got.Set.Patterns), got.Mode, s.Apart)
		}
	}
	o.One = 0
	s := &Search{RequestKind: &RequestKind{c: NewSpace(&compile.Policy{}, time.Time{}, nil)}}
	if got := s.orient(compile.Literal{Slot: compile.SlotAccount, Mode: compile.EachOut, Set: &compile.ValueSet{Unknown: o}}, false); got.Set != wide || s.Apart != nil {
		t.Errorf("out for sure, of many texts: %d patterns, apart %v", len(got.Set.Patterns), s.Apart)
	}
}
