// Package policy reads the text of AWS KMS key policies.
//
// Parse reads what KMS accepts; it marks a part that it cannot read as unknown
// and reads on. ParseStrict rejects such a part instead. The packages below this
// one say what a policy means: condkey has a row for each condition key, kmsapi
// has one for each action, evaluate answers one request, and decide says who
// gets in.
//
// This package and those below it know the policy language and nothing else: no
// CloudTrail, no AWS calls, no clock, no environment.
package policy
