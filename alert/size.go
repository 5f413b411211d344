package alert

// maxMessage is how large subject, body and attributes may be together, in
// bytes. SNS takes 256 KiB (SNS API reference, Publish); what stays free is
// for the escaping and the envelope that subscribers see.
const maxMessage = 200 << 10

// limits bound what of a finding goes into one text. Lengths are in bytes,
// lists in items.
type limits struct {
	policy     int // the policy text
	proposal   int // the repaired policy
	statements int // offending statements
	statement  int // one statement's text
	grants     int // grants, undecided constructs, services; each
	why        int // sentences for one grant
	context    int // condition keys of a witness
	values     int // values of one key, names of one list
	text       int // any other text, in runes
}

// inMail is what a person will read.
var inMail = limits{proposal: 4 << 10, statements: 3, statement: 2 << 10, grants: 3, why: 6, context: 16, values: 6}

// narrowing is what Compose tries in order until the message fits: first
// everything that a real finding holds (a key policy is at most 32 KiB: KMS
// developer guide, "Resource quotas"), then the policy text is cut, then the
// repaired policy, then the statements, then the rest. The last one fits
// whatever the finding holds: a quote takes four bytes in the body, and five
// protocols carry the finding. TestComposeHuge and FuzzCompose keep that true.
var narrowing = []limits{
	{policy: 64 << 10, proposal: 64 << 10, statements: 64, statement: 8 << 10, grants: 32, why: 12, context: 64, values: 64, text: 2048},
	{policy: 16 << 10, proposal: 64 << 10, statements: 64, statement: 8 << 10, grants: 32, why: 12, context: 64, values: 64, text: 2048},
	{policy: 4 << 10, proposal: 64 << 10, statements: 64, statement: 8 << 10, grants: 32, why: 12, context: 64, values: 64, text: 2048},
	{policy: 2 << 10, proposal: 0, statements: 64, statement: 8 << 10, grants: 32, why: 12, context: 64, values: 64, text: 2048},
	{policy: 2 << 10, proposal: 0, statements: 16, statement: 1 << 10, grants: 16, why: 12, context: 32, values: 32, text: 1024},
	{policy: 1 << 10, proposal: 0, statements: 8, statement: 512, grants: 8, why: 6, context: 16, values: 16, text: 512},
	{policy: 512, proposal: 0, statements: 3, statement: 256, grants: 3, why: 3, context: 6, values: 4, text: 96},
	{policy: 256, proposal: 0, statements: 1, statement: 128, grants: 1, why: 1, context: 2, values: 2, text: 40},
}
