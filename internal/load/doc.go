// Package load finds AWS KMS key policies in files.
//
// The input is the bytes of one file: a key policy, the output of aws kms get-key-policy,
// a CloudFormation or SAM template, or the output of terraform show -json. The output is
// one Document per key, with the text of its policy. The format is recognized by the
// content, not by the file's name.
//
// Templates and plans hold values that are known only at deployment. The package does not
// guess them: a Document then has several Readings of the policy, or one with marks in
// place of the values.
//
// The package does not judge policies, open files or make calls.
package load
