// Package detector turns one CloudTrail record into at most one finding.
//
// The input is the record of a KMS call: the bytes that EventBridge carries as
// "detail", or one element of "Records" in a CloudTrail log file. The output is
// what the key policy in it, if there is one, lets outsiders do: the verdict,
// the severity, the statements that open the key, and who made the call, from
// where and when.
//
// The package makes no calls and reads no clock: the same record always gives
// the same finding. Package alert turns a finding into messages for people.
package detector
