// Package policy parses AWS KMS key policies and decides who they let in.
//
// Parse reads the text of a key policy; what it cannot read it marks as unknown
// and reads on. (*Policy).Decide answers the one question of this project: which
// requests of an outsider does the policy allow, and is there a stranger among
// those outsiders? Every answer other than private carries a witness, a concrete
// request, that (*Policy).Allows, a separate and much simpler evaluator, allows
// as well.
//
// The package knows the policy language and KMS's part in it and nothing else:
// no CloudTrail, no AWS calls, no clock, no environment. The same document and
// the same question always get the same decision.
package policy
