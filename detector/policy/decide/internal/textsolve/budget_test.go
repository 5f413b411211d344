package textsolve

import "testing"

// TestBudgetStages: a stage may spend its share and what those before it have
// left; what reading the policy has taken comes on top.
func TestBudgetStages(t *testing.T) {
	for _, row := range []struct {
		name   string
		before int   // spent before the stages
		spend  []int // by stage
		left   []int // of each stage after that
	}{
		{"nothing spent", 0, []int{0, 0}, []int{100, 400}},
		{"a part of the first share", 0, []int{30, 0}, []int{70, 370}},
		{"more than the first share", 0, []int{150, 0}, []int{-50, 250}},
		{"all of it", 0, []int{100, 300}, []int{0, 0}},
		{"much before the stages", 1000, []int{0, 0}, []int{100, 400}},
	} {
		b := NewBudget(10_000, nil)
		b.Spend(row.before)
		b.Divide(400, 1, 3)
		for i, weight := range []int{1, 3} {
			b.Begin(weight)
			if more := b.Spend(row.spend[i]); more != (row.left[i] >= 0) || b.Out() == more {
				t.Errorf("%s: stage %d may go on: %v, and has run out: %v", row.name, i, more, b.Out())
			}
			if b.Left != row.left[i] {
				t.Errorf("%s: stage %d has %d steps left, want %d", row.name, i, b.Left, row.left[i])
			}
		}
	}
}

// TestBudgetWithin: work gets no more than it is given, and what it does not
// spend is there afterward.
func TestBudgetWithin(t *testing.T) {
	for _, row := range []struct {
		name                string
		left, steps, spends int
		out, enough         bool // in the middle of the work; at its end
		after               int  // steps left; -1: none
	}{
		{"enough", 100, 10, 10, false, true, 90},
		{"not enough", 100, 10, 11, true, false, 89},
		{"more than there is", 100, 1000, 100, false, true, 0},
		{"much more than there is", 100, 1000, 101, true, false, -1},
		{"nothing left", 0, 10, 0, true, false, -1},
		{"less than nothing left", -5, 10, 0, true, false, -1},
	} {
		b := NewBudget(row.left, nil)
		var out bool
		enough := b.Within(row.steps, func() {
			b.Spend(row.spends)
			out = b.Out()
		})
		if out != row.out || enough != row.enough || max(b.Left, -1) != row.after {
			t.Errorf("%s: out %v, enough %v, %d left, want %v, %v, %d", row.name, out, enough, b.Left, row.out, row.enough, row.after)
		}
	}
}

// Who is asked to stop is asked now and then, and stops all stages that are to come.
func TestBudgetStop(t *testing.T) {
	asked, stop := 0, false
	b := NewBudget(1<<30, func() bool { asked++; return stop })
	for range 10 * AskEvery {
		b.Spend(1)
		if b.Out() {
			t.Fatal("it runs out before anybody stops it")
		}
	}
	if asked < 10 || asked > 11 {
		t.Errorf("asked %d times in 10 times %d steps", asked, AskEvery)
	}
	stop = true
	enough := b.Within(2*AskEvery, func() {
		b.Spend(AskEvery)
		if !b.Out() {
			t.Error("it goes on when it is stopped")
		}
	})
	b.Divide(1<<20, 1)
	b.Begin(1)
	if enough || !b.Out() {
		t.Errorf("once stopped, work has enough: %v, and a stage has run out: %v", enough, b.Out())
	}
}

// What runs out of steps finds nothing, even where there is something to find.
func TestSolveWithin(t *testing.T) {
	shape := Shape{[]Segment{Repeat(nameCharacters(), 1, 64)}}
	constraints := []Constraint{like(0, 0, -1, "*a*b*c*d*e"), like(0, 0, -1, "*e*d*c*b*a*")}
	solved := 0
	for steps := 1; steps < 1<<20; steps *= 2 {
		b := NewBudget(steps, nil)
		texts, ok := shape.Solve(constraints, b)
		switch {
		case ok && (b.Out() || !AllHold(constraints, texts, NewBudget(manySteps, nil))):
			t.Errorf("with %d steps, of which %d are left, Solve finds %q", steps, b.Left, texts)
		case !ok && !b.Out():
			t.Errorf("with %d steps, of which %d are left, Solve finds nothing", steps, b.Left)
		case ok:
			solved++
		}
	}
	if solved == 0 || solved > 15 {
		t.Errorf("solved with %d of 20 budgets", solved)
	}
}
