// Package detector turns one CloudTrail record into at most one finding.
//
// In goes the record of a KMS call, the bytes that EventBridge carries as
// "detail" or that are in a CloudTrail log file. Out comes what the key
// policy in it, if it carries one, lets outsiders do: verdict, severity, the
// statements that opened the key, who did it, from where and when.
//
// The package calls nobody and reads no clock: the same record always gives
// the same finding. How a finding reaches people is the business of package alert.
package detector
