package ocsf

// limits says how much of a finding is written. Lengths are in bytes unless noted,
// lists in items.
type limits struct {
	policy     int // the policy text
	proposal   int // the repaired policy
	statements int // offending statements
	statement  int // one statement's text
	grants     int // of each: grants, undecided constructs, services
	why        int // sentences for one grant
	context    int // condition keys of a witness
	values     int // values of one key, names of one list
	rows       int // rows of the seed rule
	text       int // any other text, in runes
}

// narrowing lists the limits that Narrowing tries until the message fits. The first
// has room for everything in a real finding. The next ones cut what the policy text
// also says (the repaired policy, the statements as written), then the lists, and
// the policy text last. A key policy of 32 KiB, the most that KMS takes (KMS
// developer guide, "Resource quotas"), stays whole: in the body each character takes
// at most four times its bytes, 128 KiB in all. The last limits fit whatever the
// finding holds. TestComposeKeepsAPolicyWhole, TestComposeHuge and FuzzCompose check
// this.
var narrowing = []limits{
	{policy: 128 << 10, proposal: 64 << 10, statements: 64, statement: 8 << 10, grants: 32, why: 12, context: 64, values: 64, rows: 100, text: 2048},
	{policy: 128 << 10, proposal: 0, statements: 64, statement: 8 << 10, grants: 32, why: 12, context: 64, values: 64, rows: 100, text: 2048},
	{policy: 128 << 10, proposal: 0, statements: 32, statement: 512, grants: 16, why: 12, context: 32, values: 16, rows: 32, text: 512},
	{policy: 128 << 10, proposal: 0, statements: 8, statement: 256, grants: 4, why: 6, context: 8, values: 4, rows: 8, text: 256},
	{policy: 16 << 10, proposal: 0, statements: 8, statement: 512, grants: 8, why: 6, context: 16, values: 16, rows: 16, text: 512},
	{policy: 2 << 10, proposal: 0, statements: 8, statement: 512, grants: 8, why: 6, context: 8, values: 8, rows: 8, text: 256},
	{policy: 512, proposal: 0, statements: 3, statement: 256, grants: 3, why: 3, context: 6, values: 4, rows: 3, text: 96},
	{policy: 256, proposal: 0, statements: 1, statement: 128, grants: 1, why: 1, context: 2, values: 2, rows: 1, text: 40},
}

// A sweepLimit says how many keys of a sweep are written, and how much of each.
type sweepLimit struct {
	keys int
	each limits
}

// sweepNarrowing returns the limits that NarrowingSweep tries until the message fits.
// They drop keys before they cut what is said about each, since the log names every
// key.
func sweepNarrowing() []sweepLimit {
	var all []sweepLimit
	for _, n := range []int{200, 50, 20, 5} {
		all = append(all, sweepLimit{n, narrowing[2]}, sweepLimit{n, narrowing[3]})
	}
	for _, l := range narrowing[3:] {
		all = append(all, sweepLimit{1, l})
	}
	return all
}
