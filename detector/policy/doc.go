// Package policy reads the text of AWS KMS key policies.
//
// Parse takes what KMS takes, and marks what it cannot read as unknown and reads
// on; ParseStrict takes nothing else. The packages below it say what a policy
// means: condkey has a row for each condition key, kmsapi one for each action,
// evaluate answers one request, and decide says who gets in.
//
// The package knows the policy language and nothing else: no CloudTrail, no AWS
// calls, no clock, no environment. Nor do those below it.
package policy
