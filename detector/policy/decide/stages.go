package decide

// MaxSteps bounds the work of a whole decision; a step is some 10 ns or 4 bytes
// of memory. Half of the policies of known verdict need fewer than 10,000.
const MaxSteps = 2_800_000

// The parts of a decision with their weights: a part may spend its share and
// what the parts before it have left.
const (
	partPlain    = 2 // public, each Allow alone and with little effort
	partOutcomes = 8 // everything else about the actions
	partGrants   = 2 // names and proofs
	partOwner    = 2
	partServices = 1
	partFuture   = 3 // where the policy asks for the time
	partBlame    = 2 // where the question asks for it
	partNotes    = 2 // where the question asks for them
)
