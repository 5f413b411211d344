package decide

// MaxSteps bounds the work of a whole decision. A step is about 10 ns of work or
// 4 bytes of memory. Half of the test policies of known verdict need fewer than
// 10,000.
const MaxSteps = 2_800_000

// The weights of the stages of a decision. A stage may spend its share of the
// steps and what the stages before it have left.
const (
	stagePlain    = 2 // public, each Allow alone and with little effort
	stageOutcomes = 8 // everything else about the actions
	stageGrants   = 2 // names and proofs
	stageOwner    = 2
	stageServices = 1
	stageFuture   = 3 // if a condition tests the time
	stageBlame    = 2 // if the question sets Blame
	stageNotes    = 2 // if the question sets Explain
)
