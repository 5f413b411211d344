package policy

// A budget counts the steps of one decision. One step is some 10 ns of work or
// 4 bytes of memory, so that MaxSteps bounds both. What takes time or memory
// is charged for what it costs, where it happens; what comes back after the
// budget has run out proves nothing.
//
// A decision has one budget and spends it in parts, each with a share of its
// own: whatever one part meets, the others keep theirs.
type budget struct {
	left    int // what the part in progress may still spend; negative: it has run out
	spent   int // by the whole decision
	due     int // the count of steps at which stop is asked again
	total   int // what the whole decision may spend
	weight  int // of all parts
	given   int // to the parts so far
	stop    func() bool
	stopped bool
	scratch automaton // its buffers, which serve one automaton after the other
}

// MaxSteps bounds the work of a whole decision; a step is some 10 ns or 4 bytes
// of memory. Half of the policies of known verdict need fewer than 10,000.
const MaxSteps = 2_800_000

const (
	askEvery = 4096 // steps between two questions to stop
	readSize = 3    // steps for each byte of a statement that is made ready
)

// The parts of a decision with their weights: a part may spend its share and
// what the parts before it have left.
type stage int

const (
	partPlain    stage = 2 // public, each Allow alone and with little effort
	partOutcomes stage = 8 // everything else about the actions
	partGrants   stage = 2 // names and proofs
	partOwner    stage = 2
	partServices stage = 1
	partFuture   stage = 3 // where the policy asks for the time
	partBlame    stage = 2 // where the question asks for it
	partNotes    stage = 2 // where the question asks for them
)

// divide gives each part its share of so many steps. What has been charged
// before, for reading the policy, comes on top.
func (b *budget) divide(steps int, parts ...stage) {
	b.total, b.given = steps, b.spent
	for _, p := range parts {
		b.weight += int(p)
	}
}

// begin ends the part before and begins another.
func (b *budget) begin(p stage) {
	b.given += b.total / b.weight * int(p)
	b.left = b.given - b.spent
	if b.stopped {
		b.left = -1
	}
}

func newBudget(stop func() bool) *budget {
	return &budget{left: 1 << 60, stop: stop}
}

// spend charges n steps and reports whether the part in progress may go on.
func (b *budget) spend(n int) bool {
	b.left -= n
	b.spent += n
	return b.left >= 0
}

// out reports whether the part in progress has run out of steps, or the caller
// has asked to stop.
func (b *budget) out() bool {
	if b.spent >= b.due && b.stop != nil {
		b.due = b.spent + askEvery
		if b.stopped = b.stopped || b.stop(); b.stopped {
			b.left = -1
		}
	}
	return b.left < 0
}

// within runs part with at most so many of the steps that are left. It reports
// whether they were enough.
func (b *budget) within(steps int, part func()) bool {
	steps = max(0, min(steps, b.left))
	rest := b.left - steps
	b.left = steps
	if b.left == 0 && rest <= 0 {
		b.left = -1
	}
	part()
	enough := b.left >= 0 && !b.stopped
	b.left += rest
	if b.stopped {
		b.left = -1
	}
	return enough
}
