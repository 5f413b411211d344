// Package condkey holds one row for each condition key that a KMS key policy
// can name: its type, the requests in which it is present, the values that it can
// have, what these name, and how explanations describe it. The engine and the
// evaluator look keys up here instead of knowing them by name.
//
// A [Table] is a value. Decisions use that of [Default]; tests make others by
// changing the copies that [Table.Rows] and [Table.Rules] return and passing them
// to [New].
//
// Sources, by the names that comments use for them:
//
//	IAM global:    IAM User Guide, reference_policies_condition-keys.html
//	IAM variables: IAM User Guide, reference_policies_variables.html
//	IAM OIDC:      IAM User Guide, reference_policies_iam-condition-keys.html
//	IAM API:       IAM, STS, Organizations and Identity Store API references
//	Identity Center: IAM Identity Center User Guide, condition-context-keys-sts-idc.html
//	KMS keys:      KMS Developer Guide, conditions-kms.html and conditions-aws.html
//	KMS Nitro:     KMS Developer Guide, conditions-nitro-enclave.html and conditions-nitro-tpm.html
//	KMS API:       KMS API reference
//	SAR:           Service Authorization Reference, list_awskeymanagementservice.html
package condkey
