package textsolve

// A Budget counts the steps of one decision. One step is about 10 ns of work or
// 4 bytes of memory, so that a bound on steps bounds both. Code that takes time or
// memory charges its cost where it occurs. A result obtained after the budget has
// run out proves nothing.
//
// A decision has one budget and spends it in stages, each with its own share, so
// that an expensive stage does not take from the others.
type Budget struct {
	Left    int // steps that the current stage may still spend; negative when it has run out
	Spent   int // steps spent by the whole decision
	due     int // the value of Spent at which to call stop again
	total   int // steps that all stages together may spend
	weight  int // the sum of the weights of all stages
	given   int // steps allotted to the stages so far, including what was spent before them
	stop    func() bool
	stopped bool
	scratch automaton // reused, for its buffers
}

// AskEvery is the minimum number of steps between two calls of stop.
const AskEvery = 4096

// Divide sets the number of steps that all stages share in proportion to their
// weights. Steps charged before, for reading the policy, are not part of it.
func (b *Budget) Divide(steps int, weights ...int) {
	b.total, b.given = steps, b.Spent
	for _, w := range weights {
		b.weight += w
	}
}

// Begin ends the current stage and begins one of the given weight. It may also
// spend what the stages before it have left.
func (b *Budget) Begin(weight int) {
	b.given += b.total / b.weight * weight
	b.Left = b.given - b.Spent
	if b.stopped {
		b.Left = -1
	}
}

// NewBudget returns a budget of the given number of steps, which Divide and Begin
// can change. Out calls stop now and then to ask whether to give up; nil means
// never.
func NewBudget(steps int, stop func() bool) *Budget {
	return &Budget{stop: stop, Left: steps}
}

// Spend charges n steps and reports whether the current stage may go on.
func (b *Budget) Spend(n int) bool {
	b.Left -= n
	b.Spent += n
	return b.Left >= 0
}

// Out reports whether the current stage has run out of steps or stop has returned
// true.
func (b *Budget) Out() bool {
	if b.Spent >= b.due && b.stop != nil {
		b.due = b.Spent + AskEvery
		if b.stopped = b.stopped || b.stop(); b.stopped {
			b.Left = -1
		}
	}
	return b.Left < 0
}

// Within runs work with at most the given number of the steps that are left, and
// reports whether they were enough.
func (b *Budget) Within(steps int, work func()) bool {
	steps = max(0, min(steps, b.Left))
	rest := b.Left - steps
	b.Left = steps
	if b.Left == 0 && rest <= 0 {
		b.Left = -1
	}
	work()
	enough := b.Left >= 0 && !b.stopped
	b.Left += rest
	if b.stopped {
		b.Left = -1
	}
	return enough
}
