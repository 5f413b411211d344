package decide

// MaxSteps bounds the work of a whole decision; a step is some 10 ns or 4 bytes
// of memory. Half of the policies of known verdict need fewer than 10,000.
const MaxSteps = 2_800_000

// The stages of a decision with their weights: a stage may spend its share and
// what the stages before it have left.
const (
	stagePlain    = 2 // public, each Allow alone and with little effort
	stageOutcomes = 8 // everything else about the actions
	stageGrants   = 2 // names and proofs
	stageOwner    = 2
	stageServices = 1
	stageFuture   = 3 // where the policy asks for the time
	stageBlame    = 2 // where the question asks for it
	stageNotes    = 2 // where the question asks for them
)
