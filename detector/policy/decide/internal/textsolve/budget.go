package textsolve

// A Budget counts the steps of one decision. One step is some 10 ns of work or
// 4 bytes of memory, so that a bound of steps bounds both. What takes time or memory
// is charged for what it costs, where it happens; what comes back after the
// budget has run out proves nothing.
//
// A decision has one budget and spends it in stages, each with a share of its
// own: whatever one stage meets, the others keep theirs.
type Budget struct {
	Left    int // what the stage in progress may still spend; negative: it has run out
	Spent   int // by the whole decision
	due     int // the count of steps at which stop is asked again
	total   int // what the whole decision may spend
	weight  int // of all stages
	given   int // to the stages so far
	stop    func() bool
	stopped bool
	scratch automaton // its buffers, which serve one automaton after the other
}

// AskEvery is how many steps there are between two questions to stop.
const AskEvery = 4096

// Divide gives each stage of the work its share of that many steps, by the stages'
// weights. What has been charged before, for reading the policy, comes on top.
func (b *Budget) Divide(steps int, weights ...int) {
	b.total, b.given = steps, b.Spent
	for _, w := range weights {
		b.weight += w
	}
}

// Begin ends the stage before and begins another, of such a weight.
func (b *Budget) Begin(weight int) {
	b.given += b.total / b.weight * weight
	b.Left = b.given - b.Spent
	if b.stopped {
		b.Left = -1
	}
}

// NewBudget returns a budget of that many steps until divide says otherwise. stop
// is asked now and then whether to give up; nil: never.
func NewBudget(steps int, stop func() bool) *Budget {
	return &Budget{stop: stop, Left: steps}
}

// Spend charges n steps and reports whether the stage in progress may go on.
func (b *Budget) Spend(n int) bool {
	b.Left -= n
	b.Spent += n
	return b.Left >= 0
}

// Out reports whether the stage in progress has run out of steps, or the caller
// has asked to stop.
func (b *Budget) Out() bool {
	if b.Spent >= b.due && b.stop != nil {
		b.due = b.Spent + AskEvery
		if b.stopped = b.stopped || b.stop(); b.stopped {
			b.Left = -1
		}
	}
	return b.Left < 0
}

// Within runs work with at most that many of the steps that are left. It reports
// whether they were enough.
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
